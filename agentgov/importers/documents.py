"""Bytes of a source to plain values without secrets: YAML (and JSON, which is YAML), one document or several.

Read by the strict reader of `validate`: what it refuses is a failure with its line. Each secret that was left out is
a finding at its place in the source, and a pointer.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from agentgov.importers.result import Failure
from agentgov.importers.secrets import Cleaner
from agentgov.model.finding import Finding, Severity
from agentgov.model.verdict import Location
from agentgov.validate.codes import finding
from agentgov.validate.positions import Positions, positions
from agentgov.validate.yaml_reader import read

MOST_DOCUMENTS = 500
MOST_VALUES = 200_000  # what all agents of a file share is copied into each, so that each is whole
MOST_BYTES = 32 << 20
_SEPARATOR = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_SAYS_NOTHING = re.compile(rb"(?:\s|#[^\n]*(?:\n|\Z)|\.\.\.(?=\s|\Z))*+\Z")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A value without secrets: where it lost one (JSON pointers), the findings about that, and how large it is."""

    value: Any
    removed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    values: int = 0

    def too_large(self, copies: int, data: bytes) -> str:
        """Why it cannot be copied for so many agents, empty where it can."""
        if self.values * copies > MOST_VALUES or len(data) * copies > MOST_BYTES:
            return f"too large: each of its {copies} agents would hold a copy of what they share"
        return ""


def document(data: bytes, name: str, before: int = 0, *, manifest: bool = False) -> Cleaned | Failure:
    """The one document in some bytes; `before` are the lines of the file that stand above them, and `manifest` says
    that fields called ...Secret hold names, as in manifests of Kubernetes."""
    found = read(data, name)
    error = next((item for item in found.findings if item.severity is Severity.ERROR), None)
    if error is not None:
        return Failure(name, f"line {error.where.line + before}: {error.message}")
    cleaner = Cleaner(resources=manifest)
    clean = cleaner.clean(found.value)
    if not cleaner.removed:
        return Cleaned(clean, values=cleaner.values)
    places = places_in(data)
    where = [places.value(name, pointer) for pointer in cleaner.removed]
    told = tuple(secret(place.file, place.line + before, place.column, place.pointer) for place in where)
    return Cleaned(clean, tuple(cleaner.removed), told, cleaner.values)


def manifests(data: bytes, name: str) -> Iterator[Cleaned | Failure]:
    """Every document of a stream of Kubernetes manifests that says something; the first that cannot be read ends it."""
    starts = [match.end() for match in _SEPARATOR.finditer(data)]
    if len(starts) > MOST_DOCUMENTS:
        yield Failure(name, f"more than {MOST_DOCUMENTS} documents")
        return
    edges = [0, *starts, len(data) + 3]
    for start, end in pairwise(edges):
        part = data[start : end - 3]
        if _SAYS_NOTHING.match(part):
            continue
        found = document(part, name, data.count(b"\n", 0, start), manifest=True)
        yield found
        if isinstance(found, Failure):
            return


@lru_cache(maxsize=8)
def places_in(data: bytes) -> Positions:
    """Where everything stands in the bytes of a source; kept, because each of its agents asks."""
    return positions(data)


def secret(file: str, line: int, column: int = 1, pointer: str = "") -> Finding:
    """A literal secret that was left out."""
    return finding("import.secret", Location(file, line, column, pointer), "a literal secret was not imported")


def unsupported(file: str, words: str, line: int = 1) -> Finding:
    """Something that the source says and agent.yaml has no word for; it stays in runtime."""
    return finding("import.unsupported", Location(file, line, 1), words, "see spec.runtime of the imported agent")


def no_word(file: str, field: str, line: int = 1) -> Finding:
    """A field of the source that agent.yaml has no word for."""
    return unsupported(file, f"{field}: agent.yaml has no word for it, it stays in runtime", line)


def other_roles(file: str, roles: Iterable[str], line: int) -> Iterator[Finding]:
    """Whom a text speaks for besides the system, where it does."""
    if others := sorted(set(roles) - {"system"}):
        words = f"the text also speaks for the roles {', '.join(others)[:120]}; agentgov governs it as one text"
        yield unsupported(file, words, line)


def partial(file: str, words: str, line: int = 1) -> Finding:
    """Something that the source refers to and that did not come with it."""
    return finding("import.partial", Location(file, line, 1), words, "import it together with what it refers to")
