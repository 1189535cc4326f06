"""Money before it is spent: an estimate is set aside, the real amount booked afterwards.

    with agent.spend(input_tokens=1200, max_output_tokens=500) as money:
        answer = model(...)
        money.settle(input_tokens=answer.usage.input, output_tokens=answer.usage.output)

What is neither settled nor released is booked as unconfirmed when its time is over, never refunded: so nothing is lost
where a program ends in between.
"""

import secrets
from types import TracebackType
from typing import Self

from agentgov.sdk.answers import Backend, Reserved


class Reservation:
    """Money that is set aside; `amount` in nano-units of `currency`. It ends once."""

    __slots__ = ("_backend", "_reserved", "ended")

    def __init__(self, backend: Backend, reserved: Reserved) -> None:
        self._backend, self._reserved = backend, reserved
        self.ended = False

    @property
    def id(self) -> str:
        """The reservation."""
        return self._reserved.id

    @property
    def amount(self) -> int:
        """How much, in nano-units."""
        return self._reserved.amount

    @property
    def currency(self) -> str:
        """Of which money."""
        return self._reserved.currency

    def settle(self, *, input_tokens: int, output_tokens: int, cached: int = 0) -> None:
        """Book what was really used, all of it, also where it is more than was set aside. `cached` is a part of the
        input."""
        used = {"input_tokens": input_tokens, "output_tokens": output_tokens, "cached": cached}
        self._backend.end_reservation(self.id, "settle", used)
        self.ended = True

    def release(self) -> None:
        """Nothing was sent to the model: give all of it back."""
        self._backend.end_reservation(self.id, "release", {})
        self.ended = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """What was not settled stays set aside until its time is over, and counts."""


def reserve(
    backend: Backend, *, model: str, release: str, input_tokens: int, max_output_tokens: int, run: str, key: str
) -> Reservation:
    """Set aside what a call of a model can cost at most. NotSupported where the gate has no budgets."""
    estimate = {"key": key or secrets.token_hex(16), "model": model, "release": release} | ({"run": run} if run else {})
    tokens = {"input_tokens": input_tokens, "max_output_tokens": max_output_tokens}
    return Reservation(backend, backend.reserve({**estimate, **tokens}))
