"""Which contents of main are authorised: what an `advance` may take over, and what stays pending.

`observe_change` reads the difference between the authorised contents and a commit of main; `decide_advance` judges it
by the open reviews under the authorised governance. The governance set moves first, alone and as one unit; contents are
judged afterwards by the governance that is then in force. `advance` is a cache: every verifier computes it again.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from agentgov.diff.version import AgentVersion, version_of
from agentgov.journal.authors import author_sets
from agentgov.journal.view import View
from agentgov.model.closure import closure_paths
from agentgov.model.governed import ROOTS, in_governance_set, is_governed
from agentgov.model.names import SHARED, AgentId, agent_of_path
from agentgov.model.snapshot import Entry, Snapshot, path_bytes
from agentgov.model.state import ReviewedPath
from agentgov.repo.changes import changed_paths
from agentgov.repo.repository import Repository
from agentgov.repo.snapshot import TreeSnapshot
from agentgov.review.change import Change, ChangeVerdict, PathChange, TouchedAgent, decide_change
from agentgov.trust.identity import problems
from agentgov.validate.load import load_agent, load_governance

_CONTENT = re.compile(r"(?:-|100(?:644|755):[0-9a-f]{64})\Z")
ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Advance:
    """What an advance to a commit of main takes over, and why the rest is pending."""

    main: str
    accepted: dict[str, Entry | None]
    pending: dict[str, str]  # path to the commit of main where it last was authorised
    authorised: str  # the tree of authorised contents afterwards
    governance: str  # digest of the new governance, "" where it does not change
    verdict: ChangeVerdict

    @property
    def moves(self) -> bool:
        """Whether anything is taken over."""
        return bool(self.accepted)


def observe_change(view: View, main: str) -> Change:
    """Everything that a decision about main at this commit needs. IncompleteError where history is missing."""
    repo = view.repo
    tree = repo.commit(main).tree
    head = TreeSnapshot(repo, tree, f"commit {main[:9]}")
    changed = {
        path: entries
        for path, entries in changed_paths(repo, view.authorised, tree, ROOTS).items()
        if is_governed(path)
    }
    since = {path: view.state.pending.get(path, view.state.head.main) for path in changed}
    paths = tuple(
        PathChange(path, content_of(view.contents, path, old), content_of(head, path, new))
        for path, (old, new) in sorted(changed.items(), key=lambda item: path_bytes(item[0]))
    )
    return Change(
        paths=paths,
        agents=touched_agents(view.contents, head, frozenset(changed)),
        authors=author_sets(repo, view.directory, main, since) if changed else {},
        since=since,
        head=main,
        tree=tree,
        governance_problem=_governance_problem(head, changed),
    )


def decide_advance(view: View, change: Change) -> Advance:
    """What of a change is covered by reviews now."""
    verdict = decide_change(change, view.governance, view.directory, view.state.reviews(), view.state.head.time)
    passed = [path for path in change.paths if verdict.passes(path.path)]
    governance = [path for path in passed if in_governance_set(path.path)]
    taken = governance or passed  # contents wait for the governance that is then in force
    repo = view.repo
    accepted = {path.path: repo.entry(change.tree, path.path) for path in taken}
    authorised = repo.put_files(
        view.authorised, {path: (entry.mode, entry.oid) if entry else None for path, entry in accepted.items()}
    )
    pending = {path.path: change.since[path.path] for path in change.paths if path.path not in accepted}
    return Advance(
        main=change.head,
        accepted=accepted,
        pending={path: since for path, since in pending.items() if _is_utf8(path)},
        authorised=authorised,
        governance=governance_digest(TreeSnapshot(repo, authorised, "governance")) if governance else "",
        verdict=verdict,
    )


def authorised_matches(repo: Repository, before: str, after: str, advance: Advance | None) -> bool:
    """Whether the tree of authorised contents moved exactly as an advance says, or not at all without one."""
    return after == (advance.authorised if advance is not None else before)


def content_of(snapshot: Snapshot, path: str, entry: Entry | None) -> str:
    """A content as reviews bind it: `<mode>:<sha256>`, `-` where there is nothing, "" where it can never be reviewed
    (a symlink, a submodule, a name that is not UTF-8)."""
    if entry is None:
        return ABSENT
    if not entry.is_file or not _is_utf8(path):
        return ""
    return f"{entry.mode:o}:{snapshot.digest(path)}"


def format_content_path(path: PathChange) -> str:
    """The trailer that binds one path of a review: `<old> <new> <JSON string>`."""
    return f"{path.old} {path.new} {json.dumps(path.path, ensure_ascii=True)}"


def parse_content_path(text: str) -> ReviewedPath | None:
    """What such a trailer binds, None where it is malformed."""
    old, _, rest = text.partition(" ")
    new, _, quoted = rest.partition(" ")
    if _CONTENT.match(old) is None or _CONTENT.match(new) is None or old == new:
        return None
    try:
        path = json.loads(quoted)
    except ValueError:
        return None
    good = isinstance(path, str) and json.dumps(path, ensure_ascii=True) == quoted and is_governed(path)
    return ReviewedPath(path=path, old=old, new=new) if good and _is_utf8(path) else None


def governance_digest(snapshot: Snapshot) -> str:
    """SHA-256 of the manifest of the governance set, as acts name it."""
    manifest = hashlib.sha256(b"agentgov-governance/1\n")
    for path, entry in snapshot.entries().items():
        if in_governance_set(path):
            manifest.update(f"{content_of(snapshot, path, entry)} {json.dumps(path, ensure_ascii=True)}\n".encode())
    return manifest.hexdigest()


def touched_agents(base: Snapshot, head: Snapshot, paths: frozenset[str]) -> tuple[TouchedAgent, ...]:
    """Every agent whose closure holds one of the changed paths on either side, as it was and as it would be."""
    found = []
    for agent in sorted(_candidates(base, head, paths)):
        before, after = _version(base, agent), _version(head, agent)
        mine = {
            path
            for version, snapshot in ((before, base), (after, head))
            if version is not None
            for path in closure_paths(agent, version.agent, snapshot.entries())
        }
        touched = frozenset(path for path in paths if path in mine or agent_of_path(path) == agent)
        if touched:
            broken = after is None and agent.file in head.entries()
            found.append(TouchedAgent(agent, before, after, touched, broken))
    return tuple(found)


def _candidates(base: Snapshot, head: Snapshot, paths: frozenset[str]) -> set[AgentId]:
    agents = {agent for path in paths if (agent := agent_of_path(path)) is not None}
    workspaces = {parts[1] for path in paths if (parts := path.split("/"))[0] == "agents" and parts[2:3] == [SHARED]}
    for snapshot in (base, head) if workspaces else ():
        for path in snapshot.entries():
            agent = agent_of_path(path)
            if agent is not None and agent.workspace in workspaces:
                agents.add(agent)
    return agents


def _version(snapshot: Snapshot, agent: AgentId) -> AgentVersion | None:
    if agent.file not in snapshot.entries():
        return None
    document, _ = load_agent(snapshot, agent)
    return version_of(agent, document, snapshot) if document is not None else None


def _governance_problem(head: Snapshot, changed: dict[str, tuple[Entry | None, Entry | None]]) -> str:
    if not any(in_governance_set(path) for path in changed):
        return ""
    governance, findings = load_governance(head)
    if governance is None:
        where = f" ({findings[0].where}: {findings[0].message})" if findings else ""
        return f"the governance of this commit cannot be read{where}"
    wrong = problems(governance.access)
    return wrong[0].message if wrong else ""


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
