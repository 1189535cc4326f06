"""Text of other people inside Markdown: shown as it is, and nothing in it acts.

No HTML, no links, no images, no mentions that call people, no references that leave traces in issues, no way out of a
table's cell (CommonMark 0.31; GitHub Flavored Markdown 0.29; GitLab's references).
"""

import re
from collections.abc import Sequence

from agentgov.report.page import safe

# Whatever could be markup inside a line, as an entity: an entity is text and never markup (CommonMark, "Entity and
# numeric character references"). The colon begins links that need no brackets, and emoji; the dollar, mathematics.
_MARKUP = {ord(char): f"&#{ord(char)};" for char in "\\`*_[]<>&|~:$"}
_BARE_LINK = re.compile(r"(?<=www)\.", re.IGNORECASE)
# @somebody, #1, !1, %milestone, ^alert: forges read them from the rendered text, so they are parted there.
_REFERENCE = re.compile(r"([@#!$%~&^])(?=\w)")
# What is no markup anywhere inside a line, and what forges make links of although nothing in it is markup: addresses,
# issues (GH-1), emoji. Underscores are marks only at the end of a word.
_NO_MARKUP = re.compile(r"(?:[^\W_]|(?<=[^\W_])_(?=[^\W_])|[ ,;.:()'\"%+=/?-])*")
_CALLS = re.compile(r"www\.|:[^ ]|%\w|\bGH-\d", re.IGNORECASE)
_APART, _DOT = "\ue000", "\ue001"  # until all is escaped; private use, which `safe` has made visible in the text


def prose(text: str) -> str:
    """The text as one line of Markdown that reads the same, to stand after a word or in a cell."""
    line = " ".join(safe(text).split())
    marked = _BARE_LINK.sub(_DOT, _REFERENCE.sub(rf"\1{_APART}", line))
    return marked.translate(_MARKUP).replace(_APART, "&#8203;").replace(_DOT, "&#46;")


def named(people: Sequence[str], most: int) -> str:
    """`ana, bo and 3 more`: those beyond `most` are counted."""
    more = f" and {len(people) - most:,} more" if len(people) > most else ""
    return prose(", ".join(people[:most])) + more


def plain(text: str) -> str:
    """The text as one line that reads the same unrendered, too, as in an e-mail: as it is where nothing in it could be
    markup, else as code. It stands after other words, never at the beginning of a line."""
    line = " ".join(safe(text).split())
    return line if _NO_MARKUP.fullmatch(line) and not _CALLS.search(line) else code(line)


def code(text: str, *, cell: bool = True) -> str:
    """The text as inline code, in a fence of backticks that it cannot close; a bar stays inside of its cell. Outside of
    tables (`cell`) nothing takes the backslash before a bar away again."""
    line = " ".join(safe(text).split())
    if not line:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    inner = f" {line} " if line.startswith("`") or line.endswith("`") else line
    whole = f"{fence}{inner}{fence}"
    return whole.replace("|", "\\|") if cell else whole


def cut(head: str, sections: list[str], limit: int, rest: str) -> str:
    """Head and as many whole sections as fit into so many bytes of UTF-8; where some do not, a last line says so.

    `rest` is that line, with `{}` for the number of sections that are left out. Bytes are never fewer than the
    characters that a forge counts.
    """
    size = len(head.encode()) + len(rest) + 50
    kept: list[str] = []
    for section in sections:
        size += len(section.encode())
        if size > limit:
            break
        kept.append(section)
    if len(kept) == len(sections):
        return head + "".join(kept)
    return head + "".join(kept) + rest.format(f"{len(sections) - len(kept):,}")
