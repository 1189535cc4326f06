"""A word diff as lines that people read: what changed with the sentence around it, wrapped.

Insertions and deletions are styles where there is colour, `[-old-]{+new+}` where there is none. A line that moved is
told in a few words where it left, and shown where it stands now. Judges no text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from agentgov.diff.tokens import lines as whole_lines
from agentgov.diff.words import WordEdit
from agentgov.report.page import Span, Style, safe

WIDTH = 110
MOST_LINES = 120  # of one text; what is left is counted
_MOST_GONE = 12
_AROUND = 70  # characters of unchanged text kept on each side of a change
_SENTENCE = 200  # characters of a sentence that is kept whole around a change
_MENTION = 50  # characters by which a line that moved is named

_STYLES: dict[str, Style] = {"equal": "plain", "insert": "insert", "delete": "delete"}
_MARKS = {"equal": ("", ""), "insert": ("{+", "+}"), "delete": ("[-", "-]")}
_PIECE = re.compile(r"\S+\s*|\s+")
_END = re.compile(r"[.!?](?=[\s\"')\]])\s*|[\u3002\uff01\uff1f]")

Line = list[WordEdit]


def word_lines(edits: Sequence[WordEdit], *, marks: bool, width: int = WIDTH) -> Iterator[tuple[Span, ...]]:
    """The lines of a text that differ, each with the line before and after it; an ellipsis stands for the others.

    At most `MOST_LINES`, of a text that is gone as a whole a few.
    """
    lines = list(_lines(edits))
    most = _MOST_GONE if all(edit.kind == "delete" for edit in edits) else MOST_LINES
    changed = [any(edit.kind != "equal" for edit in line) for line in lines]
    shown, hidden = 0, False
    for index, line in enumerate(lines):
        if not any(changed[max(0, index - 1) : index + 2]):
            hidden = True
            continue
        if hidden:
            yield (Span("...", "dim"),)
            hidden = False
        for wrapped in _shown(line, changed[index], width, marks):
            shown += 1
            if shown > most:
                left = sum(1 for number in range(index, len(lines)) if changed[number])
                yield (Span(f"... and {left:,} more lines that differ: see the files", "dim"),)
                return
            yield wrapped
    if hidden:
        yield (Span("...", "dim"),)


def _shown(line: Line, changed: bool, width: int, marks: bool) -> Iterator[tuple[Span, ...]]:
    if line and all(edit.moved for edit in line):
        yield from _moved(line, width, marks)
        return
    yield from _wrapped(_elided(line) if changed else _cut(line, width), width, marks)


def _moved(line: Line, width: int, marks: bool) -> Iterator[tuple[Span, ...]]:
    """A line that the other text has elsewhere: named where it left, whole where it came."""
    text = "".join(edit.text for edit in line)
    if line[0].kind == "delete":
        name = " ".join(text.split())
        name = name if len(name) <= _MENTION else f"{name[:_MENTION].rstrip()}..."
        yield (Span(f"(moved: {name})", "dim"),)
        return
    yield from _wrapped(
        [WordEdit("equal", "(moved here) "), WordEdit("equal" if marks else "insert", text)], width, marks
    )


def _lines(edits: Iterable[WordEdit]) -> Iterator[Line]:
    """The edits of each line; a line break ends a line whatever became of it. Escapes what is not to be printed."""
    line: Line = []
    for edit in edits:
        for text in whole_lines(edit.text):
            if text.rstrip("\n"):
                line.append(WordEdit(edit.kind, safe(text.rstrip("\n")), edit.moved))
            if text.endswith("\n"):
                yield line
                line = []
    if line:
        yield line


def _elided(line: Line) -> Line:
    """A line with the middle of its long unchanged stretches left out; sentences around a change stay whole."""
    found: Line = []
    for index, edit in enumerate(line):
        text = edit.text
        if edit.kind == "equal" and len(text) > 2 * _AROUND + 10:
            head = _first_sentence(text) if index else ""
            tail = _last_sentence(text) if index < len(line) - 1 else ""
            if len(head) + len(tail) + 5 < len(text):
                text = f"{head} ... {tail}" if index else f"... {tail}"
        found.append(WordEdit(edit.kind, text, edit.moved))
    return found


def _first_sentence(text: str) -> str:
    """The rest of the sentence that a change stands in, or some words of it where it is long."""
    end = _END.search(text, 0, _SENTENCE)
    if end is not None:
        return text[: end.end()].rstrip()
    return text[:_AROUND].rpartition(" ")[0] or text[:_AROUND]


def _last_sentence(text: str) -> str:
    ends = [found.end() for found in _END.finditer(text, max(0, len(text) - _SENTENCE))]
    if ends and ends[-1] == len(text) and len(ends) > 1:  # the change begins a sentence: show the one before
        return text[ends[-2] :]
    if ends and ends[-1] < len(text):
        return text[ends[-1] :]
    return text[-_AROUND:].partition(" ")[2] or text[-_AROUND:]


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
            for part in _broken(piece, width):
                if column + columns(part.rstrip()) > width and spans:
                    yield tuple(spans)
                    spans, column = [], 0
                spans.append(Span(part, _STYLES[edit.kind]))
                column += columns(part)
    yield tuple(spans)


def _broken(piece: str, width: int) -> Iterator[str]:
    """A word in parts that fit on a line; scripts without spaces may be broken anywhere."""
    if piece.isascii():
        yield from (piece[start : start + width] for start in range(0, len(piece), width))
        return
    start = column = 0
    for index, char in enumerate(piece):
        wide = columns(char)
        if column + wide > width or (wide == 2 and column >= 20):
            yield piece[start:index]
            start, column = index, 0
        column += wide
    yield piece[start:]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
