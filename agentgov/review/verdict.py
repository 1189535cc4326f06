"""What a verdict on a change of governed contents rests on, and what it says: values, nothing decided here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agentgov.diff.version import AgentVersion
from agentgov.model.fleet import Governance
from agentgov.model.names import AgentId
from agentgov.model.snapshot import Entry
from agentgov.owners.codeowners import Dialect, Match, match, parse
from agentgov.review.decide import Progress

PathState = Literal["pass", "pending", "blocked"]


@dataclass(frozen=True, slots=True)
class PathChange:
    """One path: authorised and new content as `<mode>:<sha256>`, `-` for none, "" for what nobody can review."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AuthorSet:
    """The people who wrote a change; `doubt` says why that is not certain, "" where it is; `unsigned` names a commit
    that lacks the signature that the fleet asks for, and `unsigned_commit` is its id."""

    people: frozenset[str]
    doubt: str = ""
    unsigned: str = ""
    unsigned_commit: str = ""


@dataclass(frozen=True, slots=True)
class TouchedAgent:
    """An agent whose closure holds a changed path; a side is None where it is absent or cannot be read.

    `broken`: the result cannot be read. `opaque`: nobody can say what changed, because the base cannot be read, or
    neither side has an agent.yaml; then every rule matches.
    """

    agent: AgentId
    before: AgentVersion | None
    after: AgentVersion | None
    paths: frozenset[str]
    broken: bool = False
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class OwnersFile:
    """A CODEOWNERS file: where it stands, what it says, and whose rules it follows."""

    file: str
    text: str
    dialect: Dialect

    @classmethod
    def of(cls, governance: Governance) -> "OwnersFile":
        """The one that decides in a governance."""
        return cls(governance.codeowners_file, governance.codeowners, governance.fleet.codeowners.dialect)

    def match(self, path: str) -> Match:
        """What it says about a path."""
        return match(parse(self.text, self.file, self.dialect), path)


@dataclass(frozen=True, slots=True)
class Handover:
    """Paths that go from the same owners to the same others by a change of CODEOWNERS: how they are spelled on both
    sides, one of the paths, and how many they are."""

    outgoing: tuple[str, ...]
    incoming: tuple[str, ...]
    example: str
    count: int


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that a verdict on the difference between authorised contents and a result rests on.

    `since` is the commit of main where each path last was authorised, `entries` what stands there in the result.
    `incoming` is the CODEOWNERS of the result and `handovers` what it hands over, where the fleet asks both sides.
    """

    paths: tuple[PathChange, ...]
    agents: tuple[TouchedAgent, ...] = ()
    authors: Mapping[str, AuthorSet] = field(default_factory=dict)
    since: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, Entry | None] = field(default_factory=dict)
    head: str = ""
    tree: str = ""
    governance_problem: str = ""
    incoming: OwnersFile | None = None
    handovers: tuple[Handover, ...] = ()


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A review that does not count for a path, and why: author, role, stale, not_owner, expired."""

    path: str
    person: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class PathVerdict:
    """The verdict on one path."""

    change: PathChange
    state: PathState
    requirements: tuple[Progress, ...]
    uncounted: tuple[Uncounted, ...]
    message: str  # one sentence: why it is so
    unreviewed: bool = False  # a fleet of one person let its own change through
    objectors: frozenset[str] = frozenset()  # who asked for changes and may
    overridden: tuple[str, ...] = ()  # administrators who let it through without its reviews


@dataclass(frozen=True, slots=True)
class ChangeVerdict:
    """The verdict on a whole change, path by path."""

    paths: tuple[PathVerdict, ...]

    @property
    def state(self) -> PathState:
        """The worst of all paths; a change of nothing passes."""
        states = {path.state for path in self.paths}
        return "blocked" if "blocked" in states else "pending" if "pending" in states else "pass"

    @property
    def passing(self) -> frozenset[str]:
        """The paths that may be authorised now."""
        return frozenset(path.change.path for path in self.paths if path.state == "pass")

    def passes(self, path: str) -> bool:
        """Whether this path may be authorised now."""
        return path in self.passing
