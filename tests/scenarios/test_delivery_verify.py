"""`verify --rendered`: whoever reads the branch can compute it again, and names the first path that is another."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gitworld
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pipelineworld import PipelineWorld
from scenarios.test_verify_answers import asked
from simulator import PAYROLL, TRIAGE

from agentgov.delivery.branch import rendered_ref
from agentgov.delivery.choose import Deliveries
from agentgov.delivery.document import Documents
from agentgov.delivery.render import INDEX, Unwritten, paths_of, whole, write_tree
from agentgov.errors import AgentgovError
from agentgov.journal.draft import sign
from agentgov.journal.parts import Overlay
from agentgov.journal.recovery import write_release_override
from agentgov.journal.view import View, view_at
from agentgov.model.document import ENVIRONMENTS
from agentgov.model.names import AgentId, ReleaseName
from agentgov.release import orders
from agentgov.release.tagging import make_release
from agentgov.repo.compose import commit_bytes, ident, signed_commit
from agentgov.trust.sshsig import GIT
from templates import at_home, copied

CONFIG, MANIFEST = paths_of(TRIAGE)
REF = rendered_ref("production")
ROUNDS = 3  # sequences of acts that are tried


@pytest.fixture
def world(once_rendered: PipelineWorld, tmp_path: Path) -> PipelineWorld:
    """One agent in production, rendered."""
    found = copied(once_rendered, tmp_path)
    assert follow(found) == []
    return found


def follow(world: PipelineWorld) -> list[str]:
    """What the reconciler does after a tick; the rules it names."""
    view = world.view()
    deliveries = Deliveries(world.journal, world.appender("reconciler"))
    return [reason.rule for reason in deliveries.follow(view, (), world.clock())]


def verified(world: PipelineWorld, *, code: int, what: str = "") -> dict[str, Any]:
    """The answer of the command in a clone that fetched everything."""
    world.view()
    gitworld.git(world.work, "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
    return asked(world, "verify", *([what] if what else []), "--rendered", "production", code=code)


def put(world: PipelineWorld, who: str, change: Callable[[str], str], message: bytes = b"") -> str:
    """Somebody pushes a commit with a changed tree onto the branch, signed by their key and dressed up as the last."""
    tip = gitworld.git(world.remote, "rev-parse", REF).decode().strip()
    repo = world.beside().repo
    last = repo.commit(tip)
    author = ident(who, f"{who}@sim.example", world.clock())
    payload = commit_bytes(change(last.tree), [tip], author, author, message or last.message)
    signature = world.signers[who].sign(GIT, payload) if who in world.signers else None
    oid = repo.write_object("commit", signed_commit(payload, signature) if signature else payload)
    world.push(f"{oid}:{REF}")
    return oid


def test_a_branch_that_is_the_journals_word_is_accepted(world: PipelineWorld) -> None:
    found = verified(world, code=0)
    assert found["rendered"]["act"]["seq"] == found["journal"]["seq"]
    assert found["subject"] == "agentgov/rendered/production"
    assert verified(world, code=0, what=found["where"]["commit"])["verdict"] == "accept"


def test_a_tampered_file_is_named_even_under_a_reconcilers_signature(world: PipelineWorld) -> None:
    repo = world.beside().repo
    blob = (0o100644, repo.write_blob(b"{}\n"))
    oid = put(world, "reconciler", lambda tree: repo.put_files(tree, {CONFIG: blob, MANIFEST: blob}))
    found = verified(world, code=1)
    assert (found["code"], found["where"]["path"], found["where"]["commit"]) == ("rendered.differs", CONFIG, oid)
    put(world, "reconciler", lambda tree: repo.put_files(tree, {CONFIG: None}))
    assert verified(world, code=1)["where"]["path"] == CONFIG


@pytest.mark.parametrize("who", ["nobody", "carol", "gate"])
def test_what_no_reconciler_signed_is_refused_whatever_it_holds(world: PipelineWorld, who: str) -> None:
    assert who == "nobody" or who in world.signers
    put(world, who, lambda tree: tree)
    found = verified(world, code=1)
    assert (found["code"], found["rendered"]["act"]) == ("rendered.unsigned", None)


def test_an_act_that_the_journal_does_not_hold_cannot_be_told(world: PipelineWorld) -> None:
    put(world, "reconciler", lambda tree: tree, b"render\n\nAgentgov-Journal: 9 " + b"a" * 40 + b"\n")
    assert verified(world, code=3)["code"] == "rendered.foreign"


def test_a_branch_that_is_behind_is_refused_once_it_says_something_else(world: PipelineWorld) -> None:
    world.order("erin", orders.order_hold, TRIAGE, lift=False, reason="wait")
    behind = verified(world, code=0)
    assert "rendered.stale" in [one["rule"] for one in behind["reasons"]]
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it lies")
    found = verified(world, code=1)
    assert (found["code"], found["where"]["path"]) == ("rendered.stale", CONFIG)
    assert follow(world) == []
    assert verified(world, code=0)["verdict"] == "accept"


def test_without_the_branch_or_its_objects_it_cannot_be_told(world: PipelineWorld, tmp_path: Path) -> None:
    gitworld.git(world.work, "update-ref", "-d", f"refs/remotes/origin/{REF.removeprefix('refs/heads/')}")
    found = asked(world, "verify", "--rendered", "production", code=3)
    assert f"git fetch origin +{REF}" in found["reasons"][-1]["message"]
    other = world.clone(tmp_path / "other")
    view = other.view()
    blob = view.repo.entry(view.authorised, f"{TRIAGE.folder}/prompts/system.md")
    assert blob is not None
    _lose(other.work, blob.oid)
    assert asked(other, "verify", "--rendered", "production", code=3)["verdict"] == "incomplete"


def test_where_no_branch_is_asked_for_it_says_what_to_write(world: PipelineWorld) -> None:
    message = asked(world, "verify", "--rendered", "staging", code=3)["reasons"][-1]["message"]
    assert "asks for no rendered branch of staging" in message
    assert "write delivery: {rendered: [production, staging]}" in message
    assert "git fetch" not in message


def _lose(work: Path, oid: str) -> None:
    """One object is gone, wherever it lay."""
    gitworld.unpack(work / ".git")
    (work / ".git" / "objects" / oid[:2] / oid[2:]).unlink()


# --- one step at a time is the same as everything at once ------------------------------------------------------------


def overridden(world: PipelineWorld) -> None:
    """A release goes through without its reviews, by two administrators."""
    version = f"9.{world.view().state.head.seq}.0"
    name = ReleaseName(TRIAGE, version)
    commit = world.change("alice", {f"{TRIAGE.folder}/prompts/system.md": f"Urgent {version}.\n"})
    made = make_release(world.view(), world.actor("alice"), name, commit, now=world.clock(), for_override=True)
    world.push(name.ref)
    view, bound = world.view(), (made.oid, commit, made.release.closure)
    due = view.state.head.time + 86_400
    act = write_release_override(view, world.actor("carol"), name, bound, due=due, now=world.clock(), reason="x")
    world.append(sign(act, world.signers["carol"]), by="carol")
    world.run(2)


def released(world: PipelineWorld) -> None:
    """New words for an agent, released, on their way."""
    version = f"3.{world.view().state.head.seq}.0"
    world.write(f"Version {version}.", reviewers=("bob",))
    world.release("alice", TRIAGE, version)
    world.run(4)


def paused(world: PipelineWorld, selector: str, mode: str, seconds: int) -> None:
    until = world.view().state.head.time + seconds if seconds else 0
    world.order("erin", orders.order_pause, selector, mode=mode, until=until, reason="it lies")


STEPS: dict[str, Callable[[PipelineWorld], object]] = {
    "release": released,
    "override": overridden,
    "tick": lambda world: world.run(1),
    "ticks": lambda world: world.run(3),
    "bad": lambda world: world.run(2, bad=0.5),
    "rollback": lambda world: world.order("erin", orders.order_rollback, TRIAGE, None, reason="it lies"),
    "abort": lambda world: world.order("bob", orders.order_abort, TRIAGE, reason="no"),
    "hold": lambda world: world.order("erin", orders.order_hold, TRIAGE, lift=False, reason="wait"),
    "lift": lambda world: world.order("erin", orders.order_hold, TRIAGE, lift=True),
    "retire": lambda world: world.order("bob", orders.order_retire, TRIAGE, reason="done"),
    "pause": lambda world: paused(world, str(TRIAGE), "stop", 0),
    "pause all": lambda world: paused(world, f"{TRIAGE.workspace}/*", "read-only", 0),
    "pause for a while": lambda world: paused(world, str(TRIAGE), "stop", 400),
    "pause model": lambda world: paused(world, "model:anthropic/claude-sonnet-4-5", "stop", 0),
    "resume model": lambda world: world.order("erin", orders.order_resume, "model:anthropic/claude-sonnet-4-5"),
    "resume": lambda world: world.order("erin", orders.order_resume, str(TRIAGE)),
    "resume all": lambda world: world.order("erin", orders.order_resume, f"{TRIAGE.workspace}/*"),
}


@settings(max_examples=ROUNDS)
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=4, max_size=9))
@example(["override", "ticks", "pause for a while", "ticks", "ticks", "rollback", "retire"])
@example(["pause model", "release", "ticks", "resume model", "pause all", "release", "tick"])
@example(["release", "tick", "bad", "pause all", "abort", "resume all", "release", "ticks"])
def test_what_changed_since_any_act_makes_the_tree_of_everything(
    once_rendered: PipelineWorld, tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    with at_home(folder):
        world = copied(once_rendered, folder)
        documents = {environment: Documents(environment) for environment in ENVIRONMENTS}
        before = [world.view()]
        for step in steps:
            with suppress(AgentgovError):  # not every step can be taken everywhere
                STEPS[step](world)
            before.append(world.view())
            for environment in ENVIRONMENTS:
                assert_incremental(before, documents[environment])


def test_a_label_that_is_authorised_under_a_pause_takes_the_agent_away(world: PipelineWorld) -> None:
    def labelled(agent: AgentId) -> None:
        name = f"{{name: {agent.name}"
        commit = world.change("alice", world.edit(agent.file, name, f"{name}, labels: {{tier: gold}}"))
        for reviewer in ("bob", "carol", "dave", "erin"):
            with suppress(AgentgovError):  # who owns it, of all
                world.review(reviewer, commit)
        assert not world.advance(commit).state.pending

    labelled(PAYROLL)
    paused(world, "tier=gold", "stop", 0)
    views = [world.view()]
    assert paths_there(views[-1]) == {CONFIG, MANIFEST}
    labelled(TRIAGE)
    views.append(world.view())
    assert paths_there(views[-1]) == set()
    assert_incremental(views, Documents("production"))


def paths_there(view: View) -> set[str]:
    """What is rendered, without the index."""
    return whole(view, Documents("production")).keys() - {INDEX}


def assert_incremental(views: list[View], documents: Documents) -> None:
    """From the first, and from the one before the last, the same tree comes out as from nothing; it is written."""
    *earlier, now = views
    expected = write_tree(view_at(now.repo, now.tip), Documents(documents.environment), now.repo)
    for then in {one.tip: one for one in (earlier[0], earlier[-1])}.values():
        start = write_tree(then, Documents(documents.environment), now.repo)
        assert write_tree(now, documents, Unwritten(Overlay(now.repo)), (then, start)) == expected
