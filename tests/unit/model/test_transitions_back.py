"""How a release goes back, and what people say."""

import pytest
from deploymentworld import BOT, DAY, Line, pipeline, release
from msgspec.structs import replace

from agentgov.model.state import Canary, Hold, Production, Staging
from agentgov.model.transitions import candidate, rollback_target

V1, V2, V3, V4 = (release(f"1.{minor}.0") for minor in range(4))


@pytest.fixture
def line() -> Line:
    """An agent that ran v1.0.0 and v1.1.0, runs v1.2.0, and has one newer release."""
    found = Line(V1, V2, V3, V4)
    for one in (V1, V2, V3):
        found.to_production(one)
    return found


def test_a_failed_canary_loses_its_traffic_and_its_content_is_bad(line: Line) -> None:
    line.to_canary(V4, step=1)
    line.do("promote", V4)
    line.paused = True
    line.do("hold")
    after = line.do("fail", V4)
    assert after.canary == Canary(state="FAILED", release=V4.tag, step=1, share=0, since=line.now)
    assert after.staging.state == "FAILED"
    assert after.bad == (V4.closure,)
    assert after.votes == ()
    assert after.production.release == V3.tag
    assert line.refusal("fail", V4) == "transition.state"


def test_an_inconclusive_canary_fails_too(line: Line) -> None:
    line.to_canary(V4)
    line.do("stall", V4)
    assert line.do("fail", V4).canary.state == "FAILED"


def test_fail_and_stall_are_about_what_is_in_canary(line: Line) -> None:
    assert line.refusal("fail", V3) == "transition.state"
    assert line.refusal("stall", V3) == "transition.state"
    line.to_canary(V4)
    assert line.refusal("fail", V3) == "transition.state"
    assert line.refusal("stall", V3) == "transition.state"


def test_a_stalled_ramp_keeps_its_share_and_stalls_once(line: Line) -> None:
    line.to_canary(V4, step=1)
    line.wait()
    after = line.do("stall", V4)
    assert after.canary == Canary(state="INCONCLUSIVE", release=V4.tag, step=1, share=25_000, since=line.now)
    assert line.refusal("stall", V4) == "transition.state"


@pytest.mark.parametrize("stage", ["staging", "canary"])
def test_a_person_aborts_the_candidate_wherever_it_is(line: Line, stage: str) -> None:
    if stage == "staging":
        line.to_staging(V4)
    else:
        line.to_canary(V4)
    line.do("promote", V4)
    canary = line.at.canary
    after = line.do("abort", V4)
    ended = replace(canary, state="ABORTED", share=0, since=line.now)
    assert after.canary == (ended if stage == "canary" else canary)
    assert after.staging == Staging(since=line.now)
    assert after.withdrawn == (V4.tag,)
    assert after.votes == ()
    assert candidate(after) == ""
    assert line.refusal("stage", V4) == "transition.withdrawn"


def test_what_is_no_candidate_is_not_aborted(line: Line) -> None:
    assert line.refusal("abort", V3) == "transition.candidate"  # passed staging, runs in production
    assert line.refusal("abort", V4) == "transition.candidate"


def test_a_bot_aborts_a_canary_by_an_alert_rule_that_is_authorised_and_nothing_else(line: Line) -> None:
    line.to_staging(V4)
    line.aborting = frozenset({"errors-burn"})
    assert line.refusal("abort", V4, BOT, Rule="errors-burn") == "transition.state"  # it is in staging
    line.do("canary", V4)
    assert line.refusal("abort", V4, BOT, Rule="another") == "transition.automatic"
    assert line.do("abort", V4, BOT, Rule="errors-burn").canary.state == "ABORTED"


def test_a_bot_aborts_only_what_stayed_inconclusive_for_a_deadline(line: Line) -> None:
    line.to_staging(V4)
    assert line.refusal("abort", V4, BOT) == "transition.automatic"
    line.do("canary", V4)
    line.wait(9 * DAY)
    assert line.refusal("abort", V4, BOT) == "transition.automatic"
    line.do("stall", V4)
    line.wait(DAY - 1)
    assert line.refusal("abort", V4, BOT) == "transition.deadline"
    line.wait(1)
    line.rules = pipeline(judged=False)
    assert line.refusal("abort", V4, BOT) == "transition.automatic"
    line.rules = pipeline()
    assert line.do("abort", V4, BOT).canary.state == "ABORTED"


def test_a_withdrawn_release_carries_no_traffic(line: Line) -> None:
    line.to_canary(V4)
    after = line.do("withdraw", V4)
    assert (after.canary.state, after.canary.share) == ("WITHDRAWN", 0)
    assert after.staging == Staging(since=line.now)
    assert after.withdrawn == (V4.tag,)
    assert line.do("withdraw", V4) == after
    assert line.refusal("rollback", V4) == "transition.withdrawn"


def test_withdrawing_one_release_leaves_the_others_alone(line: Line) -> None:
    other = release("1.3.1")
    line.releases[other.tag] = other
    line.to_canary(V4)
    before = line.at
    assert line.do("withdraw", other) == replace(before, withdrawn=(other.tag,))
    failed = line.do("fail", V4)
    assert line.do("withdraw", V4).canary == failed.canary


def test_withdrawing_is_no_kill_switch(line: Line) -> None:
    assert line.refusal("withdraw", V3) == "transition.running"
    before = line.at
    assert line.do("withdraw", V2) == replace(before, withdrawn=(V2.tag,))


def test_a_rollback_is_one_act(line: Line) -> None:
    line.to_canary(V4)
    line.do("promote", V4)
    ran_since = line.at.production.since
    line.wait()
    after = line.do("rollback", V2)
    assert after.production == Production(state="ROLLED_BACK", release=V2.tag, since=line.now)
    assert after.bad == (V3.closure,)
    assert (after.canary.state, after.canary.share) == ("ABORTED", 0)
    assert after.hold == Hold(by="carol", seq=line.seq - 1, reason="because")
    assert after.votes == ()
    assert (after.prior[0].release, after.prior[0].since, after.prior[0].until) == (V3.tag, ran_since, line.now)
    assert after.staging.release == V4.tag
    assert after.staging.state == "PASSED"


def test_what_passed_staging_and_is_bad_now_has_failed_there(line: Line) -> None:
    assert line.at.staging == Staging(state="PASSED", release=V3.tag, since=line.at.staging.since)
    canary = line.at.canary
    after = line.do("rollback", V2)
    assert after.staging.state == "FAILED"
    assert after.canary == canary


def test_pause_and_hold_do_not_stop_a_rollback(line: Line) -> None:
    line.paused = True
    line.do("hold")
    assert line.do("rollback", V2).production.release == V2.tag


def test_two_people_rolling_back_at_once_go_back_one_release(line: Line) -> None:
    second = V3.tag  # what both saw running
    line.do("rollback", V2)
    before = line.at
    assert line.do("rollback", V1, "person:dave", Leaves=second) == before
    assert line.do("rollback", V2, "person:dave", Leaves=second) == before


def test_going_back_further_names_what_runs_now(line: Line) -> None:
    line.do("rollback", V2)
    after = line.do("rollback", V1, Leaves=V2.tag)
    assert after.production.release == V1.tag
    assert after.bad == (V3.closure, V2.closure)


def test_a_rollback_of_content_that_got_a_new_name_meanwhile_still_counts(line: Line) -> None:
    again = release("1.2.1", content="1.2.0")
    line.releases[again.tag] = again
    line.do("stage", again)
    assert line.do("rollback", V2, Leaves=V3.tag).production.release == V2.tag


@pytest.mark.parametrize("leaves", ["none", "nonsense"])
def test_a_rollback_names_what_it_leaves(line: Line, leaves: str) -> None:
    assert line.refusal("rollback", V2, Leaves=leaves) == "transition.leaves"


def test_nothing_is_rolled_back_where_nothing_runs() -> None:
    line = Line(V1, V2)
    assert line.refusal("rollback", V1) == "transition.leaves"
    assert line.refusal("rollback", V1, Leaves=V2.tag) == "transition.leaves"


def test_a_release_of_another_agent_is_nothing_to_leave(line: Line) -> None:
    other = release("1.0.0-x", content="1.2.0", agent="support/other")
    line.releases[other.tag] = other
    assert line.refusal("rollback", V2, Leaves=other.tag) == "transition.leaves"


def test_the_target_is_another_and_older_release(line: Line) -> None:
    again, build = release("1.1.9", content="1.2.0"), release("1.2.0+build")
    line.releases |= {again.tag: again, build.tag: build}
    assert line.refusal("rollback", V3) == "transition.running"
    assert line.refusal("rollback", again) == "transition.running"
    assert line.refusal("rollback", V4) == "transition.version"
    assert line.refusal("rollback", build) == "transition.version"


def test_bad_content_takes_two_people_and_is_good_again_then(line: Line) -> None:
    line.to_production(V4)
    line.do("rollback", V2)  # from v1.3.0
    line.at = replace(line.at, bad=(V1.closure, V4.closure))
    assert line.refusal("rollback", V1) == "transition.bad"
    after = line.do("rollback", V1, people=2)
    assert after.bad == (V4.closure, V2.closure)


def test_a_target_outside_the_window_takes_two_people(line: Line) -> None:
    line.now = line.at.prior[0].until + 90 * DAY
    assert line.refusal("rollback", V2) == ""
    line.wait(1)
    assert line.refusal("rollback", V2) == "transition.window"
    assert line.refusal("rollback", V2, people=2) == ""


def test_what_never_ran_takes_two_people_whatever_its_version(line: Line) -> None:
    never = release("1.1.5")
    line.releases[never.tag] = never
    assert line.refusal("rollback", never) == "transition.window"
    assert line.refusal("rollback", never, people=2) == ""


def test_a_bot_rolls_back_only_what_bakes_where_the_pipeline_says_so(line: Line) -> None:
    assert line.refusal("rollback", V2, BOT) == "transition.automatic"
    line.at = replace(line.at, production=replace(line.at.production, state="BAKING"))
    assert line.refusal("rollback", V2, BOT) == ""
    line.rules = pipeline(auto_rollback=False)
    assert line.refusal("rollback", V2, BOT) == "transition.automatic"


def test_the_default_target_is_the_newest_good_prior(line: Line) -> None:
    assert rollback_target(line.at, line.releases.get) == V2
    assert rollback_target(replace(line.at, bad=(V2.closure,)), line.releases.get) == V1
    assert rollback_target(replace(line.at, withdrawn=(V2.tag,)), line.releases.get) == V1
    assert rollback_target(replace(line.at, bad=(V1.closure, V2.closure)), line.releases.get) is None
    line.do("rollback", V1)
    assert rollback_target(line.at, line.releases.get) is None
    assert rollback_target(Line(V1).at, {V1.tag: V1}.get) is None


def test_the_default_target_is_never_newer_nor_the_same_content(line: Line) -> None:
    line.do("rollback", V2)
    line.at = replace(line.at, bad=())
    assert rollback_target(line.at, line.releases.get) == V1
    same = release("1.0.0", content="1.1.0")
    assert rollback_target(line.at, {**line.releases, V1.tag: same}.get) is None


def test_a_promote_is_a_persons_word_for_a_candidate_at_a_stage(line: Line) -> None:
    assert line.refusal("promote", V4) == "transition.candidate"
    assert line.refusal("promote", V3) == "transition.candidate"
    line.do("stage", V4)
    assert line.refusal("promote", V4, BOT) == "transition.actor"
    assert line.refusal("promote", V4, Stage="staging") == "transition.stage"
    assert line.refusal("promote", V3) == "transition.candidate"
    first = line.do("promote", V4)
    assert [(vote.by, vote.release, vote.stage, vote.seq) for vote in first.votes] == [
        ("carol", V4.tag, "production", line.seq - 1)
    ]
    assert line.do("promote", V4) == first
    assert len(line.do("promote", V4, Stage="canary").votes) == 2


def test_what_failed_in_canary_is_no_candidate_beside_the_next(line: Line) -> None:
    line.to_canary(V4)
    line.do("fail", V4)
    assert line.refusal("promote", V4) == "transition.candidate"
    assert line.refusal("abort", V4) == "transition.candidate"
    after = release("1.4.0")
    line.releases[after.tag] = after
    line.do("stage", after)
    assert line.refusal("promote", V4) == "transition.candidate"
    assert line.refusal("promote", after) == ""


def test_a_hold_is_set_and_lifted_by_people(line: Line) -> None:
    assert line.refusal("hold", None, BOT) == "transition.actor"
    assert line.refusal("hold", None, State="maybe") == "transition.state"
    held = line.do("hold")
    assert held.hold is not None
    assert line.do("hold", None, State="lifted").hold is None
    assert line.do("hold", None, State="lifted").hold is None


def test_a_cleared_mark_lets_the_content_start_again(line: Line) -> None:
    line.to_canary(V4)
    line.do("fail", V4)
    assert line.refusal("stage", V4) == "transition.bad"
    assert line.refusal("clear", V4, BOT) == "transition.actor"
    assert line.do("clear", V4).bad == ()
    assert line.do("stage", V4).staging.state == "SOAKING"
    assert line.refusal("clear", V4) == "transition.state"


def test_a_cleared_inconclusive_canary_starts_from_the_first_share(line: Line) -> None:
    line.to_canary(V4, step=2)
    line.do("stall", V4)
    assert line.refusal("clear", V3) == "transition.state"
    assert line.do("clear", V4).canary == Canary(since=line.now)
    assert line.do("canary", V4).canary.share == 5000


def test_a_ramp_is_not_cleared(line: Line) -> None:
    line.to_canary(V4)
    assert line.refusal("clear", V4) == "transition.state"


def test_an_alarm_holds_once(line: Line) -> None:
    after = line.do("alarm", V3, Observed="none")
    assert after.hold == Hold(by="reconciler", seq=line.seq - 1, reason="because")
    assert after.production.release == V3.tag
    assert line.do("alarm", V3, Observed="none") == after
    line.do("hold", None, State="lifted")
    assert line.do("alarm", V3, Observed="none").hold is None
    assert line.do("alarm", V3, Observed="f" * 40).hold is not None


def test_an_alarm_keeps_a_persons_hold(line: Line) -> None:
    before = line.do("hold").hold
    assert line.do("alarm", V3, Observed="none").hold == before
