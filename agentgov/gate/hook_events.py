"""What the receivers of `--permit-hook` and `--budget-hook` are told: names and numbers, never what a call is about.

What a call is about, people see at the permit itself, as far as they may; that they looked counts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from agentgov.model.units import format_money
from agentgov.runtime import budget_marks, permit_rows
from agentgov.runtime.budget_marks import LIMIT, PAUSE, Mark
from agentgov.runtime.deliveries import BUDGETS, Delivery
from agentgov.runtime.permit_rows import Permit
from agentgov.store.port import Transaction

_TYPES = {LIMIT: "budget-limit", PAUSE: "budget-pause"}


def event(tx: Transaction, one: Delivery, fleet: str, now_ms: int) -> bytes | None:
    """The body of a delivery to a hook, None where nobody has to hear of it any more."""
    if one.route == BUDGETS:
        mark = budget_marks.find(tx, one.line, one.body)
        return budget_event(fleet, mark) if mark is not None else None
    permit = permit_rows.find(tx, one.line)
    if permit is None or (one.kind == "pending" and permit.at(now_ms) != "pending"):
        return None
    return permit_event(fleet, permit, one.kind, one.created)


def permit_event(fleet: str, permit: Permit, became: str, at: int) -> bytes:
    """`agentgov.permit/1`, schemas/events/permit.schema.json: what a permit became, when (epoch milliseconds)."""
    needs = permit.needs
    data = {
        "permit": permit.id,
        "agent": permit.agent,
        "environment": permit.environment,
        "release": permit.release,
        "tool": permit.tool,
        "expires": _moment(permit.expires),
        "asks": [{"who": one.who, "count": one.count} for one in needs.questions] if needs is not None else [],
    }
    return _written("agentgov.permit/1", f"permit-{became}", at, fleet, data)


def budget_event(fleet: str, mark: Mark) -> bytes:
    """`agentgov.budget/1`, schemas/events/budget.schema.json: what a budget has reached."""
    data = {
        "bucket": mark.bucket,
        "budget": mark.said,
        "agent": mark.agent,
        "environment": mark.environment,
        "used": format_money(mark.used, mark.currency),
        "limit": format_money(mark.most, mark.currency),
        **({} if mark.mark in _TYPES else {"share": float(mark.mark)}),
    }
    return _written("agentgov.budget/1", _TYPES.get(mark.mark, "budget-share"), mark.at, fleet, data)


def _written(schema: str, type_: str, at: int, fleet: str, data: Mapping[str, Any]) -> bytes:
    document = {"schema": schema, "type": type_, "timestamp": _moment(at), "fleet": fleet, "data": data}
    return msgspec.json.encode(document, order="sorted")


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
