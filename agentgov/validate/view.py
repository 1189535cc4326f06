"""What the rules beyond the schema look at: a snapshot with its documents, and the places of values in its files.

Holds and finds; judges nothing. Texts and positions are read when first asked for, so that a clean file costs nothing.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentgov.model.agent import Agent
from agentgov.model.finding import Finding
from agentgov.model.names import AgentId
from agentgov.model.snapshot import Entry, Snapshot
from agentgov.model.verdict import Location
from agentgov.owners.codeowners import Codeowners
from agentgov.trust.identity import Directory
from agentgov.validate.codes import finding
from agentgov.validate.load import Parts
from agentgov.validate.positions import Positions, positions
from agentgov.validate.yaml_text import MAX_BYTES


class Subject(msgspec.Struct, frozen=True):
    """One agent under judgement: its id, its type, and the plain value of its agent.yaml."""

    id: AgentId
    agent: Agent
    document: Mapping[str, Any]

    @property
    def file(self) -> str:
        """Its agent.yaml."""
        return self.id.file


class View(msgspec.Struct, frozen=True):
    """A snapshot with the governance that judges it (its own, or the authorised one)."""

    snapshot: Snapshot
    entries: Mapping[str, Entry]
    parts: Parts
    _positions: dict[str, Positions] = msgspec.field(default_factory=dict)
    _texts: dict[str, str | None] = msgspec.field(default_factory=dict)

    @property
    def directory(self) -> Directory | None:
        """The people of Access, None when it could not be read."""
        return self.parts.directory

    @property
    def codeowners(self) -> Codeowners:
        """The CODEOWNERS that decides; empty where there is none."""
        return self.parts.owners

    def text(self, path: str) -> str | None:
        """The text of a file that several agents may name; None where it is no file, too large, or not UTF-8."""
        if path not in self._texts:
            self._texts[path] = _text(self.snapshot, path) if self.is_file(path) else None
        return self._texts[path]

    def is_file(self, path: str) -> bool:
        """Whether an ordinary file stands at a path."""
        entry = self.entries.get(path)
        return entry is not None and entry.is_file

    def at(self, code: str, file: str, pointer: str, message: str, fix: str = "") -> Finding:
        """A finding at a value of a YAML file; one that an alias brings in is at the alias, and the message says so."""
        places = self.places(file)
        return finding(code, places.value(file, pointer), message + places.alias(pointer), fix)

    def inside(self, code: str, file: str, pointer: str, offset: int, message: str, fix: str = "") -> Finding:
        """A finding at one character of a text in a YAML file, by its index in the value."""
        places = self.places(file)
        return finding(code, places.inside(file, pointer, offset), message + places.alias(pointer), fix)

    def at_key(self, code: str, file: str, pointer: str, message: str, fix: str = "") -> Finding:
        """A finding at the key of a member, for what is missing in it."""
        places = self.places(file)
        return finding(code, places.key(file, pointer), message + places.alias(pointer), fix)

    def at_file(self, code: str, file: str, message: str, fix: str = "") -> Finding:
        """A finding about a file as a whole."""
        return finding(code, Location(file, 1, 1) if self.is_file(file) else Location(file), message, fix)

    def places(self, file: str) -> Positions:
        """Where everything stands in a YAML file; nothing where there is no file."""
        if file not in self._positions:
            self._positions[file] = positions(self.snapshot.read(file)) if self.is_file(file) else Positions()
        return self._positions[file]


def _text(snapshot: Snapshot, path: str) -> str | None:
    data = snapshot.read(path)
    try:
        return data.decode("utf-8") if len(data) <= MAX_BYTES else None
    except UnicodeDecodeError:
        return None
