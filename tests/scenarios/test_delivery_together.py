"""All that a tick delivers goes together: every branch in one push, events beside it, and none stops another."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gitworld
import pytest
from fakeserver import FakeServer, Reply, Request
from faultworld import Held, hook
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from simulator import FLEET_YAML, TRIAGE

from agentgov.delivery.branch import read_rendered, rendered_ref
from agentgov.delivery.choose import Deliveries
from agentgov.model.document import ENVIRONMENTS
from agentgov.model.verdict import Reason
from agentgov.release import orders

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STAGING, PRODUCTION = rendered_ref("staging"), rendered_ref("production")
BOTH = {rendered_ref(one) for one in ENVIRONMENTS}


class Receiver(FakeServer):
    """Somebody who takes every event."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.types: list[str] = []
        self.before: Callable[[], object] = bool  # what happens before it answers

    def _take(self, request: Request) -> Reply:
        self.before()
        self.types.append(request.json()["type"])
        return Reply(204)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens."""
    with Receiver().serve() as found:
        yield found


@pytest.fixture
def world(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> PipelineWorld:
    """A fleet that is rendered for both environments and tells one receiver."""
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    monkeypatch.setenv("AGENTGOV_DELIVERY_SECRET_FILE", str(secret))
    listed = f"delivery: {{rendered: [staging, production], webhooks: [{{url: '{receiver.url}/in'}}]}}\n"
    return PipelineWorld(tmp_path / "world", files={"agentgov.yaml": FLEET_YAML + listed})


@pytest.fixture
def running(world: PipelineWorld) -> Deliveries:
    """What a reconciler has after its first tick."""
    found = Deliveries(world.journal, world.appender("reconciler"))
    assert follow(world, found) == ()
    return found


def follow(world: PipelineWorld, running: Deliveries) -> tuple[Reason, ...]:
    """One tick of it."""
    return running.follow(world.view(), (), world.clock())


def pause(world: PipelineWorld) -> None:
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it lies")


def tip(world: PipelineWorld, ref: str) -> str:
    return gitworld.git(world.remote, "rev-parse", ref).decode().strip()


def is_present(world: PipelineWorld, ref: str) -> bool:
    """Whether a branch renders the last act."""
    view = world.view()
    found = read_rendered(view, tip(world, ref))
    return found is not None and found.seq == view.state.head.seq


def pushed(world: PipelineWorld, script: str = "") -> Path:
    """A file that the remote writes a line to for each push, with the refs in it."""
    log = world.folder / "pushes"
    hook(world, "pre-receive", f"refs=$(cut -d' ' -f3 | tr '\\n' ' '); echo $refs >> {log}; {script}")
    return log


def test_all_branches_of_a_tick_are_one_push(world: PipelineWorld, running: Deliveries) -> None:
    pause(world)
    log = pushed(world)
    assert follow(world, running) == ()
    assert [set(line.split()) for line in log.read_text().splitlines()] == [BOTH]
    assert all(is_present(world, ref) for ref in BOTH)
    assert follow(world, running) == ()
    assert len(log.read_text().splitlines()) == 1  # nothing new, nothing pushed


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("update", f"test $1 != {STAGING}"),  # of one ref
        ("pre-receive", f"! grep -q {STAGING}"),  # of the whole push
    ],
)
def test_a_branch_that_is_refused_does_not_stop_the_other(
    world: PipelineWorld, running: Deliveries, name: str, script: str
) -> None:
    pause(world)
    refusing = hook(world, name, script)
    (told,) = follow(world, running)
    assert told.rule == "rendered.refused"
    assert STAGING in told.message
    assert (is_present(world, STAGING), is_present(world, PRODUCTION)) == (False, True)
    assert running.lag["rendered/staging"] == 1
    assert running.lag["rendered/production"] == 0
    refusing.unlink()
    assert follow(world, running) == ()
    assert is_present(world, STAGING)


def test_a_branch_that_somebody_moves_meanwhile_does_not_stop_the_other(
    world: PipelineWorld, running: Deliveries
) -> None:
    """Between the question and the push: each has a lease of its own, and what somebody put there is told."""
    theirs = gitworld.git(world.work, "commit-tree", "-p", tip(world, STAGING), "-m", "mine", "HEAD^{tree}").decode()
    world.push(f"{theirs.strip()}:refs/heads/theirs")
    pause(world)
    log = pushed(
        world,
        f"test -e {world.folder}/moved || {{ touch {world.folder}/moved; env -u GIT_QUARANTINE_PATH "
        f"git update-ref {STAGING} {theirs.strip()}; }}",
    )
    assert [one.rule for one in follow(world, running)] == ["rendered.foreign"]
    assert [set(line.split()) for line in log.read_text().splitlines()] == [BOTH, {STAGING}]
    assert all(is_present(world, ref) for ref in BOTH)


def test_an_event_does_not_wait_for_a_remote_that_takes_its_time(
    world: PipelineWorld, running: Deliveries, receiver: Receiver
) -> None:
    pause(world)
    moment = Held(world.folder, "moment")
    hook(world, "pre-receive", moment.script)
    with ThreadPoolExecutor(1) as pool:
        tick = pool.submit(follow, world, running)
        try:
            moment.wait()
            until(lambda: receiver.types, "the event")
            assert not is_present(world.beside(), PRODUCTION)
        finally:
            moment.go()
        assert tick.result(PATIENCE) == ()
    assert receiver.types == ["pause"]
    assert all(is_present(world, ref) for ref in BOTH)


def test_a_branch_does_not_wait_for_a_receiver_that_takes_its_time(
    world: PipelineWorld, running: Deliveries, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers once the branches are there."""
    monkeypatch.setattr("agentgov.delivery.webhook._PATIENCE", 2 * PATIENCE)
    pause(world)
    view = world.beside().view()
    receiver.before = lambda: until(lambda: all(_says(world, ref, view.tip) for ref in BOTH), "the branches")
    assert follow(world, running) == ()
    assert receiver.types == ["pause"]


def _says(world: PipelineWorld, ref: str, act: str) -> bool:
    return act.encode() in gitworld.git(world.remote, "log", "-1", ref)
