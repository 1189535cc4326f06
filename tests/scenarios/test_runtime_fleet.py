"""What a gate sees of the journal: what of each agent runs, within the limits of today, from real repositories."""

import threading
from pathlib import Path

import gitworld
import pytest
from msgspec.structs import replace
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE, agent_file

from agentgov.errors import IncompleteError
from agentgov.journal.view import view_at
from agentgov.model.act import parse
from agentgov.model.document import ENVIRONMENTS
from agentgov.model.names import AgentId
from agentgov.model.units import BUCKETS
from agentgov.model.verdict import Effect
from agentgov.release import orders
from agentgov.repo.repository import Repository
from agentgov.repo.storage import Kind, Storage
from agentgov.runtime.bucketing import in_canary
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import UpTo, note_classes, noted_upto, unnoted
from agentgov.runtime.lease import offences
from agentgov.runtime.rollouts import Rollouts
from agentgov.store.open import open_store
from templates import copied, made

STAGING_FILE = (
    agent_file(TRIAGE, team="support")
    + '  environments: {staging: {budget: {day: "1.00 USD"}}}\n  audit: {retention: casework}\n'
)
RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
default: casework
classes: {casework: {payload: 30d, leaf: 365d, basis: house rules}}
"""
CLASSES = {(str(TRIAGE), slot): "casework" for slot in ("staging", "production")}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """One agent in production, another that was never released."""

    def make(folder: Path) -> PipelineWorld:
        world = PipelineWorld(folder, files={TRIAGE.file: STAGING_FILE, "governance/retention.yaml": RETENTION})
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


def test_what_was_read_ahead_is_there_without_another_question_to_git(
    world: PipelineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, asked = Repository.open(world.work), list[str]()
    ask = Storage.read

    def noted(storage: Storage, oid: str, kind: Kind) -> bytes:
        asked.append(kind)
        return ask(storage, oid, kind)

    fleet = Fleet(view_at(repo, world.view().tip))
    fleet.read_ahead([*fleet.agents(), AgentId("nobody", "knows")])
    monkeypatch.setattr(Storage, "read", noted)
    for place in ENVIRONMENTS:
        stable = fleet.deployed(TRIAGE, place).stable
        assert stable is not None
        assert stable.files == {f"{TRIAGE.folder}/prompts/system.md": {"text": "Version 1.0.0.\n"}}
    assert "blob" not in asked


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
    _look_back_while_an_act_is_gone(world, again.rollout)


def _look_back_while_an_act_is_gone(world: PipelineWorld, act: str) -> None:
    world.order("bob", orders.order_pause, str(PAYROLL), mode="stop", until=0, reason="another act")
    known, rollouts = world.view(), Rollouts()
    kept = known.memory.line.kept_until(known.tip, 1)
    gitworld.unpack(world.work / ".git")
    view = view_at(Repository.open(world.work), known.tip)
    view.memory.line.keep_from(lambda: kept)
    loose = world.work / ".git" / "objects" / act[:2] / act[2:]
    aside = loose.rename(loose.with_suffix(".aside"))
    with pytest.raises(IncompleteError):
        rollouts.of(view, TRIAGE)
    aside.rename(loose)
    assert rollouts.of(view, TRIAGE) == act, "the attempt before is not taken for it"


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
    stopped = Fleet(world.beside().known()).deployed(TRIAGE, "production")
    assert [(one.rule, one.effect) for one in stopped.refused] == [("runtime.incomplete", Effect.UNKNOWN)]
    missed = unnoted(world.beside().known(), UpTo())
    assert (missed.classes, missed.upto.missed) == ({}, (str(TRIAGE),))
    aside.rename(loose)
    assert Fleet(world.beside().known()).deployed(TRIAGE, "production").stable is not None
    world.order("bob", orders.order_pause, str(PAYROLL), mode="stop", until=0, reason="another act")
    found = unnoted(world.view(), missed.upto)
    assert (found.classes, found.upto.missed) == (CLASSES, ()), "it is looked at again, though nothing of it changed"


def test_a_class_is_noted_once_and_never_by_who_knows_less(world: PipelineWorld, tmp_path: Path) -> None:
    old = unnoted(world.view(), UpTo())
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", serving=False)
    try:
        assert store.write(lambda tx: note_classes(tx, old, 1)).result() == len(CLASSES)
        assert store.read(noted_upto).result() == old.upto
        newer = replace(old, classes={(str(TRIAGE), "staging"): "other"}, upto=UpTo(old.upto.seq + 1))
        assert store.write(lambda tx: note_classes(tx, newer, 2)).result() == 1
        assert store.write(lambda tx: note_classes(tx, old, 3)).result() == 0
        assert store.read(noted_upto).result() == newer.upto
    finally:
        store.close()


def test_what_somebody_elses_act_changes_is_not_asked_again(world: PipelineWorld) -> None:
    before = Fleet(world.view())
    first, agents = before.deployed(TRIAGE, "production"), before.agents()
    noted = unnoted(before.view, UpTo())
    assert noted.classes == CLASSES
    world.order("bob", orders.order_pause, str(PAYROLL), mode="stop", until=0, reason="look at it")
    after = Fleet(world.view(), before)
    assert after.seq == before.seq + 1
    assert after.known(TRIAGE, "production") is first
    assert after.agents() is agents
    assert unnoted(after.view, noted.upto).classes == {}
    assert unnoted(after.view, UpTo(before.seq, "0" * 40)).classes == CLASSES, (
        "all of them, where that act is not known"
    )
    new = AgentId("support", "new")
    prompt = f"{new.folder}/prompts/system.md"
    commit = world.change("alice", {new.file: agent_file(new, team="support"), prompt: "Be new.\n"})
    for reviewer in ("bob", "erin"):
        world.review(reviewer, commit)
    later = Fleet(world.advance(commit), after)
    assert later.agents() == (PAYROLL, new, TRIAGE)
    assert later.knows(new)


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
