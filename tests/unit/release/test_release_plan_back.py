"""What takes traffic away or stops it: judgements, stalls, freezes, bakes."""

from dataclasses import replace as with_fields

import pytest
from deploymentworld import Line, pipeline
from msgspec.structs import replace
from planview import BEST, BROKEN, FAILED, LONG, OPEN, PASSED, V1, V2, ramping, said, view, waits

from agentgov.release.judge import Judgement
from agentgov.release.plan import plan_agent
from agentgov.release.view import Moved, Observed


@pytest.fixture
def line() -> Line:
    """v1.0.0 runs; v1.1.0 and v1.2.0 are no tags yet."""
    found = Line(V1)
    found.to_production(V1)
    return found


@pytest.mark.parametrize("blocked", [{}, {"paused": True}, {"frozen": "year-end"}])
def test_a_failed_canary_ends_whatever_holds(line: Line, blocked: dict[str, object]) -> None:
    ramping(line).do("hold")
    decision = plan_agent(view(line, with_fields(BEST, judgement=FAILED), **blocked))
    assert (decision.rule, decision.act, said(decision)["Metric"]) == ("P3", "fail", "error")


def test_traffic_goes_before_alarms_are_raised(line: Line) -> None:
    moved = (Moved(V1, "none"),)
    assert plan_agent(view(ramping(line), with_fields(BEST, judgement=FAILED), moved=moved)).act == "fail"
    assert plan_agent(view(line, moved=moved)).act == "alarm"


def test_a_judgement_of_nothing_fails_nothing(line: Line) -> None:
    assert plan_agent(view(line, with_fields(BEST, judgement=FAILED))).act is None


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (with_fields(BEST, judgement=BROKEN), "split"),
        (with_fields(BEST, healthy=False, no_data_ticks=5, problem="source down"), "source down"),
        (with_fields(BEST, judgement=OPEN, ramp_started=1), "24h"),
    ],
)
def test_a_ramp_that_cannot_be_judged_stalls(line: Line, seen: Observed, word: str) -> None:
    ramping(line)
    decision = plan_agent(view(line, seen))
    assert (decision.rule, decision.act) == ("P6", "stall")
    assert word in decision.reason
    assert plan_agent(view(line, seen, frozen="year-end")).act == "stall"
    assert plan_agent(view(line, seen, paused=True)).act is None


@pytest.mark.parametrize(
    "seen",
    [
        with_fields(BEST, healthy=False, no_data_ticks=4),
        with_fields(BEST, judgement=PASSED, ramp_started=1, healthy=False),
    ],
)
def test_what_is_only_late_does_not_stall(line: Line, seen: Observed) -> None:
    assert plan_agent(view(ramping(line), seen)).act is None


def test_an_unjudged_ramp_waits_for_people_for_ever() -> None:
    line = Line(V1)
    line.to_canary(V1, 2)
    line.wait()
    seen = Observed(canary_soak=LONG, no_data_ticks=99, ramp_started=1, judgement=BROKEN)
    assert [rule for rule, _ in waits(plan_agent(view(line, seen)))] == ["P9"]


def test_an_inconclusive_canary_waits_a_deadline_and_is_aborted(line: Line) -> None:
    ramping(line).do("stall", V2)
    line.wait(3600)
    decision = plan_agent(view(line))
    assert (decision.act, decision.waits[0].rule, decision.waits[0].remaining) == (None, "P6", "23h")
    line.wait(23 * 3600)
    assert plan_agent(view(line, paused=True)).act is None
    assert (plan_agent(view(line)).rule, plan_agent(view(line)).act) == ("P6", "abort")


def test_an_inconclusive_canary_without_a_judge_waits_for_people(line: Line) -> None:
    ramping(line).do("stall", V2)
    line.rules = pipeline(judged=False)
    line.wait()
    assert (plan_agent(view(line)).act, plan_agent(view(line)).waits[0].rule) == (None, "P6")


@pytest.mark.parametrize("stage", ["new", "soaking", "passed", "ramping", "baking"])
def test_a_freeze_stops_what_raises_risk_and_what_follows(line: Line, stage: str) -> None:
    line.releases[V2.tag] = V2
    if stage in ("soaking", "passed", "ramping", "baking"):
        line.do("stage", V2)
        line.wait()
    if stage in ("passed", "ramping", "baking"):
        line.do("pass", V2)
    if stage in ("ramping", "baking"):
        line.do("canary", V2)
        line.wait()
    if stage == "baking":
        line.at = replace(line.at, production=replace(line.at.production, state="BAKING"))
    assert plan_agent(view(line)).act is not None
    decision = plan_agent(view(line, frozen="year-end"))
    assert (decision.rule, decision.act) == ("P7", None)
    assert waits(decision)[-1] == ("P7", "frozen: year-end")


def baking(line: Line) -> Line:
    """v1.1.0 bakes in production."""
    ramping(line, 2).do("promote", V2)
    line.do("graduate", V2)
    line.wait()
    return line


def test_production_settles_after_its_bake(line: Line) -> None:
    baking(line)
    assert waits(plan_agent(view(line, Observed(bake_soak=3600)))) == [("P10", "soak 1h of 2h")]
    assert (plan_agent(view(line)).rule, plan_agent(view(line)).act) == ("P10", "settle")
    assert plan_agent(view(line, paused=True)).act is None


@pytest.mark.parametrize("blocked", [{}, {"paused": True}, {"frozen": "year-end"}])
def test_production_that_fails_its_bake_goes_back(line: Line, blocked: dict[str, object]) -> None:
    baking(line).do("hold")
    decision = plan_agent(view(line, with_fields(BEST, bake=FAILED), **blocked))
    assert (decision.rule, decision.act, said(decision)["Leaves"]) == ("P4", "rollback", V2.tag)
    assert said(decision)["Release"].startswith(f"{V1.name} ")
    assert "v1.0.0" in decision.subject


def test_without_auto_rollback_or_a_prior_a_failed_bake_waits_for_people(line: Line) -> None:
    baking(line)
    seen = with_fields(BEST, bake=FAILED)
    line.rules = pipeline(auto_rollback=False)
    assert (plan_agent(view(line, seen)).act, plan_agent(view(line, seen)).waits[0].rule) == (None, "P4")
    assert "autoRollback is off" in plan_agent(view(line, seen)).waits[0].message
    line.rules = pipeline()
    line.at = replace(line.at, prior=())
    decision = plan_agent(view(line, seen))
    assert (decision.act, decision.waits[0].rule) == (None, "P4")
    assert "pause" in decision.waits[0].message


@pytest.mark.parametrize("bake", [None, OPEN, PASSED])
def test_a_bake_that_does_not_fail_settles(line: Line, bake: Judgement | None) -> None:
    assert plan_agent(view(baking(line), with_fields(BEST, bake=bake))).act == "settle"


def test_a_deadline_is_over_when_it_is_over(line: Line) -> None:
    ramping(line)
    late = with_fields(BEST, judgement=OPEN, healthy=False)
    assert plan_agent(view(line, with_fields(late, ramp_started=line.now - 86_399))).act is None
    assert plan_agent(view(line, with_fields(late, ramp_started=line.now - 86_400))).act == "stall"
