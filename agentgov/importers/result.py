"""What an import takes and what comes out of it, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentgov.model.finding import Finding
from agentgov.model.names import AgentId


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import: `name` as the user called it, `title` as it may be written into the fleet, and its bytes.

    `files` are the files that belong to it, by their path from its folder. `folder` is the folder that was searched
    for it, empty where the user named the file itself.
    """

    name: str
    title: str
    data: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """An input, or an agent in it, that could not be imported, and why in one plain sentence."""

    source: str
    message: str


@dataclass(frozen=True, slots=True)
class NoAgent:
    """An input that can be read and holds no agent of the format, and why it is taken for none."""

    source: str
    message: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an agent comes from: its line as agent.yaml says it, and a digest of what the source said of it."""

    line: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """One agent: its id, where it comes from, its files (path in the fleet to bytes), and what is to be filled in."""

    agent: AgentId
    source: str
    original: str
    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    renamed: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that came of an import: agents, inputs that failed, inputs without agents."""

    imported: tuple[Imported, ...] = ()
    failures: tuple[Failure, ...] = ()
    without: tuple[NoAgent, ...] = ()
