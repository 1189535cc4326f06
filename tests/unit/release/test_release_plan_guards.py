"""Guards of planning that no other test would miss."""

from collections.abc import Callable
from dataclasses import replace as with_fields

import pytest
from deploymentworld import Line, pipeline, release
from planview import BEST, FAILED, LONG, OPEN, V1, V2, V3, ramping, said, view, waits

from agentgov.release.plan import plan_agent
from agentgov.release.view import Decision, Observed

NOTHING = Decision("", None)
RAW = Observed(bake=FAILED, judgement=FAILED, no_data_ticks=99)  # nothing good was seen, and much that is bad


@pytest.fixture
def line() -> Line:
    """v1.0.0 is in production."""
    found = Line(V1)
    found.to_production(V1)
    return found


def _staged(line: Line) -> Line:
    line.releases[V2.tag] = V2
    line.do("stage", V2)
    return line


def _passed(line: Line) -> Line:
    line.releases[V2.tag] = V2
    line.to_staging(V2)
    return line


def _stalled(line: Line) -> Line:
    ramping(line).do("stall", V2)
    return line


def _baking(line: Line) -> Line:
    ramping(line, 2).do("promote", V2)
    line.do("graduate", V2)
    line.wait()
    return line


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


@pytest.mark.parametrize("stands", [_staged, _passed, ramping, _stalled, _baking])
@pytest.mark.parametrize("seen", [BEST, RAW])
def test_nothing_is_planned_for_releases_that_the_journal_does_not_know(
    line: Line, stands: Callable[[Line], Line], seen: Observed
) -> None:
    assert plan_agent(view(stands(line), seen, releases=())).act is None


@pytest.mark.parametrize("stands", [_passed, ramping])
def test_a_pipeline_that_lost_its_steps_moves_nobody(line: Line, stands: Callable[[Line], Line]) -> None:
    stands(line).rules = pipeline(steps=())
    assert plan_agent(view(line)) == NOTHING


def test_what_was_seen_of_no_canary_and_no_bake_moves_nobody_and_waits_for_nothing(line: Line) -> None:
    assert plan_agent(view(line, RAW)) == NOTHING


def test_a_stall_says_that_there_were_no_counts_where_nobody_says_why(line: Line) -> None:
    seen = with_fields(BEST, judgement=OPEN, healthy=False, no_data_ticks=5)
    assert plan_agent(view(ramping(line), seen)).reason == "Inconclusive: no data for 5 ticks (no counts)."
    early = plan_agent(view(line, with_fields(seen, no_data_ticks=4)))
    assert ("P8", "data: no counts in this tick") in waits(early)


def test_a_judge_that_has_not_decided_says_when_at_the_rate_of_this_step(line: Line) -> None:
    seen = with_fields(BEST, judgement=OPEN, unit_rate=7.0)
    decision = plan_agent(view(ramping(line, 2), seen))
    assert [(wait.gate, wait.eta) for wait in decision.waits] == [("judge", 11)]


def test_one_soak_is_waited_for_once(line: Line) -> None:
    decision = plan_agent(view(_staged(line), with_fields(BEST, staging_soak=0)))
    assert waits(decision) == [("P10", "soak 0s of 30m")]


def test_the_first_release_of_all_makes_room_for_a_newer_one() -> None:
    line = Line(V1)
    assert plan_agent(view(line)).act == "stage"
    line.do("stage", V1)
    line.releases[V2.tag] = V2
    early = plan_agent(view(line, with_fields(BEST, staging_soak=899)))
    assert (early.act, said(early)["Leaves"]) == ("stage", V1.tag)


def test_what_production_runs_again_since_a_rollback_holds_up_no_fix(line: Line) -> None:
    line.releases[V2.tag] = V2
    line.to_production(V2)
    reverted = release("1.1.5", content="1.0.0")
    line.releases[reverted.tag] = reverted
    line.do("stage", reverted)
    line.do("rollback", V1)
    line.releases[V3.tag] = V3
    decision = plan_agent(view(line, with_fields(BEST, staging_soak=LONG - 1)))
    assert (decision.act, said(decision)["Leaves"]) == ("stage", reverted.tag)


def test_what_rests_on_a_revoked_key_never_enters_and_blocks_nobody(line: Line) -> None:
    line.releases |= {V2.tag: V2, V3.tag: V3}
    seen = view(line, revoked=frozenset({V3.tag}))
    assert said(plan_agent(seen))["Release"].startswith(f"{V2.name} ")


def test_what_is_only_older_than_the_candidate_waits_for_it(line: Line) -> None:
    between = release("1.0.5")
    line.releases |= {between.tag: between}
    decision = plan_agent(view(_staged(line), Observed()))
    assert {wait.rule for wait in decision.waits} == {"P10"}


def test_of_releases_that_lack_results_the_newest_is_waited_for(line: Line) -> None:
    line.releases |= {V2.tag: V2, V3.tag: V3}
    decision = plan_agent(view(line, missing_evidence=lambda _, at: ("eval",) if at == "staging" else ()))
    assert waits(decision) == [("P12", f"evidence: {V3.name} lacks eval")]
