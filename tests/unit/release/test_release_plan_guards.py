"""Guards of planning that no other test would miss."""

from deploymentworld import Line
from planview import V1, V2, view

from agentgov.release.plan import plan_agent


def test_what_is_no_longer_eligible_does_not_pass_staging() -> None:
    line = Line(V1, V2)
    line.to_production(V1)
    line.do("stage", V2)
    line.wait()
    assert plan_agent(view(line)).act == "pass"
    decision = plan_agent(view(line, ineligible={V2.tag: "its tagger's key was revoked"}))
    assert decision.act is None
    assert [wait.gate for wait in decision.waits] == ["eligible"]


def test_a_canary_that_stopped_is_not_raised_and_says_once_what_it_waits_for() -> None:
    line = Line(V1, V2)
    line.to_production(V1)
    line.to_canary(V2)
    line.do("stall", V2)
    decision = plan_agent(view(line))
    assert decision.act is None
    assert [(wait.rule, wait.gate) for wait in decision.waits] == [("P6", "people")]
