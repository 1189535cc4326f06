"""Whole months of payloads go at once, each with its records, and only where all of the month may go."""

import secrets
from collections.abc import Iterator

import pytest
from patience import PATIENCE
from postgres import Postgres
from pruningworld import DAY, Ledger, rules

from agentgov.runtime.pruning import Found
from agentgov.runtime.pruning_months import Month, drop_month, looked_on, old_months
from agentgov.runtime.retention import Rules
from agentgov.store.partitions import make_ahead, partitions

FEBRUARY, APRIL = 40, 100  # days of 1970


@pytest.fixture
def ledger(postgres: Postgres) -> Iterator[Ledger]:
    opened = Ledger(postgres.database())
    opened.write(lambda tx: make_ahead(tx, FEBRUARY * DAY))
    yield opened
    opened.store.close()


def looked(ledger: Ledger, by: Rules, day: int) -> list[Month]:
    found = []
    for month in ledger.store.read(lambda tx: old_months(tx, by, day * DAY)).result(PATIENCE):
        while month.goes_on:
            month = ledger.store.read(lambda tx, of=month: looked_on(tx, of, by, day * DAY)).result(PATIENCE)  # type: ignore[misc]
        found.append(month)
    return found


def dropped(ledger: Ledger, by: Rules, day: int) -> list[Found]:
    months = [one for one in looked(ledger, by, day) if one.goes]
    found = [dropping(ledger, one, day) for one in months]
    ledger.sign()
    return found


def dropping(ledger: Ledger, month: Month, day: int) -> Found:
    found: Found = ledger.write(lambda tx: drop_month(tx, month, "carol", day * DAY, secrets.token_bytes))
    return found


def months(ledger: Ledger) -> list[str]:
    return [one.name for one in ledger.write(lambda tx: partitions(tx, "payloads")) if "1970" in one.name]


def test_a_month_goes_with_a_record_for_each_agent_and_every_proof_holds(ledger: Ledger) -> None:
    ledger.add("w/short", 300, day=FEBRUARY)
    ledger.add("w/long", 5, day=FEBRUARY)
    ledger.add("w/short", 3, day=APRIL)
    assert "payloads_1970_02" in months(ledger)
    (found,) = dropped(ledger, rules(), day=75)
    assert sorted((one.agent, one.count, one.first, one.last) for one in found.disposals) == [
        ("w/long", 5, 300, 304), ("w/short", 300, 0, 299)
    ]  # fmt: skip
    assert "payloads_1970_02" not in months(ledger)
    checked = ledger.check(prove=False)
    assert (checked.flaws, checked.erased, checked.payloads) == ((), 305, 3)
    assert dropped(ledger, rules(), day=75) == []


def test_a_month_stays_while_anything_of_it_does(ledger: Ledger) -> None:
    ledger.add("w/short", 3, day=FEBRUARY)
    ledger.add("w/other", 1, day=FEBRUARY)
    assert dropped(ledger, rules(), day=75) == [], "a record without a class is kept for ever"
    assert dropped(ledger, rules("w/short", default="short"), day=75) == [], "it is held"
    assert "payloads_1970_02" in months(ledger)
    assert len(dropped(ledger, rules(default="short"), day=75)) == 1


def test_a_month_that_changed_since_it_was_looked_at_is_put_off(ledger: Ledger) -> None:
    ledger.add("w/short", 3, day=FEBRUARY, subject="Ada")
    ledger.add("w/short", 3, day=FEBRUARY)
    (month,) = looked(ledger, rules(), 75)
    ledger.erase(rules(), "Ada")
    ledger.add("w/short", 3, day=FEBRUARY)
    assert dropping(ledger, month, 75) == Found()
    (found,) = dropped(ledger, rules(), day=75)
    assert [one.count for one in found.disposals] == [6]
    assert dropping(ledger, month, 75) == Found(), "it is gone"
    assert ledger.check(prove=False).flaws == ()
