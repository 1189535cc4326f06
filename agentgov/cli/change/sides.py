"""The two sides of a diff: which files each of them has, and which paths differ. Reads git and the disk, no values.

Only what differs, and what may be needed to understand it, is listed: a fleet of 10,000 agents with one changed file
costs what that agent costs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from agentgov.cli.change.points import Point, Points, Running
from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.governed import (
    ACCESS_FILE,
    CODEOWNERS,
    FLEET_FILE,
    PIPELINE_FILE,
    RETENTION_FILE,
    ROOTS,
    in_governance_set,
    is_governed,
    kind_of,
)
from agentgov.model.names import SHARED, AgentId, agent_id, agent_of_path
from agentgov.model.snapshot import TREE, Entry, MemorySnapshot, Snapshot, path_bytes
from agentgov.report.diff import Side

if TYPE_CHECKING:
    from agentgov.repo.partition import Objects
    from agentgov.repo.repository import Repository
    from agentgov.repo.uncommitted import Uncommitted

_GOVERNANCE = (FLEET_FILE, "governance", *CODEOWNERS)
_JUDGING = (
    FLEET_FILE,
    ACCESS_FILE,
    PIPELINE_FILE,
    RETENTION_FILE,
    *_GOVERNANCE[2:],
)  # how a change is judged, and by whom
_RUNNING = {f"env:{environment}": environment for environment in ENVIRONMENTS}
_NOTHING = MemorySnapshot({}, "nothing")


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides as snapshots and as people call them, and every governed path that differs.

    `only` is the agent that is compared, None for all; `environments` those whose overrides are applied on each side.
    """

    before: Snapshot
    after: Snapshot
    base: Side
    head: Side
    changed: set[str]
    only: AgentId | None = None
    environments: tuple[Environment | None, Environment | None] = (None, None)


def read_sides(start: str, base: str | None, head: str | None, only: AgentId | None, staged: bool) -> list[Sides]:
    """What BASE and HEAD of the command line mean: see `points`; by default HEAD and the working tree.

    One pair of sides, or one for each agent where every agent has a release of its own. The snapshots hold at least
    every agent that the change may concern, the only one, and governance of the base and where it differs.
    """
    from agentgov.cli import ahead

    repo = ahead.repository(start)
    texts = _texts(base, head, staged)
    reader = _Reader(repo, Running(start), staged)
    only = _only(texts, only)
    if only is None and (running := [_RUNNING[text] for text in texts if text in _RUNNING]):
        agents = sorted({agent for environment in running for agent in reader.running.agents(environment)})
        if not agents:
            raise UsageError(f"nothing runs in {' or '.join(dict.fromkeys(running))} yet", "see: agentgov status")
        return [_named(reader.sides(texts, agent, missing=True), texts) for agent in agents]
    found = reader.sides(texts, only)
    if only is None and found.environments[0] != found.environments[1]:
        raise UsageError("two environments are compared for one agent", "--agent WORKSPACE/AGENT says which")
    return [found]


def _named(sides: Sides, texts: tuple[str | None, ...]) -> Sides:
    """The sides of one agent of many, by what they are for all of them: each has a release of its own."""
    base, head = (
        Side(text, None, _RUNNING[text]) if text in _RUNNING else side
        for text, side in zip(texts, (sides.base, sides.head), strict=True)
    )
    return replace(sides, base=base, head=head)


def _texts(base: str | None, head: str | None, staged: bool) -> tuple[str | None, ...]:
    """The names of both sides; None for what is not committed. A range stays one name."""
    ranged = base is not None and ".." in base
    if ranged and head is not None:
        raise UsageError(f"{base} names both sides already", "leave the second revision out")
    if staged and (head is not None or ranged):
        raise UsageError("--staged is the second side already", "agentgov diff --staged [BASE]")
    return (base,) if ranged else (base, head)


def _only(texts: tuple[str | None, ...], only: AgentId | None) -> AgentId | None:
    """The agent asked for, or the one whose release is named."""
    words = [word for text in texts if text for word in text.replace("...", " ").replace("..", " ").split()]
    named = {found for word in words if "@" in word and (found := agent_id(word.partition("@")[0])) is not None}
    if len(named) > 1 and only is None:
        both = " and ".join(sorted(map(str, named)))
        raise UsageError(f"{both} are two agents, and a diff is of one", "name two releases of one agent")
    return only if only is not None else next(iter(named), None)


@dataclass
class _Reader:
    """Reads sides from one repository; what two agents have in common is read once."""

    repo: "Repository"
    running: Running
    staged: bool

    def __post_init__(self) -> None:
        self._changed: dict[tuple[str, str], set[str]] = {}

    def sides(self, texts: tuple[str | None, ...], only: AgentId | None, missing: bool = False) -> Sides:
        """Both sides as far as `only` goes; `missing` where an agent of which nothing runs is none, and no error."""
        points = Points(self.repo, self.running, only)
        if len(texts) == 1 and texts[0] is not None:
            first, second = points.between(texts[0])
            return self._committed(first, second, only)
        base, head = texts
        before = self._point(points, base, missing)
        if head is None:
            return self._uncommitted(before, only)
        after = self._point(points, head, missing)
        return self._committed(before, after, only)

    def _point(self, points: Points, text: str | None, missing: bool) -> Point | None:
        if text is None and self.repo.head() is None:
            return None
        asked = _RUNNING.get(text or "") if missing else None
        if asked is not None and points.only is not None and self.running.release(points.only, asked) is None:
            return None
        return points.find(text or "HEAD")

    def _committed(self, base: Point | None, head: Point | None, only: AgentId | None) -> Sides:
        if base is not None and head is not None and base.agent != head.agent and None not in (base.agent, head.agent):
            raise UsageError(f"{base.rev} and {head.rev} are of two agents", "name two releases of one agent")
        found = self._between(self.repo, self._tree(base), self._tree(head), (_name(base), _name(head)), only)
        return _with_environments(replace(found, base=_side(base), head=_side(head)), base, head)

    def _uncommitted(self, base: Point | None, only: AgentId | None) -> Sides:
        """From a point, or from nothing on a branch without commits, to the working tree or the index."""
        after = self._now.partition
        names = (_name(base), after.name)
        found = self._between(after.objects, self._tree(base), after.tree_oid, names, only)
        return _with_environments(replace(found, base=_side(base), head=Side("", None, after.name)), base, None)

    @cached_property
    def _now(self) -> "Uncommitted":
        from agentgov.cli import ahead

        if self.repo.root is None:
            hint = "name two revisions: agentgov diff main~1 main"
            raise ConfigurationError("this repository has no working tree", hint)
        return ahead.reading(self.repo, staged=self.staged).result()

    def _tree(self, point: Point | None) -> str | None:
        return self.repo.commit(point.commit).tree if point is not None else None

    def _between(
        self, objects: "Objects", old: str | None, new: str | None, names: tuple[str, str], only: AgentId | None
    ) -> Sides:
        """Two trees as far as their difference needs them, and `only`."""
        from agentgov.repo.changes import changed_paths

        key = (old or "", new or "")
        if key not in self._changed:
            found = changed_paths(objects, old, new, ROOTS)
            self._changed[key] = {path for path in found if is_governed(path)}
        changed = self._changed[key]
        parts = _parts(changed, only)
        before = _Part(objects, dict(_below(objects, old, {*parts, *_JUDGING})), names[0])
        after = _Part(objects, dict(_below(objects, new, parts)), names[1])
        return Sides(before, after, Side("", None, ""), Side("", None, ""), changed, only)


def _with_environments(sides: Sides, base: Point | None, head: Point | None) -> Sides:
    """An environment that only one side names is that of both: what would run there is compared with what does."""
    first, second = (point.environment if point is not None else None for point in (base, head))
    return replace(sides, environments=(first or second, second or first))


def _side(point: Point | None) -> Side:
    return Side("HEAD", None, _NOTHING.name) if point is None else Side(point.rev, point.commit, point.name)


def _name(point: Point | None) -> str:
    return _NOTHING.name if point is None else point.name


def _parts(changed: set[str], only: AgentId | None) -> set[str]:
    """The files and folders to list: the folders of touched agents, the texts they may share, governance if it differs,
    playbooks and drills that differ.

    A changed shared text may concern every agent of its workspace.
    """
    if only is not None:
        return {only.folder, f"agents/{only.workspace}/{SHARED}", *_former(changed)}
    agents = {agent for path in changed if (agent := agent_of_path(path)) is not None}
    whole = {parts[1] for path in changed if (parts := path.split("/"))[0] == "agents" and parts[2:3] == [SHARED]}
    found = {f"agents/{workspace}" for workspace in whole}
    for agent in agents:
        if agent.workspace not in whole:
            found.update((agent.folder, f"agents/{agent.workspace}/{SHARED}"))
    if any(map(in_governance_set, changed)):
        found.update(_GOVERNANCE)
    found.update(path for path in changed if kind_of(path) in ("Playbook", "Drill"))
    return found


def _former(changed: set[str]) -> set[str]:
    """The folders of agents whose agent.yaml differs: one of them may be what the agent was before a move."""
    return {agent.folder for path in changed if (agent := agent_of_path(path)) is not None and path == agent.file}


def _below(objects: "Objects", tree: str | None, parts: set[str]) -> Iterator[tuple[str, Entry]]:
    """Every file at or below some paths of a tree."""
    from agentgov.repo.changes import changed_paths

    for part in sorted(parts, key=path_bytes):
        entry = _entry(objects, tree, part) if tree is not None else None
        if entry is not None and entry.mode != TREE:
            yield part, entry
        elif entry is not None:
            for path, (_, found) in changed_paths(objects, None, entry.oid).items():
                assert found is not None  # nothing was there before
                yield f"{part}/{path}", found


def _entry(objects: "Objects", tree: str, path: str) -> Entry | None:
    """What stands at a path of a tree, None when nothing does; a folder has mode TREE."""
    mode, oid = TREE, tree
    for part in path_bytes(path).split(b"/"):
        entries = objects.tree(oid) if mode == TREE else ()
        found = next((item for item in entries if item.name == part), None)
        if found is None:
            return None
        mode, oid = found.mode, found.oid
    return Entry(mode, oid)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the files of a tree as a snapshot."""

    objects: "Objects"
    listed: Mapping[str, Entry]
    name: str

    def entries(self) -> Mapping[str, Entry]:
        return self.listed

    def read(self, path: str) -> bytes:
        entry = self.listed[path]
        if not entry.is_file:
            raise KeyError(path)
        return self.objects.blob(entry.oid)

    def digest(self, path: str) -> str:
        return sha256(self.read(path)).hexdigest()
