import asyncio
import logging

import pytest

from agentgov.gate.complaint import Complaint, keep_looking


def test_what_was_said_is_not_said_again_too_soon(caplog: pytest.LogCaptureFixture) -> None:
    patient, eager = Complaint(), Complaint(quiet=-1.0)
    with caplog.at_level(logging.WARNING, "agentgov.gate"):
        for number in range(3):
            patient("%s cannot be done: %s", "this", number)
            eager("nor can that: %s", number)
    assert caplog.messages == ["this cannot be done: 0", "nor can that: 0", "nor can that: 1", "nor can that: 2"]


def test_it_goes_on_looking_whatever_goes_wrong(caplog: pytest.LogCaptureFixture) -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            raise asyncio.CancelledError
        raise ValueError(f"look {looks}")

    async def until_cancelled() -> None:
        with pytest.raises(asyncio.CancelledError):
            await keep_looking(look, 0, "it cannot be looked after: %s")

    with caplog.at_level(logging.WARNING, "agentgov.gate"):
        asyncio.run(until_cancelled())
    assert (looks, caplog.messages) == (4, ["it cannot be looked after: look 1"])
