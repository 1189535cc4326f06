"""Deliveries taken in: as a function, and as an ASGI application with no server around it."""

import asyncio
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from agentgov.forge.hook_events import Errand, Ours, Work
from agentgov.forge.receiver import ROOM, Intake, Receiver
from agentgov.forge.waking import MOST, TRIES, Waking
from agentgov.forge.webhooks import LARGEST, Secrets
from agentgov.net import asgi

SECRET = b"a secret of the tests"
OURS = Ours("github", 7, "main", "agentgov/journal")


def body(number: int = 12) -> bytes:
    return json.dumps(
        {"action": "opened", "repository": {"id": 7}, "pull_request": {"number": number, "merged": False}}
    ).encode()


@dataclass
class World:
    """A receiver, what it woke, and what it says to a request."""

    waking: Waking = field(default_factory=Waking)
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.intake = Intake(
            Secrets(github=(SECRET,)),
            OURS,
            lambda errands: self.waking.put(errands, 0.0),
            lambda: 1_700_000_000,
            lambda word, errands: self.heard.append(word),
        )

    def post(self, content: bytes, *parts: bytes, path: str = "/hooks/github", **said: Any) -> int | None:
        """The status that the application answers with; None where it says nothing."""
        signature = hmac.new(said.get("secret", SECRET), content, "sha256").hexdigest()
        headers = [(b"content-type", b"application/json"), (b"x-github-event", b"pull_request")]
        headers += [(b"X-Hub-Signature-256", f"sha256={signature}".encode())] * said.get("signatures", 1)
        if (length := said.get("length", len(content))) is not None:
            headers.append((b"content-length", str(length).encode()))
        scope = {"type": "http", "method": said.get("method", "POST"), "path": path, "headers": headers}
        scope["root_path"] = said.get("root", "")
        chunks = list(parts or (content,))
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            if said.get("wait"):
                await asyncio.Event().wait()
            if not chunks:
                return {"type": "http.disconnect"}
            part = chunks.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(chunks) or said.get("more", False)}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(Receiver(self.intake)(scope, receive, send))
        if not sent:
            return None
        assert [one["type"] for one in sent] == ["http.response.start", "http.response.body"]
        status: int = sent[0]["status"]
        return status

    def woken(self) -> list[str]:
        found = []
        while (one := self.waking.take(0.0)) is not None:
            found.append(str(one[0]))
        return found


def test_a_body_that_does_not_arrive_holds_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "SLOWEST", 0.05)
    world = World()
    most = ROOM // LARGEST + 1
    assert [world.post(b"", length=LARGEST, wait=True) for _ in range(most)] == [408] * most
    assert world.post(body()) == 202


def test_a_signed_delivery_wakes_once() -> None:
    world = World()
    assert world.post(body()) == 202
    assert world.post(body()) == 200
    assert world.woken() == ["check 12"]
    assert world.heard == ["woken", "known"]


def test_a_body_may_come_in_parts_and_the_path_below_a_mount() -> None:
    world, content = World(), body()
    assert world.post(content, content[:5], b"", content[5:], path="/github", root="/hooks") == 202
    assert world.woken() == ["check 12"]


def test_what_is_not_ours_is_answered_with_a_word_and_wakes_nobody() -> None:
    world = World()
    assert world.post(body(), secret=b"another secret 12345") == 401
    assert world.post(body(), signatures=2) == 401
    assert world.post(body(), path="/") == 404
    assert world.post(body(), path="/hooks/gitlab") == 503
    assert world.post(body(), method="GET") == 405
    assert world.post(b"{}") == 204
    assert world.post(b"[]") == 400
    assert world.woken() == []


@pytest.mark.parametrize("length", [None, "", "1e3", "-1", "+9", "٣", 26 * 2**20, "9" * 30])
def test_the_length_is_judged_before_anything_is_read(length: object) -> None:
    world = World()
    assert world.post(body(), b"unread", length=length) in (411, 413)
    assert world.woken() == []


def test_a_body_of_another_length_than_it_says_is_refused() -> None:
    world = World()
    assert world.post(body(), length=len(body()) - 1) == 400
    assert world.post(body(), length=len(body()) + 1) == 400
    assert world.woken() == []


def test_whoever_goes_away_gets_no_answer_and_leaves_no_room_taken() -> None:
    world = World()
    for _ in range(10):
        assert world.post(body(), body()[:5], length=20 * 2**20, more=True) is None
    assert world.intake.room_for(ROOM)
    assert not world.intake.room_for(1)
    assert world.post(body()) == 503


def test_other_connections_are_none_of_its_business() -> None:
    with pytest.raises(ValueError, match="websocket"):
        asyncio.run(Receiver(World().intake)({"type": "websocket"}, None, None))  # type: ignore[arg-type]


def test_where_there_is_no_room_the_forge_may_send_it_again() -> None:
    world = World()
    assert world.waking.put([Errand(Work.IMPORT, number) for number in range(1, MOST + 1)], 0.0)
    assert world.post(body()) == 503
    assert world.waking.take(0.0) is not None
    assert world.post(body()) == 202  # not known: it was not taken in


def test_an_errand_waits_once_and_the_oldest_comes_first() -> None:
    waking = Waking()
    waking.put([Errand(Work.CHECK, 2)], 1.0)
    waking.put([Errand(Work.CHECK, 1), Errand(Work.RECONCILE)], 2.0)
    waking.put([Errand(Work.RECONCILE)], 3.0)
    assert [str(found[0]) for _ in range(4) if (found := waking.take(5.0)) is not None] == [
        "check 2",
        "check 1",
        "reconcile",
    ]


def test_what_is_woken_while_it_is_done_is_done_again() -> None:
    waking, errand = Waking(), Errand(Work.CHECK, 1)
    waking.put([errand], 0.0)
    assert waking.take(0.0) == (errand, 0)
    waking.put([errand], 1.0)
    assert waking.take(1.0) == (errand, 0)


def test_what_failed_waits_longer_and_is_given_up_at_last() -> None:
    waking, errand = Waking(), Errand(Work.IMPORT, 1)
    waking.put([errand], 0.0)
    waking.take(0.0)
    assert waking.again(errand, 1, 60.0)
    assert waking.take(59.0) is None
    assert waking.next_due() == 60.0
    assert waking.take(60.0) == (errand, 1)
    assert not waking.again(errand, TRIES, 120.0)
    assert waking.next_due() is None


def test_something_new_ends_the_wait_after_a_failure() -> None:
    waking, errand = Waking(), Errand(Work.IMPORT, 1)
    waking.again(errand, 3, 600.0)
    assert waking.put([errand], 1.0)
    assert waking.take(1.0) == (errand, 0)


def test_all_of_a_delivery_waits_or_nothing_of_it() -> None:
    waking = Waking()
    waking.put([Errand(Work.IMPORT, number) for number in range(1, MOST)], 0.0)
    two = [Errand(Work.CHECK, 5), Errand(Work.IMPORT, MOST + 5)]
    assert not waking.put(two, 0.0)
    assert waking.put(two[:1], 0.0)
    assert waking.put(two[:1], 0.0)  # it waits already
