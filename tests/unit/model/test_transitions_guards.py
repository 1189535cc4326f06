"""Guards of the law that no other test would miss: what each stops, and what it lets through."""

from dataclasses import replace

import pytest
from deploymentworld import BOT, Line, release
from msgspec.structs import replace as changed

from agentgov.model.state import Deployment, Prior
from agentgov.model.transitions import Refusal, apply_to_deployment, rollback_target

V1, V2 = release("1.0.0"), release("1.1.0")
BETWEEN = release("1.0.5")


@pytest.fixture
def line() -> Line:
    """v1.0.0 is in production."""
    found = Line(V1, V2, BETWEEN)
    found.to_production(V1)
    return found


def overdue(line: Line, kind: str) -> str:
    """With which code an act on v1.1.0 is refused while an override owes a review that is overdue."""
    outcome = apply_to_deployment(line.act(kind, V2), line.at, replace(line.setting(), overdue=True))
    return outcome.code if isinstance(outcome, Refusal) else ""


def test_an_overdue_review_of_an_override_stops_what_raises_risk_and_staging_goes_on(line: Line) -> None:
    assert overdue(line, "stage") == ""
    line.to_staging(V2)
    assert overdue(line, "canary") == "transition.override-overdue"
    line.do("canary", V2)
    line.wait()
    assert overdue(line, "share") == "transition.override-overdue"
    assert overdue(line, "fail") == ""


def test_what_incidents_and_drills_owe_stops_what_raises_risk(line: Line) -> None:
    line.to_staging(V2)
    setting = line.setting()
    late, nothing = "it is late".strip, "".strip
    for one, code in (
        (replace(setting, owed=nothing, unpractised=nothing), ""),
        (replace(setting, owed=late), "transition.incident-overdue"),
        (replace(setting, unpractised=late), "transition.drill-overdue"),
    ):
        outcome = apply_to_deployment(line.act("canary", V2), line.at, one)
        assert (outcome.code if isinstance(outcome, Refusal) else "") == code


def test_after_a_rollback_what_is_newer_than_the_running_release_may_enter(line: Line) -> None:
    line.to_production(V2)
    line.do("rollback", V1)
    assert line.refusal("stage", BETWEEN) == ""


def test_an_agent_that_never_ran_can_be_retired_and_begin_later() -> None:
    line = Line(V1)
    line.do("retire")
    assert line.refusal("stage", V1) == "transition.retired"
    line.do("hold", State="lifted")
    line.to_production(V1)
    assert line.at.production.release == V1.tag


@pytest.mark.parametrize("kind", ["promote", "withdraw", "clear", "hold", "retire"])
def test_no_bot_speaks_the_words_of_people(line: Line, kind: str) -> None:
    assert line.refusal(kind, None if kind in ("hold", "retire") else V2, BOT) == "transition.actor"


def test_a_hold_without_a_reason_says_what_the_act_says(line: Line) -> None:
    act = replace(line.act("alarm", V1), reason="")
    after = apply_to_deployment(act, line.at, line.setting())
    assert isinstance(after, Deployment)
    assert after.hold is not None
    assert after.hold.reason == act.subject


def test_a_rollback_works_while_staging_is_empty(line: Line) -> None:
    line.to_production(V2)
    line.do("retire")
    line.do("hold", State="lifted")
    newest = release("1.2.0")
    line.releases[newest.tag] = newest
    line.to_production(newest)
    line.at = changed(line.at, staging=changed(line.at.staging, state="EMPTY", release=""))
    assert line.do("rollback", V1).production.release == V1.tag


def test_a_release_that_the_journal_lost_is_no_target_and_stops_no_rollback(line: Line) -> None:
    line.to_production(V2)
    line.at = changed(line.at, prior=(Prior(release="lost", since=0, until=line.now), *line.at.prior))
    assert rollback_target(line.at, line.releases.get) == V1
    assert line.refusal("rollback", V1) == ""


def test_nothing_returns_to_what_rests_on_a_revoked_key(line: Line) -> None:
    line.to_production(V2)
    newest = release("1.2.0")
    line.releases[newest.tag] = newest
    line.to_production(newest)
    assert rollback_target(line.at, line.releases.get) == V2
    assert rollback_target(line.at, line.releases.get, frozenset({V2.tag})) == V1
    setting = replace(line.setting(people=2), revoked=frozenset({V2.tag}))
    outcome = apply_to_deployment(line.act("rollback", V2), line.at, setting)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "transition.revoked"


def test_a_soak_that_journal_time_went_back_behind_has_not_begun(line: Line) -> None:
    line.do("stage", V2)
    line.now -= 90  # a waive may set the time back
    outcome = line.attempt("pass", V2)
    assert isinstance(outcome, Refusal)
    assert outcome.message == "0s of 30m have passed"
