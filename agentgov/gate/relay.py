"""Appends to the journal for others: acts that people signed, under the gate's own envelope. One at a time.

The gate adds no authority: what counts is who signed the text, judged as anywhere else. Runs in a thread of its own
with a view of the journal of its own, so that a slow remote keeps nobody from being answered.
"""

import asyncio
import re
from collections.abc import Callable, Sequence

from agentgov.errors import RefusedError, UsageError
from agentgov.gate.errors import RefusalError, cannot_tell
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Appender, Draft
from agentgov.journal.view import View
from agentgov.model.act import Act, ActError, parse
from agentgov.model.acts_table import ACTS
from agentgov.repo import clock

RELAYED = frozenset(
    ("promote", "abort", "withdraw", "retire", "hold", "clear", "rollback", "pause", "resume", "revoke")
)  # what people say from afar; whatever comes with files or rests on a clone is appended from one
assert ACTS.keys() > RELAYED, "every kind that is relayed is a kind"
_WHO = ("authority", "signature", "access")  # families of rules about who signed
_MOST = 16  # acts that may wait
_CODE = re.compile(r"\(([a-z]+(?:\.[a-z-]+)+)\)")


class Relay:
    """The one way from the gate into the journal."""

    def __init__(self, journal: Journal, appender: Appender) -> None:
        self._journal, self._appender = journal, appender
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def append(self, propose: Callable[[View], Sequence[Draft]]) -> View:
        """The journal after what `propose` makes of the present. RefusedError, IncompleteError as `Journal.append`."""
        if self._waiting >= _MOST:
            raise cannot_tell("gate.busy", "too many acts wait to be appended", "try again")
        self._waiting += 1
        try:
            async with self._lock:
                return await asyncio.to_thread(self._journal.append, propose, self._appender, clock.now)
        finally:
            self._waiting -= 1


def relayed(text: str, signatures: Sequence[str]) -> Draft:
    """The act that people signed. UsageError where it is none, or none that is relayed."""
    try:
        act = parse(text.encode())
        armoured = tuple(one.encode("ascii") for one in signatures)
    except (ActError, ValueError) as error:
        raise UsageError(f"the text is no act: {error}") from None
    if act.kind not in RELAYED or not act.actor.startswith("person:"):
        raise UsageError(f"an act of kind {act.kind} by {act.actor} is not relayed", "append it from a clone")
    return Draft(act, armoured)


def refusal_of(act: Act, error: RefusedError) -> RefusalError:
    """Why the journal does not take an act: 403 where it is who signed, else 409."""
    code = found[1] if (found := _CODE.search(error.message)) is not None else ""
    status = 403 if code.partition(".")[0] in _WHO or code == "journal.stranger" else 409
    return RefusalError(status, code or "gate.refused", error.message, error.hint or f"see: agentgov who {act.kind}")
