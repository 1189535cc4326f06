"""One use of a tool from the question to the permission, as steps: what to ask and how long to wait, never how.

A step is a function that blocks, or a number of seconds to wait; whoever runs the steps does it with threads or with an
event loop. Allow returns at once. Where people are asked, their decision is waited for and the permit is used with
exactly the arguments that it was asked for, before anything is returned. No answer is never a yes.
"""

import json
import secrets
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from agentgov.errors import UsageError
from agentgov.sdk.answers import Decided, Wanted
from agentgov.sdk.errors import Denied, Paused, Repeated, Undecided, Unreachable, paused
from agentgov.sdk.keeping import Keeper

Step = Callable[[], Any] | float
T = TypeVar("T")
Steps = Generator[Step, Any, T]
_FIRST, _LONGEST = 0.25, 5.0  # seconds between two looks at what people decided
_OVER: Mapping[str, tuple[str, str]] = {
    "denied": ("permit.denied", "people said no"),
    "expired": ("permit.expired", "nobody decided, or used it, in time"),
    "consumed": ("permit.consumed", "it was used before, and a permit is used once"),
}


@dataclass(frozen=True, slots=True)
class Granted:
    """What may be done now, once."""

    wanted: Wanted
    decided: Decided


@dataclass(frozen=True, slots=True)
class Waits:
    """What people are asked about; `expires` in epoch milliseconds."""

    wanted: Wanted
    permit: str
    expires: int


def wanted_of(
    keeper: Keeper,
    tool: str,
    args: Mapping[str, Any],
    subject: str,
    purpose: str = "",
    refs: Mapping[str, str] | None = None,
) -> Wanted:
    """A use of a tool, fixed as JSON: what happens to the arguments afterwards changes nothing. UsageError for what is
    no JSON."""
    try:
        raw = json.dumps(dict(args), allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the arguments of {tool} are no JSON: {error}", "give plain values") from None
    return Wanted(tool, json.loads(raw), raw, subject, keeper.current().closure, purpose, dict(refs or {}))


def acting(keeper: Keeper, wanted: Wanted, key: str, wait: float | None) -> Steps[Granted | Waits]:
    """Ask, and wait for people as many seconds; None: do not wait. Raises Denied, Repeated, Undecided, Stopped."""
    backend = keeper.backend
    decided: Decided = yield lambda: backend.decide(wanted, key)
    permit = decided.permit
    used = any(one.rule == "permit.consumed" for one in decided.reasons)
    if used or (decided.decision == "allow" and decided.again):
        outcome = (yield lambda: backend.permit(permit.id)).outcome if permit is not None else ""
        told = f"its outcome was told: {outcome}" if outcome else "nobody told what came of it"
        hint = "nothing is done twice; look whether it happened, and use a new key for what is new"
        raise Repeated(f"{wanted.tool} was permitted under this key before; {told}", hint, outcome=outcome)
    if decided.decision == "deny":
        yield from refused(keeper, wanted, decided)
    if decided.decision == "allow":
        return Granted(wanted, decided)
    if permit is None:
        raise Denied(f"people are asked about {wanted.tool}, and there is no permit", rule="permit.unknown")
    waits = Waits(wanted, permit.id, permit.expires)
    return waits if wait is None else (yield from waiting(keeper, waits, wait))


def waiting(keeper: Keeper, waits: Waits, seconds: float) -> Steps[Granted]:
    """Wait for people, and use what they permit."""
    backend, until, pause = keeper.backend, time.monotonic() + seconds, _FIRST
    while True:
        state = "pending"
        with suppress(Unreachable):  # it may be there again before the time is over
            state = (yield lambda: backend.permit(waits.permit)).state
        if state == "approved":
            decided: Decided = yield lambda: backend.consume(waits.permit, waits.wanted)
            if decided.decision == "allow":
                return Granted(waits.wanted, decided)
            if decided.decision == "deny":
                yield from refused(keeper, waits.wanted, decided)
        elif state != "pending":
            rule, why = _OVER.get(state, ("permit.unknown", state))
            hint = "do not do it; say so to whoever asked"
            raise Denied(f"{waits.wanted.tool} is not permitted: {why}", hint, rule=rule)
        keeper.current()
        left = until - time.monotonic()
        if left <= 0:
            hint = f"wait on: agent.pending({waits.permit!r}, ...), or ask them: agentgov action show {waits.permit}"
            raise Undecided(f"people have not decided about {waits.wanted.tool}", hint, permit=waits.permit)
        yield min(pause * (1 + secrets.randbelow(200) / 1000), left)
        pause = min(pause * 1.5, _LONGEST)


def refused(keeper: Keeper, wanted: Wanted, decided: Decided) -> Steps[None]:
    """Raise what a no is: Paused, with who paused the agent, or Denied."""
    against = [one for one in decided.reasons if one.effect in ("deny", "unknown")] or list(decided.reasons)
    why = "; ".join(one.message for one in against) or "no reason was given"
    rules = {one.rule for one in against}
    if "action.paused" in rules:
        yield from stopped(keeper, why, "action.paused", decided.paused)
    hint = "do not do it; the model may be told why"
    if "action.release" in rules:
        keeper.wake()
        hint = "another release runs now: begin anew, with its prompt"
    raise Denied(f"{wanted.tool} is refused: {why}", hint, rule=against[0].rule if against else "", reasons=against)


def stopped(keeper: Keeper, why: str, rule: str, told: Mapping[str, object] | None = None) -> Steps[None]:
    """Raise Paused, with who did it, since when, and what to do: what is not told, the lease tells."""
    if told is not None:
        keeper.wake()
        raise paused(keeper.watch.agent, told)
    yield keeper.renew
    keeper.current()
    raise Paused(why, rule=rule)


def run_steps(steps: Steps[T]) -> T:
    """Take the steps in this thread."""
    give: Callable[[], Step] = lambda: next(steps)  # noqa: E731
    while True:
        try:
            step = give()
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        try:
            found = _slept(step) if isinstance(step, int | float) else step()
        except BaseException as error:
            give = _throwing(steps, error)
        else:
            give = _sending(steps, found)


async def run_beside(steps: Steps[T], *, quick: bool) -> T:
    """Take the steps beside an event loop; what is quick is done at once."""
    from asyncio import sleep

    give: Callable[[], Step] = lambda: next(steps)  # noqa: E731
    while True:
        try:
            step = give()
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        try:
            if isinstance(step, int | float):
                found: object = await sleep(step, result=None)
            else:
                found = step() if quick else await in_thread(step)
        except BaseException as error:
            give = _throwing(steps, error)
        else:
            give = _sending(steps, found)


async def in_thread(work: Callable[..., T], *args: Any, **named: Any) -> T:
    """Do something that blocks beside an event loop. Who has no loop does not pay for asyncio, half of what it costs to
    load all this."""
    from asyncio import to_thread

    return await to_thread(work, *args, **named)


def _slept(seconds: float) -> object:
    time.sleep(seconds)
    return None


def _throwing(steps: Steps[T], error: BaseException) -> Callable[[], Step]:
    return lambda: steps.throw(error)


def _sending(steps: Steps[T], found: Any) -> Callable[[], Step]:
    return lambda: steps.send(found)
