"""Guards of the law that no other test would miss: what each stops, and what it lets through."""

from dataclasses import replace

import pytest
from deploymentworld import Line, release

from agentgov.model.transitions import Refusal, apply_to_deployment

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
