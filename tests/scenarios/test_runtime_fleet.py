"""What a gate sees of the journal: what of each agent runs, within the limits of today, from real repositories."""

import threading
from pathlib import Path

import gitworld
import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE, agent_file

from agentgov.model.act import parse
from agentgov.model.names import AgentId
from agentgov.model.units import BUCKETS
from agentgov.model.verdict import Effect
from agentgov.release import orders
from agentgov.runtime.bucketing import in_canary
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.lease import offences
from templates import copied, made

STAGING_FILE = agent_file(TRIAGE, team="support") + '  environments: {staging: {budget: {day: "1.00 USD"}}}\n'


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """One agent in production, another that was never released."""

    def make(folder: Path) -> PipelineWorld:
        world = PipelineWorld(folder, files={TRIAGE.file: STAGING_FILE})
        world.ship("1.0.0")
        return world

    return made(tmp_path_factory.mktemp("shipped"), make)


@pytest.fixture
def world(shipped: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    return copied(shipped, tmp_path)


def to_canary(world: PipelineWorld, version: str = "1.1.0") -> None:
    world.write(f"Version {version}.")
    world.release("alice", TRIAGE, version)
    world.until(lambda at: at.canary.state == "RAMP")


def test_what_was_released_runs_as_it_is_in_each_environment(world: PipelineWorld) -> None:
    fleet = Fleet(world.view())
    production, staging = fleet.deployed(TRIAGE, "production"), fleet.deployed(TRIAGE, "staging")
    assert production.stable is not None
    assert staging.stable is not None
    assert production.stable.name == staging.stable.name == f"{TRIAGE}/v1.0.0"
    assert production.stable.agent.spec.budget.day == "5.00 USD"
    assert staging.stable.agent.spec.budget.day == staging.stable.config["spec"]["budget"]["day"] == "1.00 USD"
    assert production.stable.files == {f"{TRIAGE.folder}/prompts/system.md": {"text": "Version 1.0.0.\n"}}
    assert (production.canary, production.share, production.rollout) == (None, 0, "")
    assert fleet.agents() == (PAYROLL, TRIAGE)
    assert (fleet.seq, fleet.tip) == (fleet.view.state.head.seq, fleet.view.tip)


def test_what_was_never_released_does_not_run(world: PipelineWorld) -> None:
    fleet = Fleet(world.view())
    for agent in (PAYROLL, AgentId("nobody", "knows")):
        found = fleet.deployed(agent, "production")
        assert [one.rule for one in found.refused] == ["runtime.never-released"]
        assert found.stable is None


def test_a_canary_keeps_its_members_while_it_is_widened(world: PipelineWorld) -> None:
    to_canary(world)
    narrow = Fleet(world.view())
    world.until(lambda at: at.canary.step == 1)
    wide = Fleet(world.view(), narrow)
    before, after = (fleet.deployed(TRIAGE, "production") for fleet in (narrow, wide))
    assert before.canary is not None
    assert before.canary.name == f"{TRIAGE}/v1.1.0"
    assert (before.share, after.share) == (5 * BUCKETS // 100, 25 * BUCKETS // 100)
    assert before.rollout == after.rollout
    assert parse(world.repo.commit(after.rollout).message).kind == "canary"
    members = {str(key) for key in range(2000) if in_canary(before.rollout, str(key), before.share)}
    assert members
    assert all(in_canary(after.rollout, key, after.share) for key in members)
    assert Fleet(world.view()).deployed(TRIAGE, "production") == after, "also found by who knows nothing before"
    assert narrow.deployed(TRIAGE, "production") == before, "an earlier state stays what it was"
    assert wide.deployed(TRIAGE, "staging").canary is None


def test_a_second_attempt_of_the_same_tag_picks_others(world: PipelineWorld) -> None:
    to_canary(world)
    first = Fleet(world.view())
    first_rollout = first.deployed(TRIAGE, "production").rollout
    world.until(lambda at: at.canary.state == "INCONCLUSIVE", data=False, most=40)
    assert Fleet(world.view(), first).deployed(TRIAGE, "production").rollout == first_rollout
    tag = world.at().canary.release
    world.order("bob", orders.order_clear, TRIAGE, None, reason="traffic is back")
    world.until(lambda at: at.canary.state == "RAMP")
    again = Fleet(world.view(), first).deployed(TRIAGE, "production")
    assert again.canary is not None
    assert again.canary.tag == tag
    assert again.rollout not in ("", first_rollout)


def test_what_is_retired_does_not_run(world: PipelineWorld) -> None:
    world.order("bob", orders.order_retire, TRIAGE, reason="no longer needed")
    fleet = Fleet(world.view())
    assert [one.rule for one in fleet.deployed(TRIAGE, "production").refused] == ["runtime.retired"]


def test_a_limit_holds_at_once_and_without_a_release(world: PipelineWorld) -> None:
    before = Fleet(world.view())
    assert before.deployed(TRIAGE, "production").stable is not None
    path = "governance/workspaces/support.yaml"
    world.govern(world.edit(path, "owner: team:support\n", "owner: team:support\ntools: {deny: [tickets.*]}\n"))
    after = Fleet(world.view(), before)
    found, was = (fleet.deployed(TRIAGE, "production").stable for fleet in (after, before))
    assert found is not None
    assert was is not None
    assert ([tool.name for tool in was.agent.spec.tools], found.agent.spec.tools) == (["tickets.read"], ())
    assert found.closure == was.closure
    assert [one.rule for one in found.limits] == ["runtime.limit-tool"]
    assert after.governance_digest != before.governance_digest


def test_an_agent_without_an_allowed_model_may_not_run(world: PipelineWorld) -> None:
    path = "governance/workspaces/support.yaml"
    world.govern(world.edit(path, "owner: team:support\n", "owner: team:support\nmodels: {allow: [acme/*]}\n"))
    found = Fleet(world.view()).deployed(TRIAGE, "production").stable
    assert found is not None
    assert [(one.rule, one.effect) for one in offences(found)] == [("runtime.limit-model", Effect.DENY)]


def test_contents_that_are_gone_are_no_yes_and_come_back(world: PipelineWorld) -> None:
    view = world.view()
    entry = view.repo.entry(view.authorised, TRIAGE.file)
    assert entry is not None
    gitworld.unpack(world.work / ".git")
    loose = world.work / ".git" / "objects" / entry.oid[:2] / entry.oid[2:]
    aside = loose.with_suffix(".aside")
    loose.rename(aside)
    found = Fleet(world.beside().known()).deployed(TRIAGE, "production")
    assert [(one.rule, one.effect) for one in found.refused] == [("runtime.incomplete", Effect.UNKNOWN)]
    aside.rename(loose)
    assert Fleet(world.beside().known()).deployed(TRIAGE, "production").stable is not None


def test_what_somebody_elses_act_changes_is_not_asked_again(world: PipelineWorld) -> None:
    before = Fleet(world.view())
    first = before.deployed(TRIAGE, "production")
    world.order("bob", orders.order_pause, str(PAYROLL), mode="stop", until=0, reason="look at it")
    after = Fleet(world.view(), before)
    assert after.seq == before.seq + 1
    assert after.known(TRIAGE, "production") is first


def test_a_canary_whose_contents_are_gone_gets_no_traffic(world: PipelineWorld) -> None:
    to_canary(world)
    tag = world.at().canary.release
    path = f"{TRIAGE.folder}/prompts/system.md"
    view = world.view()
    entry = view.repo.entry(view.authorised, path)
    assert entry is not None
    gitworld.unpack(world.work / ".git")
    loose = world.work / ".git" / "objects" / entry.oid[:2] / entry.oid[2:]
    aside = loose.with_suffix(".aside")
    loose.rename(aside)
    damaged = Fleet(world.beside().known())
    found = damaged.deployed(TRIAGE, "production")
    assert found.stable is not None
    assert (found.stable.name, found.canary, found.share) == (f"{TRIAGE}/v1.0.0", None, 0)
    aside.rename(loose)
    world.order("bob", orders.order_pause, str(PAYROLL), mode="stop", until=0, reason="another act")
    mended = Fleet(world.view(), damaged).deployed(TRIAGE, "production").canary
    assert mended is not None
    assert mended.tag == tag


def test_threads_ask_at_the_same_time(world: PipelineWorld) -> None:
    fleet, found = Fleet(world.view()), []
    threads = [threading.Thread(target=lambda: found.append(fleet.deployed(TRIAGE, "production"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(one) for one in found}) == 1


def test_what_is_still_the_same_is_not_read_again(world: PipelineWorld) -> None:
    before = Fleet(world.view())
    first = before.deployed(TRIAGE, "production")
    world.order("bob", orders.order_hold, TRIAGE, lift=False, reason="look at it")
    world.run()
    assert Fleet(before.view, before).deployed(TRIAGE, "production") is first
    after = Fleet(world.view(), before)
    assert after.known(TRIAGE, "production") is None, "its record changed"
    after.refresh()
    found = after.known(TRIAGE, "production")
    assert found is not None
    assert found == first
    assert found.stable is not None
    assert first.stable is not None
    assert found.stable.files is first.stable.files
