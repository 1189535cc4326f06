"""Strict YAML 1.2: bytes to plain values, or findings that say why not. Never crashes, hangs or runs anything.

A parser turns the text into events (`yaml_text`); this module builds the values, because the loaders around it follow
YAML 1.1, keep the last of two equal keys, honour tags, and recurse. Refused: anything that is not UTF-8, directives,
tags, duplicate keys, keys that are not text, merge keys, a second document, numbers without a safe value, hidden
characters, and documents that are too large, too deep, or explode through aliases.

What a refused merge key would bring in is in the value all the same: the document is refused for the key, and is not
said to lack every field of it as well.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

import msgspec
import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from agentgov.model.finding import Finding
from agentgov.model.verdict import Location
from agentgov.validate import characters, scalars
from agentgov.validate.codes import finding
from agentgov.validate.pointers import child
from agentgov.validate.positions import positions
from agentgov.validate.scalar_text import offsets
from agentgov.validate.yaml_text import MOST_HIDDEN, EventSource, decode, events, syntax_finding

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_PROBLEMS = 10_000  # reading one file ends there: nobody reads more, and each costs memory

_SURROGATE = re.compile("[\ud800-\udfff]")

_DROP = object()  # the value that follows belongs to a refused key
_MERGE = object()  # the value that follows brings in the fields of a mapping, or of several
_UNKNOWN = object()

Container = dict[str, object] | list[object]


class Document(msgspec.Struct, frozen=True):
    """What a file holds: plain values (None when there is nothing to look at), and what is wrong with its text."""

    value: object
    findings: tuple[Finding, ...] = ()


def read(data: bytes, file: str) -> Document:
    """The document in the bytes of a file; `file` is used in findings only. With an error among the findings the
    value may still be looked at, so that all problems are told at once, but must not be used."""
    text, findings = decode(data, file)
    if text is None:
        return Document(None, tuple(findings))
    hidden = len(findings)
    value: object = None
    try:
        value = _Builder(file, text, findings).build(events(text))
        if value is None:
            findings.append(finding("yaml.empty", Location(file, 1, 1), "the document is empty"))
    except _StopError as stop:
        findings.append(stop.finding)
    except yaml.YAMLError as error:
        value = None
        findings.append(syntax_finding(error, text, file))
    findings[:hidden] = _pointed(findings[:hidden], data)
    return Document(value, tuple(findings))


def _pointed(findings: list[Finding], data: bytes) -> list[Finding]:
    """Findings about characters, with the pointers of what they stand in."""
    if not findings:
        return []
    where = positions(data)
    told = ((one, where.pointer(one.where.line, one.where.column)) for one in findings)
    return [replace(one, where=replace(one.where, pointer=pointer)) for one, pointer in told]


class _StopError(Exception):
    """Reading ends here; carries the finding. Never leaves this module."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.code)
        self.finding = found


class _Builder:
    """Builds values from events, container by container; each is attached to its parent before it is filled."""

    __slots__ = (
        "_anchors",
        "_composed",
        "_file",
        "_findings",
        "_get_event",
        "_merges",
        "_nodes",
        "_placing",
        "_stack",
        "_text",
    )

    def __init__(self, file: str, text: str, findings: list[Finding]) -> None:
        self._file = file
        self._text = text
        self._findings = findings
        self._nodes = 0
        self._stack: list[Container] = []
        self._anchors: dict[str, object] = {}
        self._placing: Callable[[int], tuple[int, int]] | None = None
        self._composed: dict[int, set[str]] = {}  # keys beyond ASCII in one form, by the number of containers around
        self._merges: dict[int, list[object]] = {}  # what merge keys name, by the number of containers around it

    def build(self, source: EventSource) -> object:
        """The value of the only document that a parser reads."""
        self._get_event = source.get_event
        root: object = None
        started = False
        while True:
            event = source.get_event()
            kind = type(event)
            if kind is StreamEndEvent:
                return root
            if kind is DocumentStartEvent:
                if started:
                    self._stop("yaml.several-documents", event, "the file holds more than one document", "split it")
                started = True
            elif kind is not StreamStartEvent and kind is not DocumentEndEvent:
                root = self._value(event)
                self._fill(root, event)

    def _value(self, event: Any) -> object:
        """The value that an event starts: whole, or a container that is still empty."""
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event)
        if event.tag is not None:
            self._tag(event)
        if len(self._stack) >= MAX_DEPTH:
            self._stop("yaml.too-deep", event, f"more than {MAX_DEPTH} levels of nesting")
        return {} if kind is MappingStartEvent else []

    def _scalar(self, event: Any) -> object:
        value = event.value
        if event.style:
            if event.style == '"' and not value.isprintable():
                self._escapes(event)
        elif value[:1] in scalars.STARTS:
            try:
                value = scalars.resolve(value)
            except scalars.NumberError as error:
                self._note("yaml.number", event, str(error), "quote it if it is text")
        if event.tag is not None:
            self._tag(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _fill(self, container: Any, event: Any) -> None:
        """Read what is in a container to its end; does nothing where the event started none."""
        kind = type(event)
        if kind is not MappingStartEvent and kind is not SequenceStartEvent:
            return
        self._stack.append(container)
        end = self._fill_mapping(container) if kind is MappingStartEvent else self._fill_sequence(container)
        if self._merges:
            self._merge(self._merges.pop(len(self._stack), ()))
        if self._composed:
            self._composed.pop(len(self._stack), None)
        self._stack.pop()
        # Members are counted when a container is complete: what is not an alias is bounded by the size of the file.
        self._count(len(container) + 1, end)
        if event.anchor is not None:
            self._anchors[event.anchor] = container

    def _fill_mapping(self, mapping: dict[str, object]) -> Any:
        """The event that ends it."""
        get_event = self._get_event
        while type(event := get_event()) is not MappingEndEvent:
            key = self._scalar(event) if type(event) is ScalarEvent else _DROP
            if type(key) is not str or key in mapping or key == "<<" or not key.isascii():
                key = self._odd_key(key, event, mapping)
            event = get_event()
            value = self._scalar(event) if type(event) is ScalarEvent else self._value(event)
            if type(key) is str:
                mapping[key] = value
            elif key is _MERGE:
                self._merges.setdefault(len(self._stack), []).append(value)
            if type(event) is not ScalarEvent:
                self._fill(value, event)
        return event

    def _fill_sequence(self, sequence: list[object]) -> Any:
        """The event that ends it."""
        get_event = self._get_event
        while type(event := get_event()) is not SequenceEndEvent:
            if type(event) is ScalarEvent:
                sequence.append(self._scalar(event))
                continue
            value = self._value(event)
            sequence.append(value)
            self._fill(value, event)
        return event

    def _odd_key(self, key: object, event: Any, mapping: dict[str, object]) -> object:
        """A key that is more than a new word in ASCII: itself, or what is to be done with the value that follows."""
        if type(event) is not ScalarEvent:
            self._no_key(event)
        elif key == "<<" and not event.style:
            self._note("yaml.merge-key", event, "merge keys (<<) are not part of YAML 1.2", "write the fields out")
            return _MERGE
        elif not isinstance(key, str):
            message = f"the key {event.value} is {_type_word(key)}, and keys must be text"
            self._note("yaml.key-not-text", event, message, f'write "{event.value}" in quotes')
        elif key in mapping:
            self._note("yaml.duplicate-key", event, f'the key "{key}" stands here twice', "remove one of them", key)
        elif not key.isascii() and self._looks_known(key):
            message = f'the key "{key}" looks like another one here: the same text, composed otherwise'
            self._note("yaml.duplicate-key", event, message, "remove one of them", key)
        else:
            return key
        return _DROP

    def _no_key(self, event: Any) -> None:
        """What is read and refused where a key must stand."""
        value = self._value(event)
        if type(event) is AliasEvent:
            self._note("yaml.key-not-text", event, "a key must be text, not an alias", "write the key out")
        else:
            self._note("yaml.key-not-text", event, "a key must be text, not a mapping or a list", "quote it")
        self._fill(value, event)

    def _looks_known(self, key: str) -> bool:
        """Whether the mapping has a key that differs in Unicode form only."""
        known = self._composed.setdefault(len(self._stack), set())
        composed = unicodedata.normalize("NFC", key)
        if composed in known:
            return True
        known.add(composed)
        return False

    def _merge(self, values: Iterable[object]) -> None:
        """Bring what merge keys name into the mapping that closes; what is there counts, then the first of them."""
        container = self._stack[-1]
        for value in values:
            for source in value if isinstance(value, list) else [value]:
                if isinstance(source, dict) and isinstance(container, dict) and source is not container:
                    for key, item in source.items():
                        container.setdefault(key, item)

    def _alias(self, event: Any) -> object:
        value = self._anchors.get(event.anchor, _UNKNOWN)
        if value is _UNKNOWN:
            message = f"the alias *{event.anchor} has no finished anchor before it"
            self._note("yaml.alias", event, message, f"define &{event.anchor} above, or quote the text")
            value = None
        self._expand(value, event)
        return value

    def _expand(self, value: object, event: Any) -> None:
        """Count what an alias stands for as if it were written out, so that no reader after this one explodes."""
        level, depth = [value], len(self._stack)
        while level:
            self._count(len(level), event)
            following: list[object] = []
            for node in level:
                if isinstance(node, dict):
                    following.extend(node.values())
                elif isinstance(node, list):
                    following.extend(node)
                if len(following) > MAX_NODES:
                    break
            level, depth = following, depth + 1
            if level and depth > MAX_DEPTH:
                self._stop("yaml.too-deep", event, f"more than {MAX_DEPTH} levels of nesting, aliases expanded")

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._stop("yaml.too-many-nodes", event, f"more than {MAX_NODES:,} values, aliases expanded")

    def _escapes(self, event: Any) -> None:
        """Hidden characters that are written as escapes: for whoever reads the value they are there all the same."""
        if _SURROGATE.search(event.value):  # one parser lets it pass
            self._stop("yaml.syntax", event, "an escape of a character that does not exist", "write a real character")
        found = list(islice(characters.hidden(event.value), MOST_HIDDEN))
        if not found:
            return
        self._placing = self._placing or characters.placing(self._text)
        start = event.start_mark.index
        written = offsets(self._text, start, event.end_mark.index, '"', event.value)
        for index, name in found:
            line, column = self._placing(start if written is None else written[index])
            where = Location(self._file, line, column, self._pointer())
            self._add(finding("text.hidden-character", where, f"{name}, written as an escape", "remove it"))

    def _tag(self, event: Any) -> None:
        written = event.tag.replace("tag:yaml.org,2002:", "!!", 1)
        self._note("yaml.tag", event, f"the tag {written} is not allowed", "remove the tag")

    def _pointer(self) -> str:
        pointer = ""
        for parent, nested in zip(self._stack, self._stack[1:], strict=False):
            step = next(reversed(parent), "") if isinstance(parent, dict) else len(parent) - 1
            if not parent or parent[step] is not nested:  # type: ignore[index]
                break  # inside something that was refused
            pointer = child(pointer, step)
        return pointer

    def _note(self, code: str, event: Any, message: str, fix: str, key: str | None = None) -> None:
        mark = event.start_mark
        pointer = self._pointer() if key is None else child(self._pointer(), key)
        self._add(finding(code, Location(self._file, mark.line + 1, mark.column + 1, pointer), message, fix))

    def _add(self, found: Finding) -> None:
        if len(self._findings) >= MAX_PROBLEMS:
            raise _StopError(replace(found, message=f"{found.message}; after {MAX_PROBLEMS:,} problems, reading ends"))
        self._findings.append(found)

    def _stop(self, code: str, event: Any, message: str, fix: str = "") -> None:
        mark = event.start_mark
        raise _StopError(finding(code, Location(self._file, mark.line + 1, mark.column + 1), message, fix))


def _type_word(value: object) -> str:
    if value is None:
        return "empty"
    return "true or false" if isinstance(value, bool) else "a number"
