"""How a release goes forward, and what stops it."""

import pytest
from deploymentworld import AGENT, DAY, Line, pipeline, release
from msgspec.structs import replace

from agentgov.model.act import Act
from agentgov.model.pipeline import Judge, Metric, Promoters, Stage, Step
from agentgov.model.state import Canary, Deployment, Hold, Production, Staging, Vote
from agentgov.model.transitions import KINDS, apply_to_deployment, candidate

V1, V2, V3 = release("1.0.0"), release("1.9.0"), release("1.10.0")


@pytest.fixture
def line() -> Line:
    """An agent with v1.0.0 settled in production, and two more releases."""
    found = Line(V1, V2, V3)
    found.to_production(V1)
    return found


def test_a_first_release_goes_all_the_way_unjudged_on_a_persons_word() -> None:
    line = Line(V1)
    assert line.do("stage", V1).staging == Staging(state="SOAKING", release=V1.tag, since=line.now)
    line.wait(1800)
    assert line.do("pass", V1).staging.state == "PASSED"
    assert line.do("canary", V1).canary == Canary(state="RAMP", release=V1.tag, share=5000, since=line.now)
    line.wait(1800)
    assert line.do("share", V1, Counts=()).canary.share == 25_000
    line.wait(3600)
    assert line.do("share", V1, Counts=()).canary.share == 50_000
    line.wait(3600)
    assert line.refusal("graduate", V1, Judged="unjudged", Counts=()) == "transition.promoters"
    line.do("promote", V1)
    after = line.do("graduate", V1, Judged="unjudged", Counts=())
    assert (after.canary.state, after.canary.share) == ("GRADUATED", 0)
    assert after.production == Production(state="BAKING", release=V1.tag, since=line.now)
    assert after.prior == ()
    assert after.votes == ()
    line.wait(7200)
    assert line.do("settle", V1).production.state == "STABLE"


def test_the_next_release_remembers_what_it_replaces(line: Line) -> None:
    since = line.at.production.since
    line.to_canary(V2, step=2)
    line.wait()
    after = line.do("graduate", V2)
    assert [(prior.release, prior.since, prior.until) for prior in after.prior] == [(V1.tag, since, line.now)]
    assert candidate(after) == ""


def test_production_without_a_bake_is_stable_at_once() -> None:
    line = Line(V1, rules=pipeline(bake="0s"))
    line.to_canary(V1, step=2)
    line.wait()
    line.do("promote", V1)
    assert line.do("graduate", V1, Judged="unjudged").production.state == "STABLE"


def test_staging_goes_on_under_pause_and_hold_or_a_fix_could_never_arrive(line: Line) -> None:
    line.paused = True
    line.do("hold")
    line.to_staging(V2)
    assert line.at.staging.state == "PASSED"
    assert line.refusal("canary", V2) == "transition.paused"


@pytest.mark.parametrize("kind", ["canary", "share", "graduate"])
def test_what_raises_risk_is_refused_under_pause_and_under_hold(line: Line, kind: str) -> None:
    if kind == "canary":
        line.to_staging(V2)
    else:
        line.to_canary(V2, step=0 if kind == "share" else 2)
    line.wait()
    assert line.refusal(kind, V2) == ""
    line.paused = True
    assert line.refusal(kind, V2) == "transition.paused"
    line.paused = False
    line.do("hold")
    assert line.refusal(kind, V2) == "transition.hold"


@pytest.mark.parametrize("kind", ["canary", "share", "graduate"])
def test_what_is_bad_withdrawn_or_not_newer_never_advances(line: Line, kind: str) -> None:
    if kind == "canary":
        line.to_staging(V2)
    else:
        line.to_canary(V2, step=0 if kind == "share" else 2)
    line.wait()
    good = line.at
    line.at = replace(good, bad=(V2.closure,))
    assert line.refusal(kind, V2) == "transition.bad"
    line.at = replace(good, withdrawn=(V2.tag,))
    assert line.refusal(kind, V2) == "transition.withdrawn"
    line.at = replace(good, production=replace(good.production, release=V3.tag))
    assert line.refusal(kind, V2, Leaves=V3.tag) == "transition.version"


def test_a_canary_takes_the_very_tag_that_passed_staging(line: Line) -> None:
    line.do("stage", V2)
    line.wait()
    assert line.refusal("canary", V2) == "transition.state"
    line.do("pass", V2)
    assert line.refusal("canary", V3) == "transition.state"
    assert line.refusal("canary", V2, Leaves="none") == "transition.leaves"
    line.do("canary", V2)
    assert line.refusal("canary", V2) == "transition.canary"
    line.do("stall", V2)
    assert line.refusal("canary", V2) == "transition.canary"


def test_what_production_runs_already_is_no_canary(line: Line) -> None:
    again = release("2.0.0", content="1.0.0")
    line.releases[again.tag] = again
    passed = Staging(state="PASSED", release=again.tag)
    line.at = replace(line.at, staging=passed)
    assert line.refusal("canary", again) == "transition.running"
    ramp = Canary(state="RAMP", release=again.tag, step=2, share=50_000)
    line.at = replace(line.at, canary=ramp)
    assert line.refusal("graduate", again) == "transition.running"


@pytest.mark.parametrize("share", ["25%", "5.0%", "0%", "nonsense"])
def test_a_share_is_the_one_of_its_step(line: Line, share: str) -> None:
    line.to_staging(V2)
    assert line.refusal("canary", V2, Share=share) == "transition.share"
    line.do("canary", V2)
    line.wait()
    assert line.refusal("share", V2, Share=f"1{share}") == "transition.share"


def test_steps_go_one_at_a_time_and_end(line: Line) -> None:
    line.to_canary(V2)
    line.wait()
    assert line.refusal("share", V2, Share="50%") == "transition.share"
    assert line.refusal("graduate", V2) == "transition.step"
    line.do("share", V2)
    line.wait()
    line.do("share", V2)
    line.wait()
    assert line.refusal("share", V2) == "transition.step"


def test_only_what_ramps_gets_more(line: Line) -> None:
    line.to_canary(V2, step=2)
    line.wait()
    assert line.refusal("share", V3) == "transition.state"
    line.do("stall", V2)
    line.wait()
    assert line.refusal("share", V2) == "transition.state"
    assert line.refusal("graduate", V2) == "transition.state"


def test_a_pipeline_that_became_shorter_lets_the_canary_graduate(line: Line) -> None:
    line.to_canary(V2, step=1)
    line.rules = pipeline(steps=(Step(share="5%"),))
    assert line.refusal("share", V2, Share="5%") == "transition.step"
    assert line.refusal("graduate", V2) == ""


def test_no_soak_ends_before_journal_time_says_so(line: Line) -> None:
    line.do("stage", V2)
    line.wait(1799)
    assert line.refusal("pass", V2) == "transition.soak"
    line.wait(1)
    line.do("pass", V2)
    line.do("canary", V2)
    line.wait(1799)
    assert line.refusal("share", V2) == "transition.soak"
    line.wait(1)
    line.do("share", V2)
    line.wait()
    line.do("share", V2)
    line.wait(3599)
    assert line.refusal("graduate", V2) == "transition.soak"
    line.wait(1)
    line.do("graduate", V2)
    line.wait(7199)
    assert line.refusal("settle", V2) == "transition.soak"
    line.wait(1)
    assert line.refusal("settle", V2) == ""
    line.paused = True
    assert line.refusal("settle", V2) == "transition.paused"


def test_pass_and_settle_are_about_what_stands_there(line: Line) -> None:
    assert line.refusal("pass", V1) == "transition.state"  # passed already
    assert line.refusal("settle", V1) == "transition.state"  # settled already
    line.do("stage", V2)
    line.wait()
    assert line.refusal("pass", V3) == "transition.state"
    line.at = replace(line.at, production=replace(line.at.production, state="BAKING"))
    assert line.refusal("settle", V2) == "transition.state"


def test_graduation_leaves_what_production_runs(line: Line) -> None:
    line.to_canary(V2, step=2)
    line.wait()
    assert line.refusal("graduate", V2, Leaves="none") == "transition.leaves"
    assert line.refusal("graduate", V2, Leaves=V3.tag) == "transition.leaves"
    assert line.refusal("graduate", V2, Leaves=V1.tag) == ""


def test_no_counts_no_yes(line: Line) -> None:
    line.to_canary(V2, step=2)
    line.wait()
    assert line.refusal("graduate", V2, Counts=()) == "transition.counts"
    assert line.refusal("graduate", V2, Judged="unjudged") == "transition.judged"
    assert line.refusal("graduate", V2, Judged="fail") == "transition.judged"


@pytest.mark.parametrize(
    "counts",
    ["error canary 5/4 stable 0/0", "error canary 5/9 stable 2/1", "error canary -1/4 stable 0/0", "error", "",
     "error canary 1/2 stable 3/4 ", "error canary 1/2 stable NaN/4", "error canary ١/2 stable 3/4"],
)  # fmt: skip
def test_counts_that_cannot_be_are_refused(line: Line, counts: str) -> None:
    line.to_canary(V2)
    line.wait()
    assert line.refusal("share", V2, Counts=(counts,)) == "transition.counts"
    assert line.refusal("fail", V2, Counts=(counts,)) == "transition.counts"
    assert line.refusal("stall", V2, Counts=(counts,)) == "transition.counts"
    line.at = replace(line.at, canary=replace(line.at.canary, step=2))
    assert line.refusal("graduate", V2, Counts=("error canary 1/2 stable 3/4", counts)) == "transition.counts"


def test_all_units_may_be_bad(line: Line) -> None:
    line.to_canary(V2)
    assert line.refusal("fail", V2, Counts=("error canary 4/4 stable 7/7",)) == ""


@pytest.mark.parametrize(
    "rules", [pipeline(judged=False), pipeline(judge=Judge(metrics={"escalation": Metric(gate=False)}))]
)
def test_without_a_judge_that_can_say_yes_a_person_says_it(line: Line, rules: object) -> None:
    line.rules = rules if isinstance(rules, type(line.rules)) else line.rules
    line.to_canary(V2, step=2)
    line.wait()
    assert line.refusal("graduate", V2) == "transition.judged"
    assert line.refusal("graduate", V2, Judged="unjudged") == "transition.promoters"
    line.do("promote", V2, Stage="canary")
    assert line.refusal("graduate", V2, Judged="unjudged") == "transition.promoters"
    line.do("promote", V2)
    assert line.refusal("graduate", V2, Judged="unjudged", Counts=()) == ""
    line.may_promote = lambda vote: False  # asked only where the stage names promoters
    assert line.refusal("graduate", V2, Judged="unjudged", Counts=()) == ""


def test_promoters_are_distinct_people_named_today(line: Line) -> None:
    line.rules = pipeline(count=2)
    line.to_canary(V2, step=2)
    line.wait()
    line.do("promote", V2, "person:alice")
    line.do("promote", V2, "person:alice")
    assert line.refusal("graduate", V2) == "transition.promoters"
    line.do("promote", V2, "person:bob")
    assert line.refusal("graduate", V2) == ""
    line.may_promote = lambda vote: vote.by != "bob"
    assert line.refusal("graduate", V2) == "transition.promoters"


def test_promotes_are_for_one_tag(line: Line) -> None:
    line.rules = pipeline(count=1)
    line.do("stage", V2)
    line.do("promote", V2)
    line.do("stage", V3)
    assert line.at.votes == ()
    line.wait()
    line.do("pass", V3)
    line.do("canary", V3)
    for _ in range(2):
        line.wait()
        line.do("share", V3)
    line.wait()
    line.at = replace(line.at, votes=(Vote(by="carol", release=V2.tag, stage="production", seq=1),))
    assert line.refusal("graduate", V3) == "transition.promoters"


def test_a_canary_that_asks_for_promoters_gets_them() -> None:
    rules = pipeline()
    stages = tuple(
        Stage(name="canary", environment="production", steps=stage.steps, promoters=Promoters(count=1))
        if stage.name == "canary"
        else stage
        for stage in rules.stages
    )
    line = Line(V1, rules=replace(rules, stages=stages))
    line.to_staging(V1)
    line.do("promote", V1)
    assert line.refusal("canary", V1) == "transition.promoters"
    line.do("promote", V1, Stage="canary")
    assert line.refusal("canary", V1) == ""


def test_an_act_speaks_of_one_agent_and_of_what_the_journal_recorded(line: Line) -> None:
    other = release("2.0.0", agent="support/other")
    line.releases[other.tag] = other
    assert line.refusal("stage", V2, Agent="support/other") == "transition.agent"
    assert line.refusal("stage", other) == "transition.agent"
    assert line.refusal("stage", release("7.0.0")) == "transition.release"
    assert line.refusal("stage", V2, Release="") == "transition.release"
    for wrong in (V2.name, V2.tag, V2.commit, V2.closure):
        text = f"{V2.name} {V2.tag} {V2.commit} {V2.closure}"
        changed = text.replace(wrong, "x") if wrong != V2.tag else f"{V2.name} {V3.tag} {V2.commit} {V2.closure}"
        assert line.refusal("stage", V2, Release=changed) == "transition.release"


def test_a_deployment_whose_releases_are_unknown_does_not_move(line: Line) -> None:
    del line.releases[V1.tag]
    assert line.refusal("stage", V2) == "transition.record"


def test_other_kinds_are_a_mistake_of_the_caller() -> None:
    act = Act("review", "0" * 26, "", "", "person:a", "x", (("Agent", AGENT),))
    with pytest.raises(ValueError, match="review"):
        apply_to_deployment(act, Deployment(agent=AGENT), Line().setting())
    assert "review" not in KINDS


def test_old_priors_are_forgotten_in_the_record() -> None:
    line = Line(rules=pipeline(steps=(Step(share="5%"),), soak="0s", bake="0s"))
    for minor in range(40):
        one = release(f"1.{minor}.0")
        line.releases[one.tag] = one
        line.to_production(one)
    assert [prior.release for prior in line.at.prior][:2] == ["tag-1.38.0", "tag-1.37.0"]
    assert len(line.at.prior) == 32


def test_a_hold_names_who_set_it(line: Line) -> None:
    assert line.do("hold").hold == Hold(by="carol", seq=line.seq - 1, reason="because")
    assert line.now > DAY
