"""A page of text: lines of styled spans and tables, plain for pipes and painted by rich for terminals.

Columns of a table that have no room are told beneath each row, so that no line of it is broken by a terminal.
Whatever comes from files, commits and other people is data: control characters are shown as escapes, so that a file
name cannot move the cursor or hide a line.
"""

import io
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, zip_longest
from typing import Literal

Style = Literal["plain", "bold", "dim", "good", "bad", "warn", "accent", "insert", "delete"]

# What each style looks like, in rich's words.
_LOOKS: dict[Style, str] = {
    "plain": "",
    "bold": "bold",
    "dim": "dim",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "accent": "cyan",
    "insert": "green",
    "delete": "red strike",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Some text in one style."""

    text: str
    style: Style = "plain"


Part = str | Span
Line = tuple[Span, ...]

_GAP = "  "  # between columns, and before what stands beneath a row
_NARROWEST = 24  # columns of words that are broken into lines
_NOTHING = ("", "-")  # cells that are not worth a line


@dataclass(frozen=True, slots=True)
class _Table:
    header: tuple[str, ...]
    rows: tuple[tuple[Span, ...], ...]


@dataclass(slots=True)
class Page:
    """Collects lines and tables in order; nothing is printed until it is whole."""

    _blocks: list[Line | _Table] = field(default_factory=list)
    _tables: set[int] = field(default_factory=set)

    def line(self, *parts: Part) -> "Page":
        """Add one line; returns the page, so that lines can be chained."""
        self._blocks.append(tuple(_span(part) for part in parts))
        return self

    def blank(self) -> "Page":
        """Add an empty line."""
        return self.line()

    def then(self, other: "Page") -> "Page":
        """Add everything that another page holds."""
        self._blocks.extend(other._blocks)
        return self

    def table(self, header: Sequence[str], rows: Iterable[Sequence[Part]]) -> "Page":
        """Add a table; every row has as many cells as the header. A column without a name and a word is left out."""
        cells = [tuple(map(_cell, row)) for row in rows]
        used = [place for place, name in enumerate(header) if name or any(row[place].text for row in cells)]
        told = tuple(tuple(row[place] for place in used) for row in cells)
        self._blocks.append(_Table(tuple(header[place] for place in used), told))
        return self

    def text(self, *, colour: bool = False, width: int | None = None) -> str:
        """The page as text that ends with a newline; painted when `colour`.

        What no longer fits into `width` columns of a table stands beneath its rows; lines are as long as they are.
        """
        lines = [line for block in self._blocks for line in _lines(block, width)]
        if colour:
            return _painted(lines)
        return "".join(f"{''.join(span.text for span in line).rstrip()}\n" for line in lines)


def _painted(lines: Iterable[Line]) -> str:
    from rich.console import Console
    from rich.text import Text

    buffer = io.StringIO()
    console = Console(file=buffer, force_terminal=True, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*((span.text, _LOOKS[span.style]) for span in line)))
    return buffer.getvalue()


def safe(text: str) -> str:
    """The text with every control, format and surrogate character but newline and tab as a visible escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    if char in "\n\t" or char.isprintable():
        return char
    if unicodedata.category(char) == "Zs":
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, kept by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def _span(part: Part) -> Span:
    return Span(safe(part)) if isinstance(part, str) else Span(safe(part.text), part.style)


def _cell(part: Part) -> Span:
    span = _span(part)  # one row is one line: a file name with a newline must not look like another row
    return Span(span.text.replace("\n", "\\n").replace("\t", "\\t"), span.style)


def _lines(block: Line | _Table, width: int | None) -> Iterator[Line]:
    """The lines of a block; of a table first its header, then its rows, each with what has no room beneath it."""
    if not isinstance(block, _Table):
        yield block
        return
    rows = (tuple(Span(name, "bold") for name in block.header), *block.rows)
    widths = [max(_columns(row[place].text) for row in rows) for place in range(len(block.header))]
    if width is not None:
        widths = _fitting(rows, widths, width)
    for row in rows:
        yield from _beside(list(zip(row, widths, strict=False)))
        if width is not None and row is not rows[0]:
            yield from _beneath(list(zip(block.header, row, strict=True))[len(widths) :], width)


def _fitting(rows: Sequence[Line], widths: list[int], width: int) -> list[int]:
    """The widths of the columns that stand beside each other, one at least: all of them, where the widest one can be
    made narrower without breaking a word."""
    left = width - sum(widths) - len(_GAP) * (len(widths) - 1)
    if left >= 0:
        return widths
    widest = widths.index(max(widths))
    longest = max(_columns(word) for row in rows for word in row[widest].text.split(" "))
    if widths[widest] + left >= max(longest, _NARROWEST):
        return [one + (left if place == widest else 0) for place, one in enumerate(widths)]
    ends = accumulate(one + len(_GAP) for one in widths)
    fit = max(sum(end - len(_GAP) <= width for end in ends), 1)
    return [min(one, width) for one in widths[:fit]]


def _beside(cells: Sequence[tuple[Span, int]]) -> Iterator[Line]:
    """Cells in columns of these widths; what is too long for its column goes on below."""
    wrapped = [_wrapped(cell.text, room) for cell, room in cells]
    for texts in zip_longest(*wrapped, fillvalue=""):
        parts = [
            part
            for text, (cell, room) in zip(texts, cells, strict=True)
            for part in (Span(text, cell.style), Span(" " * (room - _columns(text)) + _GAP))
        ]
        yield tuple(parts[:-1])


def _beneath(cells: Iterable[tuple[str, Span]], width: int) -> Iterator[Line]:
    """Cells with the names of their columns, as many on a line as have room; a long one goes on, further in."""
    line: list[Span] = []
    for name, cell in cells:
        if cell.text in _NOTHING:
            continue
        label = f"{_GAP}{name.lower()}: " if name else _GAP
        if line and _columns("".join(span.text for span in line) + label + cell.text) > width:
            yield tuple(line)
            line = []
        first, *more = _wrapped(f"{label}{cell.text}", width, _GAP * 2)
        line += [Span(label, "dim"), Span(first[len(label) :], cell.style)]
        for text in more:
            yield tuple(line)
            line = [Span(text, cell.style)]
    if line:
        yield tuple(line)


def _wrapped(text: str, width: int, further: str = "") -> list[str]:
    """A text in lines, no word of it broken; as it is where it fits."""
    if _columns(text) <= width:
        return [text]
    return textwrap.wrap(text, width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF") for one in text)
