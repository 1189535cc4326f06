"""The three worlds of bench_trust: a signed history over many agents, a long journal, a merge in a large fleet.

Real objects, real keys; written in memory and packed, since writing them one by one would take longer than the rest.
"""

import random
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

import gitworld  # noqa: E402
import pygit2  # noqa: E402
from packed import Pack, repack  # noqa: E402
from simulator import FLEET, PEOPLE, FleetSimulator, agent_file  # noqa: E402

from agentgov.journal.advancing import draft_advance  # noqa: E402
from agentgov.journal.draft import Actor, Draft, sign, write_act  # noqa: E402
from agentgov.journal.reviewing import draft_review, reviewable  # noqa: E402
from agentgov.journal.view import View  # noqa: E402
from agentgov.model.names import AgentId  # noqa: E402
from agentgov.model.snapshot import FILE, TREE  # noqa: E402
from agentgov.repo.compose import commit_bytes, ident, signed_commit, tree_bytes  # noqa: E402
from agentgov.repo.objects import TreeEntry, object_id, parse_tree, tree_order  # noqa: E402
from agentgov.repo.storage import survive_crashes  # noqa: E402
from agentgov.repo.treeedit import Edits, put_files, spliced  # noqa: E402
from agentgov.trust.signers import KeyFileSigner, generate_key  # noqa: E402
from agentgov.trust.sshsig import GIT  # noqa: E402

__all__ = ["FLEET", "FleetSimulator", "SignedHistory", "long_journal", "merge_in_a_large_fleet", "signed_history"]
START = gitworld.START


class PackedTrees:
    """Trees in a pack, which can be read again while it is written."""

    def __init__(self, pack: Pack) -> None:
        self.pack, self._known = pack, dict[str, tuple[TreeEntry, ...]]()

    def tree(self, oid: str) -> tuple[TreeEntry, ...]:
        """The entries of a tree that was written here."""
        return self._known[oid]

    def write_tree(self, entries: Iterable[TreeEntry]) -> str:
        """Write a tree and return its id."""
        oid = self.pack.tree(found := tuple(sorted(entries, key=tree_order)))
        self._known.setdefault(oid, found)
        return oid

    def splice_tree(self, oid: str, edits: Edits) -> str:
        """Write a tree that differs in few entries from one that was written here."""
        raw, _ = spliced(tree_bytes(self.tree(oid)), self.tree(oid), edits)
        return self.write_raw_tree(raw)

    def write_raw_tree(self, raw: bytes) -> str:
        """Write a tree that is sorted already and return its id."""
        self._known.setdefault(object_id("tree", raw), parse_tree(raw))
        return self.pack.add("tree", raw)


def agents_of(count: int, per_workspace: int) -> list[AgentId]:
    """So many agents in workspaces of one size."""
    return [AgentId(f"unit-{number // per_workspace:03d}", f"agent-{number:05d}") for number in range(count)]


def agent_texts(agents: Iterable[AgentId]) -> Iterator[tuple[str, str]]:
    """(path, text) of the files of some agents."""
    for agent in agents:
        yield agent.file, agent_file(agent, team="support")
        yield f"{agent.folder}/prompts/system.md", f"You are {agent.name}.\n"


@dataclass(frozen=True, slots=True)
class SignedHistory:
    """Commits signed by five people in turn, oldest first, without the one that began the fleet; and git's own list of
    whose keys are whose."""

    folder: Path
    commits: tuple[str, ...]
    allowed_signers: Path


def signed_history(folder: Path, count: int, agents: int) -> SignedHistory:
    """Each commit changes the prompts of one to three agents."""
    signers = []
    for name in PEOPLE:
        generate_key(folder / name, name)
        signers.append((name, KeyFileSigner(folder / name)))
    work, pack, chance = gitworld.make_repository(folder / "history"), Pack(), random.Random(7)
    trees, names = PackedTrees(pack), agents_of(agents, 100)
    first = {path: (FILE, pack.add("blob", text.encode())) for path, text in agent_texts(names)}
    tree = put_files(trees, None, {**first, "agentgov.yaml": (FILE, pack.add("blob", b"kind: Fleet\n"))})
    commits: list[str] = []
    for number in range(count + 1):
        name, signer = signers[number % len(signers)]
        for agent in chance.sample(names, chance.randint(1, 3)):
            prompt = f"{agent.folder}/prompts/system.md"
            tree = put_files(trees, tree, {prompt: (FILE, pack.add("blob", f"{agent} {number}\n".encode()))})
        who = ident(name, f"{name}@sim.example", START + number)
        payload = commit_bytes(tree, commits[-1:], who, who, f"Change {number}\n\nBecause it was asked.\n".encode())
        commits.append(pack.add("commit", signed_commit(payload, signer.sign(GIT, payload))))
    pack.write(work)
    gitworld.git(work, "update-ref", "refs/heads/main", commits[-1])
    repack(work)
    allowed = folder / "allowed_signers"
    allowed.write_text("".join(f"{name}@sim.example {signer.public_key}\n" for name, signer in signers))
    return SignedHistory(work, tuple(commits[1:]), allowed)


def long_journal(folder: Path, acts: int) -> FleetSimulator:
    """A journal with so many acts: of ten, six pauses and resumes, two checkpoints, a review and an advance over it."""
    world = FleetSimulator(folder, remote=False)
    world.introduce()
    survive_crashes()
    pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, False)
    view, main = world.view(), world.head()
    for number in range(acts - 1):
        world.clock.pass_(20)
        if number % 10 == 7:
            main = _changed(world, main, number)
        draft, by = _act(world, view, number, main)
        view = world.journal.build(view, [draft], world.appender(by), world.clock())
    gitworld.git(world.work, "update-ref", "refs/heads/main", main)
    gitworld.git(world.work, "update-ref", "refs/heads/agentgov/journal", view.tip)
    repack(world.work)
    return world


def _act(world: FleetSimulator, view: View, number: int, main: str) -> tuple[Draft, str]:
    """The next act, and who appends it."""
    place = number % 10
    if place == 8:
        found = draft_advance(view, _actor(world, view, "reconciler"), main, now=world.clock()).act
        assert found is not None
        return found, "reconciler"
    if place == 7:
        change = reviewable(view, main)
        return draft_review(view, _actor(world, view, "bob"), change, "approve", commit=main, now=world.clock()), "bob"
    if place in (6, 9):
        act = write_act(view, _actor(world, view, "reconciler"), "checkpoint", "checkpoint", [], now=world.clock())
        return sign(act, world.signers["reconciler"]), "reconciler"
    kind, fields = ("resume", []) if place % 2 else ("pause", [("Mode", "stop")])
    words = [("Selector", "support/triage"), *fields]
    act = write_act(view, _actor(world, view, "alice"), kind, f"{kind} by alice", words, now=world.clock())
    return sign(act, world.signers["alice"]), "alice"


def _actor(world: FleetSimulator, view: View, who: str) -> Actor:
    identity = view.directory.by_key(world.signers[who].public_key)
    assert identity is not None
    return Actor(identity, world.appender(who))


def _changed(world: FleetSimulator, parent: str, number: int) -> str:
    """A commit of main by alice that changes a prompt."""
    repo = world.repo
    blob = repo.write_blob(f"Sort, the {number}th way.\n".encode())
    tree = repo.put_files(repo.commit(parent).tree, {"agents/support/triage/prompts/system.md": (FILE, blob)})
    who = ident("alice", "alice@sim.example", world.clock())
    return repo.write_object("commit", commit_bytes(tree, [parent], who, who, b"Sort otherwise\n"))


def merge_in_a_large_fleet(folder: Path, agents: int, per_workspace: int) -> tuple[FleetSimulator, str]:
    """A fleet that stands authorised, and a merge that touches three agents of it and has its review."""
    world = FleetSimulator(folder, remote=False)
    pack = Pack()
    trees, names = PackedTrees(pack), agents_of(agents, per_workspace)
    todo = [world.repo.commit(world.head()).tree]
    while todo:
        oid = todo.pop()
        trees.write_raw_tree(world.repo.read(oid, "tree"))
        todo += [entry.oid for entry in trees.tree(oid) if entry.mode == TREE]
    base = world.head()
    tree = put_files(
        trees,
        world.repo.commit(base).tree,
        {path: (FILE, pack.add("blob", text.encode())) for path, text in agent_texts(names)}
        | {".github/CODEOWNERS": (FILE, pack.add("blob", b"* @sim/platform\n/agents/ @sim/support\n"))},
    )
    who = ident("alice", "alice@sim.example", world.clock())

    def commit(tree: str, *parents: str) -> str:
        return pack.add("commit", commit_bytes(tree, parents, who, who, b"A change\n"))

    def edited(tree: str, *places: int) -> str:
        paths = [f"{names[place].folder}/prompts/system.md" for place in places]
        return put_files(trees, tree, {path: (FILE, pack.add("blob", b"Be brief.\n")) for path in paths})

    first = commit(tree, base)
    ours = commit(edited(tree, 3), first)
    theirs = commit(edited(tree, agents // 2, agents - 2), first)
    merge = commit(edited(tree, 3, agents // 2, agents - 2), ours, theirs)
    pack.write(world.work)
    gitworld.git(world.work, "update-ref", "refs/heads/main", first)
    world.introduce(commit=first)
    gitworld.git(world.work, "update-ref", "refs/heads/main", merge)
    world.review("bob", merge)
    repack(world.work)
    return world, merge
