"""Tags as whole pipelines see them: pushed again, taken away all at once, numbers that only look as if they grew."""

import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.gate.sense_conditions import moved_in
from agentgov.model.names import ReleaseName
from agentgov.release import orders


def ref(version: str) -> str:
    return ReleaseName(TRIAGE, version).ref


def alarms(fleet: PipelineWorld) -> list[str]:
    """What each alarm of the triage agent saw."""
    return [act.get("Observed") for act in fleet.acts() if act.kind == "alarm" and act.get("Agent") == str(TRIAGE)]


def staged(fleet: PipelineWorld) -> list[str]:
    """The versions that entered staging, in that order."""
    entered = [act.get("Release").split(" ")[0] for act in fleet.acts() if act.kind == "stage"]
    return [name.rpartition("/v")[2] for name in entered if name.startswith(f"{TRIAGE}/")]


@pytest.fixture
def gone(shipped: PipelineWorld) -> tuple[PipelineWorld, str]:
    """A canary whose tag was deleted, and what the tag was."""
    shipped.write("Words of v1.1.0.")
    oid = shipped.release("alice", TRIAGE, "1.1.0").oid
    shipped.until(lambda at: at.canary.state == "RAMP")
    shipped.point(ref("1.1.0"), "")
    shipped.run()
    assert alarms(shipped) == ["none"]
    return shipped, oid


def test_who_is_told_of_it_reads_a_name_that_can_be_typed(gone: tuple[PipelineWorld, str]) -> None:
    fleet, _ = gone
    ((_, moved),) = moved_in(fleet.known(), [str(TRIAGE)])
    assert moved.release == str(ReleaseName(TRIAGE, "1.1.0")), "the command of the message names it"


def test_a_tag_that_comes_back_as_it_was_lifts_no_hold_and_is_no_alarm(
    gone: tuple[PipelineWorld, str],
) -> None:
    fleet, oid = gone
    fleet.point(ref("1.1.0"), oid)
    fleet.run(3)
    at = fleet.at()
    assert at.hold is not None
    assert (at.canary.state, at.canary.step, fleet.running()) == ("RAMP", 0, "1.0.0")
    assert alarms(fleet) == ["none"]
    fleet.order("bob", orders.order_hold, TRIAGE, lift=True)
    fleet.until(lambda at: fleet.running() == "1.1.0")
    fleet.check()


def test_a_tag_that_comes_back_as_another_one_is_an_alarm_and_not_followed(
    gone: tuple[PipelineWorld, str],
) -> None:
    fleet, oid = gone
    fleet.write("Words that nobody tested.")
    other = fleet.tag("alice", TRIAGE, "1.1.0")
    fleet.order("bob", orders.order_hold, TRIAGE, lift=True)
    fleet.run(3)
    assert alarms(fleet) == ["none", other]
    assert fleet.at().hold is not None
    assert (fleet.at().canary.release, fleet.at().canary.step) == (oid, 0)
    fleet.until(lambda at: at.canary.state == "FAILED", bad=0.5)  # what has traffic is judged all the same
    fleet.check()


def test_all_tags_deleted_at_once_are_no_kill_switch(shipped: PipelineWorld) -> None:
    shipped.ship("1.1.0")
    before = shipped.at().production
    for version in ("1.0.0", "1.1.0"):
        shipped.point(ref(version), "")
    shipped.run(3)
    assert shipped.at().production == before
    assert shipped.at().hold is not None
    shipped.order("erin", orders.order_rollback, TRIAGE, None, reason="it lies")
    assert shipped.running() == "1.0.0"  # from the object that was recorded
    shipped.run(2)
    shipped.clone(shipped.folder / "auditor").check()
    assert shipped.running() == "1.0.0"


@pytest.mark.slow
def test_ten_comes_after_nine_and_release_candidates_come_before_what_they_are_for(shipped: PipelineWorld) -> None:
    shipped.ship("1.9.0")
    shipped.write("Candidates.")
    for version in ("1.10.0-rc.10", "1.10.0-rc.2", "1.8.9"):
        shipped.release("alice", TRIAGE, version)
    assert not shipped.run(2).refused
    assert (shipped.running(), shipped.candidate()) == ("1.9.0", "")
    shipped.release("alice", TRIAGE, "1.10.0")  # the same content, under its real name
    shipped.until(lambda at: at.production.state == "STABLE" and shipped.running() == "1.10.0")
    shipped.write("Words for the old line.")
    shipped.release("alice", TRIAGE, "1.9.9")
    shipped.run(2)
    assert shipped.candidate() == ""
    assert staged(shipped) == ["1.0.0", "1.9.0", "1.10.0"]
    shipped.check()


def test_build_metadata_alone_is_no_newer_release(shipped: PipelineWorld) -> None:
    shipped.write("Words of another build.")
    shipped.release("alice", TRIAGE, "1.0.0+build.7")
    assert not shipped.run(3).refused
    assert (shipped.running(), shipped.candidate()) == ("1.0.0", "")
    shipped.release("alice", TRIAGE, "1.0.1+build.8")
    shipped.until(lambda at: shipped.running() == "1.0.1+build.8")
    assert staged(shipped) == ["1.0.0", "1.0.1+build.8"]
    shipped.check()


def test_tags_of_two_agents_on_one_commit_go_each_its_own_way(shipped: PipelineWorld) -> None:
    shipped.write("Words of v1.1.0.")
    for agent, version in ((TRIAGE, "1.1.0"), (PAYROLL, "1.0.0")):
        shipped.release("alice", agent, version)
    shipped.until(lambda at: at.canary.state == "RAMP")
    shipped.point(ref("1.1.0"), "")
    shipped.until(lambda at: at.canary.step == 1, PAYROLL)
    assert shipped.at(PAYROLL).hold is None
    assert (shipped.at().canary.step, alarms(shipped)) == (0, ["none"])
    shipped.check()
