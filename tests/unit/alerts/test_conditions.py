"""What is so or not, out of a real store: permits, prices, pauses, reviews, tags, and what does not verify."""

from collections.abc import Iterator
from typing import Any

import pytest
from patience import PATIENCE

from agentgov.alerts import conditions
from agentgov.alerts.conditions import Moved
from agentgov.alerts.defaults import effective
from agentgov.alerts.message import moment
from agentgov.alerts.wording import fleet_alerts
from agentgov.runtime import budget_marks
from agentgov.runtime.budget_marks import Mark
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 20_500 * DAY + 9 * HOUR
WHO = ("support/refunds", "production")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    found = open_store(store_url)
    yield found
    found.close()


def rows(store: Store, sql: str, *values: Any) -> None:
    store.write(lambda tx: tx.run(sql, *values)).result(PATIENCE)


def test_a_model_without_a_price_is_told_of_for_an_hour(store: Store) -> None:
    sql = "INSERT INTO quarantine (agent, environment, reason, subject, spans, since, last) VALUES (?,?,?,?,?,?,?)"
    rows(store, sql, *WHO, "unpriced", "acme/new", 7, NOW - DAY, NOW - MINUTE)
    rows(store, sql, *WHO, "unpriced", "acme/old", 7, NOW - DAY, NOW - 2 * HOUR)
    (found,) = store.read(lambda tx: conditions.unpriced_models(tx, NOW)).result(PATIENCE)
    assert found.said == "support/refunds called acme/new 7 times, which has no price: what that costs, nobody counts"
    assert (found.about["model"], found.since, found.count) == ("acme/new", NOW - DAY, 7)


def test_a_permit_waits_while_nobody_decided_and_somebody_can(store: Store) -> None:
    sql = (
        "INSERT INTO permits (id, agent, environment, permit_key, state, tool, release_name, closure, binding, policy, "
        "subject, needs, shown, demands, asked, expires, decided, consumed, outcome, record, votes) "
        f"VALUES ({', '.join('?' * 19)}, 1, 0)"
    )
    for id_, state, needs, asked, expires in (
        ("waits", "pending", "[1]", NOW - 2 * HOUR, NOW + HOUR),
        ("young", "pending", "[1]", NOW - MINUTE, NOW + HOUR),
        ("over", "pending", "[1]", NOW - 2 * HOUR, NOW - 1),
        ("decided", "approved", "[1]", NOW - 2 * HOUR, NOW + HOUR),
        ("nobody", "pending", "", NOW - 2 * HOUR, NOW + HOUR),
    ):
        told = (id_, *WHO, id_, state, "refund", "", "", "", "", "", needs, "", "", asked, expires, 0, 0, "")
        rows(store, sql, *told)
    (found,) = store.read(lambda tx: conditions.waiting_permits(tx, HOUR, NOW)).result(PATIENCE)
    assert (found.about["permit"], found.since) == ("waits", NOW - HOUR)
    assert found.said == "support/refunds waits for 2 h for somebody to decide about refund"
    soon = store.read(lambda tx: conditions.waiting_permits(tx, 0, NOW - MINUTE + 5_000)).result(PATIENCE)
    (young,) = [one for one in soon if one.about["permit"] == "young"]
    assert young.said == "support/refunds waits for 1 min for somebody to decide about refund"


def test_instances_that_did_not_hear_of_a_pause(store: Store) -> None:
    pause = ("01P", NOW - HOUR)
    sql = "INSERT INTO running (agent, environment, instance, closure, release, said) VALUES (?, ?, ?, '', '', ?)"
    for instance, said in (("deaf", NOW - MINUTE), ("heard", NOW - MINUTE), ("gone", NOW - 2 * HOUR)):
        rows(store, sql, *WHO, instance, said)
    sql = "INSERT INTO acknowledged (pause, agent, environment, instance, said) VALUES (?, ?, ?, ?, ?)"
    rows(store, sql, pause[0], *WHO, "heard", NOW)

    def read(tx: Transaction) -> list[conditions.Found]:
        return conditions.unheard_pauses(tx, lambda _: pause, 5 * MINUTE, NOW)

    (found,) = store.read(read).result(PATIENCE)
    assert found.said == "1 of 2 instances of support/refunds still run, and did not say that they stop"
    assert found.since == NOW - HOUR + 5 * MINUTE
    nobody = store.read(lambda tx: conditions.unheard_pauses(tx, lambda _: None, 0, NOW)).result(PATIENCE)
    assert nobody == []


@pytest.mark.parametrize(("paused", "said", "late"), [(-5, -1, False), (-6, -1, True), (-6, -6, False), (-6, -5, True)])
def test_an_instance_is_late_that_speaks_after_a_pause_for_longer_than_the_rule_says(
    store: Store, paused: int, said: int, late: bool
) -> None:
    sql = "INSERT INTO running (agent, environment, instance, closure, release, said) VALUES (?, ?, ?, '', '', ?)"
    rows(store, sql, *WHO, "one", NOW + said * MINUTE)
    stop = ("01P", NOW + paused * MINUTE)
    found = store.read(lambda tx: conditions.unheard_pauses(tx, lambda _: stop, 5 * MINUTE, NOW)).result(PATIENCE)
    assert bool(found) is late


def test_who_heard_of_another_pause_or_elsewhere_did_not_hear_of_this_one(store: Store) -> None:
    sql = "INSERT INTO running (agent, environment, instance, closure, release, said) VALUES (?, ?, ?, '', '', ?)"
    heard = "INSERT INTO acknowledged (pause, agent, environment, instance, said) VALUES (?, ?, ?, ?, ?)"
    for instance, of in (
        ("this", ("01P", *WHO)),
        ("before", ("01O", *WHO)),
        ("other", ("01P", "support/other", WHO[1])),
        ("staging", ("01P", WHO[0], "staging")),
    ):
        rows(store, sql, *WHO, instance, NOW)
        rows(store, heard, *of, instance, NOW)
    rows(store, sql, *WHO, "long gone", NOW - 20 * MINUTE)  # whoever is not heard any more runs nothing
    stop = ("01P", NOW - HOUR)
    (found,) = store.read(lambda tx: conditions.unheard_pauses(tx, lambda _: stop, 5 * MINUTE, NOW)).result(PATIENCE)
    assert found.said == f"3 of 4 instances of {WHO[0]} still run, and did not say that they stop"


def test_what_is_kept_back_for_another_reason_is_no_model_without_a_price(store: Store) -> None:
    sql = "INSERT INTO quarantine (agent, environment, reason, subject, spans, since, last) VALUES (?,?,?,?,?,?,?)"
    rows(store, sql, *WHO, "unknown", "acme/new", 7, NOW - DAY, NOW)
    assert store.read(lambda tx: conditions.unpriced_models(tx, NOW)).result(PATIENCE) == []


def test_what_does_not_verify() -> None:
    found = conditions.faults({"support": "a record is gone"}, ("1 is not 2",), "act 12 is rewound", NOW)
    assert [one.about["metric"] for one in found] == ["ledger support", "budgets", "journal"]
    assert found[2].said == "the journal is not believed: act 12 is rewound"
    assert conditions.faults({}, (), "", NOW) == []


def test_a_review_is_late_from_the_day_after() -> None:
    day = "2026-02-15"
    begins = 1_771_113_600_000
    assert conditions.late_reviews([("a/b", day)], begins + 23 * HOUR) == []
    (found,) = conditions.late_reviews([("a/b", day)], begins + 25 * HOUR)
    assert (found.since, found.count) == (begins + DAY, 1)


def test_a_tag_that_moved_names_its_release() -> None:
    (found,) = conditions.moved_tags([Moved("a/b", "a/b/v1.0.0", "gone", NOW)])
    assert found.release == "a/b/v1.0.0"
    assert "a/b is held" in found.said


def test_a_budget_of_nothing_is_reached_by_anything(store: Store) -> None:
    one = Mark("agent day x 2026-02-16 USD", "limit", WHO[0], "production", "the day", 4 * 10**9, 0, "USD", NOW)
    store.write(lambda tx: budget_marks.take(tx, one, bytes(16))).result(PATIENCE)
    (found,) = store.read(lambda tx: conditions.reached_budgets(tx, NOW)).result(PATIENCE)
    assert (found.observed, found.baseline) == (4e9, 1.0)


def test_what_a_budget_reached_is_said_once_about_whom_it_holds_for(store: Store) -> None:
    def mark(bucket: str, mark: str, at: int = NOW, turn: str = "2026-02-16") -> None:
        said = f"the {bucket}"
        one = Mark(f"{bucket} x {turn} USD", mark, WHO[0], "production", said, 4 * 10**9, 5 * 10**9, "USD", at)
        store.write(lambda tx: budget_marks.take(tx, one, bytes(16))).result(PATIENCE)

    mark("agent day", "0.8")
    mark("workspace month", "limit")
    mark("fleet month", "pause", NOW - MINUTE)
    mark("agent month", "0.5", NOW - HOUR - 1)
    mark("agent day", "0.8", NOW - MINUTE, "2026-02-15")  # of a day that has just ended
    mark("run run", "limit", NOW - MINUTE, "one")
    mark("run run", "limit", NOW, "two")
    found = store.read(lambda tx: conditions.reached_budgets(tx, NOW)).result(PATIENCE)
    mine = {"agent": WHO[0], "environment": WHO[1]}
    now, before = {"reached": moment(NOW)}, {"reached": moment(NOW - MINUTE)}
    assert sorted((dict(one.about) for one in found), key=str) == [
        {"metric": "budget agent day", "mark": "0.8", **before, **mine},
        {"metric": "budget agent day", "mark": "0.8", **now, **mine},
        {"metric": "budget fleet month", "mark": "pause", **before, **mine},
        {"metric": "budget run run", "mark": "limit", **mine},
        {"metric": "budget run run", "mark": "limit", **mine},
        {"metric": "budget workspace month", "mark": "limit", **now, "workspace": "support"},
    ]
    alerts = fleet_alerts(effective(None), "sim", found)
    assert len({one.fingerprint for one in alerts}) == len(alerts) - 1  # of runs, the hour says it once
    assert {(one.label("alertname"), one.label("severity"), one.once) for one in alerts} == {("budget", "ticket", True)}
    (day,) = [one for one in alerts if one.label("mark") == "0.8" and one.starts == NOW]
    assert day.summary == "the agent day is past 0.8: 4.00 USD of 5.00 USD, by support/refunds."
    assert (day.next, day.observed, day.starts) == ("agentgov budget show support/refunds", 0.8, NOW)
