"""Money before it is spent: an estimate is set aside, the real amount booked afterwards.

    with agent.spend(input_tokens=1200, max_output_tokens=500) as money:
        for event in model(..., stream=True):
            if event.usage:
                money.used(input_tokens=event.usage.input, output_tokens=event.usage.output)

1. `settle` books what was really used, all of it; `release` gives everything back, where nothing reached the model.
2. Left without an exception, what `used` told last is settled.
3. Left by an exception of a kind that `unsent` names, as the client's own for a connection that never came about,
   nothing reached the model: everything is given back, unless something was told as used.
4. In all other cases nobody can tell what was spent. It stays set aside until its time is over (15 minutes) and is
   booked as spent then, never refunded; only `settle`, also a late one, corrects that.
5. What cannot be told to the gate now is told later.
"""

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self

from agentgov.errors import AgentgovError, UsageError
from agentgov.sdk.acting import Steps, in_thread, stopped
from agentgov.sdk.answers import Receipt, Reserved
from agentgov.sdk.errors import Denied, Repeated, Unreachable
from agentgov.sdk.keeping import Keeper

Unsent = tuple[type[BaseException], ...]
End = tuple[Literal["settle", "release"], Mapping[str, Any]]
_PAUSED, _ENDED = "budget.paused", "budget.ended"


def estimate(
    model: str,
    release: str,
    *,
    input_tokens: int | None,
    max_output_tokens: int | None,
    amount: str,
    run: str,
    key: str,
    subject: str = "",
    purpose: str = "",
) -> dict[str, Any]:
    """What is to be set aside: the most that a call of a model can cost, or an amount. Without the most that it writes,
    the gate takes that of the release's parameters, or refuses."""
    if (input_tokens is None) == (not amount):
        hint = "input_tokens=... for a call of a model, or amount='0.02 USD' for anything else"
        raise UsageError("money is set aside for tokens or as an amount", hint)
    told: dict[str, Any] = {"key": key or _fresh_key(), "release": release}
    told |= {name: text for name, text in (("run", run), ("subject", subject), ("purpose", purpose)) if text}
    if amount:
        return told | {"amount": amount}
    most = {"max_output_tokens": max_output_tokens} if max_output_tokens is not None else {}
    return told | {"model": model, "input_tokens": input_tokens} | most


def _fresh_key() -> str:
    """A key that begins with its moment, so that the newest ones are neighbours in the store's index."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def spending(keeper: Keeper, wanted: Mapping[str, Any]) -> Steps[Reserved]:
    """Set it aside. Raises Denied where there is not so much left, Repeated where the key was used before, Paused,
    NotSupported where the gate has no budgets."""
    backend = keeper.backend
    try:
        reserved: Reserved = yield lambda: backend.reserve(wanted)
    except Denied as denied:
        if denied.rule == _PAUSED:
            yield from stopped(keeper, denied.message, _PAUSED)
        if denied.rule == _ENDED:
            raise _repeated(denied.message) from None
        raise
    if reserved.again:
        raise _repeated("money was set aside under this key before, and nobody told yet what was spent")
    return reserved


def _repeated(why: str) -> Repeated:
    hint = "look whether the call was made; a new one takes a new key"
    return Repeated(why, hint, rule=_ENDED)


class _Money:
    """Money that is set aside; `amount` in nano-units of `currency`. It ends once."""

    __slots__ = ("_keeper", "_reserved", "_unsent", "_used", "ended")

    def __init__(self, keeper: Keeper, reserved: Reserved, unsent: Unsent) -> None:
        self._keeper, self._reserved, self._unsent = keeper, reserved, unsent
        self._used: Mapping[str, Any] | None = None
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

    @property
    def receipt(self) -> Receipt:
        """Where the ledger says that it was set aside."""
        return Receipt(self._reserved.tree, self._reserved.record, self._reserved.signed)

    def used(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached: int = 0,
        cache_written: int = 0,
        amount: str = "",
    ) -> None:
        """What was used so far, in all: a stream tells it as often as it hears of it. Leaving `with` settles it."""
        self._used = _actual(input_tokens, output_tokens, cached, cache_written, amount)

    def _leaving(self, kind: type[BaseException] | None) -> End | None:
        """What to tell when `with` is left, None where nobody can tell what was spent."""
        if self.ended:
            return None
        if kind is not None:
            return ("release", {}) if self._used is None and issubclass(kind, self._unsent) else None
        return ("settle", self._used) if self._used is not None else None

    def _end(self, how: Literal["settle", "release"], actual: Mapping[str, Any]) -> None:
        backend, id_ = self._keeper.backend, self.id
        try:
            backend.end_reservation(id_, how, actual)
        except Unreachable:
            self._keeper.later(lambda: backend.end_reservation(id_, how, actual))
        self.ended = True

    def _leave(self, kind: type[BaseException] | None) -> None:
        end = self._leaving(kind)
        if end is None:
            return
        if kind is None:
            self._end(*end)
            return
        with suppress(AgentgovError):  # the exception that is on its way says more
            self._end(*end)


class Reservation(_Money):
    """Money that is set aside, in plain code."""

    __slots__ = ()

    def settle(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached: int = 0,
        cache_written: int = 0,
        amount: str = "",
    ) -> None:
        """Book what was really used, all of it, also where it is more than was set aside. `cached`, read
        from the provider's cache, and `cache_written`, written to it, are parts of the input."""
        self._end("settle", _actual(input_tokens, output_tokens, cached, cache_written, amount))

    def release(self) -> None:
        """Nothing was sent to the model: give all of it back."""
        self._end("release", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._leave(kind)


class AsyncReservation(_Money):
    """The same beside an event loop."""

    __slots__ = ()

    async def settle(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached: int = 0,
        cache_written: int = 0,
        amount: str = "",
    ) -> None:
        """Book what was really used; as `Reservation.settle`."""
        await in_thread(self._end, "settle", _actual(input_tokens, output_tokens, cached, cache_written, amount))

    async def release(self) -> None:
        """Nothing was sent to the model: give all of it back."""
        await in_thread(self._end, "release", {})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._leaving(kind) is not None:
            await in_thread(self._leave, kind)


def _actual(
    input_tokens: int | None, output_tokens: int | None, cached: int, cache_written: int, amount: str
) -> Mapping[str, Any]:
    if amount and input_tokens is output_tokens is None and not cached and not cache_written:
        return {"amount": amount}
    if amount or input_tokens is None or output_tokens is None:
        raise UsageError("what was used is told in tokens or as an amount", "input_tokens=..., output_tokens=...")
    told = {"input_tokens": input_tokens, "output_tokens": output_tokens, "cached": cached}
    return told | ({"cache_written": cache_written} if cache_written else {})
