"""A word diff as lines that people read: what changed with a little around it, wrapped.

Insertions and deletions are styles where there is colour, `[-old-]{+new+}` where there is none. Judges no text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from agentgov.diff.words import WordEdit
from agentgov.report.page import Span, Style

WIDTH = 110
MOST_LINES = 120  # of one text; what is left is counted
_AROUND = 70  # characters of unchanged text kept on each side of a change

_STYLES: dict[str, Style] = {"equal": "plain", "insert": "insert", "delete": "delete"}
_MARKS = {"equal": ("", ""), "insert": ("{+", "+}"), "delete": ("[-", "-]")}
_PIECE = re.compile(r"\S+\s*|\s+")

Line = list[WordEdit]


def word_lines(edits: Sequence[WordEdit], *, marks: bool, width: int = WIDTH) -> Iterator[tuple[Span, ...]]:
    """The lines of a text that differ, each with the line before and after it; an ellipsis stands for the others."""
    lines = list(_lines(edits))
    changed = [any(edit.kind != "equal" for edit in line) for line in lines]
    shown, hidden = 0, False
    for index, line in enumerate(lines):
        if not any(changed[max(0, index - 1) : index + 2]):
            hidden = True
            continue
        if hidden:
            yield (Span("...", "dim"),)
            hidden = False
        for wrapped in _wrapped(_elided(line) if changed[index] else _cut(line, width), width, marks):
            shown += 1
            if shown > MOST_LINES:
                yield (Span("... and more: see the files", "dim"),)
                return
            yield wrapped
    if hidden:
        yield (Span("...", "dim"),)


def _lines(edits: Iterable[WordEdit]) -> Iterator[Line]:
    """The edits of each line; a line break ends a line whatever became of it."""
    line: Line = []
    for edit in edits:
        first, *others = edit.text.split("\n")
        if first:
            line.append(WordEdit(edit.kind, first))
        for text in others:
            yield line
            line = [WordEdit(edit.kind, text)] if text else []
    if line:
        yield line


def _elided(line: Line) -> Line:
    """A line with the middle of its long unchanged stretches left out."""
    found: Line = []
    for index, edit in enumerate(line):
        text = edit.text
        if edit.kind == "equal" and len(text) > 2 * _AROUND + 10:
            head = text[:_AROUND].rpartition(" ")[0] if index else ""
            tail = text[-_AROUND:].partition(" ")[2] if index < len(line) - 1 else ""
            text = f"{head} ... {tail}".lstrip() if not index else f"{head} ... {tail}"
        found.append(WordEdit(edit.kind, text))
    return found


def _cut(line: Line, width: int) -> Line:
    text = "".join(edit.text for edit in line)
    return [WordEdit("equal", text if len(text) <= width else f"{text[: width - 4].rstrip()} ...")]


def _wrapped(line: Line, width: int, marks: bool) -> Iterator[tuple[Span, ...]]:
    """One line of the text as one or more of the screen, broken at spaces where there are any."""
    spans: list[Span] = []
    column = 0
    for edit in line:
        before, after = _MARKS[edit.kind] if marks else ("", "")
        for piece in _PIECE.findall(f"{before}{edit.text}{after}"):
            for part in (piece[start : start + width] for start in range(0, len(piece), width)):
                if column + len(part.rstrip()) > width and spans:
                    yield tuple(spans)
                    spans, column = [], 0
                spans.append(Span(part, _STYLES[edit.kind]))
                column += len(part)
    yield tuple(spans)
