"""What an incident did, in numbers: what its agents used and were refused while it went on, beside what is normal.

Normal is the week before it, as far as it was counted; whoever compares has to stretch one to the length of the other.
Functions of a transaction count; `impact_lines` says it in words, and says of what it could not count that it did not.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agentgov.alerts import standing
from agentgov.model.document import ENVIRONMENTS
from agentgov.model.incident import Incident
from agentgov.model.names import AgentId
from agentgov.model.units import format_money
from agentgov.runtime.telemetry import rollups, sessions
from agentgov.store.port import Transaction

WEEK = 7 * 86_400_000
_COUNTS = ("calls", "errors", "sessions", "denials", "permits")


@dataclass(frozen=True, slots=True)
class Counted:
    """What one agent did in a span of so many milliseconds, in all environments. `spent` is by currency, in
    nano-units; `denials` are actions and money that were refused, `permits` what people were asked for."""

    span: int
    calls: int
    errors: int
    sessions: int
    denials: int
    permits: int
    spent: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Impact:
    """One agent while the incident went on, and before it; `before` is None where nothing was counted then."""

    agent: str
    during: Counted
    before: Counted | None


def began(tx: Transaction, incident: Incident) -> int:
    """When the first of its alerts began to be seen, 0 where none is known (epoch milliseconds)."""
    known = (standing.find(tx, one) for one in incident.alerts)
    return min((one.alert.starts for one in known if one is not None), default=0)


def impacts_of(
    tx: Transaction, incident: Incident, agents: Iterable[AgentId], now_ms: int
) -> tuple[int, int, list[Impact]]:
    """The numbers of its agents from its first alert, or its opening, to its end or now; and these two moments."""
    since = min(filter(None, (began(tx, incident), incident.opened.said_at)))
    until = incident.resolved.said_at if incident.resolved is not None else now_ms
    return since, until, [impact_of(tx, one, since, until) for one in agents]


def impact_of(tx: Transaction, agent: AgentId, since: int, until: int) -> Impact:
    """The numbers of an agent from a moment to another (epoch milliseconds)."""
    sql = "SELECT min(minute) FROM usage_minutes WHERE agent = ? AND minute >= ? AND minute < ?"
    row = tx.one(sql, str(agent), since - WEEK, since)
    first = int(row[0]) if row is not None and row[0] is not None else 0
    before = _counted(tx, agent, first, since) if first else None
    return Impact(str(agent), _counted(tx, agent, since, until), before)


def impact_lines(found: Impact) -> Iterator[str]:
    """The numbers as sentences, each beside what is normal in as long a time."""
    during, before = found.during, found.before
    for name in _COUNTS:
        now = getattr(during, name)
        usual = _stretched(getattr(before, name), before, during) if before is not None else None
        if now or usual:
            yield f"{found.agent}: {now:,} {name}{_beside(f'{usual:,}' if usual is not None else None)}"
    known = dict.fromkeys((*during.spent, *(before.spent if before is not None else ())))
    for currency in known:
        spent = during.spent.get(currency, 0)
        if before is None:
            yield f"{found.agent}: {format_money(spent, currency)} spent{_beside(None)}"
            continue
        usual = _stretched(before.spent.get(currency, 0), before, during)
        yield f"{found.agent}: {format_money(spent, currency)} spent{_beside(format_money(usual, currency))}"
    if during.errors and during.calls:
        yield f"{found.agent}: {100 * during.errors / during.calls:.1f} % of its calls failed"


def _beside(usual: str | None) -> str:
    return f" (normal: {usual})" if usual is not None else " (nothing was counted before)"


def _stretched(count: int, before: Counted, during: Counted) -> int:
    return round(count * during.span / max(before.span, 1))


def _counted(tx: Transaction, agent: AgentId, since: int, until: int) -> Counted:
    lines = [line for where in ENVIRONMENTS for line in rollups.read(tx, str(agent), where, since, until)]
    all_ = rollups.total(one for one in lines if one.kind in ("model", "tool"))
    ended = sum(sessions.counted(tx, str(agent), where, "", since, until).get("", 0) for where in ENVIRONMENTS)
    kinds = _records(tx, agent, since, until)
    asked = tx.one(
        "SELECT count(*) FROM permits WHERE agent = ? AND asked >= ? AND asked < ? AND needs <> ''",
        *(str(agent), since, until),
    )
    denials = sum(kinds.get(kind, 0) for kind in ("action.deny", "budget.deny"))
    return Counted(until - since, all_.calls, all_.errors, ended, denials, int(asked[0]) if asked else 0, _spent(lines))


def _spent(lines: Iterable[rollups.Line]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in lines:
        if one.currency and one.sums.cost:
            found[one.currency] = found.get(one.currency, 0) + one.sums.cost
    return dict(sorted(found.items()))


def _records(tx: Transaction, agent: AgentId, since: int, until: int) -> dict[str, int]:
    """The agent's records in the ledger by their type."""
    sql = "SELECT type, count(*) FROM records WHERE agent = ? AND agent <> '' AND time >= ? AND time < ? GROUP BY type"
    return {kind: int(count) for kind, count in tx.all(sql, str(agent), since, until)}
