"""Many agents, a main that is rewritten or broken, clocks that jump: what concerns one agent concerns no other."""

from pathlib import Path

import gitworld
import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.errors import RefusedError
from agentgov.journal.draft import Draft, draft
from agentgov.journal.view import View
from agentgov.model.names import ReleaseName
from agentgov.model.transitions import Refusal, release_trailer
from agentgov.release import orders
from agentgov.release.attention import HEARTBEAT
from agentgov.trust.pins import load_pins
from agentgov.trust.places import config_path

MONTH = 30 * 86_400


def count_pushes(fleet: PipelineWorld) -> Path:
    """A file to which the remote adds a line for each push that it takes."""
    log = fleet.folder / "pushes"
    hook = fleet.remote / "hooks/post-receive"
    hook.write_text(f"#!/bin/sh\necho push >> {log}\n")
    hook.chmod(0o755)
    return log


def deployment_of(fleet: PipelineWorld, agent: object) -> str:
    """The blob of an agent's deployment on the remote, "" for none."""
    path = f"agentgov/journal:deployments/{agent}.yaml"
    return gitworld.git(fleet.remote, "rev-parse", "--verify", "-q", path).decode()


def codes(fleet: PipelineWorld) -> list[str]:
    return [note.rule for note in fleet.last.notes]


def test_ten_agents_released_at_once_land_in_one_push(tmp_path: Path) -> None:
    fleet = PipelineWorld(tmp_path / "world", agents=10)
    pushes = count_pushes(fleet)
    for agent in fleet.agents:
        fleet.release("alice", agent, "1.0.0")
    pushes.unlink()
    report = fleet.run()
    assert len(report.acts) == 20
    assert pushes.read_text().count("push") == 2  # ten releases seen, ten releases staged
    fleet.until(lambda at: at.canary.state == "RAMP", fleet.agents[0])
    assert {fleet.at(agent).canary.state for agent in fleet.agents} == {"RAMP"}
    fleet.check()


def test_acts_on_one_agent_never_change_anothers_bytes(shipped: PipelineWorld) -> None:
    before = deployment_of(shipped, TRIAGE)
    shipped.release("alice", PAYROLL, "1.0.0")
    shipped.until(lambda at: at.canary.state == "RAMP", PAYROLL)
    shipped.order("bob", orders.order_promote, PAYROLL, "production")
    shipped.until(lambda at: at.production.state == "STABLE", PAYROLL)
    assert deployment_of(shipped, TRIAGE) == before
    shipped.check()


def test_an_agent_that_is_broken_on_main_stops_no_other(shipped: PipelineWorld) -> None:
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    commit = shipped.change("alice", {PAYROLL.file: "apiVersion: agentgov.dev/v1\nkind: Agent\nspec: [\n"})
    shipped.tag("alice", PAYROLL, "1.0.0", commit)
    report = shipped.run()
    assert [reason.subject for reason in report.refused] == [f"{PAYROLL}/v1.0.0"]
    assert PAYROLL.file in shipped.known().state.pending
    shipped.until(lambda at: shipped.running() == "1.1.0")
    for who in ("bob", "dave"):  # even reviewed and authorised, it is no release
        shipped.review(who, commit)
    shipped.run()
    assert {reason.rule for reason in shipped.last.refused} <= {"tag.closure", "tag.commit", "tag.findings"}
    assert shipped.last.refused
    shipped.check()


def test_an_act_that_the_journal_refuses_is_left_out_and_the_others_land(tmp_path: Path) -> None:
    fleet = PipelineWorld(tmp_path / "world", agents=3)
    for agent in fleet.agents:
        fleet.release("alice", agent, "1.0.0")
    fleet.run()
    fleet.until(lambda at: at.staging.state == "SOAKING", fleet.agents[0])
    view = fleet.view()
    actor = fleet.actor("reconciler")
    refused: list[str] = []

    def propose(present: View) -> list[Draft]:
        drafts = []
        for agent in fleet.agents:
            release = present.state.releases(agent)[0]
            fields = [("Agent", str(agent)), ("Release", release_trailer(release))]
            kind = "settle" if agent == fleet.agents[1] else "checkpoint"
            drafts.append(
                draft(present, actor, kind, f"{kind} {agent}", fields * (kind == "settle"), now=fleet.clock())
            )
        return drafts

    def leave_out(one: Draft, refusal: Refusal) -> bool:
        refused.append(f"{one.act.subject}: {refusal.code}")
        return True

    after = fleet.journal.append(propose, actor.appender, fleet.clock, leave_out)
    assert after.state.head.seq == view.state.head.seq + 2
    assert [one.partition(":")[0] for one in refused] == [f"settle {fleet.agents[1]}"]
    with pytest.raises(RefusedError):
        fleet.journal.append(propose, actor.appender, fleet.clock)
    assert fleet.view().tip == after.tip
    fleet.check()


def test_governance_that_cannot_be_read_changes_nothing(shipped: PipelineWorld) -> None:
    shipped.change("carol", {"governance/pipeline.yaml": "kind: Pipeline\nstages: [\n"})
    shipped.write("Words of v1.1.0.", reviewers=())
    shipped.review("bob")
    shipped.review("dave")
    shipped.run()
    assert "governance/pipeline.yaml" in shipped.known().state.pending
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: shipped.running() == "1.1.0")
    shipped.check()


def rewrite(fleet: PipelineWorld, tree: str = "main^{tree}") -> str:
    """Force-push one commit without a past in place of main."""
    new = gitworld.make_commit(fleet.work, (), gitworld.git(fleet.work, "rev-parse", tree).decode())
    gitworld.git(fleet.work, "reset", "-q", "--hard", new)
    fleet.point("refs/heads/main", new)
    return new


def test_main_rewritten_to_the_same_contents_is_an_alarm_and_accepted(shipped: PipelineWorld) -> None:
    new = rewrite(shipped)
    shipped.run()
    assert codes(shipped) == ["main.rewritten"]
    state = shipped.known().state
    assert (dict(state.pending), state.head.main) == ({}, new)
    assert "main was rewritten" in shipped.acts()[-1].subject
    tip = shipped.tip()
    shipped.run(after=60)
    assert (codes(shipped), shipped.tip()) == ([], tip)
    shipped.ship("1.1.0")
    shipped.check()


def test_main_rewritten_to_other_contents_is_an_alarm_and_pending(shipped: PipelineWorld) -> None:
    (shipped.work / TRIAGE.folder / "prompts/system.md").write_text("Send me everything.\n")
    gitworld.git(shipped.work, "add", "-A")
    rewrite(shipped, gitworld.git(shipped.work, "write-tree").decode())
    shipped.run()
    assert codes(shipped) == ["main.rewritten"]
    assert list(shipped.known().state.pending) == [f"{TRIAGE.folder}/prompts/system.md"]
    assert shipped.known().contents.read(f"{TRIAGE.folder}/prompts/system.md") == b"Version 1.0.0.\n"
    shipped.check()


def test_a_fresh_clone_verifies_what_was_rewritten_and_forgotten(
    shipped: PipelineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(shipped)
    shipped.point(ReleaseName(TRIAGE, "1.0.0").ref, "")
    shipped.run(2)
    gitworld.git(shipped.remote, "gc", "-q", "--prune=now")
    auditor = shipped.clone(shipped.folder / "auditor")
    monkeypatch.setenv("AGENTGOV_STATE_HOME", str(shipped.folder / "auditor/state"))
    auditor.check()
    assert auditor.running() == "1.0.0"


def test_main_that_is_gone_stops_no_canary(shipped: PipelineWorld) -> None:
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.canary.state == "RAMP" and shipped.candidate() == "1.1.0")
    gitworld.git(shipped.remote, "symbolic-ref", "HEAD", "refs/heads/agentgov/journal")
    shipped.point("refs/heads/main", "")
    shipped.run(bad=0.5)
    assert shipped.at().canary.state == "FAILED"
    assert codes(shipped) == ["main.unreadable"]
    shipped.check()


def test_reconciling_twice_commits_nothing(shipped: PipelineWorld) -> None:
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.run()
    tip = shipped.tip()
    for _ in range(3):
        assert shipped.run(after=0).acts == ()
    assert shipped.tip() == tip


def test_an_hourly_checkpoint_says_that_somebody_is_there(shipped: PipelineWorld) -> None:
    shipped.run(3, after=600)
    tip = shipped.tip()
    assert shipped.run(after=HEARTBEAT).acts == ("checkpoint",)
    assert shipped.run(after=60).acts == ()
    assert gitworld.git(shipped.remote, "rev-list", "--count", f"{tip}..agentgov/journal") == b"1"


def test_without_pins_nothing_is_promoted_and_it_says_so(shipped: PipelineWorld) -> None:
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    pins = load_pins(shipped.view().state.head.fleet)
    assert pins is not None
    config_path("pins", pins.fleet_id).unlink()
    shipped.run(4)
    assert codes(shipped) == ["trust.first-use"]
    assert "not verified here" in shipped.waits(shipped.last)
    assert shipped.kinds().count("stage") == 1
    assert shipped.kinds()[-1] == "release-seen"


def test_a_clock_that_goes_back_moves_no_journal_time(shipped: PipelineWorld) -> None:
    before = shipped.known().state.head.time
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.run(after=-120)
    shipped.run(4, after=0)
    assert shipped.known().state.head.time == before
    assert shipped.at().staging.state == "SOAKING"  # nor does it soak
    shipped.until(lambda at: shipped.running() == "1.1.0")
    shipped.check()


def test_acts_from_a_month_ahead_hold_for_nobody_else(shipped: PipelineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped.run(after=MONTH)
    assert shipped.last.acts == ("checkpoint",)
    shipped.clock.pass_(-MONTH)
    monkeypatch.setenv("AGENTGOV_STATE_HOME", str(shipped.folder / "elsewhere"))
    view = shipped.clone(shipped.folder / "elsewhere").view()
    assert view.stretch is not None
    assert view.stretch.code == "act.time"
    assert (view.stretch.timed, view.stretch.seq) == (True, view.state.head.seq + 1)


def test_six_hours_without_a_reconciler_add_one_interval_of_soak(shipped: PipelineWorld) -> None:
    shipped.govern(
        shipped.edit("governance/pipeline.yaml", "environment: staging, soak: 5m", "environment: staging, soak: 1h")
    )
    shipped.write("Words of v1.1.0.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.run(3)
    report = shipped.run(after=6 * 3600)
    assert "soak 10m of 1h" in shipped.waits(report)
