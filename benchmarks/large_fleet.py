"""A fleet of very many agents that all run in production and rest, in a clone and a bare remote, made in a minute.

    world = LargeFleet(folder, 10_000)

Main, its commits, the signed tags and the first act of the journal are real. Authorising a second version of every
agent and taking it to production by the law is more than six acts an agent, so here one commit of the journal holds
what those acts would leave; no verifier would take it, and this machine is told that it verified up to there, as it
would have. What comes after is judged, signed and verified like everywhere. Good for measuring, and for nothing else.
"""

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

import gitworld  # noqa: E402
import msgspec  # noqa: E402
from packed import Pack  # noqa: E402
from pipelineworld import PipelineWorld, pipeline_file  # noqa: E402
from simulator import FLEET, START, FleetSimulator  # noqa: E402
from trust_worlds import PackedTrees, agent_texts, agents_of  # noqa: E402

from agentgov.journal.adopt import governed_changes  # noqa: E402
from agentgov.journal.branch import Journal  # noqa: E402
from agentgov.journal.draft import draft  # noqa: E402
from agentgov.journal.records import to_bytes  # noqa: E402
from agentgov.journal.remembered import remember_verified  # noqa: E402
from agentgov.journal.tags import TagText, tag_message  # noqa: E402
from agentgov.journal.view import View, view_after  # noqa: E402
from agentgov.model.act import render  # noqa: E402
from agentgov.model.closure import manifest_digest  # noqa: E402
from agentgov.model.names import AgentId, ReleaseName  # noqa: E402
from agentgov.model.snapshot import FILE, TREE  # noqa: E402
from agentgov.model.state import (  # noqa: E402
    AUTHORISED,
    HEAD_FILE,
    Deployment,
    Prior,
    Production,
    Release,
    Staging,
    deployment_path,
    release_path,
)
from agentgov.repo.compose import commit_bytes, ident, signed_commit, signed_tag, tag_bytes  # noqa: E402
from agentgov.repo.objects import object_id  # noqa: E402
from agentgov.repo.remote import Remote  # noqa: E402
from agentgov.repo.repository import Repository  # noqa: E402
from agentgov.repo.treeedit import put_files  # noqa: E402
from agentgov.trust.pins import load_pins, save_last_seen  # noqa: E402
from agentgov.trust.sshsig import GIT  # noqa: E402

SOAK = 120  # seconds, in staging
PIPELINE = pipeline_file(judge="none", soak=f"{SOAK}s", bake="0s")
VERSIONS = ("1.0.0", "1.1.0")  # of every agent: the last one runs, the one before is what it can return to


@dataclass(frozen=True, slots=True)
class _Made:
    """A release of an agent: its record and its tag object."""

    record: Release
    raw: bytes


class LargeFleet(PipelineWorld):
    """So many agents that run their last version, but for the first ones, where it soaks in staging; the journal goes
    on with so many checkpoints, all in the remote."""

    def __init__(
        self,
        folder: Path,
        agents: int,
        *,
        soaking: int = 0,
        per_workspace: int = 100,
        later_acts: int = 1000,
        files: Mapping[str, str] | None = None,
        now: int = START,
    ) -> None:
        FleetSimulator.__init__(self, folder, files={"governance/pipeline.yaml": PIPELINE, **(files or {})})
        self._counted = {}
        self.clock.time = now
        self.agents = tuple(agents_of(agents, per_workspace))
        pack = Pack()
        commits = _contents(self, pack)
        self._write(pack)
        gitworld.git(self.work, "update-ref", "refs/heads/main", commits[-1])
        gitworld.git(self.remote, "update-ref", "refs/heads/main", commits[-1])
        self.introduce(commit=commits[0])
        view, pack = self.view(), Pack()
        made = {
            agent: [
                _made(self, (0, view.tip), ReleaseName(agent, version), number, commits[number])
                for number, version in enumerate(VERSIONS)
            ]
            for agent in self.agents
        }
        records = _records(pack, made, frozenset(self.agents[:soaking]))
        self._write(pack)
        for repository in (self.work, self.remote):
            _add_tags(repository, {one.record.name: one.record.tag for each in made.values() for one in each})
        self._go_on(_with_records(self, view, records, commits[-1]), later_acts)

    def _write(self, pack: Pack) -> None:
        for repository in (self.work, self.remote):
            pack.write(repository)

    def _go_on(self, view: View, acts: int) -> None:
        """Verified up to there, says this machine; then acts that are verified like any others."""
        pins = load_pins(FLEET)
        remember_verified(FLEET, pins, view)
        save_last_seen(FLEET, view.tip)
        assert self.journal.publish(self.journal.known_tip(), view.tip)
        self.repo, self.journal = self.fresh()
        bot = self.actor("reconciler")
        beats = [draft(view, bot, "checkpoint", "checkpoint", [], now=self.clock()) for _ in range(acts)]
        self.append(*beats, by="reconciler")
        self.repo, self.journal = self.fresh()

    def merge(self, number: int) -> str:
        """One commit of main, pushed, that changes the words of every agent."""
        who = ident("alice", "alice@sim.example", self.clock())
        with self.repo.packing():
            files = {
                path: (FILE, self.repo.write_blob(text.encode()))
                for path, text in _texts(self.agents, number).items()
                if not path.endswith("agent.yaml")
            }
            tree = self.repo.put_files(self.repo.commit(self.head()).tree, files)
            commit = self.repo.write_object("commit", commit_bytes(tree, (self.head(),), who, who, b"All of them\n"))
        gitworld.git(self.work, "update-ref", "refs/heads/main", commit)
        gitworld.git(self.work, "push", "-q", "origin", "main")
        return commit

    def release_all(self, number: int, version: str, commit: str) -> None:
        """A release of each agent at a commit that is authorised, all tags in the remote."""
        view, pack, names = self.view(), Pack(), dict[str, str]()
        for agent in self.agents:
            made = _made(self, (view.state.head.seq, view.tip), ReleaseName(agent, version), number, commit)
            names[made.record.name] = pack.add("tag", made.raw)
        pack.write(self.remote)
        lines = "".join(f"create refs/tags/{name} {oid}\n" for name, oid in names.items())
        gitworld.git(self.remote, "update-ref", "--stdin", data=lines.encode())
        gitworld.git(self.remote, "pack-refs", "--all")

    def fresh(self) -> tuple[Repository, Journal]:
        """The clone as another process finds it."""
        repo = Repository.open(self.work)
        return repo, Journal(repo, remote=Remote.of(repo))


def _contents(world: PipelineWorld, pack: Pack) -> list[str]:
    """A commit of main for each version: the prompts of all agents differ."""
    trees, repo, found = PackedTrees(pack), world.repo, [world.head()]
    todo = [repo.commit(found[0]).tree]
    tree = todo[0]
    while todo:
        oid = todo.pop()
        trees.write_raw_tree(repo.read(oid, "tree"))
        todo += [entry.oid for entry in trees.tree(oid) if entry.mode == TREE]
    owners = (FILE, pack.add("blob", b"* @sim/platform\n/agents/ @sim/support\n"))
    who = ident("alice", "alice@sim.example", world.clock())
    for number, version in enumerate(VERSIONS):
        texts = _texts(world.agents, number).items()
        files = {path: (FILE, pack.add("blob", text.encode())) for path, text in texts}
        tree = put_files(trees, tree, {**files, ".github/CODEOWNERS": owners})
        found.append(pack.add("commit", commit_bytes(tree, found[-1:], who, who, f"Version {version}\n".encode())))
    return found[1:]


def _texts(agents: Iterable[AgentId], number: int) -> dict[str, str]:
    return {
        path: text if path.endswith("agent.yaml") else f"{text}This is draft {number}.\n"
        for path, text in agent_texts(agents)
    }


def _made(world: PipelineWorld, at: tuple[int, str], name: ReleaseName, number: int, commit: str) -> _Made:
    """A release as people make it who saw this act (its number and its commit)."""
    agent = name.agent
    files = {path: (FILE, hashlib.sha256(text.encode()).hexdigest()) for path, text in _texts([agent], number).items()}
    closure = manifest_digest(agent, files)
    text = TagText(FLEET, closure, *at)
    tagger = ident("alice", "alice@sim.example", world.clock())
    payload = tag_bytes(commit, "commit", str(name), tagger, tag_message(name, text).encode())
    raw = signed_tag(payload, world.signers["alice"].sign(GIT, payload))
    return _Made(
        Release(
            name=str(name),
            tag=object_id("tag", raw),
            commit=commit,
            closure=closure,
            authorised_at=number,
            seen=world.clock(),
            by="alice",
        ),
        raw,
    )


def _records(
    pack: Pack, made: Mapping[AgentId, list[_Made]], soaking: frozenset[AgentId]
) -> dict[str, tuple[int, str]]:
    """The folders of the journal's tree that say where all agents stand."""
    files: dict[str, tuple[int, str]] = {}
    for agent, releases in made.items():
        for one in releases:
            path = release_path(one.record.release_name)
            files[path] = FILE, pack.add("blob", to_bytes(one.record))
            files[path.removesuffix(".yaml") + ".tag"] = FILE, pack.add("blob", one.raw)
            pack.add("tag", one.raw)
        files[deployment_path(agent)] = FILE, pack.add("blob", to_bytes(_standing(agent, releases, agent in soaking)))
    trees = PackedTrees(pack)
    root = put_files(trees, None, files)
    return {entry.name.decode(): (entry.mode, entry.oid) for entry in trees.tree(root)}


def _standing(agent: AgentId, releases: list[_Made], soaks: bool) -> Deployment:
    """In production with the last release, and the ones before known; or with the one before, and the last soaks."""
    *before, last = (one.record for one in releases)
    since, runs = last.seen, before.pop() if soaks else last
    return Deployment(
        agent=str(agent),
        staging=Staging(state="SOAKING" if soaks else "PASSED", release=last.tag, since=since),
        production=Production(state="STABLE", release=runs.tag, since=since),
        prior=tuple(Prior(release=one.tag, since=since - 3600, until=since) for one in reversed(before)),
    )


def _with_records(world: PipelineWorld, view: View, records: Mapping[str, tuple[int, str]], main: str) -> View:
    """The view after a commit that says nothing in its act, holds all these records, and has taken main over."""
    bot, repo = world.actor("reconciler"), world.repo
    act = draft(view, bot, "checkpoint", "checkpoint", [], now=world.clock())
    built = world.journal.build(view, [act], bot.appender, world.clock())
    head = repo.write_blob(to_bytes(msgspec.structs.replace(built.state.head, main=main)))
    authorised = repo.put_files(None, governed_changes(repo, repo.commit(main).tree))
    taken = {HEAD_FILE: (FILE, head), AUTHORISED: (TREE, authorised)}
    tree = repo.put_files(built.tree, {**records, **taken})
    who = ident(bot.appender.name, bot.appender.email, world.clock())
    payload = commit_bytes(tree, (view.tip,), who, who, render(act.act))
    tip = repo.write_object("commit", signed_commit(payload, bot.appender.signer.sign(GIT, payload)))
    return view_after(view, tip, act.act.kind)


def _add_tags(repository: Path, tags: Mapping[str, str]) -> None:
    """Release tags, packed, as a clone has them."""
    lines = sorted(f"refs/tags/{name} {oid}" for name, oid in tags.items())
    text = "".join(f"{oid} {name}\n" for name, _, oid in (line.partition(" ") for line in lines))
    (Path(repository) / gitworld.git(repository, "rev-parse", "--git-dir").decode() / "packed-refs").write_text(text)
    gitworld.git(repository, "pack-refs", "--all")
