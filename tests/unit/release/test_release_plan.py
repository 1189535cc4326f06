"""Which act comes next, and what every state that cannot move says it waits for."""

from dataclasses import replace as with_fields

import pytest
from deploymentworld import Line, pipeline, release
from msgspec.structs import replace
from planview import BEST, COUNTS, LONG, OPEN, V1, V2, V3, ramping, said, view, waits

from agentgov.model.act import GRAMMAR
from agentgov.model.pipeline import Judge, Metric, Promoters, Step
from agentgov.model.state import Release
from agentgov.release.judge import Judgement, Outcome
from agentgov.release.plan import plan_agent
from agentgov.release.view import Decision, Moved, Observed


@pytest.fixture
def line() -> Line:
    """v1.0.0 runs; v1.1.0 and v1.2.0 are no tags yet."""
    found = Line(V1)
    found.to_production(V1)
    return found


def test_nothing_to_do_is_nothing(line: Line) -> None:
    assert plan_agent(view(line)) == Decision("", None)


def test_the_newest_release_enters_staging(line: Line) -> None:
    line.releases |= {V2.tag: V2, V3.tag: V3}
    decision = plan_agent(view(line))
    assert (decision.rule, decision.act) == ("P12", "stage")
    assert said(decision)["Release"].startswith(f"{V3.name} {V3.tag} ")
    assert said(decision)["Leaves"] == V1.tag
    assert decision.subject == "stage support/refund-assistant v1.2.0"


def test_fields_stand_in_the_order_of_the_grammar(line: Line) -> None:
    ramping(line, 2).do("promote", V2)
    decision = plan_agent(view(line))
    assert decision.act == "graduate"
    assert [name for name, _ in decision.fields] == [name for name, _ in GRAMMAR["graduate"]]
    assert said(decision)["Counts"] == COUNTS[0]
    assert said(decision)["Judged"] == "pass"


@pytest.mark.parametrize(
    "other",
    [release("2.0.0-rc.1"), release("2.0.0", authorised_at=-1), release("2.0.0", content="bad")],
)
def test_what_never_enters_blocks_nobody(line: Line, other: Release) -> None:
    line.releases |= {V2.tag: V2, other.tag: other}
    line.at = replace(line.at, bad=("closure-bad",))
    decision = plan_agent(view(line))
    assert said(decision)["Release"].startswith(f"{V2.name} ")


def test_unverified_and_withdrawn_releases_never_enter(line: Line) -> None:
    line.releases |= {V2.tag: V2, V3.tag: V3}
    line.do("withdraw", V3)
    ineligible = {V2.tag: "its tagger's key was revoked"}
    assert plan_agent(view(line, ineligible=ineligible)).act is None
    assert said(plan_agent(view(line)))["Release"].startswith(f"{V2.name} ")


def test_of_equal_precedence_the_first_seen_counts(line: Line) -> None:
    first, second = release("2.0.0+b", seen=1), release("2.0.0+a", seen=2)
    line.releases |= {first.tag: first, second.tag: second}
    assert said(plan_agent(view(line)))["Release"].startswith(f"{first.name} ")
    revoked = {first.tag: "revoked"}
    assert said(plan_agent(view(line, ineligible=revoked)))["Release"].startswith(f"{second.name} ")


def test_a_broken_journal_stops_everything(line: Line) -> None:
    line.releases[V2.tag] = V2
    decision = plan_agent(view(line, integrity=False, moved=(Moved(V1, "none"),)))
    assert (decision.rule, decision.act) == ("P0", None)
    assert waits(decision)[0][0] == "P0"


def test_a_ref_that_moved_is_an_alarm_once(line: Line) -> None:
    moved = (Moved(V1, "f" * 40),)
    decision = plan_agent(view(line, moved=moved, paused=True, frozen="year-end"))
    assert (decision.rule, decision.act, said(decision)["Observed"]) == ("P0", "alarm", "f" * 40)
    assert plan_agent(with_fields(view(line, moved=moved), observed=BEST)).act == "alarm"
    line.do("alarm", V1, Observed="f" * 40)
    assert plan_agent(view(line, moved=moved)).act is None


def test_a_plan_speaks_only_of_what_the_tick_observed(line: Line) -> None:
    line.releases[V2.tag] = V2
    stale = with_fields(view(line), observed=BEST)
    assert plan_agent(stale).act is None
    assert "next tick" in waits(plan_agent(stale))[0][1]


def test_staging_waits_for_soak_and_evidence(line: Line) -> None:
    line.rules = pipeline(evidence=("eval",))
    line.releases[V2.tag] = V2
    line.do("stage", V2)
    line.wait()
    seen = with_fields(BEST, staging_soak=720)
    lacking = view(line, seen, missing_evidence=lambda _release, stage: ("eval",) if stage == "pass" else ())
    decision = plan_agent(lacking)
    assert decision.act is None
    assert waits(decision) == [("P10", "soak 12m of 30m"), ("P10", "evidence: eval")]
    assert decision.waits[0].remaining == "18m"
    assert plan_agent(view(line)).act == "pass"


def test_journal_time_can_make_a_soak_wait_too(line: Line) -> None:
    line.releases[V2.tag] = V2
    line.do("stage", V2)
    line.wait(60)
    assert waits(plan_agent(view(line))) == [("P10", "soak: 1m of 30m have passed")]


def test_what_passed_staging_starts_its_canary(line: Line) -> None:
    line.releases[V2.tag] = V2
    line.to_staging(V2)
    decision = plan_agent(view(line))
    assert (decision.rule, decision.act, said(decision)["Share"]) == ("P11", "canary", "5%")


@pytest.mark.parametrize("why", ["paused", "hold", "ineligible"])
def test_what_passed_staging_says_why_it_does_not_start(line: Line, why: str) -> None:
    line.releases[V2.tag] = V2
    line.to_staging(V2)
    line.paused = why == "paused"
    if why == "hold":
        line.do("hold")
    ineligible = {V2.tag: "revoked"} if why == "ineligible" else {}
    decision = plan_agent(view(line, ineligible=ineligible))
    assert decision.act is None
    assert [rule for rule, message in waits(decision) if why in message.replace("not eligible", "ineligible")] == [
        "P11"
    ]


def test_a_ramp_waits_for_soak_units_and_data(line: Line) -> None:
    ramping(line)
    seen = Observed(canary_soak=60, units=118, problem="the source is down")
    decision = plan_agent(view(line, seen))
    assert decision.act is None
    assert waits(decision) == [
        ("P8", "soak 1m of 30m"),
        ("P8", "canary: 118 of 200 units"),
        ("P8", "data: the source is down"),
    ]
    assert decision.waits[1].remaining == "82 units"
    assert plan_agent(view(line, with_fields(BEST, units=199))).act is None
    assert plan_agent(view(line, with_fields(BEST, units=200))).act == "share"
    after = plan_agent(view(line))
    assert (after.rule, after.act, said(after)["Share"]) == ("P8", "share", "25%")


def test_a_candidate_that_is_no_longer_eligible_stops(line: Line) -> None:
    ramping(line)
    assert waits(plan_agent(view(line, ineligible={V2.tag: "revoked"}))) == [
        ("P8", f"{V2.name} is not eligible: revoked")
    ]
    line.do("share", V2)
    line.wait()
    line.do("share", V2)
    line.wait()
    assert waits(plan_agent(view(line, ineligible={V2.tag: "revoked"}))) == [
        ("P9", f"{V2.name} is not eligible: revoked")
    ]


def test_the_last_step_waits_for_judge_and_promoters(line: Line) -> None:
    line.rules = pipeline(count=1)
    ramping(line, 2)
    decision = plan_agent(view(line, with_fields(BEST, judgement=OPEN)))
    assert waits(decision) == [
        ("P9", "judge: undecided, about 77 more units"),
        ("P9", "promoters: 0 of 1 promotes to production; 1 to come from team:release-managers"),
    ]
    line.do("promote", V2)
    assert plan_agent(view(line, with_fields(BEST, judgement=OPEN))).act is None
    assert plan_agent(view(line, with_fields(BEST, judgement=None))).act is None
    assert plan_agent(view(line)).act == "graduate"


def test_a_judge_without_an_eta_says_so(line: Line) -> None:
    ramping(line, 2)
    decision = plan_agent(view(line, with_fields(BEST, judgement=Judgement(Outcome.UNDECIDED))))
    assert "no telling when" in waits(decision)[0][1]


def test_a_first_release_graduates_unjudged_on_a_persons_word() -> None:
    line = Line(V1)
    line.to_canary(V1, 2)
    line.wait()
    blind = Observed(canary_soak=LONG)
    assert [rule for rule, _ in waits(plan_agent(view(line, blind)))] == ["P9"]
    line.do("promote", V1)
    decision = plan_agent(view(line, blind))
    assert (decision.act, said(decision)["Judged"]) == ("graduate", "unjudged")


def test_a_first_release_needs_no_units_but_its_soak() -> None:
    line = Line(V1)
    line.to_canary(V1)
    line.wait()
    assert plan_agent(view(line, Observed(canary_soak=1800))).act == "share"
    assert plan_agent(view(line, Observed(canary_soak=1799, units=LONG, healthy=True))).act is None


def test_a_half_soaked_candidate_is_not_preempted(line: Line) -> None:
    line.releases[V2.tag] = V2
    line.do("stage", V2)
    line.wait()
    line.releases[V3.tag] = V3
    early, late = with_fields(BEST, staging_soak=899), with_fields(BEST, staging_soak=900)
    assert plan_agent(view(line, early)).act == "stage"
    assert ("P12", f"{V3.name} waits behind {V2.name} in staging, which is half soaked") in waits(
        plan_agent(view(line, late))
    )
    assert plan_agent(view(line, late, ineligible={V2.tag: "revoked"})).act == "stage"


@pytest.mark.parametrize("stage", ["pass", "canary"])
def test_a_candidate_without_results_makes_room_for_one_that_has_them(line: Line, stage: str) -> None:
    line.releases[V2.tag] = V2
    line.do("stage", V2)
    line.wait()
    if stage == "canary":
        line.do("pass", V2)
    line.releases[V3.tag] = V3
    soaked = with_fields(BEST, staging_soak=10_000)
    nobody = view(line, soaked, missing_evidence=lambda _, at: ("eval",) if at == stage else ())
    older = view(line, soaked, missing_evidence=lambda one, at: ("eval",) if at == stage and one == V2 else ())
    newer = view(line, soaked, missing_evidence=lambda one, at: ("eval",) if at == stage and one == V3 else ())
    assert plan_agent(older).act == "stage"
    assert plan_agent(nobody).act != "stage"
    assert plan_agent(newer).act == stage


def test_a_passed_candidate_makes_room_for_a_fix_only_under_pause_or_hold(line: Line) -> None:
    line.releases[V2.tag] = V2
    line.to_staging(V2)
    line.releases[V3.tag] = V3
    assert plan_agent(view(line)).act == "canary"
    line.paused = True
    assert plan_agent(view(line)).act == "stage"
    line.paused = False
    line.do("hold")
    assert plan_agent(view(line)).act == "stage"
    line.do("hold", State="lifted")
    stuck = view(line, ineligible={V3.tag: "revoked"})
    assert plan_agent(stuck).act == "canary"


def test_a_passed_candidate_that_waits_for_people_is_not_preempted(line: Line) -> None:
    canary = replace(line.rules.stage("canary"), promoters=Promoters(count=1, sources=("dave",)))
    line.rules = replace(line.rules, stages=tuple(canary if one.name == "canary" else one for one in line.rules.stages))
    line.releases[V2.tag] = V2
    line.to_staging(V2)
    line.releases[V3.tag] = V3
    assert waits(plan_agent(view(line))) == [
        ("P11", "promoters: 0 of 1 promotes to canary; 1 to come from dave"),
        ("P12", f"{V3.name} waits behind {V2.name} in staging, which has passed"),
    ]


def test_during_a_canary_the_newest_waits(line: Line) -> None:
    ramping(line)
    line.releases[V3.tag] = V3
    decision = plan_agent(view(line, Observed()))
    assert decision.act is None
    assert decision.waits[-1].rule == "P12"
    assert decision.waits[-1].message.startswith("canary: ")


def test_a_new_name_for_what_stands_enters_at_once(line: Line) -> None:
    again = release("1.0.5", content="1.0.0")
    line.releases[again.tag] = again
    assert plan_agent(view(line)).act == "stage"
    line.do("stage", again)
    assert plan_agent(view(line)).act is None
    line.releases[V2.tag] = V2
    line.do("stage", V2)
    other = release("1.1.1", content="1.1.0")
    line.releases[other.tag] = other
    assert said(plan_agent(view(line)))["Release"].startswith(f"{other.name} ")


def test_a_pipeline_that_became_shorter_goes_on_from_its_last_step(line: Line) -> None:
    ramping(line, 2)
    line.rules = pipeline(steps=(Step(share="5%", soak="1h"),), judge=Judge(metrics={"error": Metric()}))
    decision = plan_agent(view(line, with_fields(BEST, canary_soak=3599)))
    assert decision.act is None
    assert waits(decision) == [("P9", "soak 59m59s of 1h")]
    assert plan_agent(view(line)).act == "graduate"


STALE = "the journal is too old"


@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_old_journal_stops_shares_and_production(line: Line, step: int) -> None:
    ramping(line, step).do("promote", V2)
    assert plan_agent(view(line)).act in ("share", "graduate")
    decision = plan_agent(view(line, stale=STALE))
    assert decision.act is None
    assert waits(decision) == [("P0", STALE)]


def test_an_old_journal_lets_nothing_into_staging_or_canary(line: Line) -> None:
    line.releases[V2.tag] = V2
    assert plan_agent(view(line)).act == "stage"
    assert plan_agent(view(line, stale=STALE)).act is None


def test_an_old_journal_stops_nothing_that_takes_traffic_away(line: Line) -> None:
    ramping(line, 1)
    failed = with_fields(BEST, judgement=Judgement(Outcome.FAIL, "error"))
    decision = plan_agent(view(line, failed, stale=STALE))
    assert decision.act == "fail"
    assert waits(decision) == [("P0", STALE)]
    moved = (Moved(V1, "none"),)
    assert plan_agent(view(line, moved=moved, stale=STALE)).act == "alarm"


def test_a_freeze_says_when_it_ends_where_that_is_known(line: Line) -> None:
    line.releases[V2.tag] = V2
    (wait,) = plan_agent(view(line, frozen="year-end", frozen_until=line.now + 5400)).waits
    assert (wait.message, wait.remaining, wait.gate, wait.eta) == ("frozen: year-end", "1h30m", "freeze", 5400)
    (wait,) = plan_agent(view(line, frozen="broken")).waits
    assert (wait.remaining, wait.eta) == ("", None)


@pytest.mark.parametrize(
    ("stage", "rule", "waits_for"),
    [
        ("staging", "P12", f"evidence: {V2.name} lacks eval evals/x.yaml"),
        ("pass", "P10", "evidence: eval evals/x.yaml"),
        ("canary", "P11", "evidence: eval evals/x.yaml"),
        ("production", "P9", "evidence: eval evals/x.yaml"),
    ],
)
def test_every_stage_waits_for_the_evidence_that_is_asked_for_before_it(
    line: Line, stage: str, rule: str, waits_for: str
) -> None:
    line.releases[V2.tag] = V2
    if stage == "production":
        line.to_canary(V2, 2)
    elif stage != "staging":
        line.do("stage", V2)
    line.wait()
    if stage == "canary":
        line.do("pass", V2)
    lacking = view(line, missing_evidence=lambda _release, at: ("eval evals/x.yaml",) if at == stage else ())
    decision = plan_agent(lacking)
    assert (decision.act, waits(decision)) == (None, [(rule, waits_for)])
    assert [wait.gate for wait in decision.waits] == ["evidence"]
    assert plan_agent(view(line)).act is not None
