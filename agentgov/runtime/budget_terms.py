"""What stands on the money of an agent today: its own budget as it was released, its workspace's and the fleet's.

Each holds for itself, so the tightest one decides: what the fleet allows is that of the last authorised governance, at
once; the agent's own comes from its release. A budget whose `onLimit` is `alert` is counted, told of, and not enforced;
that softens its own limits and nobody else's. Values only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import NamedTuple

from agentgov.model.agent import Budget, OnLimit
from agentgov.model.fleet import SharedBudget
from agentgov.model.units import parse_duration, parse_money
from agentgov.model.verdict import Reason, unknown
from agentgov.runtime.buckets import ENDLESS, NO_LIMITS, Limits
from agentgov.runtime.windows import SCOPES, Scope, Windows, window_name, windows_at, zone_of


class Watched(NamedTuple):
    """What is to happen when the money of a budget goes: the shares at which people are told, and at its end."""

    alert_at: tuple[float, ...] = ()
    on_limit: OnLimit = "deny"


@dataclass(frozen=True, slots=True)
class Terms:
    """Limits that are enforced, and those that are only told of, by scope and window; zones, rolling windows (seconds)
    and what happens at a limit, by scope."""

    limits: Limits
    soft: Limits
    zones: Mapping[Scope, tzinfo]
    rolling: Mapping[Scope, tuple[int, ...]]
    watched: Mapping[Scope, Watched]

    @property
    def all(self) -> Limits:
        """Every limit, enforced or not."""
        return {**self.soft, **self.limits}

    def windows(self, now_ms: int) -> Windows:
        """The windows of a moment."""
        return windows_at(now_ms, self.zones, self.rolling)


NO_TERMS = Terms(NO_LIMITS, NO_LIMITS, {}, {}, {})


def terms(own: Budget, workspace: SharedBudget | None, fleet: SharedBudget, currency: str) -> Terms | Reason:
    """All of that for one agent. Where an amount cannot be compared, or a zone is unknown here, why: then nothing is
    spent under it."""
    budgets: dict[Scope, Budget | SharedBudget] = {
        "agent": own,
        "workspace": workspace or SharedBudget(),
        "fleet": fleet,
    }
    limits, soft = dict[tuple[Scope, str], int](), dict[tuple[Scope, str], int]()
    zones, rolling = dict[Scope, tzinfo](), dict[Scope, tuple[int, ...]]()
    zone: tzinfo = UTC
    for scope in reversed(SCOPES):  # a zone is inherited from the root to the leaf
        budget = budgets[scope]
        found = zone_of(budget.zone) if budget.zone else zone
        if found is None:
            return unknown("budget.zone", f"nobody here knows the time zone {budget.zone}")
        zone = zones[scope] = found
        rolling[scope] = tuple(sorted({parse_duration(one) for one in budget.rolling}))
        into = soft if budget.on_limit == "alert" else limits
        for key, text in _texts(scope, budget):
            amount, other = parse_money(text)
            if other != currency:
                return unknown("budget.currency", f"the budget of {text} cannot be compared with {currency}")
            into[key] = min(amount, ENDLESS, into.get(key, ENDLESS))
    watched = {scope: Watched(one.alert_at, one.on_limit) for scope, one in budgets.items()}
    return Terms(limits, soft, zones, rolling, watched | {"run": watched["agent"]})


def _texts(scope: Scope, budget: Budget | SharedBudget) -> list[tuple[tuple[Scope, str], str]]:
    """Every limit of a budget: (scope and window, amount)."""
    found: list[tuple[tuple[Scope, str], str]] = [((scope, "day"), budget.day), ((scope, "month"), budget.month)]
    found += [((scope, window_name(parse_duration(one))), text) for one, text in budget.rolling.items()]
    if isinstance(budget, Budget):
        found.append((("run", "run"), budget.run))
    return [(key, text) for key, text in found if text]
