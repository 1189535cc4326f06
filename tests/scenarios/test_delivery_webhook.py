"""Events go out over real HTTP: in order, signed, at least once, and the journal waits for nobody."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gitworld
import pytest
from fakeserver import FakeServer, Reply, Request
from jsonschema import Draft7Validator
from patience import PATIENCE
from pipelineworld import PipelineWorld
from simulator import FLEET_YAML, TRIAGE
from standardwebhooks import Webhook, WebhookVerificationError

from agentgov.delivery.event import KINDS
from agentgov.delivery.webhook import MOST, Webhooks, outbox
from agentgov.forge.webhooks import Accepted, Delivery, Secrets, Seen, judge
from agentgov.journal.view import view_at
from agentgov.model.verdict import Reason
from agentgov.net.posting import signing_key
from agentgov.release import orders
from agentgov.resources import folder
from agentgov.trust.file_lock import held

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCHEMA = json.loads((folder("schemas") / "events/event.schema.json").read_text("utf-8"))


class Receiver(FakeServer):
    """A receiver that checks what it gets as our own door checks what GitLab sends."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.events: list[dict[str, Any]] = []
        self.status = 204
        self.time = 0
        self.said = {302: {"location": "/elsewhere"}, 429: {"retry-after": "90"}}

    def _take(self, request: Request) -> Reply:
        key = signing_key(SECRET)
        assert key is not None
        delivery = Delivery("/hooks/gitlab", request.headers, request.body)
        assert isinstance(judge(delivery, Secrets(signing=(key,)), Seen(), self.time), Accepted)
        if self.status < 300:
            event = request.json()
            Draft7Validator(SCHEMA).validate(event)
            assert event["act"]["id"] == request.headers["webhook-id"]
            self.events.append(event)
        return Reply(self.status, headers=self.said.get(self.status, {}))

    @property
    def types(self) -> list[str]:
        """The kinds of what was taken, in order."""
        return [one["type"] for one in self.events]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens."""
    with Receiver().serve() as found:
        yield found


@pytest.fixture
def world(tmp_path: Path, receiver: Receiver) -> PipelineWorld:
    """A fleet that tells the receiver everything, and has told it that it begins."""
    listed = f"delivery: {{webhooks: [{{url: '{receiver.url}/in?key=hidden'}}]}}\n"
    found = PipelineWorld(tmp_path / "world", files={"agentgov.yaml": FLEET_YAML + listed})
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    assert tell(found, receiver) == ()
    return found


def tell(world: PipelineWorld, receiver: Receiver, *, secret: str = "secret") -> tuple[Reason, ...]:
    """What a reconciler that has just started does after a tick."""
    receiver.time = world.clock()
    home = world.folder.parent
    follower = Webhooks(home / "cursors", str(home / secret) if secret else "", time.monotonic)
    return follower.send(outbox(world.view()), world.clock())


def pause(world: PipelineWorld) -> None:
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="the secret plan")


def test_everything_comes_in_the_order_of_the_journal_and_once(world: PipelineWorld, receiver: Receiver) -> None:
    assert receiver.requests == []  # what was before is history
    world.ship("1.0.0")
    pause(world)
    assert tell(world, receiver) == ()
    assert receiver.types == [act.kind for act in world.acts()[1:] if act.kind in KINDS]
    assert [one["act"]["seq"] for one in receiver.events] == sorted(one["act"]["seq"] for one in receiver.events)
    assert receiver.events[-1]["data"] == {"selector": str(TRIAGE), "mode": "stop"}
    assert receiver.events[0]["data"]["release"] == f"{TRIAGE}/v1.0.0"
    assert all(b"secret plan" not in one.body for one in receiver.requests)
    count = len(receiver.requests)
    assert tell(world, receiver) == ()
    assert len(receiver.requests) == count


@pytest.mark.parametrize("status", [500, 302, 410, 429])
def test_who_does_not_take_it_is_asked_again_later_and_misses_nothing(
    world: PipelineWorld, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    pause(world)
    world.order("erin", orders.order_resume, str(TRIAGE))
    (behind,) = tell(world, receiver)
    assert behind.rule == "delivery.webhook"
    assert f"it answers {status}" in behind.message
    assert "hidden" not in behind.message
    receiver.status = 204
    assert [one.rule for one in tell(world, receiver)] == ["delivery.webhook"]
    assert len(receiver.requests) == 1  # its time has not come
    world.clock.pass_(60)
    if status == 429:  # it asked for more patience than that
        assert [one.rule for one in tell(world, receiver)] == ["delivery.webhook"]
        world.clock.pass_(30)
    assert tell(world, receiver) == ()
    assert receiver.types == ["pause", "resume"]


def test_how_far_a_receiver_is_behind_is_counted_in_acts(world: PipelineWorld, receiver: Receiver) -> None:
    home, name = world.folder.parent, f"webhook/{urlsplit(receiver.url).netloc}"
    receiver.status = 500
    pause(world)
    world.order("erin", orders.order_resume, str(TRIAGE))
    for secret in (str(home / "secret"), ""):
        follower = Webhooks(home / "cursors", secret, time.monotonic)
        receiver.time = world.clock()
        assert len(follower.send(outbox(world.view()), world.clock())) == 1
        assert follower.lag == {name: 2}
    receiver.status = 204
    world.clock.pass_(60)
    follower = Webhooks(home / "cursors", str(home / "secret"), time.monotonic)
    receiver.time = world.clock()
    assert follower.send(outbox(world.view()), world.clock()) == ()
    assert follower.lag == {name: 0}


def test_an_answer_that_is_lost_brings_the_same_id_again(world: PipelineWorld, receiver: Receiver) -> None:
    receiver.faults.add("lost", match="POST *")
    pause(world)
    assert [one.rule for one in tell(world, receiver)] == ["delivery.webhook"]
    world.clock.pass_(60)
    assert tell(world, receiver) == ()
    assert len({one["act"]["id"] for one in receiver.events}) == 1 < len(receiver.events)


def test_a_tick_tells_so_much_and_the_next_one_the_rest(
    world: PipelineWorld, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST == 100
    monkeypatch.setattr("agentgov.delivery.webhook.MOST", 1)
    pause(world)
    world.order("erin", orders.order_resume, str(TRIAGE))
    assert "1 acts behind" in tell(world, receiver)[0].message
    assert tell(world, receiver) == ()
    assert receiver.types == ["pause", "resume"]


@pytest.mark.parametrize("wrong", ["none", "open", "other"])
def test_without_a_good_secret_nothing_is_sent_and_nothing_is_lost(
    world: PipelineWorld, receiver: Receiver, wrong: str
) -> None:
    home = world.folder.parent
    (home / "open").write_text(f"{SECRET}\n")
    (home / "open").chmod(0o644)
    (home / "other").write_text("hunter2\n")
    (home / "other").chmod(0o600)
    pause(world)
    (reason,) = tell(world, receiver, secret="" if wrong == "none" else wrong)
    assert reason.rule == "delivery.webhook"
    assert "hunter2" not in reason.message
    assert receiver.requests == []
    assert tell(world, receiver) == ()
    assert receiver.types == ["pause"]


def test_a_receiver_of_some_kinds_gets_those(world: PipelineWorld, receiver: Receiver) -> None:
    listed = f"delivery: {{webhooks: [{{url: '{receiver.url}/some', events: [resume]}}]}}\n"
    world.govern({"agentgov.yaml": FLEET_YAML + listed})
    assert tell(world, receiver) == ()  # it is new, and begins here
    pause(world)
    world.order("erin", orders.order_resume, str(TRIAGE))
    assert tell(world, receiver) == ()
    assert receiver.types == ["resume"]
    assert gitworld.git(world.work, "status", "--porcelain") == b""


def test_two_reconcilers_of_one_machine_send_an_event_once(world: PipelineWorld, receiver: Receiver) -> None:
    for _ in range(3):
        pause(world)
        world.order("erin", orders.order_resume, str(TRIAGE))
    view, home = world.view(), world.folder.parent
    receiver.time = world.clock()
    told: list[tuple[Reason, ...]] = []

    def run() -> None:
        both = Webhooks(home / "cursors", str(home / "secret"), time.monotonic)
        told.append(both.send(outbox(view_at(world.beside().repo, view.tip)), world.clock()))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert told == [()] * 4
    assert receiver.types == ["pause", "resume"] * 3


def test_while_another_process_tells_them_this_one_waits_and_then_says_so(
    world: PipelineWorld, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause(world)
    with monkeypatch.context() as hurried, held(world.folder.parent / "cursors", PATIENCE):
        hurried.setattr("agentgov.delivery.webhook._PATIENCE", 0.1)
        (told,) = tell(world, receiver)
    assert told.rule == "delivery.webhook"
    assert "held by another process" in told.message
    assert receiver.requests == []
    assert tell(world, receiver) == ()
    assert receiver.types == ["pause"]


def test_a_receiver_that_ends_its_answer_with_the_connection_is_told_once(
    world: PipelineWorld, receiver: Receiver
) -> None:
    receiver.status = 200
    receiver.faults.add("unsized")
    pause(world)
    assert tell(world, receiver) == ()
    assert len(receiver.requests) == 1


def test_the_library_of_the_specification_takes_the_event_and_refuses_another(
    world: PipelineWorld, receiver: Receiver
) -> None:
    world.clock.time = int(time.time())  # the library asks its own clock
    pause(world)
    assert tell(world, receiver) == ()
    (request,) = receiver.requests
    assert Webhook(SECRET).verify(request.body, dict(request.headers))["type"] == "pause"
    for place in range(len(request.body)):
        changed = bytearray(request.body)
        changed[place] ^= 1
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(bytes(changed), dict(request.headers))
