"""Tags that are pushed, moved, deleted, forged or malformed: what of them the reconciler takes, and what it says."""

import gitworld
import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.errors import RefusedError
from agentgov.model.names import AgentId, ReleaseName
from agentgov.release import orders
from agentgov.release.tick_report import Report


def ref(version: str, agent: AgentId = TRIAGE) -> str:
    return ReleaseName(agent, version).ref


def refusals(report: Report) -> dict[str, str]:
    """Tag to the code of its refusal."""
    return {reason.subject: reason.rule for reason in report.refused}


def candidate_in_canary(fleet: PipelineWorld, version: str = "1.1.0") -> str:
    fleet.write(f"Words of {version}.")
    tagged = fleet.release("alice", TRIAGE, version)
    fleet.until(lambda at: at.canary.state == "RAMP" and fleet.candidate() == version)
    return tagged.oid


@pytest.mark.attack("T3")
def test_a_lightweight_tag_is_no_release(shipped: PipelineWorld) -> None:
    shipped.point(ref("1.1.0"), shipped.head())
    report = shipped.run()
    assert refusals(report) == {f"{TRIAGE}/v1.1.0": "tag.lightweight"}
    assert report.acts == ()


def test_a_tag_of_a_file_is_no_release(shipped: PipelineWorld) -> None:
    shipped.point(ref("1.1.0"), gitworld.git(shipped.work, "rev-parse", "HEAD:README.md").decode())
    assert refusals(shipped.run()) == {f"{TRIAGE}/v1.1.0": "tag.lightweight"}


@pytest.mark.attack("T4")
def test_a_tag_on_unreviewed_content_is_refused_until_it_is_reviewed(shipped: PipelineWorld) -> None:
    commit = shipped.change("alice", {f"{TRIAGE.folder}/prompts/system.md": "Nobody read this.\n"})
    shipped.run()
    shipped.tag("alice", TRIAGE, "1.1.0", commit)
    assert refusals(shipped.run()) == {f"{TRIAGE}/v1.1.0": "tag.closure"}
    shipped.run(3)
    assert shipped.candidate() == ""
    shipped.review("bob", commit)
    report = shipped.run()
    assert not report.refused
    assert shipped.candidate() == "1.1.0"
    shipped.check()


def test_release_refuses_what_the_reconciler_would_refuse(shipped: PipelineWorld) -> None:
    shipped.change("alice", {f"{TRIAGE.folder}/prompts/system.md": "Nobody read this.\n"})
    with pytest.raises(RefusedError, match=r"tag\.closure"):
        shipped.release("alice", TRIAGE, "1.1.0")
    with pytest.raises(RefusedError, match="exists already"):
        shipped.release("alice", TRIAGE, "1.0.0")


def test_a_tag_by_somebody_who_may_not_release(shipped: PipelineWorld) -> None:
    access = shipped.edit(
        "governance/access.yaml", "{role: operator, who: [team:security]", "{role: viewer, who: [erin]"
    )
    shipped.govern(access)
    shipped.write("New words.")
    shipped.tag("erin", TRIAGE, "1.1.0")
    assert refusals(shipped.run()) == {f"{TRIAGE}/v1.1.0": "tag.permission"}
    assert shipped.candidate() == ""


def test_a_tag_by_a_bot_or_a_stranger(shipped: PipelineWorld) -> None:
    shipped.write("New words.")
    shipped.tag("reconciler", TRIAGE, "1.1.0")
    gitworld.git(shipped.work, "tag", "-a", "-m", "trust me", f"{TRIAGE}/v1.2.0")
    shipped.push(ref("1.2.0"))
    found = refusals(shipped.run())
    assert found == {f"{TRIAGE}/v1.1.0": "tag.stranger", f"{TRIAGE}/v1.2.0": "tag.message"}


def test_a_tag_of_an_agent_that_nobody_knows(shipped: PipelineWorld) -> None:
    ghost = AgentId("support", "ghost")
    shipped.tag("alice", ghost, "1.0.0")
    assert refusals(shipped.run()) == {"support/ghost/v1.0.0": "tag.closure"}


@pytest.mark.attack("T2")
def test_a_tag_teleported_to_another_name(shipped: PipelineWorld) -> None:
    shipped.write("New words.")
    oid = shipped.tag("alice", TRIAGE, "1.1.0", name=f"{TRIAGE}/v1.2.0")
    shipped.point(ref("1.3.0", PAYROLL), oid)
    assert set(refusals(shipped.run()).values()) == {"tag.name"}


@pytest.mark.attack("T5")
def test_a_higher_number_on_older_content_never_enters(shipped: PipelineWorld) -> None:
    old = shipped.head()
    shipped.ship("1.1.0")
    shipped.tag("alice", TRIAGE, "1.2.0", old)
    assert refusals(shipped.run()) == {f"{TRIAGE}/v1.2.0": "tag.closure"}
    shipped.run(3)
    assert shipped.running() == "1.1.0"


def test_a_lower_number_on_newer_content_never_enters(shipped: PipelineWorld) -> None:
    shipped.ship("1.2.0")
    shipped.write("Newest words.")
    shipped.release("alice", TRIAGE, "1.1.5")
    shipped.run(3)
    assert (shipped.running(), shipped.candidate()) == ("1.2.0", "")


def test_two_tags_of_which_the_higher_hides_older_content_stop_nobody(shipped: PipelineWorld) -> None:
    """Each alone would be a release; together only the first is, and the tick goes on for everybody."""
    shipped.write("Older words.")
    older = shipped.head()
    shipped.write("Newer words.")
    shipped.tag("alice", TRIAGE, "1.1.0")
    shipped.tag("alice", TRIAGE, "1.2.0", older)
    shipped.release("alice", PAYROLL, "1.0.0")
    report = shipped.run()
    assert refusals(report) == {f"{TRIAGE}/v1.2.0": "tag.closure"}
    assert shipped.candidate() == "1.1.0"
    assert shipped.candidate(PAYROLL) == "1.0.0"
    shipped.check()


def test_many_tags_of_one_agent_at_once_are_all_recorded(shipped: PipelineWorld) -> None:
    for minor in range(1, 6):
        shipped.write(f"Words {minor}.")
        shipped.release("alice", TRIAGE, f"1.{minor}.0")
    shipped.run()
    assert len(shipped.known().state.releases(TRIAGE)) == 6
    assert shipped.candidate() == "1.5.0"
    shipped.check()


def test_a_huge_tag_object_is_refused_and_stops_nobody(shipped: PipelineWorld) -> None:
    raw = b"object %s\ntype commit\ntag x\ntagger a <b@c> 1 +0000\n\n%s\n" % (shipped.head().encode(), b"x" * (5 << 20))
    shipped.point(ref("1.1.0"), gitworld.raw_object(shipped.work, "tag", raw))
    shipped.release("alice", PAYROLL, "1.0.0")
    report = shipped.run()
    assert refusals(report) == {f"{TRIAGE}/v1.1.0": "tag.object"}
    assert shipped.candidate(PAYROLL) == "1.0.0"


def test_a_malformed_tag_object_is_refused(shipped: PipelineWorld) -> None:
    raw = b"object %s\ntype commit\ntag x\ntag y\ntagger a <b@c> 1 +0000\n\nx\n" % shipped.head().encode()
    gitworld.git(shipped.remote, "config", "receive.fsckObjects", "false")
    shipped.point(ref("1.1.0"), gitworld.raw_object(shipped.work, "tag", raw))
    assert refusals(shipped.run()) == {f"{TRIAGE}/v1.1.0": "tag.object"}


@pytest.mark.attack("T7")
def test_a_tag_deleted_while_it_is_a_candidate_holds_the_agent(shipped: PipelineWorld) -> None:
    oid = candidate_in_canary(shipped)
    shipped.point(ref("1.1.0"), "")
    report = shipped.run()
    assert any("is gone" in act for act in report.acts)
    shipped.run(4)
    at = shipped.at()
    assert (at.canary.state, at.canary.step, shipped.running()) == ("RAMP", 0, "1.0.0")
    assert at.hold is not None
    shipped.order("bob", orders.order_hold, TRIAGE, lift=True)
    report = shipped.run(3)  # without its tag it goes nowhere, held or not
    assert shipped.at().canary.step == 0
    assert "its tag moved or is gone" in shipped.waits(report)
    shipped.point(ref("1.1.0"), oid)
    shipped.until(lambda at: shipped.running() == "1.1.0")
    shipped.check()


@pytest.mark.attack("T7")
def test_a_tag_deleted_while_it_runs_takes_nothing_away(shipped: PipelineWorld) -> None:
    before = shipped.at().production
    shipped.point(ref("1.0.0"), "")
    shipped.run(3)
    at = shipped.at()
    assert at.production == before
    assert at.hold is not None
    assert shipped.kinds().count("alarm") == 1
    shipped.check()


@pytest.mark.attack("T1")
def test_a_tag_that_moved_is_an_alarm_and_never_followed(ramping: PipelineWorld) -> None:
    ramping.write("Words that nobody tested.")
    moved = ramping.tag("alice", TRIAGE, "1.1.0")
    ramping.run(3)
    alarms = [act.get("Observed") for act in ramping.acts() if act.kind == "alarm"]
    assert alarms == [moved]
    assert ramping.at().canary.step == 0
    assert moved not in {release.tag for release in ramping.known().state.releases(TRIAGE)}
    ramping.check()


def test_a_tag_that_goes_before_it_was_staged_never_enters(shipped: PipelineWorld) -> None:
    shipped.write("Once only.", PAYROLL, reviewers=("bob", "dave"))
    shipped.release("alice", PAYROLL, "1.0.0")
    reconciler = shipped.reconciler(shipped.actor("reconciler"))
    reconciler.stopped = lambda: bool(reconciler.acts)  # killed right after the release was recorded
    assert reconciler.tick().acts == (f"see release {PAYROLL}/v1.0.0",)
    shipped.point(ref("1.0.0", PAYROLL), "")
    shipped.run(2)
    assert shipped.candidate(PAYROLL) == ""
    assert shipped.at(PAYROLL).hold is not None


def test_a_cold_clone_verifies_after_tags_went_away(shipped: PipelineWorld) -> None:
    shipped.point(ref("1.0.0"), "")
    shipped.run()
    other = shipped.clone(shipped.folder / "auditor")
    other.check()


@pytest.mark.parametrize(
    ("lifecycle", "code"), [("{state: draft}", "tag.draft"), ("{reviewBy: 2020-03-31}", "tag.overdue")]
)
def test_drafts_and_agents_that_nobody_looked_at_again_are_not_released(
    shipped: PipelineWorld, lifecycle: str, code: str
) -> None:
    commit = shipped.change("alice", shipped.edit(TRIAGE.file, "spec:\n", f"spec:\n  lifecycle: {lifecycle}\n"))
    shipped.review("bob", commit)
    assert not shipped.advance(commit).state.pending
    with pytest.raises(RefusedError, match=code):
        shipped.release("alice", TRIAGE, "1.1.0")
    shipped.tag("alice", TRIAGE, "1.1.0", commit)
    assert refusals(shipped.run()) == {f"{TRIAGE}/v1.1.0": code}
