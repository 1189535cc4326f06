"""What one tick of the reconciler costs: a real fleet, a real bare remote, everything in this process.

    python benchmarks/bench_reconcile.py [agents ...]

`idle` is the median of ticks with nothing to do, all agents in production; `stage` and `pass` are ticks in which every
agent moves, written as one push; `verified` is the whole journal judged again from its first act.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from pipelineworld import PipelineWorld, pipeline_file  # noqa: E402

from agentgov.model.names import ReleaseName  # noqa: E402
from agentgov.release import orders  # noqa: E402
from agentgov.release.tagging import make_release  # noqa: E402
from agentgov.release.tick_report import Report  # noqa: E402

AGENTS = (5, 20, 50)
IDLE = 7
PIPELINE = pipeline_file(judge="none", soak="1m", step="1m", bake="1m")
Answer = TypeVar("Answer")


def timed(work: Callable[[], Answer]) -> tuple[float, Answer]:
    """Seconds on the wall, and the answer."""
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def tick(fleet: PipelineWorld) -> tuple[float, Report]:
    """One tick, a minute after the one before."""
    fleet.clock.pass_(60)
    return timed(fleet.reconciler(fleet.actor("reconciler")).tick)


def vouch(fleet: PipelineWorld) -> None:
    """Bob's word for every first release, in one push."""
    view, bob = fleet.view(), fleet.actor("bob")
    words = [orders.order_promote(view, bob, agent, "production", now=fleet.clock()) for agent in fleet.agents]
    fleet.append(*words, by="bob")


def measure(folder: Path, count: int) -> tuple[float, float, float, float]:
    """Seconds of an idle tick, of one that stages and one that passes every agent; acts verified in a second."""
    fleet = PipelineWorld(folder, pipeline=PIPELINE, agents=count)
    view, alice, head = fleet.view(), fleet.actor("alice"), fleet.head()
    for agent in fleet.agents:
        make_release(view, alice, ReleaseName(agent, "1.0.0"), head, now=fleet.clock())
    fleet.push("refs/tags/*")
    seconds = {"stage": tick(fleet)[0]}
    last = fleet.agents[-1]
    while fleet.at(last).production.state != "STABLE":
        spent, report = tick(fleet)
        if any(act.startswith("pass ") for act in report.acts):
            seconds["pass"] = spent
        if fleet.at(last).canary.state == "RAMP" and not fleet.at(last).votes:
            vouch(fleet)
    idle = statistics.median(tick(fleet)[0] for _ in range(IDLE))
    spent, replayed = timed(fleet.verify)
    assert replayed.offence is None
    return idle, seconds["stage"], seconds["pass"], replayed.acts / spent


def main() -> None:
    """Print a table, one line a fleet."""
    counts = [int(arg) for arg in sys.argv[1:]] or AGENTS
    print(f"{'agents':>6} {'idle ms':>9} {'stage ms':>10} {'pass ms':>9} {'acts/s verified':>16}   (wall clock)")
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            for home in ("CONFIG", "STATE"):
                os.environ[f"AGENTGOV_{home}_HOME"] = str(Path(name) / home.lower())
            idle, stage, passed, speed = measure(Path(name) / "world", count)
        print(f"{count:>6} {idle * 1000:>9.0f} {stage * 1000:>10.0f} {passed * 1000:>9.0f} {speed:>16.0f}")


if __name__ == "__main__":
    main()
