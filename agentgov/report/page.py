"""A page of text: lines of styled spans and tables, plain for pipes and painted by rich for terminals.

Whatever comes from files, commits and other people is data: control characters are shown as escapes, so that a file
name cannot move the cursor or hide a line.
"""

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class _Table:
    header: tuple[str, ...]
    rows: tuple[tuple[Span, ...], ...]


@dataclass(slots=True)
class Page:
    """Collects lines and tables in order; nothing is printed until it is whole."""

    _blocks: list[tuple[Span, ...] | _Table] = field(default_factory=list)
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
        """Add a table; every row has as many cells as the header."""
        self._blocks.append(_Table(tuple(header), tuple(tuple(_cell(cell) for cell in row) for row in rows)))
        return self

    def text(self, *, colour: bool = False, width: int | None = None) -> str:
        """The page as text that ends with a newline; painted when `colour`, at most `width` columns then."""
        if colour:
            return self._painted(width)
        out: list[str] = []
        for block in self._blocks:
            if isinstance(block, _Table):
                out.extend(_plain_table(block))
            else:
                out.append("".join(span.text for span in block).rstrip())
        return "".join(f"{line}\n" for line in out)

    def _painted(self, width: int | None) -> str:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        def rich_text(spans: Iterable[Span]) -> Text:
            return Text.assemble(*((span.text, _LOOKS[span.style]) for span in spans))

        buffer = io.StringIO()
        console = Console(file=buffer, force_terminal=True, width=width, highlight=False, soft_wrap=True)
        for block in self._blocks:
            if isinstance(block, _Table):
                table = Table(*block.header, box=box.SIMPLE_HEAD, pad_edge=False)
                for row in block.rows:
                    table.add_row(*(rich_text([cell]) for cell in row))
                console.print(table)
            else:
                console.print(rich_text(block))
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


def _plain_table(table: _Table) -> list[str]:
    cells = [list(table.header), *([span.text for span in row] for row in table.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
