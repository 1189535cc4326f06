"""What a very large fleet costs: a tick with nothing to do, a thousand agents due, one act, a rollback.

    python benchmarks/bench_large.py 10000 1000
    python benchmarks/bench_large.py 100000 0 --only act
    python benchmarks/bench_large.py 10000 0 --only merge

See `large_fleet` for what is real in it. Everything written is synced; `CPU` is of this process alone, without git's.
Processes are the real command, with the remote on the same disk.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from large_fleet import SOAK, LargeFleet  # noqa: E402

from agentgov.cli.context import Context  # noqa: E402
from agentgov.cli.release.status import Looks  # noqa: E402
from agentgov.model.names import AgentId  # noqa: E402
from agentgov.release import orders  # noqa: E402
from agentgov.release.counts import Reading  # noqa: E402
from agentgov.release.fleet import observe_all, plan_all  # noqa: E402
from agentgov.release.refs import observe_refs  # noqa: E402
from agentgov.release.tick_report import Report  # noqa: E402

TIMES = 7
PARTS = ("act", "ticks", "looks", "commands", "merge")
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
    """One act of one agent after another: each is judged, signed and durable, and none is pushed."""
    erin, views = world.actor("erin"), [world.view()]

    def built(agent: AgentId) -> Callable[[], object]:
        view = views[-1]
        act = orders.order_rollback(view, erin, agent, None, now=world.clock(), reason="Worse.")
        return lambda: views.append(world.journal.build(view, [act], erin.appender, world.clock()))

    what = f"one act at {len(world.agents):,} agents, not pushed"
    return median(what, (built(agent) for agent in world.agents[-TIMES:]))


def merge(world: LargeFleet) -> Iterator[Row]:
    """Every agent changed by one merge: reviewed, taken over, released, recorded and staged; a rollback in between."""
    commits = list[str]()
    yield timed("one merge that changes every agent, pushed", lambda: commits.append(world.merge(2)))
    yield timed("its review", lambda: world.review("bob", commits[0]))
    reconciler = world.reconciler(world.actor("reconciler"))
    yield timed("the tick that takes it over", reconciler.tick)
    assert not world.view().state.pending
    world.release_all(2, "1.2.0", commits[0])
    rows, reports = list[Row](), list[Report]()
    while not reports or reports[-1].left:
        rows.append(timed("the longest of these ticks", lambda: reports.append(reconciler.tick())))
        if len(rows) == 2:
            what, wall, _ = timed("rollback between two of these", command(world, "erin", *_back(world.agents[0])))
            yield what, wall, None
    acts = sum(len(one.acts) for one in reports)
    what = f"{acts:,} sights and transitions, {len(rows)} ticks"
    yield what, sum(row[1] for row in rows), sum(row[2] or 0 for row in rows)
    yield max(rows, key=lambda row: row[1])


def _back(agent: AgentId) -> tuple[str, ...]:
    return "rollback", str(agent), "--reason", "Worse.", "--yes"


def command(world: LargeFleet, who: str, *args: str) -> Callable[[], object]:
    """The command in a process of its own."""
    line, variables = [sys.executable, "-m", "agentgov", *args], world.variables(who)
    return lambda: subprocess.run(line, cwd=world.work, env=variables, check=True, capture_output=True)


def commands(world: LargeFleet) -> Iterator[Row]:
    """What people and timers start."""

    some = world.agents[-TIMES:]
    yield median("rollback, from command to pushed act", (command(world, "erin", *_back(one)) for one in some))
    yield median("status AGENT", (command(world, "erin", "status", str(one)) for one in some))
    yield timed("status", command(world, "erin", "status"))


def looks(world: LargeFleet) -> Iterator[Row]:
    """What a board costs at its first look, and at those after it."""
    context = Context(world.repo, world.journal)
    board = Looks(context)
    yield timed("first look of status --watch", lambda: board.look(context.view(fetch=True)))
    again = (lambda: board.look(context.view(fetch=True)) for _ in range(TIMES))
    yield median("look of status --watch, nothing new", again)


def measure(folder: Path, agents: int, due: int, parts: Sequence[str]) -> Iterator[Row]:
    """The rows of these parts of the table."""
    start = time.perf_counter()
    world = LargeFleet(folder, agents, soaking=due)
    yield "making the fleet", time.perf_counter() - start, None
    if "act" in parts:
        yield one_act(world)
    if "ticks" in parts:
        yield from ticks(world, due)
    if "looks" in parts:
        yield from looks(world)
    if "commands" in parts:
        yield from ((what, wall, None) for what, wall, _ in commands(world))
    if "merge" in parts:
        yield from merge(world)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agents", type=int, nargs="?", default=10_000)
    parser.add_argument("due", type=int, nargs="?", default=1000, help="how many of them soak, and are due later")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; all but merge otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for home in ("CONFIG", "STATE"):
            os.environ[f"AGENTGOV_{home}_HOME"] = str(Path(name) / home.lower())
        print(f"{options.agents:,} agents, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        parts = options.only or PARTS[:-1]
        for what, wall, used in measure(Path(name) / "world", options.agents, options.due, parts):
            cpu = f"{used * 1000:>10,.1f} CPU" if used is not None else ""
            print(f"{what:<48} {wall * 1000:>10,.1f} ms {cpu}", flush=True)


if __name__ == "__main__":
    main()
