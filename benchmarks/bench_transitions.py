"""What acts of a tick cost: releases seen and staged, judged, signed, durable on the disk, and pushed to a bare remote.

    python benchmarks/bench_transitions.py [agents ...]

`one by one` waits for the disk at every object, as it was before objects were written together; `together` is how it
is. Both sync (the tests do not). `build` is the median of one act without its push.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from pipelineworld import PipelineWorld, pipeline_file  # noqa: E402

from agentgov.journal.draft import draft  # noqa: E402
from agentgov.model.names import ReleaseName  # noqa: E402
from agentgov.release.tagging import make_release  # noqa: E402
from agentgov.repo.repository import Repository  # noqa: E402

AGENTS = (1, 100)
TIMES = 7
PIPELINE = pipeline_file(judge="none", soak="1h")


def seconds(work: Callable[[], object]) -> float:
    """Seconds on the wall."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def build(fleet: PipelineWorld) -> float:
    """Seconds of one act, judged, signed and durable; the median."""
    view, bot = fleet.view(), fleet.actor("reconciler")
    found = []
    for _ in range(TIMES):
        act = draft(view, bot, "checkpoint", "checkpoint", [], now=fleet.clock())
        found.append(seconds(lambda one=act: fleet.journal.build(view, [one], bot.appender, fleet.clock())))  # type: ignore[misc]
    return statistics.median(found)


def measure(folder: Path, count: int) -> tuple[float, int, float]:
    """Seconds of a tick in which every agent's first release is seen and staged, its acts; seconds of one act."""
    fleet = PipelineWorld(folder, pipeline=PIPELINE, agents=count)
    view, alice, head = fleet.view(), fleet.actor("alice"), fleet.head()
    for agent in fleet.agents:
        make_release(view, alice, ReleaseName(agent, "1.0.0"), head, now=fleet.clock())
    fleet.push("refs/tags/*")
    fleet.clock.pass_(60)
    reconciler = fleet.reconciler(fleet.actor("reconciler"))
    spent = seconds(reconciler.tick)
    return spent, len(reconciler.acts), build(fleet)


def main() -> None:
    """Print a table, two lines a fleet."""
    ways: dict[str, Callable[[Repository], AbstractContextManager[None]]] = {
        "one by one": lambda _: nullcontext(),
        "together": Repository.packing,
    }
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, wall clock, synced")
    print(f"{'agents':>6} {'written':>11} {'acts':>6} {'tick s':>8} {'ms an act':>10} {'build ms':>9}")
    for count in [int(arg) for arg in sys.argv[1:]] or AGENTS:
        for name, way in ways.items():
            setattr(Repository, "packing", way)  # noqa: B010 - the other way is there for comparison alone
            with tempfile.TemporaryDirectory() as folder:
                for home in ("CONFIG", "STATE"):
                    os.environ[f"AGENTGOV_{home}_HOME"] = str(Path(folder) / home.lower())
                spent, acts, one = measure(Path(folder) / "world", count)
            print(f"{count:>6} {name:>11} {acts:>6} {spent:>8.2f} {spent / acts * 1000:>10.1f} {one * 1000:>9.1f}")


if __name__ == "__main__":
    main()
