"""What a very large fleet costs: a tick with nothing to do, a thousand agents due, one act, a rollback.

    python benchmarks/bench_large.py [agents] [due]

See `large_fleet` for what is real in it. Everything written is synced; `CPU` is of this process alone, without git's.
Processes are the real command, with the remote on the same disk.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from large_fleet import SOAK, LargeFleet  # noqa: E402

from agentgov.model.names import AgentId  # noqa: E402
from agentgov.release import orders  # noqa: E402
from agentgov.release.counts import Reading  # noqa: E402
from agentgov.release.fleet import observe_all, plan_all  # noqa: E402
from agentgov.release.refs import observe_refs  # noqa: E402

TIMES = 7
Row = tuple[str, float, float | None]  # what, seconds on the wall, CPU seconds


def timed(what: str, work: Callable[[], object]) -> Row:
    """Something done once."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return what, time.perf_counter() - start, time.process_time() - used


def median(what: str, works: Iterator[Callable[[], object]]) -> Row:
    """The median of several."""
    rows = [timed(what, work) for work in works]
    return what, statistics.median(one[1] for one in rows), statistics.median(one[2] or 0 for one in rows)


def ticks(world: LargeFleet, due: int) -> Iterator[Row]:
    """The first tick of all, quiet ones, and one with many agents due."""
    actor = world.actor("reconciler")
    first = world.reconciler(actor)
    yield timed("first tick on this machine", first.tick)
    world.repo, world.journal = world.fresh()
    again = world.reconciler(actor)
    yield timed("first tick of another process", again.tick)
    yield median(
        f"tick while {due:,} agents soak" if due else "tick with nothing to do", (again.tick for _ in range(TIMES))
    )
    if not due:
        yield median("look of a watch, nothing new", (again.look for _ in range(TIMES)))
        return
    for _ in range(1 + SOAK // 60):
        world.clock.pass_(60)
        if world.clock() - world.view().state.head.time < SOAK:
            again.tick()
    view, refs, now = world.view(), observe_refs(world.journal, "main"), world.clock()
    some = again.index.active(view, refs)
    memories = observe_all(view, again.store.load()[0], Reading({}), now, some)
    plan = (lambda: plan_all(view, memories, refs, now, True, agents=some) for _ in range(TIMES))
    yield median(f"plan of {len(some):,} agents that are due", plan)
    yield timed(f"tick with {len(some):,} acts, pushed", again.tick)
    assert len(again.acts) == len(some), again.acts


def one_act(world: LargeFleet) -> Row:
    """One act of one agent, judged, signed and durable, not pushed."""
    view, erin = world.view(), world.actor("erin")

    def built(agent: AgentId) -> Callable[[], object]:
        act = orders.order_rollback(view, erin, agent, None, now=world.clock(), reason="Worse.")
        return lambda: world.journal.build(view, [act], erin.appender, world.clock())

    return median("one act, durable, without its push", (built(agent) for agent in world.agents[-TIMES:]))


def command(world: LargeFleet, who: str, *args: str) -> Callable[[], object]:
    """The command in a process of its own."""
    line, variables = [sys.executable, "-m", "agentgov", *args], world.variables(who)
    return lambda: subprocess.run(line, cwd=world.work, env=variables, check=True, capture_output=True)


def commands(world: LargeFleet) -> Iterator[Row]:
    """What people and timers start."""

    def back(agent: AgentId) -> Callable[[], object]:
        return command(world, "erin", "rollback", str(agent), "--reason", "Worse.", "--yes")

    yield median("rollback, from command to pushed act", (back(agent) for agent in world.agents[-TIMES:]))
    yield median("status AGENT", (command(world, "erin", "status", str(one)) for one in world.agents[-TIMES:]))


def measure(folder: Path, agents: int, due: int) -> Iterator[Row]:
    """All rows of the table."""
    start = time.perf_counter()
    world = LargeFleet(folder, agents, soaking=due)
    yield "making the fleet", time.perf_counter() - start, None
    yield one_act(world)
    yield from ticks(world, due)
    yield from ((what, wall, None) for what, wall, _ in commands(world))


def main() -> None:
    """Print a table."""
    agents, due = (*map(int, sys.argv[1:]), *(10_000, 1000)[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as name:
        for home in ("CONFIG", "STATE"):
            os.environ[f"AGENTGOV_{home}_HOME"] = str(Path(name) / home.lower())
        print(f"{agents:,} agents, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for what, wall, used in measure(Path(name) / "world", agents, due):
            cpu = f"{used * 1000:>10,.1f} CPU" if used is not None else ""
            print(f"{what:<44} {wall * 1000:>10,.1f} ms {cpu}", flush=True)


if __name__ == "__main__":
    main()
