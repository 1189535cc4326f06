"""What an incident owes stops what raises risk, and nothing that takes risk away."""

from dataclasses import replace

from deploymentworld import Line, release

from agentgov.model.transitions import Refusal, apply_to_deployment

V1, V2 = release("1.0.0"), release("1.1.0")
OWED = "the review of 2026-1123-k7qd is overdue"


def refused(line: Line, kind: str) -> str:
    """With which code an act on v1.1.0 is refused while an incident owes its review."""
    outcome = apply_to_deployment(line.act(kind, V2), line.at, replace(line.setting(), owed=lambda: OWED))
    if not isinstance(outcome, Refusal):
        return ""
    assert outcome.message == OWED or outcome.code != "transition.incident-overdue"
    return outcome.code


def test_what_an_incident_owes_stops_what_raises_risk_and_staging_goes_on() -> None:
    line = Line(V1, V2)
    line.to_production(V1)
    assert refused(line, "stage") == ""
    line.to_staging(V2)
    assert refused(line, "canary") == "transition.incident-overdue"
    line.do("canary", V2)
    line.wait()
    assert refused(line, "share") == "transition.incident-overdue"
    assert (refused(line, "fail"), refused(line, "abort")) == ("", "")


def test_a_drill_that_is_overdue_stops_the_same() -> None:
    line = Line(V1, V2)
    line.to_production(V1)
    line.to_staging(V2)
    words = "the drill refunds had to be held by 2026-11-01"
    outcome = apply_to_deployment(line.act("canary", V2), line.at, replace(line.setting(), unpractised=lambda: words))
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.message) == ("transition.drill-overdue", words)


def test_an_overdue_drill_stops_nothing_that_takes_risk_away() -> None:
    line = Line(V1, V2)
    line.to_production(V1)
    line.to_staging(V2)
    line.do("canary", V2)

    def is_refused(kind: str) -> bool:
        late = replace(line.setting(), unpractised=lambda: "the drill refunds had to be held")
        return isinstance(apply_to_deployment(line.act(kind, V2), line.at, late), Refusal)

    assert [kind for kind in ("fail", "abort", "hold") if is_refused(kind)] == []
