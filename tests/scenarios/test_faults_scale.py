"""Many agents changed by one merge, one of them broken, and somebody who rolls back in the middle of it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gitworld
import pytest
from faultworld import Held, hook
from patience import PATIENCE
from pipelineworld import PipelineWorld
from simulator import TRIAGE

from agentgov.journal.tags import TagText, tag_message
from agentgov.model.closure import closure_of
from agentgov.model.names import AgentId, ReleaseName
from agentgov.release import orders
from agentgov.release.order import MOST
from agentgov.repo.compose import ident, signed_tag, tag_bytes
from agentgov.repo.snapshot import commit_snapshot
from agentgov.trust.sshsig import GIT
from agentgov.validate.load import load_agent


def release_all(fleet: PipelineWorld, agents: tuple[AgentId, ...], version: str) -> None:
    """A release of each of them at main, in one push; what they hold is read once."""
    view, head, lines = fleet.view(), fleet.head(), list[str]()
    snapshot, tagger = commit_snapshot(fleet.repo, head), ident("alice", "alice@sim.example", fleet.clock())
    with fleet.repo.packing():
        for agent in agents:
            name, (document, _) = ReleaseName(agent, version), load_agent(snapshot, agent)
            assert document is not None
            text = TagText(
                view.state.head.fleet, closure_of(agent, document, snapshot).digest, view.state.head.seq, view.tip
            )
            payload = tag_bytes(head, "commit", str(name), tagger, tag_message(name, text).encode())
            oid = fleet.repo.write_object("tag", signed_tag(payload, fleet.signers["alice"].sign(GIT, payload)))
            lines.append(f"create {name.ref} {oid}\n")
    gitworld.git(fleet.work, "update-ref", "--stdin", data="".join(lines).encode())
    fleet.push("refs/tags/*")


def acts_by_agent(fleet: PipelineWorld, *kinds: str) -> dict[str, list[str]]:
    """The kinds of acts on each agent, in order, as far as they are of these."""
    found: dict[str, list[str]] = {}
    ours = set(map(str, fleet.agents))
    for act in fleet.acts():
        if act.kind in kinds and act.get("Agent") in ours:
            found.setdefault(act.get("Agent"), []).append(act.kind)
    return found


def lose(fleet: PipelineWorld, name: str) -> PipelineWorld:
    """A new process on this clone, in which what `git rev-parse` finds under a name is an object full of rubbish."""
    oid = gitworld.git(fleet.work, "rev-parse", "--verify", name).decode()
    packs = fleet.work / ".git/objects/pack"
    for pack in packs.glob("*.pack"):
        away = pack.rename(fleet.folder / pack.name)
        pack.with_suffix(".idx").unlink()
        gitworld.git(fleet.work, "unpack-objects", "-q", data=away.read_bytes())
    place = fleet.work / ".git/objects" / oid[:2] / oid[2:]
    place.chmod(0o644)
    place.write_bytes(b"rubbish")
    return fleet.beside()


def one_merge(fleet: PipelineWorld) -> tuple[AgentId, tuple[AgentId, ...]]:
    """One merge changes every agent, and the first for the worse; each has a tag. That one, and the others."""
    broken, *others = fleet.agents
    files = {f"{one.folder}/prompts/system.md": f"Be {one.name}, and kind.\n" for one in others}
    commit = fleet.change("alice", files | {broken.file: "apiVersion: agentgov.dev/v1\nkind: Agent\nspec: [\n"})
    fleet.review("bob", commit)
    fleet.run()
    assert list(fleet.known().state.pending) == [broken.file]
    release_all(fleet, tuple(others), "1.0.0")
    fleet.tag("alice", broken, "1.0.0", commit)
    return broken, tuple(others)


@pytest.mark.parametrize("count", [3, pytest.param(300, marks=pytest.mark.slow)])
def test_one_broken_agent_among_many_in_one_merge_stops_nobody(tmp_path: Path, count: int) -> None:
    fleet = PipelineWorld(tmp_path / "world", agents=count)
    broken, others = one_merge(fleet)
    fleet.run()
    assert [reason.subject for reason in fleet.last.refused] == [f"{broken}/v1.0.0"]
    fleet.until(lambda at: at.staging.state == "PASSED", others[-1])
    assert acts_by_agent(fleet, "release-seen", "stage", "pass") == {
        str(one): ["release-seen", "stage", "pass"] for one in others
    }
    fleet.check()


@pytest.mark.parametrize(("count", "most"), [(8, 2), pytest.param(2000, MOST, marks=pytest.mark.slow)])
def test_all_agents_changed_in_one_merge_go_in_turn_and_a_rollback_comes_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, most: int
) -> None:
    """Each tick has time for one push of first sights and one of transitions, and leaves the rest to the next."""
    fleet = PipelineWorld(tmp_path / "world", agents=count)
    for version in ("1.0.0", "1.1.0"):
        fleet.ship(version)
    broken, others = one_merge(fleet)
    monkeypatch.setattr("agentgov.release.writing.LONGEST", 0.0)
    monkeypatch.setattr("agentgov.release.taking_over.LOOKING", 3600.0)  # a slow machine would see a part of a push
    for module in ("order", "taking_over"):
        monkeypatch.setattr(f"agentgov.release.{module}.MOST", most)
    gitworld.git(fleet.remote, "config", "core.logAllRefUpdates", "always")
    other, reconciler = fleet.clone(fleet.folder / "other"), fleet.reconciler(fleet.actor("reconciler"))
    report = reconciler.tick()
    wrote, first = [len(report.acts)], len(fleet.acts())
    other.order("erin", orders.order_rollback, TRIAGE, None, reason="it lies")
    assert other.running() == "1.0.0"
    while report.left:
        assert "reconcile.unfinished" in {one.rule for one in report.notes}
        fleet.clock.pass_(60)
        report = reconciler.tick()
        wrote.append(len(report.acts))
    assert len(wrote) >= len(others) // most
    assert max(wrote) <= 2 * most
    assert fleet.acts()[first].kind == "rollback"
    assert [reason.subject for reason in report.refused] == [f"{broken}/v1.0.0"]
    assert acts_by_agent(fleet, "release-seen", "stage") == {str(one): ["release-seen", "stage"] for one in others}
    seen, staged = (
        [act.get("Agent") for act in fleet.acts() if act.kind == kind and act.get("Agent") != str(TRIAGE)]
        for kind in ("release-seen", "stage")
    )
    assert seen != sorted(seen)  # no name is always first
    turn = {agent: number // most for number, agent in enumerate(seen)}
    assert [turn[agent] for agent in staged] == sorted(turn[agent] for agent in staged)  # who waited longest is first
    pushes = gitworld.git(fleet.remote, "reflog", "--format=%H", fleet.journal.ref).decode().split()
    assert len(pushes) >= len(seen) // most + len(staged) // most
    fleet.check()


@pytest.mark.parametrize("what", ["agentgov/journal:deployments/{}.yaml", "agentgov/journal:authorised/{}"])
def test_an_agent_whose_records_are_rubbish_on_this_disk_stops_no_other(tmp_path: Path, what: str) -> None:
    fleet = PipelineWorld(tmp_path / "world", agents=3)
    release_all(fleet, fleet.agents, "1.0.0")
    fleet.run()
    broken, *others = fleet.agents
    other = lose(fleet, "origin/" + what.format(broken if "deployments" in what else broken.file))
    other.run(2, data=False)
    assert {other.at(one).staging.state for one in others} == {"PASSED"}
    assert acts_by_agent(other, "pass", "canary").keys() >= {str(one) for one in others}
    if "deployments" in what:
        assert "is missing from this repository" in other.waits(other.last, broken)


@pytest.mark.parametrize("count", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_a_rollback_in_the_middle_of_a_large_tick_lands_at_once(tmp_path: Path, count: int) -> None:
    """The remote is at the push of all those acts when somebody rolls back: it lands first, the others after it."""
    fleet = PipelineWorld(tmp_path / "world", agents=count)
    for version in ("1.0.0", "1.1.0"):
        fleet.ship(version)
    release_all(fleet, fleet.agents, "1.0.0")
    fleet.write("Words of v1.2.0.")
    fleet.release("alice", TRIAGE, "1.2.0")
    fleet.until(lambda at: at.canary.state == "RAMP")
    fleet.run()
    other, moment, before = fleet.clone(fleet.folder / "other"), Held(fleet.folder, "moment"), len(fleet.acts())
    hook(fleet, "pre-receive", f"mkdir {fleet.folder}/first 2>/dev/null || exit 0; {moment.script}")
    with ThreadPoolExecutor(1) as pool:
        tick = pool.submit(fleet.run)
        try:
            moment.wait()
            other.order("erin", orders.order_rollback, TRIAGE, None, reason="it lies")
        finally:
            moment.go()
        tick.result(PATIENCE)
    assert fleet.journal.lost == 1
    after = fleet.acts()[before:]
    assert [act.kind for act in after] == ["rollback", *["share"] * count]
    assert {act.get("Agent") for act in after[1:]} == {str(one) for one in fleet.agents}
    assert (fleet.running(), fleet.at().canary.share) == ("1.0.0", 0)
    fleet.check()
