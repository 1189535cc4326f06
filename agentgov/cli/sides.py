"""The two sides of a diff: which files each of them has, and which paths differ. Reads git and the disk, no values.

Between two commits only what differs, and what may be needed to understand it, is listed: a fleet of 10,000 agents with
one changed file costs what that agent costs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.governed import (
    FLEET_FILE,
    GITHUB_CODEOWNERS,
    GITLAB_CODEOWNERS,
    ROOTS,
    in_governance_set,
    is_governed,
)
from agentgov.model.names import SHARED, AgentId, agent_of_path
from agentgov.model.snapshot import TREE, Entry, MemorySnapshot, Snapshot, path_bytes
from agentgov.report.diff import Side

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository

_GOVERNANCE = (FLEET_FILE, "governance", *dict.fromkeys((*GITHUB_CODEOWNERS, *GITLAB_CODEOWNERS)))


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides as snapshots and as people call them, and every governed path that differs."""

    before: Snapshot
    after: Snapshot
    base: Side
    head: Side
    changed: set[str]


def read_sides(start: str, base: str | None, head: str | None, only: AgentId | None) -> Sides:
    """What BASE and HEAD of the command line mean: revisions, `A...B`, `A..B`, or by default HEAD and the working tree.

    The snapshots hold at least every agent that the change may concern, `only`, and governance where it differs.
    """
    from agentgov.repo.repository import Repository

    repo = Repository.open(start)
    if base is not None and ".." in base:
        if head is not None:
            raise UsageError(f"{base} names both sides already", "leave the second revision out")
        return _committed(repo, *_range(repo, base), only)
    if head is not None:
        return _committed(repo, _side(repo, base or "HEAD"), _side(repo, head), only)
    if repo.root is None:
        raise ConfigurationError("this repository has no working tree", "name two revisions: agentgov diff main~1 main")
    return _to_work_tree(repo, base)


def _range(repo: "Repository", text: str) -> tuple[Side, Side]:
    """`A...B`: from where B left A to B; `A..B`: from A to B."""
    dots = "..." if "..." in text else ".."
    first, _, second = (part or "HEAD" for part in text.partition(dots))
    before, after = _side(repo, first), _side(repo, second)
    if dots == ".." or before.commit is None or after.commit is None:
        return before, after
    fork = repo.merge_base(before.commit, after.commit)
    if fork is None:
        raise UsageError(f"{first} and {second} have no history in common")
    return _side(repo, fork), after


def _side(repo: "Repository", rev: str) -> Side:
    commit = repo.resolve(rev)
    return Side(rev, commit, f"commit {commit[:7]}")


def _to_work_tree(repo: "Repository", base: str | None) -> Sides:
    """From a revision, or from nothing on a branch without commits, to the working tree."""
    from agentgov.diff.version import changed_paths
    from agentgov.repo.snapshot import WorkTreeSnapshot, commit_snapshot

    assert repo.root is not None
    after = WorkTreeSnapshot(repo.root)
    before: Snapshot = MemorySnapshot({}, "nothing")
    side = Side("HEAD", None, "nothing")
    if base is not None or repo.head() is not None:
        side = _side(repo, base or "HEAD")
        before = commit_snapshot(repo, str(side.commit))
    return Sides(before, after, side, Side("", None, after.name), changed_paths(before, after))


def _committed(repo: "Repository", base: Side, head: Side, only: AgentId | None) -> Sides:
    from agentgov.repo.changes import changed_paths

    old, new = (repo.commit(str(side.commit)).tree for side in (base, head))
    changed = {path for path in changed_paths(repo, old, new, ROOTS) if is_governed(path)}
    parts = _parts(changed, only)
    before = _Part(repo, dict(_below(repo, old, parts)), base.name)
    after = _Part(repo, dict(_below(repo, new, parts)), head.name)
    return Sides(before, after, base, head, changed)


def _parts(changed: set[str], only: AgentId | None) -> set[str]:
    """The files and folders to list: the folders of touched agents, the texts they may share, governance if it differs.

    A changed shared text may concern every agent of its workspace.
    """
    agents = {agent for path in changed if (agent := agent_of_path(path)) is not None}
    agents.update([only] if only is not None else [])
    whole = {parts[1] for path in changed if (parts := path.split("/"))[0] == "agents" and parts[2:3] == [SHARED]}
    found = {f"agents/{workspace}" for workspace in whole}
    for agent in agents:
        if agent.workspace not in whole:
            found.update((agent.folder, f"agents/{agent.workspace}/{SHARED}"))
    if any(map(in_governance_set, changed)):
        found.update(_GOVERNANCE)
    return found


def _below(repo: "Repository", tree: str, parts: set[str]) -> Iterator[tuple[str, Entry]]:
    """Every file at or below some paths of a tree."""
    from agentgov.repo.changes import changed_paths

    for part in sorted(parts, key=path_bytes):
        entry = repo.entry(tree, part)
        if entry is not None and entry.mode != TREE:
            yield part, entry
        elif entry is not None:
            for path, (_, found) in changed_paths(repo, None, entry.oid).items():
                assert found is not None  # nothing was there before
                yield f"{part}/{path}", found


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a commit's files as a snapshot."""

    repo: "Repository"
    listed: Mapping[str, Entry]
    name: str

    def entries(self) -> Mapping[str, Entry]:
        return self.listed

    def read(self, path: str) -> bytes:
        return self.repo.blob(self._file(path))

    def digest(self, path: str) -> str:
        return self.repo.blob_digest(self._file(path))

    def _file(self, path: str) -> str:
        entry = self.listed[path]
        if not entry.is_file:
            raise KeyError(path)
        return entry.oid
