"""What `validate` looks at: the fleet around, and its files in the working tree, the index, or a commit.

In a git repository the working tree is what would be committed of it: tracked files and new ones, not those that git
ignores. Elsewhere it is what lies on disk. Names what to judge; judges nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agentgov.errors import ConfigurationError, IncompleteError, UsageError
from agentgov.model.finding import Finding
from agentgov.model.governed import FLEET_FILE, in_governance_set
from agentgov.model.names import agent_id
from agentgov.model.partition import Partition, PartitionedSnapshot
from agentgov.validate.selection import Selection

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository
    from agentgov.repo.uncommitted import Uncommitted

_HINT = "`agentgov init` makes a fleet; --repo DIR names one that is elsewhere"


@dataclass(frozen=True, slots=True)
class Target:
    """What to judge, what can be told of it before, and what it is a change of.

    `before` is the fleet where a change began and `touched` what the change touches; None where there is no change.
    """

    partition: Partition
    findings: tuple[Finding, ...] = ()
    ignored: tuple[str, ...] = ()
    before: Partition | None = None
    touched: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A target that git was asked about: `target` waits for the answer, `base` is what most of it will equal."""

    target: Callable[[], Target]
    base: Partition | None = None
    comes_within: Callable[[float], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Place:
    """Where the fleet is: its folder, what PATHs are relative to, and the repository around it (None: not in git)."""

    root: Path
    start: Path
    git: Path | None

    @classmethod
    def around(cls, start: Path | str = ".") -> "Place":
        """The nearest folder upwards with agentgov.yaml, at most to the root of the repository."""
        here = Path(start).resolve()
        if not here.is_dir():
            raise ConfigurationError(f"{start} is no folder", _HINT)
        root: Path | None = None
        for folder in (here, *here.parents):
            if root is None and (folder / FLEET_FILE).exists():
                root = folder
            if (folder / ".git").exists():
                return cls(root or folder, here, folder)
        if root is None:
            raise ConfigurationError(f"there is no fleet around {here}", _HINT)
        return cls(root, here, None)

    def commit(self, rev: str) -> Target:
        """The files of a commit."""
        repo = self.repository()
        return Target(self._at(repo, repo.resolve(rev)))

    def change(self, text: str) -> Target:
        """The files of HEAD in BASE...HEAD, and what differs since HEAD left BASE."""
        from agentgov.repo.changes import changed_paths

        base_name, dots, head_name = text.partition("...")
        if not dots or not base_name:
            raise UsageError(f"--changed {text} names no change", "write it as BASE...HEAD, for example main...HEAD")
        repo = self.repository()
        base, head = repo.resolve(base_name), repo.resolve(head_name or "HEAD")
        fork = repo.merge_base(base, head)
        if fork is None:
            raise UsageError(f"{base_name} and {head_name or 'HEAD'} have no history in common")
        touched = changed_paths(repo, self._tree(repo, fork), self._tree(repo, head))
        return Target(self._at(repo, head), before=self._at(repo, fork), touched=frozenset(touched))

    def index(self) -> Asked:
        """The files of the index."""
        if self.git is None:
            raise ConfigurationError(f"{self.root} is not in a git repository, so nothing is staged", "git init")
        return self._asked(self.repository(), staged=True)

    def work_tree(self) -> Asked:
        """The files of the working tree."""
        repo = self._readable()
        if repo is None:
            return Asked(self._on_disk)
        return self._asked(repo, staged=False)

    def relative(self, path: str) -> str:
        """A PATH of the command line, relative to the fleet."""
        full = (self.start / path).absolute()
        full = full.parent.resolve() / full.name  # the way there may lead through links, the path itself may be one
        if not full.is_relative_to(self.root):
            raise UsageError(f"{path} lies outside of the fleet in {self.root}")
        inside = full.relative_to(self.root).as_posix()
        return "" if inside == "." else inside

    @property
    def inside(self) -> str:
        """The folder of the fleet in its repository, empty or ending with a slash."""
        inside = self.root.relative_to(self.git).as_posix() if self.git is not None else "."
        return "" if inside == "." else f"{inside}/"

    def repository(self) -> "Repository":
        """The repository around; ConfigurationError outside of one."""
        from agentgov.cli import ahead

        return ahead.repository(str(self.root))

    def _readable(self) -> "Repository | None":
        """The repository around, None where there is none that git and agentgov can read."""
        import shutil

        if self.git is None or shutil.which("git") is None:
            return None
        try:
            return self.repository()
        except (ConfigurationError, IncompleteError):  # another object format: the files on disk are there all the same
            return None

    def _asked(self, repo: "Repository", *, staged: bool) -> Asked:
        from agentgov.cli import ahead
        from agentgov.repo.partition import TreePartition

        reading = ahead.reading(repo, self.inside, staged=staged)
        base = TreePartition(repo, reading.base, "HEAD") if reading.base is not None else None
        return Asked(lambda: self._uncommitted(reading.result()), base, reading.comes_within)

    def _on_disk(self) -> Target:
        from agentgov.repo.snapshot import WorkTreeSnapshot

        partition = PartitionedSnapshot(WorkTreeSnapshot(self.root))
        return Target(_some_fleet(partition, str(self.root)))

    def _uncommitted(self, found: "Uncommitted") -> Target:
        name = str(self.root) if found.partition.name == "working tree" else "the index"
        findings: tuple[Finding, ...] = ()
        if found.unmerged or found.odd:
            from agentgov.validate import layout

            findings = tuple(layout.check_uncommitted(found.unmerged, found.odd))
        return Target(_some_fleet(found.partition, name), findings, found.ignored)

    def _at(self, repo: "Repository", commit: str) -> Partition:
        from agentgov.repo.partition import TreePartition

        name = f"commit {commit[:7]}"
        return _some_fleet(TreePartition(repo, self._tree(repo, commit), name), name)

    def _tree(self, repo: "Repository", commit: str) -> str:
        """The tree of the fleet's folder in a commit."""
        tree = repo.commit(commit).tree
        if not self.inside:
            return tree
        inside = self.inside.rstrip("/")
        entry = repo.entry(tree, inside)
        if entry is None:
            raise ConfigurationError(f"{inside} is not in commit {commit[:7]}")
        return entry.oid


def selected(place: Place, target: Target, paths: tuple[str, ...]) -> Selection:
    """Which findings PATHs and a change ask for. A change of governance affects every agent."""
    touched = target.touched
    scopes = tuple(_scope(place, target.partition, path) for path in paths)
    return Selection(scopes, None if touched is None or any(map(in_governance_set, touched)) else touched)


def _scope(place: Place, partition: Partition, path: str) -> str:
    """A PATH as a path of the fleet; an agent's id stands for its folder."""
    scope = place.relative(path)
    if has(partition, scope):
        return scope
    agent = agent_id(path)
    if agent is not None and has(partition, agent.file):
        return agent.folder
    if (place.root / scope).exists():
        return scope  # not governed: nothing to check, as for the other files of a commit hook
    raise UsageError(f"there is no {path} in the {partition.name}")


def has(partition: Partition, path: str) -> bool:
    """Whether a file or a folder with files is at a path; the empty path is the fleet."""
    from agentgov.model.partition import Whole, folder_of

    below = f"{path}/"
    if not path or path in Whole(partition).entries():
        return True
    inside = folder_of(below)
    paths = partition.inside(inside) if inside else (*partition.rest(), *(f"{one}/" for one in partition.folders()))
    return any(other.startswith(below) for other in paths)


def _some_fleet(partition: Partition, name: str) -> Partition:
    parts = (FLEET_FILE, f"{FLEET_FILE}/", "governance/", "agents/")
    listings = (partition.common, partition.rest, partition.folders)  # mostly the first is enough
    if not any(path.startswith(parts) for listing in listings for path in listing()):
        raise ConfigurationError(
            f"there is no fleet in {name}: neither {FLEET_FILE} nor governance/ nor agents/", _HINT
        )
    return partition
