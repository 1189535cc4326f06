"""What people say while the pipeline runs: hold, abort, pause, promote, rollback; nothing of it blocks going back."""

from pathlib import Path

import pytest
from pipelineworld import PipelineWorld, pipeline_file
from simulator import PAYROLL, TRIAGE

from agentgov.errors import RefusedError, UsageError
from agentgov.journal.draft import Draft, sign
from agentgov.journal.view import View
from agentgov.model.names import ReleaseName
from agentgov.release import orders
from templates import copied, made

FREEZE = "{name: always, start: 2020-01-01, end: 2100-01-01}"


def candidate_in_canary(fleet: PipelineWorld, version: str = "1.1.0") -> None:
    fleet.write(f"Words of {version}.")
    fleet.release("alice", TRIAGE, version)
    fleet.until(lambda at: at.canary.state == "RAMP" and fleet.candidate() == version)


@pytest.fixture(scope="module")
def once_twice(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """The world that `twice` copies; tests leave it alone."""

    def make(folder: Path) -> PipelineWorld:
        found = PipelineWorld(folder)
        found.ship("1.0.0")
        found.ship("1.1.0")
        return found

    return made(tmp_path_factory.mktemp("twice"), make)


@pytest.fixture
def twice(tmp_path: Path, once_twice: PipelineWorld) -> PipelineWorld:
    """A fleet that ran v1.0.0 and runs v1.1.0."""
    return copied(once_twice, tmp_path)


def test_hold_keeps_the_canary_where_it_is_until_it_is_lifted(ramping: PipelineWorld) -> None:
    ramping.order("erin", orders.order_hold, TRIAGE, lift=False, reason="odd tickets")
    report = ramping.run(5)
    at = ramping.at()
    assert (at.canary.state, at.canary.step) == ("RAMP", 0)
    assert "on hold by erin" in ramping.waits(report)
    ramping.order("erin", orders.order_hold, TRIAGE, lift=True)
    ramping.until(lambda at: ramping.running() == "1.1.0")
    ramping.check()


def test_hold_lets_staging_go_on(shipped: PipelineWorld) -> None:
    shipped.order("erin", orders.order_hold, TRIAGE, lift=False)
    shipped.write("A fix.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.staging.state == "PASSED" and shipped.candidate() == "1.1.0")
    shipped.run(2)
    assert shipped.at().canary.state == "GRADUATED"  # that of v1.0.0


def test_abort_in_staging(shipped: PipelineWorld) -> None:
    shipped.write("Not this.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.staging.state == "SOAKING")
    shipped.order("bob", orders.order_abort, TRIAGE, reason="wrong branch")
    shipped.run(3)
    assert shipped.candidate() == ""
    shipped.ship("1.2.0")
    assert shipped.running() == "1.2.0"


def test_abort_in_canary_and_the_next_release_goes_on(ramping: PipelineWorld) -> None:
    ramping.order("bob", orders.order_abort, TRIAGE, reason="wrong branch")
    at = ramping.at()
    assert (at.canary.state, at.canary.share, at.staging.state) == ("ABORTED", 0, "EMPTY")
    ramping.run(3)
    assert ramping.candidate() == ""
    ramping.ship("1.2.0")
    ramping.check()


def test_erin_may_not_abort_in_production_and_is_told(ramping: PipelineWorld) -> None:
    before = ramping.tip()
    with pytest.raises(RefusedError, match="production"):
        ramping.order("erin", orders.order_abort, TRIAGE)
    assert ramping.tip() == before


def test_pause_stops_production_rows_and_nothing_else(tmp_path: Path) -> None:
    fleet = PipelineWorld(tmp_path / "world", agents=1)
    other = fleet.agents[0]
    fleet.ship("1.0.0")
    candidate_in_canary(fleet)
    fleet.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="misroutes")
    fleet.release("alice", other, "1.0.0")
    report = fleet.run(5)
    assert fleet.at().canary.step == 0
    assert "is paused" in fleet.waits(report)
    assert fleet.at(other).canary.state == "RAMP"
    fleet.order("erin", orders.order_resume, str(TRIAGE))
    fleet.until(lambda at: fleet.running() == "1.1.0")
    fleet.check()


def test_staging_goes_on_under_a_pause(shipped: PipelineWorld) -> None:
    shipped.order("erin", orders.order_pause, "support/*", mode="stop", until=0, reason="all of it")
    shipped.write("The fix.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.staging.state == "PASSED" and shipped.candidate() == "1.1.0")
    shipped.run(3)
    assert shipped.kinds().count("canary") == 1
    shipped.order("erin", orders.order_resume, "support/*")
    shipped.until(lambda at: shipped.running() == "1.1.0")


def test_a_pause_that_ends_by_itself(shipped: PipelineWorld) -> None:
    until = shipped.clock() + 3600
    shipped.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=until, reason="an hour")
    shipped.write("Later.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.staging.state == "PASSED" and shipped.candidate() == "1.1.0")
    shipped.run(2)
    assert shipped.kinds().count("canary") == 1
    shipped.run(after=3600)
    shipped.until(lambda at: at.canary.state == "RAMP", most=3)


def test_pauses_by_two_people_each_need_their_resume(shipped: PipelineWorld) -> None:
    shipped.order("erin", orders.order_pause, str(TRIAGE), mode="read-only", until=0, reason="one")
    shipped.order("carol", orders.order_pause, "support/*", mode="stop", until=0, reason="two")
    shipped.order("erin", orders.order_resume, str(TRIAGE))
    with pytest.raises(RefusedError, match="nothing is paused"):
        shipped.order("erin", orders.order_resume, str(TRIAGE))
    assert len(shipped.known().state.pauses()) == 1


def test_freeze_stops_what_raises_risk_and_keeps_observing(ramping: PipelineWorld) -> None:
    ramping.govern({"governance/pipeline.yaml": pipeline_file(freezes=FREEZE)})
    report = ramping.run(4)
    assert ramping.at().canary.step == 0
    assert "frozen: always" in ramping.waits(report)
    ramping.until(lambda at: at.canary.state == "FAILED", bad=0.5)
    ramping.check()


@pytest.mark.parametrize("trouble", ["pause", "hold", "freeze", "no data", "no reconciler"])
def test_rollback_works_whatever_holds(twice: PipelineWorld, trouble: str) -> None:
    if trouble == "pause":
        twice.order("erin", orders.order_pause, "support/*", mode="stop", until=0, reason="all")
    elif trouble == "hold":
        twice.order("erin", orders.order_hold, TRIAGE, lift=False)
    elif trouble == "freeze":
        twice.govern({"governance/pipeline.yaml": pipeline_file(freezes=FREEZE)})
    elif trouble == "no data":
        candidate_in_canary(twice, "1.2.0")
        twice.run(data=False)
    twice.order("erin", orders.order_rollback, TRIAGE, None, reason="complaints")
    at = twice.at()
    assert (twice.running(), at.production.state, at.canary.share) == ("1.0.0", "ROLLED_BACK", 0)
    assert at.hold is not None
    twice.run(3)
    assert twice.running() == "1.0.0"
    twice.check()


def test_what_was_rolled_back_never_returns_and_a_fix_does(twice: PipelineWorld) -> None:
    twice.order("erin", orders.order_rollback, TRIAGE, None, reason="complaints")
    twice.order("erin", orders.order_hold, TRIAGE, lift=True)
    twice.run(6)
    assert (twice.running(), twice.candidate()) == ("1.0.0", "")
    twice.release("alice", TRIAGE, "1.1.1")  # the same content
    twice.run(4)
    assert (twice.running(), twice.candidate()) == ("1.0.0", "")
    twice.ship("1.2.0")
    twice.check()


def test_a_rollback_to_what_has_passed_staging_lets_newer_releases_by(shipped: PipelineWorld) -> None:
    """Somebody reverts on main while on call rolls back: the revert has nothing left to do, and blocks nobody."""
    shipped.ship("1.1.0")
    shipped.order("erin", orders.order_hold, TRIAGE, lift=False)
    shipped.write("Version 1.0.0.")  # the content that v1.0.0 had
    shipped.release("alice", TRIAGE, "1.2.0")
    shipped.until(lambda at: at.staging.state == "PASSED" and shipped.candidate() == "1.2.0")
    shipped.order("erin", orders.order_rollback, TRIAGE, None, reason="complaints")
    shipped.order("erin", orders.order_hold, TRIAGE, lift=True)
    shipped.ship("1.3.0")
    shipped.check()


def test_two_people_who_roll_back_at_once_go_back_one_release(twice: PipelineWorld) -> None:
    twice.ship("1.2.0")
    seen = twice.view()
    drafts = [
        orders.order_rollback(seen, twice.actor(who), TRIAGE, None, now=twice.clock(), reason="bad")
        for who in ("erin", "bob")
    ]
    for who, draft in zip(("erin", "bob"), drafts, strict=True):
        twice.append(draft, by=who)
    assert twice.running() == "1.1.0"
    assert twice.kinds()[-2:] == ["rollback", "rollback"]  # both are recorded
    twice.check()


def test_a_rollback_that_lost_the_race_does_not_go_back_further(twice: PipelineWorld) -> None:
    twice.ship("1.2.0")
    bob = twice.clone(twice.folder / "bob")

    def bob_is_faster() -> None:
        bob.order("bob", orders.order_rollback, TRIAGE, None, reason="bad")

    actor = twice.actor("erin", before_signing=bob_is_faster)
    left = orders.running(twice.view(), TRIAGE)

    def write(view: View) -> list[Draft]:
        return [orders.order_rollback(view, actor, TRIAGE, None, leaves=left, now=twice.clock(), reason="bad")]

    twice.journal.append(write, actor.appender, twice.clock)
    assert twice.running() == "1.1.0"
    assert twice.kinds()[-2:] == ["rollback", "rollback"]
    twice.check()


def test_rollback_beats_a_share_step_that_was_planned_before(twice: PipelineWorld) -> None:
    candidate_in_canary(twice, "1.2.0")
    twice.run()
    oncall = twice.clone(twice.folder / "oncall")

    def erin_is_faster() -> None:
        oncall.order("erin", orders.order_rollback, TRIAGE, None, reason="now")

    report = twice.run(before_signing=erin_is_faster)
    at = twice.at()
    assert not any("raise the canary" in act for act in report.acts)
    assert (twice.running(), at.canary.state, at.canary.share) == ("1.0.0", "ABORTED", 0)
    twice.check()


def test_rollback_without_anything_to_return_to_says_what_to_do(shipped: PipelineWorld) -> None:
    with pytest.raises(RefusedError, match="no good release") as caught:
        shipped.order("erin", orders.order_rollback, TRIAGE, None, reason="bad")
    assert "pause" in caught.value.hint
    with pytest.raises(RefusedError, match="runs nothing"):
        shipped.order("erin", orders.order_rollback, PAYROLL, None, reason="bad")


def test_rollback_to_a_named_older_release(twice: PipelineWorld) -> None:
    twice.ship("1.2.0")
    twice.order("erin", orders.order_rollback, TRIAGE, ReleaseName(TRIAGE, "1.0.0"), reason="two back")
    assert twice.running() == "1.0.0"


@pytest.mark.parametrize("why", ["outside the window", "marked bad"])
def test_some_rollbacks_take_two_people(twice: PipelineWorld, why: str) -> None:
    target = ReleaseName(TRIAGE, "1.0.0")
    if why == "outside the window":
        twice.govern({"governance/pipeline.yaml": pipeline_file(window="1h")})
        twice.run(after=7200)
        twice.run(after=60)
    else:
        twice.order("erin", orders.order_rollback, TRIAGE, None, reason="bad")
        twice.order("erin", orders.order_hold, TRIAGE, lift=True)
        twice.ship("1.2.0")
        target = ReleaseName(TRIAGE, "1.1.0")
    actor = twice.actor("erin")
    with pytest.raises(RefusedError, match="takes two people"):
        twice.order("erin", orders.order_rollback, TRIAGE, target, reason="on purpose")
    alone = orders.order_rollback(twice.view(), actor, TRIAGE, target, now=twice.clock(), reason="on purpose")
    twice.append(sign(alone.act, twice.signers["erin"], twice.signers["bob"]), by="erin")
    assert twice.named(twice.at().production.release) == str(target)
    twice.check()


def test_a_word_counts_no_more_once_its_author_has_no_right_over_the_agent(fleet: PipelineWorld) -> None:
    fleet.govern(
        {"governance/pipeline.yaml": pipeline_file(judge="none", promoters="{count: 1, from: [team:support]}")}
    )
    fleet.release("alice", TRIAGE, "1.0.0")
    fleet.until(lambda at: at.canary.state == "RAMP")
    fleet.order("bob", orders.order_promote, TRIAGE, "production")
    everywhere = '{role: operator, who: [team:support, team:finance], agents: ["**"]'
    elsewhere = everywhere.replace("**", "finance/*")
    fleet.govern(fleet.edit("governance/access.yaml", everywhere, elsewhere))
    fleet.run(8)
    assert fleet.at().production.state == "EMPTY"
    assert [vote.by for vote in fleet.at().votes] == ["bob"]
    fleet.govern(fleet.edit("governance/access.yaml", elsewhere, everywhere))
    fleet.until(lambda at: at.production.state != "EMPTY")
    fleet.check()


def test_orders_on_nothing_are_usage_errors(shipped: PipelineWorld) -> None:
    with pytest.raises(UsageError, match="no candidate"):
        shipped.order("bob", orders.order_abort, TRIAGE)
    with pytest.raises(UsageError, match="no candidate"):
        shipped.order("bob", orders.order_promote, TRIAGE, "production")
    with pytest.raises(UsageError, match="no candidate to clear"):
        shipped.order("bob", orders.order_clear, TRIAGE, None, reason="x")
