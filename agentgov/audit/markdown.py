"""The text of a pack as Markdown. Whatever people wrote is text in it, and never markup."""

import re
from collections.abc import Iterable
from typing import assert_never

from agentgov.audit.blocks import Block, Bullets, Code, Heading, Inline, Line, Link, Sentence, Table
from agentgov.report.markup import code
from agentgov.report.markup import prose as marked

_COLON = re.compile(r"&#58;(?= |$)")  # begins no link and no emoji


def markdown(blocks: Iterable[Block]) -> str:
    """The whole page."""
    return "\n\n".join(_block(one) for one in blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(level, text, anchor):
            return (f'<a id="{anchor}"></a>\n\n' if anchor else "") + f"{'#' * level} {prose(text)}"
        case Sentence(line, loud):
            return f"> **{_line(line)}**" if loud else _line(line)
        case Bullets(lines):
            return "\n".join(f"- {_line(one)}" for one in lines) or "- none"
        case Table(head, rows):
            width = f"|{' --- |' * len(head)}"
            cells = (f"| {' | '.join(_line(one, cell=True) for one in row)} |" for row in rows)
            return "\n".join((f"| {' | '.join(map(prose, head))} |", width, *cells))
    assert_never(block)


def _line(line: Line, *, cell: bool = False) -> str:
    return "".join(_inline(part, cell) for part in line).strip()


def _inline(part: Inline, cell: bool) -> str:
    match part:
        case Code(text):
            return code(text, cell=cell)
        case Link(text, to):
            return f"[{prose(text)}](<{to}>)"
        case str():
            return _spaced(part)
    assert_never(part)


def prose(text: str) -> str:
    """The text as it reads, with its colons before spaces as they are: a page of evidence is read unrendered, too."""
    return _COLON.sub(":", marked(text))


def _spaced(text: str) -> str:
    """The text with the spaces at its ends, which separate it from what stands beside it."""
    before, after = " " if text[:1] == " " else "", " " if text[-1:] == " " else ""
    return f"{before}{prose(text)}{after}"
