"""Budgets as people read them: how full, how fast, until when, and what agents of a label cost."""

from typing import Any

from agentgov.report.budget import budgets_page, labels_page

UNIT = 1_000_000_000
NOON = 1_796_036_400_000  # 2026-11-30 11:00 UTC, noon in Paris


def bar(scope: str, window: str, spent: int, limit: int | None, **more: Any) -> dict[str, Any]:
    plain = {
        "scope": scope, "window": window, "bucket": f"{scope} {window}", "spent": spent * UNIT, "reserved": 0,
        "overrun": 0, "limit": limit and limit * UNIT, "enforced": limit is not None, "alert_at": [],
        "on_limit": "deny",
        "zone": "Europe/Paris", "begins": 0, "ends": None, "per_hour": 0, "runs_out": None,
    }  # fmt: skip
    return plain | more


def budgets(*bars: dict[str, Any], agent: str = "support/a", **more: Any) -> dict[str, Any]:
    plain = {"agent": agent, "environment": "production", "currency": "USD", "labels": {}, "refused": ""}
    return plain | {"bars": list(bars)} | more


def rows(*of: dict[str, Any], alone: bool = True) -> list[str]:
    return [" ".join(line.split()) for line in budgets_page(of, alone=alone).text().splitlines()]


def test_the_end_is_told_on_the_wall_of_the_budget() -> None:
    (row,) = rows(budgets(bar("agent", "day", 20, 40, per_hour=int(1.6667 * UNIT), runs_out=NOON + 4 * 3_600_000)))[1:]
    assert row.startswith("support/a production day ##########.......... 50% 20.00 USD 0.00 USD 40.00 USD 1.67 USD")
    assert row.endswith("at this rate it ends at 16:00 Europe/Paris")
    (row,) = rows(budgets(bar("agent", "24h", 20, 40, runs_out=NOON, comes_to=50 * UNIT)))[1:]
    assert row.endswith("at this rate it comes to 125%, and ends on 2026-11-30 at 12:00 Europe/Paris")
    (row,) = rows(budgets(bar("agent", "month", 20, 40, runs_out=NOON, zone="Moon/Base")))[1:]
    assert row.endswith("at this rate it ends on 2026-11-30 at 11:00 Moon/Base")


def test_what_is_spent_and_what_is_only_told_of_is_said() -> None:
    (row,) = rows(budgets(bar("agent", "24h", 41, 40, runs_out=NOON, overrun=UNIT, enforced=False)))[1:]
    assert "102% 41.00 USD 0.00 USD 40.00 USD (told)" in row
    assert row.endswith("nothing left; overrun 1.00 USD")


def test_what_may_not_be_spent_is_said_first() -> None:
    told = rows(budgets(refused="nobody here knows the time zone Moon/Base"), alone=False)
    assert told == [
        "support/a in production gets nothing: nobody here knows the time zone Moon/Base",
        "no agent has a budget, or spent anything",
    ]


def test_a_workspace_is_told_once_and_below_its_agents() -> None:
    shared = bar("workspace", "month", 5, 9)
    two = budgets(bar("agent", "day", 2, 9, bucket="b"), shared, agent="support/b")
    told = rows(budgets(bar("agent", "day", 1, 9), shared), two)
    assert [row.split()[0] for row in told[1:]] == ["support/a", "support/b", "support"]


def test_what_agents_of_a_label_cost_is_added_up() -> None:
    day, month = bar("agent", "day", 1, None), bar("agent", "month", 5, None)
    one = budgets(day, month, bar("workspace", "day", 9, None), labels={"tier": "gold"})
    rolling = bar("agent", "24h", 7, None)
    two = budgets(bar("agent", "day", 2, None), rolling, agent="support/b", labels={"tier": "gold"})
    page = labels_page([one, two, budgets(bar("agent", "day", 4, None), agent="support/c")], "tier").text()
    assert [line.split() for line in page.splitlines()[1:]] == [
        ["none", "4.00", "USD", "0.00", "USD"],
        ["gold", "3.00", "USD", "5.00", "USD"],
    ]
