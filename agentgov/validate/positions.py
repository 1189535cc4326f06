"""Where values and keys stand in a file: read again, with the same parser, only for files that have findings.

So ordinary files pay nothing for positions, and the two readings cannot disagree. Never builds values.

A value that an alias brings in is at the alias, because there it is wrong: the same text may be right elsewhere;
`alias` tells where the anchor stands. A field that a merge key brings in is at the text of the anchor, field by field.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import msgspec
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
from agentgov.validate.characters import placing
from agentgov.validate.pointers import child, parent
from agentgov.validate.scalar_text import offsets

Place = tuple[int, int]
_MOST_SOURCES = 100  # merge keys looked through for one field


class Scalar(msgspec.Struct, frozen=True):
    """A scalar as the parser saw it: where in the text it starts and ends, its style and its value as text."""

    start: int
    end: int
    style: str
    value: str


class Positions(msgspec.Struct, frozen=True, dict=True):
    """(line, column), both from 1, by JSON pointer: of the key of a member, and of the value.

    `aliases` are the anchors (name and place) of values that are an alias; `merges` the pointers of what merge keys
    bring into a mapping, in the order in which they count.
    """

    keys: dict[str, Place] = msgspec.field(default_factory=dict)
    values: dict[str, Place] = msgspec.field(default_factory=dict)
    scalars: dict[str, Scalar] = msgspec.field(default_factory=dict)
    aliases: dict[str, tuple[str, Place]] = msgspec.field(default_factory=dict)
    merges: dict[str, list[str]] = msgspec.field(default_factory=dict)
    text: str = ""

    def key(self, file: str, pointer: str) -> Location:
        """Where the key of a member stands; where there is none (elements of a list, the root), the value."""
        return self._location(file, pointer, self.keys)

    def value(self, file: str, pointer: str) -> Location:
        """Where a value stands; what is not in the file (a default) is at the nearest thing around it."""
        return self._location(file, pointer, self.values)

    def inside(self, file: str, pointer: str, offset: int) -> Location:
        """Where one character of a text stands, by its index in the value (its length: the place behind the last).

        What quotes, escapes, folding and indentation do to the text is taken into account. Where that cannot be told
        (an alias, no text) it is where the value stands.
        """
        scalar = self.scalars.get(pointer) or self.scalars.get(self._written(pointer))
        if scalar is None:
            return self.value(file, pointer)
        written = offsets(self.text, scalar.start, scalar.end, scalar.style, scalar.value)
        if written is None or not 0 <= offset < len(written):
            return self.value(file, pointer)
        return Location(file, *self._placing(written[offset]), pointer)

    def pointer(self, line: int, column: int) -> str:
        """What stands at a place: the pointer of the last key or value that starts there or before, empty where none
        does."""
        places, pointers = self._in_order
        found = bisect_right(places, (line, column)) - 1
        return pointers[found] if found >= 0 else ""

    def alias(self, pointer: str) -> str:
        """What to add to a message about a value that an alias brings in, empty for all others."""
        nearest = pointer
        while nearest not in self.values and nearest not in self.keys and nearest:
            nearest = parent(nearest)
        if nearest not in self.aliases:
            return ""
        name, (line, _) = self.aliases[nearest]
        return f" (by the alias *{name}; its anchor is in line {line})"

    def _location(self, file: str, pointer: str, first: dict[str, Place]) -> Location:
        nearest = pointer
        while True:
            place = self._place(nearest, first) or (self._place(self._written(nearest), first) if self.merges else None)
            if place is not None:
                return Location(file, *place, pointer)
            if not nearest:
                return Location(file, 1, 1, pointer)
            nearest = parent(nearest)

    def _place(self, pointer: str, first: dict[str, Place]) -> Place | None:
        return first.get(pointer) or self.keys.get(pointer) or self.values.get(pointer)

    def _written(self, pointer: str) -> str:
        """The pointer of the text that a merge key brings in under this pointer; the pointer itself where none does."""
        return next((found for found in self._sources(pointer) if found in self.values), pointer)

    def _sources(self, pointer: str) -> Iterator[str]:
        """Every pointer that could be meant, nearest merge key first."""
        todo, left = [pointer], _MOST_SOURCES
        while todo and left:
            here = todo.pop(0)
            around = here
            while around:
                around = parent(around)
                for source in self.merges.get(around, ()):
                    left -= 1
                    yield source + here[len(around) :]
                    todo.append(source + here[len(around) :])
                    if not left:
                        return

    @cached_property
    def _in_order(self) -> tuple[list[Place], list[str]]:
        ordered = sorted((place, pointer) for found in (self.keys, self.values) for pointer, place in found.items())
        return [place for place, _ in ordered], [pointer for _, pointer in ordered]

    @cached_property
    def _placing(self) -> Callable[[int], Place]:
        return placing(self.text)


def positions(data: bytes) -> Positions:
    """Where everything stands in the bytes of a file; what cannot be read any more has no position."""
    text, _ = yaml_text.decode(data, "")
    if text is None:
        return Positions()
    found = Positions(text=text)
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

    __slots__ = ("_anchors", "_found", "_merging", "_stack")

    def __init__(self, found: Positions) -> None:
        self._found = found
        # For each open container: its pointer, the next index (None for a mapping), the pointer of the waiting member.
        self._stack: list[tuple[str, int | None, str | None]] = []
        self._anchors: dict[str, tuple[str, Place]] = {}
        self._merging: str | None = None  # the pointer of the merge key whose value is open

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
        if kind is AliasEvent:
            if event.anchor in self._anchors:
                self._found.aliases.setdefault(pointer, (event.anchor, self._anchors[event.anchor][1]))
        elif event.anchor is not None:
            self._anchors[event.anchor] = (pointer, place)
        if kind is MappingStartEvent:
            self._push(pointer, None)
        elif kind is SequenceStartEvent:
            self._push(pointer, 0)

    def _next(self, event: Any, place: Place) -> str:
        """The pointer of this node; a key is its member's pointer, noted among the keys."""
        if not self._stack:
            return self._value("", event, place)
        pointer, index, member = self._stack[-1]
        if index is not None:
            here = child(pointer, index)
            self._stack[-1] = (pointer, index + 1, None)
        elif member is None:
            member = child(pointer, event.value if type(event) is ScalarEvent else "?")
            if type(event) is ScalarEvent and event.value == "<<" and not event.style:
                self._merging = member
            self._stack[-1] = (pointer, None, member)
            self._found.keys.setdefault(member, place)
            return member
        else:
            here = member
            self._stack[-1] = (pointer, None, None)
        return self._value(here, event, place)

    def _value(self, pointer: str, event: Any, place: Place) -> str:
        if pointer not in self._found.values:
            self._found.values[pointer] = place
            if type(event) is ScalarEvent:
                self._found.scalars[pointer] = _scalar(event)
        if self._merging is not None:
            self._merge(pointer, event)
        return pointer

    def _merge(self, pointer: str, event: Any) -> None:
        """A mapping that a merge key names, or the elements of a list of them."""
        key = str(self._merging)
        if pointer != key and parent(pointer) != key:
            if not pointer.startswith(f"{key}/"):
                self._merging = None
            return
        if type(event) is AliasEvent and event.anchor in self._anchors:
            self._found.merges.setdefault(parent(key), []).append(self._anchors[event.anchor][0])
        elif type(event) is MappingStartEvent:
            self._found.merges.setdefault(parent(key), []).append(pointer)
        if pointer == key and type(event) is not SequenceStartEvent:
            self._merging = None

    def _push(self, pointer: str, index: int | None) -> None:
        if len(self._stack) > 64:
            raise _DeepError
        self._stack.append((pointer, index, None))


def _scalar(event: Any) -> Scalar:
    return Scalar(event.start_mark.index, event.end_mark.index, event.style or "", event.value)
