"""Events are sent in their order, together, in requests that a gate takes; what nobody heard is sent again."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE, until

from agentgov.model.told import MOST_EVENTS, EventTell
from agentgov.sdk.errors import Denied, Unreachable
from agentgov.sdk.outbox import MOST, Outbox


class Taker:
    """Takes events down, once for each key, unless it is told to say something else first."""

    def __init__(self) -> None:
        self.requests: list[Sequence[EventTell]] = []
        self.says: list[Exception | None] = []
        self.away = False

    def __call__(self, told: Sequence[EventTell]) -> None:
        if self.away:
            raise Unreachable("nobody answers")
        said = self.says.pop(0) if self.says else None
        if not isinstance(said, Denied):
            self.requests.append(told)
        if said is not None:  # an answer that is lost
            raise said

    @property
    def keys(self) -> list[str]:
        return list(dict.fromkeys(one.key for told in self.requests for one in told))


def event(number: int, text: str = "") -> EventTell:
    return EventTell(str(number), "case.opened", attributes={"text": text} if text else {})


@given(answers=st.lists(st.sampled_from(["taken", "lost"]), max_size=12), events=st.integers(1, 350))
def test_all_arrive_in_order_whatever_answers_are_lost(answers: list[str], events: int) -> None:
    taker = Taker()
    taker.says = [Unreachable("lost") if one == "lost" else None for one in answers]
    box = Outbox("a/b", taker, threads=False)
    for number in range(events):
        box.put(event(number))
    while box.flush(0):
        pass
    assert taker.keys == [str(number) for number in range(events)]


def test_what_comes_together_is_sent_together() -> None:
    taker = Taker()
    box = Outbox("a/b", taker, threads=True)
    for number in range(MOST_EVENTS + 1):
        box.put(event(number))
    until(lambda: len(taker.keys) == MOST_EVENTS + 1, "that all are sent")
    box.close(PATIENCE)
    assert all(len(told) <= MOST_EVENTS for told in taker.requests)


def test_large_events_are_sent_in_requests_that_a_gate_takes() -> None:
    taker = Taker()
    taker.away = True
    box = Outbox("a/b", taker, threads=False)
    for number in range(16):
        box.put(EventTell(str(number), "case.opened", attributes={f"a{place}": "é" * 500 for place in range(32)}))
    taker.away = False
    assert box.flush(PATIENCE) == 0
    assert len(taker.keys) == 16
    assert all(len(msgspec.json.encode(told)) <= 256 * 1024 for told in taker.requests)


def test_what_is_refused_is_dropped_and_told(caplog: pytest.LogCaptureFixture) -> None:
    taker = Taker()
    taker.says = [Denied("no such metric")]
    box = Outbox("a/b", taker, threads=False)
    box.put(event(1))
    box.put(event(2))
    assert taker.keys == ["2"]
    assert "1 events of a/b were refused: no such metric" in caplog.text


def test_what_waits_is_bounded_and_what_is_left_at_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    taker = Taker()
    taker.away = True
    box = Outbox("a/b", taker, threads=True)
    for number in range(MOST):
        box.put(event(number))
    with pytest.raises(Unreachable, match="10,000 events of a/b wait"):
        box.put(event(MOST))
    box.close(0)
    assert "10000 events of a/b were told to nobody" in caplog.text
