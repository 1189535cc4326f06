"""Tells one receiver what budgets have reached: a signed POST (Standard Webhooks), at least once, by one gate."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from agentgov.gate.complaint import Complaint
from agentgov.gate.permit_hook import Hook
from agentgov.model.units import format_money
from agentgov.runtime import budget_marks
from agentgov.runtime.budget_marks import LIMIT, PAUSE, Mark

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_BATCH = 20  # marks of one look
_TYPES = {LIMIT: "budget-limit", PAUSE: "budget-pause"}


class BudgetTelling:
    """Sends what is due, in the turn of whoever looks."""

    def __init__(self, gate: "Gate") -> None:
        self._gate, self._complain = gate, Complaint()

    async def look(self) -> None:
        """Tell what nobody was told yet."""
        gate, hook = self._gate, self._gate.settings.budget_hook
        if hook is not None:
            due = await gate.write(lambda tx: budget_marks.take_due(tx, gate.clock(), _BATCH))
            await asyncio.gather(*(self._tell(hook, mark, tries) for mark, tries in due))

    async def _tell(self, hook: Hook, mark: Mark, tries: int) -> None:
        gate = self._gate
        why = await asyncio.to_thread(hook.send, message_id(mark), event(gate.fleet.id, mark), gate.clock())
        if not why:
            await gate.write(lambda tx: budget_marks.told(tx, mark))
            return
        self._complain("nobody is told of a budget (%s): %s", mark.said, why)
        await gate.write(lambda tx: budget_marks.failed(tx, mark, tries, gate.clock()))


def message_id(mark: Mark) -> str:
    """The id of its message: the same however often it is sent."""
    return sha256(f"{mark.bucket}\0{mark.mark}".encode()).hexdigest()[:32]


def event(fleet: str, mark: Mark) -> bytes:
    """The body: `agentgov.budget/1`, schemas/events/budget.schema.json."""
    share = {} if mark.mark in _TYPES else {"share": float(mark.mark)}
    document = {
        "schema": "agentgov.budget/1",
        "type": _TYPES.get(mark.mark, "budget-share"),
        "timestamp": datetime.fromtimestamp(mark.at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fleet": fleet,
        "data": {
            "bucket": mark.bucket,
            "budget": mark.said,
            "agent": mark.agent,
            "environment": mark.environment,
            "used": format_money(mark.used, mark.currency),
            "limit": format_money(mark.most, mark.currency),
            **share,
        },
    }
    return msgspec.json.encode(document, order="sorted")
