"""Which contents of main are authorised: what an `advance` may take over, and what stays pending.

`observe_change` reads the difference between the authorised contents and a commit of main; `decide_advance` judges it
by the open reviews under the authorised governance. The governance set moves first, alone and as one unit; contents are
judged afterwards by the governance that is then in force. `advance` is a cache: every verifier computes it again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentgov.diff.version import AgentVersion, version_of
from agentgov.errors import AgentgovError
from agentgov.journal.authors import author_sets
from agentgov.journal.content_paths import ABSENT, content_of, is_nameable
from agentgov.journal.handover import handovers
from agentgov.journal.parts import Overlay, Part, agent_part, governance_part
from agentgov.journal.view import Agents, View
from agentgov.model.agent import Agent
from agentgov.model.closure import closure_paths
from agentgov.model.fleet import Governance
from agentgov.model.governed import CODEOWNERS, ROOTS, in_governance_set, is_governed
from agentgov.model.names import SHARED, AgentId, agent_id, agent_of_path
from agentgov.model.snapshot import TREE, Entry, Snapshot, path_bytes, path_text
from agentgov.model.state import OpenReview
from agentgov.repo.changes import Changes, changed_paths
from agentgov.repo.objects import ObjectError
from agentgov.repo.repository import Repository
from agentgov.review.change import Change, ChangeVerdict, PathChange, TouchedAgent, decide_change
from agentgov.review.claims import with_claims
from agentgov.review.verdict import AuthorSet, OwnersFile
from agentgov.trust.identity import problems
from agentgov.validate.load import load_agent, load_governance


@dataclass(frozen=True, slots=True)
class Advance:
    """What an advance to a commit of main takes over, and why the rest is pending."""

    main: str
    accepted: dict[str, Entry | None]
    pending: dict[str, str]  # path to the commit of main where it last was authorised
    authorised: str  # the tree of authorised contents afterwards; it is not written yet
    governance: str  # digest of the new governance, "" where it does not change
    verdict: ChangeVerdict
    problem: str = ""  # why nothing at all can be said of this commit

    @property
    def moves(self) -> bool:
        """Whether anything is taken over."""
        return bool(self.accepted)


def observe_change(view: View, main: str, *, whole: bool = True) -> Change:
    """Everything that a decision about main at this commit needs. IncompleteError where history is missing, ObjectError
    where the commit or a tree of it can be read in two ways.

    Without `whole`, authors and agents are looked up only where reviews could count: what passes is the same, what is
    said of the rest is not.
    """
    repo = view.repo
    tree = repo.commit(main).tree
    changed = {
        path: entries
        for path, entries in changed_paths(repo, view.authorised, tree, ROOTS).items()
        if is_governed(path)
    }
    pending, last = view.state.pending, view.state.head.main
    since = {path: pending.get(path, last) for path in changed}
    reviewed = {entry.path for review in view.state.reviews().values() for entry in review.paths}
    reviewed |= {path for override in view.state.overrides().values() for path in override.left}
    asked = {path: start for path, start in since.items() if whole or path in reviewed}
    governance, problem = _governance_after(view, tree, changed)
    both = governance is not None and view.governance.fleet.reviews.handover == "both"
    handed = governance if both and not changed.keys().isdisjoint(CODEOWNERS) else None
    return Change(
        paths=tuple(
            PathChange(path, content_of(repo, path, old), content_of(repo, path, new))
            for path, (old, new) in sorted(changed.items(), key=lambda item: path_bytes(item[0]))
        ),
        agents=_touched_agents(view, tree, frozenset(changed), frozenset(asked)),
        authors=_authors(view, main, asked) if asked else {},
        since=since,
        entries={path: new for path, (_, new) in changed.items()},
        head=main,
        tree=tree,
        governance_problem=problem,
        incoming=OwnersFile.of(handed) if handed is not None else None,
        handovers=handovers(view, tree, handed) if handed is not None else (),
    )


def _authors(view: View, main: str, asked: Mapping[str, str]) -> dict[str, AuthorSet]:
    memory, mode, time = view.memory, view.governance.fleet.commits, view.state.head.time
    found = author_sets(
        view.repo, view.directory, main, asked, memory.touched, mode=mode, signatures=memory.signatures, time=time
    )
    return with_claims(found, view.state.imported(), view.directory)


def decide_advance(view: View, change: Change, time: int) -> Advance:
    """What of a change is covered by reviews at this journal time. Writes nothing."""
    verdict = decided(view, change, view.state.reviews(), time)
    passed = verdict.passing
    governance = frozenset(filter(in_governance_set, passed))
    taken = _without_blocked(change, governance or passed)  # contents wait for the governance that is then in force
    trees = Overlay(view.repo)
    accepted = {path.path: change.entries[path.path] for path in change.paths if path.path in taken}
    authorised = trees.put_files(view.authorised, authorised_changes(accepted))
    pending = {path.path: change.since[path.path] for path in change.paths if path.path not in accepted}
    return Advance(
        main=change.head,
        accepted=accepted,
        pending={path: since for path, since in pending.items() if is_nameable(path)},
        authorised=authorised,
        governance=governance_digest(governance_part(trees, authorised, "governance")) if governance else "",
        verdict=verdict,
    )


def decided(view: View, change: Change, reviews: Mapping[str, OpenReview], time: int) -> ChangeVerdict:
    """The verdict on a change under the governance of a view, with its overrides, by these reviews at this time."""
    state = view.state
    return decide_change(change, view.governance, view.directory, reviews, time, state.overrides(), state.imported())


def first_disagreement(view: View, advance: Advance, claimed: str) -> str:
    """The first path of which a claimed tree of authorised contents says something else than what is covered; "" where
    the trees cannot be compared."""
    try:
        said = changed_paths(view.repo, view.authorised, claimed)
    except AgentgovError:
        return ""
    ours: dict[str, Entry | None] = dict(advance.accepted)
    theirs = {path: new for path, (_, new) in said.items()}
    differing = [path for path in ours.keys() | theirs.keys() if ours.get(path, ABSENT) != theirs.get(path, ABSENT)]
    return min(differing, key=path_bytes, default="")


def authorised_changes(accepted: dict[str, Entry | None]) -> dict[str, tuple[int, str] | None]:
    """What an advance sets in the tree of authorised contents. What lay in a folder goes with the folder."""
    files = {path for path, entry in accepted.items() if entry is not None}
    return {
        path: (entry.mode, entry.oid) if entry is not None else None
        for path, entry in accepted.items()
        if entry is not None or files.isdisjoint(_folders_of(path))
    }


def _without_blocked(change: Change, passed: frozenset[str]) -> frozenset[str]:
    """The paths that can be taken over: no file where another one stands whose removal does not pass, above or below,
    or taking it over would remove that one without its review."""
    kept = {path for path, entry in change.entries.items() if path not in passed}
    blocked = {folder for path in kept for folder in _folders_of(path)}
    return frozenset(path for path in passed if path not in blocked and kept.isdisjoint(_folders_of(path)))


def _folders_of(path: str) -> list[str]:
    """Every folder above a path."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def governance_digest(snapshot: Snapshot) -> str:
    """SHA-256 of the manifest of the governance set, as acts name it."""
    manifest = hashlib.sha256(b"agentgov-governance/1\n")
    for path, entry in snapshot.entries().items():
        if in_governance_set(path):
            content = f"{entry.mode:o}:{snapshot.digest(path)}" if entry.is_file else ""
            manifest.update(f"{content} {json.dumps(path, ensure_ascii=True)}\n".encode())
    return manifest.hexdigest()


def _touched_agents(view: View, head: str, paths: frozenset[str], asked: frozenset[str]) -> tuple[TouchedAgent, ...]:
    """Every agent whose closure holds one of the changed paths on either side, as it was and as it would be; only those
    that hold one of the paths that are asked for."""
    trees, known = Overlay(view.repo), view.memory.agents
    folders, shared = _sorted_by_place(paths)
    neighbours = {
        agent
        for workspace in shared
        for tree in (view.authorised, head)
        for agent in _agents(view.repo, tree, workspace)
        if not asked.isdisjoint(shared[workspace])
    }
    own = {agent for agent, inside in folders.items() if not asked.isdisjoint(inside)}
    found = []
    for agent in sorted(own | neighbours):
        before = _Side(agent_part(trees, view.authorised, agent, "authorised contents"), agent, known)
        after = _Side(agent_part(trees, head, agent, "the result"), agent, known)
        texts = shared.get(agent.workspace, ())
        touched = frozenset(folders.get(agent, ())) | before.holds(texts) | after.holds(texts)
        if not asked.isdisjoint(touched):
            opaque = before.unreadable or (before.version is None and after.version is None)
            found.append(TouchedAgent(agent, before.version, after.version, touched, after.unreadable, opaque))
    return tuple(found)


def _sorted_by_place(paths: Iterable[str]) -> tuple[dict[AgentId, list[str]], dict[str, list[str]]]:
    """Paths in agents' folders by agent, and shared texts by workspace."""
    folders: dict[AgentId, list[str]] = {}
    shared: dict[str, list[str]] = {}
    for path in paths:
        agent, parts = agent_of_path(path), path.split("/")
        if agent is not None:
            folders.setdefault(agent, []).append(path)
        elif parts[0] == "agents" and parts[2:3] == [SHARED]:
            shared.setdefault(parts[1], []).append(path)
    return folders, shared


class _Side:
    """An agent as it stands on one side of a change."""

    def __init__(self, part: Part, agent: AgentId, known: Agents) -> None:
        self._agent = agent
        self.version: AgentVersion | None = None
        try:
            document = _agent(part, agent, known)
            self.version = version_of(agent, document, part) if document is not None else None
        except ObjectError:
            pass  # a file that cannot be read is an agent that cannot be read
        self.unreadable = self.version is None and agent.file in part.entries()

    def holds(self, paths: Iterable[str]) -> frozenset[str]:
        """Which of some shared texts belong to the agent."""
        return frozenset(closure_paths(self._agent, self.version.agent, paths) if self.version is not None else ())


def _agent(part: Part, agent: AgentId, known: Agents) -> Agent | None:
    entry = part.entries().get(agent.file)
    if entry is None or not entry.is_file:
        return None
    if (agent, entry.oid) not in known:
        known[agent, entry.oid] = load_agent(part, agent)[0]
    return known[agent, entry.oid]


def _agents(repo: Repository, tree: str, workspace: str) -> Iterable[AgentId]:
    entry = repo.entry(tree, f"agents/{workspace}")
    for item in repo.tree(entry.oid) if entry is not None and entry.mode == TREE else ():
        found = agent_id(f"{workspace}/{path_text(item.name)}")
        if found is not None:
            yield found


def _governance_after(view: View, tree: str, changed: Changes) -> tuple[Governance | None, str]:
    """The governance of the result where it changes, and why it can never be authorised; None where it does not."""
    if not any(in_governance_set(path) for path in changed):
        return None, ""
    try:
        governance, findings = load_governance(governance_part(Overlay(view.repo), tree, "the result"))
    except ObjectError as error:
        return None, f"the governance of this commit cannot be read: {error}"
    if governance is None:
        where = f" ({findings[0].where}: {findings[0].message})" if findings else ""
        return None, f"the governance of this commit cannot be read{where}"
    if governance.fleet.id != view.state.head.fleet:
        return None, "the id of a fleet never changes: a fleet with another id has a journal of its own"
    wrong = problems(governance.access)
    return governance, wrong[0].message if wrong else ""
