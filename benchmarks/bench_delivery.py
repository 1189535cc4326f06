"""How soon consumers without a gate see a person's rollback in a very large fleet, and what rendering it costs.

    python benchmarks/bench_delivery.py [agents] [rollbacks]

See `large_fleet` for what is real in it. A reconciler watches as a process of its own, both environments are rendered
on branches of the bare remote, and one receiver takes signed events on loopback. The clock of a rollback starts when
its push has come back; where the reconciler is woken, by whoever saw that push, the same moment. It stops when the
remote holds both branches, and when the receiver has the whole event.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

import gitworld  # noqa: E402
from bench_large import Row, timed  # noqa: E402
from fakeserver import FakeServer, Reply, Request  # noqa: E402
from large_fleet import LargeFleet  # noqa: E402
from patience import until  # noqa: E402
from simulator import FLEET_YAML  # noqa: E402
from watchworld import CALL, Watching, watching  # noqa: E402

from agentgov.delivery.branch import RenderedBranch, rendered_ref  # noqa: E402
from agentgov.delivery.branches import follow_all  # noqa: E402
from agentgov.delivery.document import Documents  # noqa: E402
from agentgov.delivery.render import whole  # noqa: E402
from agentgov.delivery.verify import verify_rendered  # noqa: E402
from agentgov.model.document import ENVIRONMENTS  # noqa: E402
from agentgov.net.posting import signed_headers, signing_key  # noqa: E402
from agentgov.release import orders  # noqa: E402

BAR = 2.0  # seconds from a pushed rollback to whoever reads a branch or takes events
RARELY = 3600  # seconds between two looks of a reconciler that is woken
_KEY = signing_key(CALL)
assert _KEY is not None
KEYS = [_KEY]


@dataclass(slots=True)
class Receiver:
    """Who takes events: which acts came, and when."""

    came: dict[int, float] = field(default_factory=dict)

    def take(self, request: Request) -> Reply:
        """Every event is taken at once."""
        self.came[request.json()["act"]["seq"]] = time.perf_counter()
        return Reply(204)


class Delivered(LargeFleet):
    """A large fleet that is rendered for both environments and tells one receiver."""

    def __init__(self, folder: Path, agents: int, url: str) -> None:
        asked = f"delivery: {{rendered: [staging, production], webhooks: [{{url: '{url}/in'}}]}}\n"
        super().__init__(folder, agents, files={"agentgov.yaml": FLEET_YAML + asked}, now=int(time.time()))
        self.left = list(self.agents)

    def roll_back(self) -> int:
        """A person takes the next agent back, and pushes that; the number of the act."""
        order = orders.order_rollback
        return self.order("erin", order, self.left.pop(), None, reason="Worse.").state.head.seq

    def tips(self) -> list[str]:
        """The tips of the branches on the remote, without asking git."""
        files = [self.remote / rendered_ref(one) for one in ENVIRONMENTS]
        return [file.read_text("ascii").strip() if file.exists() else "" for file in files]

    def renders(self, seq: int) -> bool:
        """Whether all branches render this act by now."""
        said = f"Agentgov-Journal: {seq} ".encode()
        return all(tip and said in gitworld.git(self.remote, "log", "-1", tip) for tip in self.tips())


def rendering(world: Delivered) -> Iterator[Row]:
    """In this process: everything for the first time, one agent that changed, and the whole tree computed again."""
    world.view()  # verified before
    branch = RenderedBranch(world.journal, world.appender("reconciler"), "production")
    yield timed("first rendering of everything, pushed", lambda: _followed(branch, world))
    world.roll_back()
    yield timed("one agent that changed, pushed", lambda: _followed(branch, world))
    repo, journal = world.fresh()
    world.repo, world.journal = repo, journal
    again = RenderedBranch(journal, world.appender("reconciler"), "production")
    world.roll_back()
    world.view()
    yield timed("the same in another process", lambda: _followed(again, world))
    view, tip = world.view(), gitworld.git(world.remote, "rev-parse", rendered_ref("production")).decode().strip()
    yield timed("verify --rendered, without the journal", lambda: verify_rendered(view, "production", tip))
    yield timed("files of everything, for a folder", lambda: whole(view, Documents("production")))


def _followed(branch: RenderedBranch, world: Delivered) -> None:
    assert follow_all(world.journal, (branch,), world.journal.view(world.clock())) == ()


def rollbacks(world: Delivered, receiver: Receiver, times: int, every: int) -> Iterator[Row]:
    """A reconciler looks every so many seconds, and a person rolls an agent back, several times."""
    how = "woken" if every == RARELY else f"--watch {every}"
    with watching(world, "--watch", str(every)) as one:
        yield timed(f"until a reconciler has caught up ({how})", lambda: _caught_up(world, one))
        waits = [_waits(world, receiver, one, every == RARELY) for _ in range(times)]
        assert one.end() == 0
    for what, seconds in zip(("both branches", "the event"), zip(*waits, strict=True), strict=True):
        yield f"rollback to {what} ({how}), median", statistics.median(seconds), None
        yield f"the worst of {times}", max(seconds), None


def _waits(world: Delivered, receiver: Receiver, one: Watching, woken: bool) -> tuple[float, float]:
    """Seconds from one rollback to the last branch, and to its event."""
    world.clock.time = int(time.time())
    before, seq = world.tips(), world.roll_back()
    start = time.perf_counter()
    if woken:
        _wake(one, seq)
    until(lambda: all(old != new for old, new in zip(before, world.tips(), strict=True)), "the branches")
    branches = time.perf_counter() - start
    until(lambda: seq in receiver.came, "the event")
    until(lambda: world.renders(seq))
    time.sleep(2)  # it looks once more, and rests
    return branches, receiver.came[seq] - start


def _caught_up(world: Delivered, one: Watching) -> None:
    one.says("listening ")
    until(lambda: one.metrics()["ticks_total"] >= 1, "the first tick")
    until(lambda: world.renders(world.view().state.head.seq), "the branches")  # a checkpoint may follow


def _wake(one: Watching, seq: int) -> None:
    headers = {"content-type": "application/json", **signed_headers(KEYS, f"push-{seq}", int(time.time()), b"{}")}
    assert one.ask("/hooks/wake", "POST", b"{}", **headers)[0] // 100 == 2


def measure(folder: Path, agents: int, times: int) -> Iterator[Row]:
    """All rows of the table."""
    receiver = Receiver()
    with FakeServer(receiver.take).serve() as server:
        start = time.perf_counter()
        world = Delivered(folder / "world", agents, server.url)
        yield "making the fleet", time.perf_counter() - start, None
        secret = folder / "delivery"
        secret.write_text(CALL)
        secret.chmod(0o600)
        os.environ["AGENTGOV_DELIVERY_SECRET_FILE"] = str(secret)
        yield from rendering(world)
        for every in (RARELY, 1):
            yield from rollbacks(world, receiver, times, every)


def main() -> None:
    """Print a table."""
    agents, times = (*map(int, sys.argv[1:]), *(10_000, 7)[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as name:
        for home in ("CONFIG", "STATE"):
            os.environ[f"AGENTGOV_{home}_HOME"] = str(Path(name) / home.lower())
        print(f"{agents:,} agents, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; wanted: {BAR:.0f} s")
        for what, wall, used in measure(Path(name), agents, times):
            cpu = f"{used * 1000:>10,.1f} CPU" if used is not None else ""
            print(f"{what:<64} {wall * 1000:>10,.1f} ms {cpu}", flush=True)


if __name__ == "__main__":
    main()
