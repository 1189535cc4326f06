"""What was permitted, once, and what came of it.

    with agent.act("refund.create", {"amount_minor": 4200}) as action:
        payments.refund(**action.args)

Left without an exception it is told as done, with one as failed: it may have happened in part. `not_done` is for what
certainly did not happen; it gives back what was taken of quotas. An outcome that cannot be told now is told later, and
never stops the agent.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from agentgov.sdk.acting import Granted, Waits, in_thread, run_beside, run_steps, waiting
from agentgov.sdk.answers import Receipt, Why
from agentgov.sdk.errors import Unreachable
from agentgov.sdk.keeping import Keeper


class Permitted:
    """One permission. `args` is exactly what was permitted: use these."""

    __slots__ = ("_keeper", "_told", "args", "permit", "reasons", "receipt", "record", "tool")

    def __init__(self, keeper: Keeper, granted: Granted) -> None:
        decided = granted.decided
        self._keeper, self._told = keeper, False
        self.tool = granted.wanted.tool
        self.args: Mapping[str, Any] = granted.wanted.args
        self.permit = decided.permit.id if decided.permit is not None else ""
        self.record = decided.record
        self.receipt = Receipt(decided.tree, decided.record, decided.signed)
        self.reasons: tuple[Why, ...] = decided.reasons

    def _tell(self, *, ok: bool, done: bool, note: str) -> None:
        self._told = True
        if not self.permit:
            return
        backend, permit = self._keeper.backend, self.permit
        try:
            backend.outcome(permit, ok=ok, done=done, note=note)
        except Unreachable:
            self._keeper.later(lambda: backend.outcome(permit, ok=ok, done=done, note=note))


class Action(Permitted):
    """A permission in plain code."""

    __slots__ = ()

    def done(self, note: str = "") -> None:
        """It happened."""
        self._tell(ok=True, done=True, note=note)

    def failed(self, note: str = "") -> None:
        """It went wrong, and may have happened in part."""
        self._tell(ok=False, done=True, note=note)

    def not_done(self, note: str = "") -> None:
        """Nothing of it happened."""
        self._tell(ok=False, done=False, note=note)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if not self._told:
            self._tell(ok=error is None, done=True, note=kind.__name__ if kind is not None else "")


class AsyncAction(Permitted):
    """The same beside an event loop."""

    __slots__ = ()

    async def done(self, note: str = "") -> None:
        """It happened."""
        await in_thread(self._tell, ok=True, done=True, note=note)

    async def failed(self, note: str = "") -> None:
        """It went wrong, and may have happened in part."""
        await in_thread(self._tell, ok=False, done=True, note=note)

    async def not_done(self, note: str = "") -> None:
        """Nothing of it happened."""
        await in_thread(self._tell, ok=False, done=False, note=note)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if not self._told:
            note = kind.__name__ if kind is not None else ""
            await in_thread(self._tell, ok=error is None, done=True, note=note)


class _Pending:
    """What people are asked about. `id` is that of the permit; `expires` in epoch milliseconds."""

    __slots__ = ("_keeper", "_waits")

    def __init__(self, keeper: Keeper, waits: Waits) -> None:
        self._keeper, self._waits = keeper, waits

    @property
    def id(self) -> str:
        """The permit: what people decide with `agentgov action approve`."""
        return self._waits.permit

    @property
    def expires(self) -> int:
        """When it is over, in epoch milliseconds; 0 where that was not told."""
        return self._waits.expires


class Pending(_Pending):
    """One that is waited for in plain code."""

    __slots__ = ()

    @property
    def state(self) -> str:
        """pending, approved, denied, expired or consumed."""
        return self._keeper.backend.permit(self.id).state

    def wait(self, seconds: float = 900.0) -> Action:
        """Wait for people and use what they permit. Raises as `act` does."""
        return Action(self._keeper, run_steps(waiting(self._keeper, self._waits, seconds)))


class AsyncPending(_Pending):
    """One that is waited for beside an event loop."""

    __slots__ = ()

    async def state(self) -> str:
        """pending, approved, denied, expired or consumed."""
        return (await in_thread(self._keeper.backend.permit, self.id)).state

    async def wait(self, seconds: float = 900.0) -> AsyncAction:
        """Wait for people and use what they permit. Raises as `act` does."""
        steps = waiting(self._keeper, self._waits, seconds)
        return AsyncAction(self._keeper, await run_beside(steps, quick=self._keeper.backend.quick))
