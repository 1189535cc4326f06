"""What an import could not know: lines of agent.yaml marked `# agentgov: fill in: ...`, each told with its place.

A placeholder is the strictest value there is, so removing a mark without filling in loosens nothing; the two that
have no strictest value, the owner and the model, are reserved words that are reported with or without a mark. Never
guesses what belongs there. A mark inside a text is text.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import ScalarEvent, StreamEndEvent

from agentgov.model.finding import Finding
from agentgov.model.verdict import Location
from agentgov.validate.codes import finding
from agentgov.validate.positions import positions
from agentgov.validate.yaml_text import decode, events

MARK = "agentgov: fill in"
OWNER = "team:fill-in"
MODEL = "fill-in/model"

_COMMENT = re.compile(rf"(?:^|(?<=[ \t]))#[ \t]*{MARK}\b:?[ \t]*(.*)$")
_HINTS = (MARK.encode(), OWNER.encode(), MODEL.encode())

Span = tuple[tuple[int, int], tuple[int, int], str]


def fill_ins(data: bytes, file: str) -> tuple[Finding, ...]:
    """One finding for each line of a file that still has to be filled in, in the order of the lines."""
    if not any(hint in data for hint in _HINTS):
        return ()
    text, _ = decode(data, file)
    if text is None:
        return ()
    spans = list(_scalars(text))
    found = dict(_marked(text, spans))
    places = positions(data).values
    for pointer in ("/spec/owner", "/spec/model/primary"):
        line = places.get(pointer, (0, 0))[0] - 1
        for value in (value for start, _, value in spans if start[0] == line and value in (OWNER, MODEL)):
            found.setdefault(line, f"{value} stands for what is not known yet")
    pointers = {line: pointer for pointer, (line, _) in sorted(places.items(), key=lambda item: item[1])}
    return tuple(_finding(file, text, line, message, pointers) for line, message in sorted(found.items()))


def _scalars(text: str) -> Iterator[Span]:
    """Start and end (line and column from 0) and text of every scalar; ends early where the text is not YAML."""
    source = events(text)
    try:
        while type(event := source.get_event()) is not StreamEndEvent:
            if type(event) is ScalarEvent:
                yield _place(event.start_mark), _place(event.end_mark), event.value
    except yaml.YAMLError:
        return  # the reader reports it


def _place(mark: Any) -> tuple[int, int]:
    return mark.line, mark.column


def _marked(text: str, spans: list[Span]) -> Iterator[tuple[int, str]]:
    """(line from 0, what to fill in) of every mark that stands in a comment."""
    upcoming = iter(spans)
    span = next(upcoming, None)
    for number, line in enumerate(text.split("\n")):
        if MARK not in line or (match := _COMMENT.search(line.rstrip("\r"))) is None:
            continue
        place = (number, match.start())
        while span is not None and span[1] <= place:
            span = next(upcoming, None)
        if span is None or place < span[0]:
            yield number, match[1].strip() or "this line is not filled in yet"


def _finding(file: str, text: str, number: int, message: str, pointers: dict[int, str]) -> Finding:
    line = text.split("\n", number + 1)[number]
    column = len(line) - len(line.lstrip()) + 1
    where = Location(file, number + 1, column, pointers.get(number + 1, ""))
    return finding("import.fill-in", where, message, f'fill it in and remove the comment "# {MARK}"')
