"""Where values and keys stand in a file: read again, with the same parser, only for files that have findings.

So ordinary files pay nothing for positions, and the two readings cannot disagree. Never builds values.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from agentgov.model.verdict import Location
from agentgov.validate import yaml_text
from agentgov.validate.pointers import child, parent

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Positions:
    """(line, column), both from 1, by JSON pointer: of the key of a member, and of the value."""

    keys: dict[str, Place] = field(default_factory=dict)
    values: dict[str, Place] = field(default_factory=dict)

    def key(self, file: str, pointer: str) -> Location:
        """Where the key of a member stands; where there is none (elements of a list, the root), the value."""
        return self._location(file, pointer, self.keys)

    def value(self, file: str, pointer: str) -> Location:
        """Where a value stands; what is not in the file (an alias, a default) is at the nearest thing around it."""
        return self._location(file, pointer, self.values)

    def _location(self, file: str, pointer: str, first: dict[str, Place]) -> Location:
        nearest = pointer
        while True:
            place = first.get(nearest) or self.keys.get(nearest) or self.values.get(nearest)
            if place is not None:
                return Location(file, *place, pointer)
            if not nearest:
                return Location(file, 1, 1, pointer)
            nearest = parent(nearest)


def positions(data: bytes) -> Positions:
    """Where everything stands in the bytes of a file; what cannot be read any more has no position."""
    found = Positions()
    text, _ = yaml_text.decode(data, "")
    if text is not None:
        walk = _Walk(found)
        try:
            source = yaml_text.events(text)
            while type(event := source.get_event()) is not StreamEndEvent:
                walk.take(event)
        except (yaml.YAMLError, _DeepError):
            pass  # the reader has said what is wrong; positions up to there are good
    return found


class _DeepError(Exception):
    """Deeper than the reader goes."""


class _Walk:
    """Follows events and keeps the pointer of every open container."""

    __slots__ = ("_found", "_stack")

    def __init__(self, found: Positions) -> None:
        self._found = found
        # For each open container: its pointer, the next index (None for a mapping), the pointer of the waiting member.
        self._stack: list[tuple[str, int | None, str | None]] = []

    def take(self, event: Any) -> None:
        """Note where one event stands."""
        kind = type(event)
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            self._stack.pop()
            return
        if kind not in (ScalarEvent, MappingStartEvent, SequenceStartEvent, AliasEvent):
            return
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        pointer = self._next(event, place)
        if kind is MappingStartEvent:
            self._push(pointer, None)
        elif kind is SequenceStartEvent:
            self._push(pointer, 0)

    def _next(self, event: Any, place: Place) -> str:
        """The pointer of this node; a key is its member's pointer, noted among the keys."""
        if not self._stack:
            self._found.values.setdefault("", place)
            return ""
        pointer, index, member = self._stack[-1]
        if index is not None:
            here = child(pointer, index)
            self._stack[-1] = (pointer, index + 1, None)
        elif member is None:
            member = child(pointer, event.value if type(event) is ScalarEvent else "?")
            self._stack[-1] = (pointer, None, member)
            self._found.keys.setdefault(member, place)
            return member
        else:
            here = member
            self._stack[-1] = (pointer, None, None)
        self._found.values.setdefault(here, place)
        return here

    def _push(self, pointer: str, index: int | None) -> None:
        if len(self._stack) > 64:
            raise _DeepError
        self._stack.append((pointer, index, None))
