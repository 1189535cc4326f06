"""What an import takes and what comes out of it, as values."""

from collections.abc import Mapping
from dataclasses import dataclass

from agentgov.model.finding import Finding
from agentgov.model.names import AgentId


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import: `name` as the user called it, `title` as it may be written into the fleet, and its bytes."""

    name: str
    title: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """An input, or an agent in it, that could not be imported, and why in one plain sentence."""

    source: str
    message: str


@dataclass(frozen=True, slots=True)
class Imported:
    """One agent: its id, where it comes from, its files (path in the fleet to bytes), and what is to be filled in."""

    agent: AgentId
    source: str
    original: str
    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    renamed: bool = False
