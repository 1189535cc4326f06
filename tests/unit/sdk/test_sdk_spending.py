"""Money ends once, as what was told says, and is never given back on a guess."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leasinggate import LeasingGate, opened

from agentgov.errors import UsageError
from agentgov.sdk.acting import run_steps
from agentgov.sdk.spending import AsyncReservation, Reservation, estimate, spending

USED: dict[str, Any] = {"input_tokens": 10, "output_tokens": 5}
SETTLED = {**USED, "cached": 0}
_ESTIMATE: dict[str, Any] = {"input_tokens": None, "max_output_tokens": 5, "amount": "", "run": "", "key": "k"}


class UnsentError(ConnectionError):
    """A connection that never came about."""


def money(gate: LeasingGate, unsent: tuple[type[BaseException], ...] = (UnsentError,)) -> Reservation:
    keeper = opened(gate.watch(lambda: 0.0))
    wanted = estimate("m", "", **{**_ESTIMATE, "input_tokens": 10})
    return Reservation(keeper, run_steps(spending(keeper, wanted)), unsent)


def test_a_stream_is_settled_at_what_it_told_last() -> None:
    gate = LeasingGate()
    with money(gate) as it:
        it.used(input_tokens=10, output_tokens=1)
        it.used(**USED)
    assert gate.ended == [("k", "settle", SETTLED)]


def test_what_nobody_told_of_is_left_to_its_time() -> None:
    gate = LeasingGate()
    with money(gate):
        pass
    with pytest.raises(ConnectionError), money(gate):
        raise ConnectionError
    it = money(gate)
    with pytest.raises(ConnectionError), it:  # in the middle: more may be spent than was heard of
        _breaks(it)
    assert gate.ended == []
    it.settle(**USED)  # late
    assert gate.ended == [("k", "settle", SETTLED)]


def _breaks(it: Reservation) -> None:
    it.used(**USED)
    raise ConnectionError


def test_what_reached_no_model_is_given_back() -> None:
    gate = LeasingGate()
    with pytest.raises(UnsentError), money(gate):
        raise UnsentError
    with money(gate) as it:
        it.release()
    assert gate.ended == [("k", "release", {})] * 2


def test_what_cannot_be_told_is_told_later_and_hides_no_exception() -> None:
    gate = LeasingGate()
    with money(gate) as it:
        it.used(**USED)
        gate.away = True
    assert it.ended
    for _ in range(3):
        it._keeper.watch.tell()
    assert gate.ended == []
    gate.away = False
    for _ in range(3):
        it._keeper.watch.tell()
    assert gate.ended == [("k", "settle", SETTLED)]


def test_an_event_loop_does_the_same() -> None:
    gate = LeasingGate()

    async def main() -> None:
        plain = money(gate)
        async with AsyncReservation(plain._keeper, plain._reserved, ()) as it:
            it.used(amount="0.02 USD")
        with pytest.raises(ConnectionError):
            async with AsyncReservation(plain._keeper, plain._reserved, (ConnectionError,)):
                raise ConnectionError

    asyncio.run(main())
    assert gate.ended == [("k", "settle", {"amount": "0.02 USD"}), ("k", "release", {})]


@pytest.mark.parametrize("more", [{}, {"input_tokens": 1, "amount": "1.00 USD"}])
def test_money_is_asked_for_as_tokens_or_as_an_amount(more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="tokens or as an amount"):
        estimate("m", "", **{**_ESTIMATE, **more})
    with pytest.raises(UsageError, match="tokens or as an amount"):
        money(LeasingGate()).used(**({"input_tokens": 1} | more))


@given(st.lists(st.sampled_from(["used", "settle", "release"]), max_size=4), st.sampled_from(["", "sent", "unsent"]))
def test_leaving_tells_the_gate_nothing_that_was_not_told(words: list[str], how: str) -> None:
    gate = LeasingGate()
    raised: dict[str, type[BaseException]] = {"sent": ConnectionError, "unsent": UnsentError}
    try:
        with money(gate) as it:
            for word in words:
                it.release() if word == "release" else it.used(**USED) if word == "used" else it.settle(**USED)
            if how:
                raise raised[how]
    except ConnectionError:
        pass
    told = [word for word in words if word != "used"]
    if how == "unsent" and not words:
        told = ["release"]
    elif not told and not how and words:
        told = ["settle"]
    assert [one for _, one, _ in gate.ended] == told
