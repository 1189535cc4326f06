"""One change of one agent, and how a review rule names it. Never decides the class: that is the table in `fields`.

A change's `field` is a leaf name of the table, such as `tools.effect.raised`; in an override of an environment it is
`environments.` and the leaf name. A rule may name a leaf, anything before a dot of it (`tools`, `tools.effect`), or
another name that the table gives it (`effect.raised`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from agentgov.diff.fields import FIELDS, OVERRIDABLE, OVERRIDE, Class, leaf
from agentgov.model.document import ENVIRONMENTS, Environment


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What differs in one field.

    `path` is the repository file where it stands, `pointer` the place in agent.yaml (RFC 6901; "" in other files; in
    the base's file for what was removed). `before` and `after` are plain values, None where there was or is nothing,
    the whole text for texts. `environments` are those whose effective configuration differs, and `note` says so where
    they are not all. `also` are other files that have a part in the change: agent.yaml, where it names another text
    than before.
    """

    field: str
    klass: Class
    path: str
    pointer: str
    before: Any
    after: Any
    summary: str
    environments: tuple[Environment, ...] = ENVIRONMENTS
    also: tuple[str, ...] = ()
    note: str = ""

    @property
    def sentence(self) -> str:
        """The summary, and where it applies if not everywhere."""
        return f"{self.summary} {self.note}".rstrip()

    def stands_at(self, path: str) -> bool:
        """Whether this file has a part in the change: what a rule asks for the change is asked at each of its files."""
        return path == self.path or path in self.also


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, from which places below it are reached."""

    file: str
    pointer: str = ""

    def to(self, *steps: str | int) -> "Place":
        """The place below, each step escaped as RFC 6901 section 3 demands."""
        escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
        return Place(self.file, "/".join((self.pointer, *escaped)))


def short(value: object, limit: int = 80) -> str:
    """A value on one line for a sentence: as agent.yaml would spell it, cut where it is long."""
    if value is None or isinstance(value, bool):
        text = {None: "nothing", True: "true", False: "false"}[value]
    elif isinstance(value, str):
        text = " ".join(value[: limit * 4].split())
    elif isinstance(value, tuple | list):
        text = ", ".join(short(item, limit) for item in value[:limit])
    else:
        text = str(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def change(field: str, place: Place, before: Any, after: Any, summary: str) -> FieldChange:
    """A change of a field of the table, with the class that the table gives it. KeyError for any other name."""
    return FieldChange(field, FIELDS[field].klass, place.file, place.pointer, before, after, summary)


@cache
def names(field: str) -> frozenset[str]:
    """Every name under which a review rule finds a change of this field."""
    row = leaf(field)
    found = set(_prefixes(row))
    for name in FIELDS[row].also:
        found.update(_prefixes(name))
    if row != field:
        found.update([OVERRIDE + name for name in found], [OVERRIDE.rstrip(".")])
    return frozenset(found)


def matches(change: FieldChange, name: str) -> bool:
    """Whether a review rule with this name in `changed` speaks of the change.

    A name that no field has matches every change: a rule with a slip of the pen must not turn into one that never asks.
    """
    return name in names(change.field) or not is_name(name)


def is_name(name: str) -> bool:
    """Whether a review rule may use this name: validation refuses the others."""
    return name in _KNOWN


def _prefixes(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


_OVERRIDES = [OVERRIDE + field for field in FIELDS if field.split(".")[0] in OVERRIDABLE]
_KNOWN = frozenset(name for field in (*FIELDS, *_OVERRIDES) for name in names(field))
