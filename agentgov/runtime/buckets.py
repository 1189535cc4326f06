"""Buckets: what a scope has spent and set aside in one window, and the chain of them that money comes out of.

The chain of a reservation goes from the leaf to the root: its run, the agent in its environment, the workspace, the
fleet. A run is one window; all others have a day and a month of the calendar, whether a limit stands on them or not, so
that a limit which is new today counts what was spent before. Sums are of one currency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from agentgov.model.agent import Budget
from agentgov.model.document import Environment
from agentgov.model.fleet import SharedBudget
from agentgov.model.names import AgentId
from agentgov.model.units import parse_money
from agentgov.model.verdict import Reason, deny, unknown
from agentgov.store.port import Transaction

Scope = Literal["run", "agent", "workspace", "fleet"]
Window = Literal["run", "day", "month"]
ENDLESS = 2**62  # nano-units: no limit; also the most that a database can compare
Limits = Mapping[tuple[Scope, Window], int]
NO_LIMITS: Limits = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Bucket:
    """One window of one scope. `name` is what the store and the ledger know it by."""

    scope: Scope
    window: Window
    name: str
    said: str  # for people


class Level(msgspec.Struct, frozen=True):
    """How full a bucket is; nano-units."""

    spent: int = 0
    reserved: int = 0
    overrun: int = 0


def day_of(now_ms: int, zone: ZoneInfo | None = None) -> str:
    """The day on the wall of a time zone, UTC where none is given."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    return (at.astimezone(zone) if zone is not None else at).date().isoformat()


def next_day(day: str, zone: ZoneInfo | None = None) -> int:
    """When a day is over (epoch milliseconds)."""
    following = date.fromordinal(date.fromisoformat(day).toordinal() + 1)
    return int(datetime(following.year, following.month, following.day, tzinfo=zone or UTC).timestamp() * 1000)


@lru_cache(maxsize=4096)
def chain(agent: str, environment: Environment, run: str, day: str, currency: str) -> tuple[Bucket, ...]:
    """Every bucket that money of an agent comes out of, from the leaf to the root."""
    month, here = day[:7], f"{agent}@{environment}"
    workspace = agent.partition("/")[0]
    found = [_bucket("run", "run", f"{here} {run}", currency, f"the run {run} of {agent}")] if run else []
    for scope, name, said in (
        ("agent", here, f"{agent} in {environment}"),
        ("workspace", workspace, f"workspace {workspace}"),
        ("fleet", "all", "the fleet"),
    ):
        found.append(_bucket(scope, "day", f"{name} {day}", currency, f"the day of {said}"))  # type: ignore[arg-type]
        found.append(_bucket(scope, "month", f"{name} {month}", currency, f"the month of {said}"))  # type: ignore[arg-type]
    return tuple(found)


def _bucket(scope: Scope, window: Window, name: str, currency: str, said: str) -> Bucket:
    return Bucket(scope, window, f"{scope} {window} {name} {currency}", said)


def limits(own: Budget, workspace: SharedBudget | None, currency: str) -> Limits | Reason:
    """What stands on the buckets of a chain today: the agent's own, as its release has it and the fleet narrowed it,
    and that of its workspace. A limit in another currency cannot be compared, so nothing is spent under it."""
    texts: list[tuple[Scope, Window, str]] = [
        ("run", "run", own.run),
        ("agent", "day", own.day),
        ("agent", "month", own.month),
    ]
    if workspace is not None:
        texts += [("workspace", "day", workspace.day), ("workspace", "month", workspace.month)]
    found: dict[tuple[Scope, Window], int] = {}
    for scope, window, text in texts:
        if text:
            amount, other = parse_money(text)
            if other != currency:
                return unknown("budget.currency", f"the budget of {text} cannot be compared with {currency}")
            found[scope, window] = min(amount, ENDLESS)
    return found


def levels(tx: Transaction, names: Iterable[str]) -> Mapping[str, Level]:
    """How full buckets are, by their names; those that nothing was ever taken from are not among them."""
    rows = tx.among("SELECT bucket, spent, reserved, overrun FROM budgets WHERE bucket IN (?)", tuple(names))
    return {str(row[0]): Level(*row[1:]) for row in rows}


def exceeded(bucket: Bucket, amount: str) -> Reason:
    """Why an amount is not set aside."""
    return deny("budget.exceeded", f"{amount} is more than is left of the budget: {bucket.said}", bucket.name)


def agent_buckets(agent: AgentId, environment: Environment, day: str, currency: str) -> tuple[Bucket, ...]:
    """The buckets of an agent and of what it belongs to, without any run."""
    return chain(str(agent), environment, "", day, currency)
