"""Event loops ask once in a turn, for all that asked meanwhile."""

import asyncio
from concurrent.futures import Future

import pytest

from agentgov.store.awaiting import answered


def test_what_is_asked_for_in_one_turn_is_sent_together_at_its_end() -> None:
    said: list[tuple[str, int]] = []

    def ask(number: int) -> "Future[int]":
        said.append(("sent", number))
        future: Future[int] = Future()
        future.set_result(number)
        return future

    async def one(number: int) -> int:
        said.append(("asks", number))
        return await answered(ask, number)

    async def several() -> list[int]:
        return await asyncio.gather(*map(one, range(5)))

    assert asyncio.run(several()) == list(range(5))
    assert said == [("asks", number) for number in range(5)] + [("sent", number) for number in range(5)]


def test_who_cannot_be_sent_hears_of_it_and_the_others_are_sent() -> None:
    def ask(number: int) -> "Future[int]":
        if number == 1:
            raise RuntimeError("no thread is left")
        future: Future[int] = Future()
        future.set_result(number)
        return future

    async def several() -> list[int | BaseException]:
        return await asyncio.gather(*(answered(ask, number) for number in range(3)), return_exceptions=True)

    first, second, third = asyncio.run(several())
    assert (first, third) == (0, 2)
    with pytest.raises(RuntimeError, match="no thread is left"):
        raise second if isinstance(second, BaseException) else AssertionError
