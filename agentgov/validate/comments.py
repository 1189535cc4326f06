"""The comments of a YAML text: what stands behind a `#` that is no part of a scalar. A mark inside a text is text.

The parser drops comments, so they are looked for between the scalars that it reports. Never says what a comment means.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml
from yaml.events import ScalarEvent, StreamEndEvent

from agentgov.model.mark import HINT
from agentgov.validate import characters
from agentgov.validate.scalar_text import content_start
from agentgov.validate.yaml_text import events

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*(agentgov:.*)$")
Place = tuple[int, int]


class Comment(msgspec.Struct, frozen=True):
    """A comment for this program: line and column from 0 of its `#`, the text from `agentgov:` on, and whether nothing
    else stands on the line."""

    line: int
    column: int
    text: str
    alone: bool


class Span(msgspec.Struct, frozen=True):
    """Where a scalar starts and where it ends, from 0, without anchor and without the head of a block; `first` and
    `last` are the lines it stands on, head included."""

    start: Place
    end: Place
    first: int
    last: int
    value: str


def comments(text: str, spans: list[Span]) -> Iterator[Comment]:
    """Every comment of a text that starts with `agentgov:`, in order; `spans` are those of its scalars."""
    upcoming = iter(spans)
    span = next(upcoming, None)
    for number, line in enumerate(characters.lines(text)):
        comment = comment_in(number, line)
        if comment is None:
            continue
        place = (number, comment.column)
        while span is not None and span.end <= place:
            span = next(upcoming, None)
        if span is None or place < span.start:
            yield comment


def comment_in(number: int, line: str) -> Comment | None:
    """The comment for this program in one line, wherever the line stands."""
    if HINT not in line or (match := _COMMENT.search(line)) is None:
        return None
    return Comment(number, match.start(), match[1], not line[: match.start()].strip())


def scalar_spans(text: str) -> list[Span]:
    """Where the scalars of a text are; ends early where the text is not YAML, which the reader reports."""
    found: list[Span] = []
    try:
        source = events(text)
        while type(event := source.get_event()) is not StreamEndEvent:
            if type(event) is ScalarEvent:
                found.append(_span(text, event))
    except yaml.YAMLError:
        pass
    return found


def _span(text: str, event: Any) -> Span:
    first, last = event.start_mark, event.end_mark
    start = (first.line, first.column)
    if event.anchor is not None or event.tag is not None:  # a comment may stand between an anchor and its text
        before = text[first.index : content_start(text, first.index, last.index)]
        breaks = len(characters.lines(before)) - 1
        start = (first.line + breaks, 0 if breaks else first.column + len(before))
    head = start[0]
    if event.style in ("|", ">"):
        start = (head + 1, 0)
    end = last.line if last.column or last.line == head else last.line - 1
    return Span(start, (last.line, last.column), head, end, event.value)
