"""What stands on an agent's money: budgets that each hold, zones that are inherited, limits that are only told of."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from agentgov.model.agent import Budget
from agentgov.model.fleet import SharedBudget
from agentgov.model.verdict import Reason
from agentgov.runtime.budget_terms import Terms, terms

UNIT = 1_000_000_000
FLEET = SharedBudget(month="90 USD", zone="Asia/Tokyo")


def found(own: Budget, workspace: SharedBudget | None = None, fleet: SharedBudget = FLEET) -> Terms:
    told = terms(own, workspace, fleet, "USD")
    assert isinstance(told, Terms), told
    return told


def test_every_budget_holds_for_itself() -> None:
    own = Budget(day="1.00 USD", run="0.5 USD", rolling={"24h": "2 USD", "90m": "0.10 USD"})
    assert found(own, SharedBudget(day="7 USD", rolling={"7d": "8 USD"})).limits == {
        ("run", "run"): UNIT // 2,
        ("agent", "day"): UNIT,
        ("agent", "24h"): 2 * UNIT,
        ("agent", "90m"): UNIT // 10,
        ("workspace", "day"): 7 * UNIT,
        ("workspace", "7d"): 8 * UNIT,
        ("fleet", "month"): 90 * UNIT,
    }


def test_of_two_limits_on_one_window_the_tighter_one_holds() -> None:
    own = Budget(rolling={"24h": "2 USD", "1d": "1 USD"})
    assert found(own).limits["agent", "24h"] == UNIT
    assert found(own).rolling["agent"] == (86_400,)


@pytest.mark.parametrize(
    ("own", "workspace", "fleet", "expected"),
    [
        ("", "", "", ("UTC", "UTC", "UTC")),
        ("", "", "Asia/Tokyo", ("Asia/Tokyo", "Asia/Tokyo", "Asia/Tokyo")),
        ("", "Europe/Paris", "Asia/Tokyo", ("Europe/Paris", "Europe/Paris", "Asia/Tokyo")),
        ("America/Lima", "", "Asia/Tokyo", ("America/Lima", "Asia/Tokyo", "Asia/Tokyo")),
    ],
)
def test_a_zone_is_that_of_what_it_belongs_to(own: str, workspace: str, fleet: str, expected: tuple[str, ...]) -> None:
    told = found(Budget(zone=own), SharedBudget(zone=workspace), SharedBudget(zone=fleet)).zones
    zones = tuple(UTC if name == "UTC" else ZoneInfo(name) for name in expected)
    assert (told["agent"], told["workspace"], told["fleet"]) == zones


def test_a_budget_that_only_tells_softens_its_own_limits_alone() -> None:
    told = found(Budget(day="1 USD", run="1 USD", on_limit="alert"), SharedBudget(day="5 USD", on_limit="pause"))
    assert told.soft == {("agent", "day"): UNIT, ("run", "run"): UNIT}
    assert told.limits == {("workspace", "day"): 5 * UNIT, ("fleet", "month"): 90 * UNIT}
    assert told.all == {**told.soft, **told.limits}
    assert [told.watched[scope].on_limit for scope in ("run", "agent", "workspace", "fleet")] == [
        "alert",
        "alert",
        "pause",
        "deny",
    ]


@pytest.mark.parametrize(
    ("own", "rule"),
    [
        (Budget(month="9 EUR"), "budget.currency"),
        (Budget(rolling={"24h": "9 EUR"}), "budget.currency"),
        (Budget(zone="Moon/Base"), "budget.zone"),
    ],
)
def test_nothing_is_spent_under_what_cannot_be_told(own: Budget, rule: str) -> None:
    told = terms(own, None, FLEET, "USD")
    assert isinstance(told, Reason)
    assert told.rule == rule
