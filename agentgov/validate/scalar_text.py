"""Where the characters of a scalar's value stand in its text: through quotes, escapes, folding and indentation.

The rules are those of YAML 1.2.2, chapters 7.3 and 8.1, as both parsers follow them. What comes out is compared with
the value that the parser gave; where they differ, nothing is claimed.
"""

import re
from collections.abc import Iterator

_PROPERTY = re.compile(r"&[0-9A-Za-z_-]+|![^ \t\r\n]*|#[^\r\n]*|[ \t\r\n]+")
_BREAK = re.compile(r"\r\n|\r|\n")
_GAP = re.compile(r"[ \t]*(?:(?:\r\n|\r|\n)[ \t]*)+")
_HEADER = re.compile(r"[|>]([-+0-9]*)[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_CODED = {"x": 2, "u": 4, "U": 8}

Char = tuple[str, int]  # a character of the value, and the index in the text where it is written


def offsets(text: str, start: int, end: int, style: str, value: str) -> list[int] | None:
    """For each character of the value the index in `text` where it is written, and one more for the end of the value;
    None where that cannot be told.

    `start`, `end` and `style` are those of the parser's event; the start may be that of an anchor before the scalar.
    A character that folding made has the index of the line break that it was made of.
    """
    start = content_start(text, start, end)
    if style in ("|", ">"):
        chars = list(_block(text, start, end, style, value))
    elif style in ("'", '"'):
        chars = list(_flow(text, start + 1, end - 1, style))
    else:
        chars = list(_flow(text, start, end, ""))
    if "".join(char for char, _ in chars) != value:
        return None
    return [*(index for _, index in chars), chars[-1][1] + 1 if chars else start]


def content_start(text: str, start: int, end: int) -> int:
    """The index after anchor, tag, comments and white space in front of a scalar."""
    while start < end and (match := _PROPERTY.match(text, start, end)):
        start = match.end()
    return start


def _flow(text: str, index: int, end: int, quote: str) -> Iterator[Char]:
    """The characters of a plain or quoted scalar, line breaks folded."""
    while index < end:
        char = text[index]
        if char in " \t\r\n" and (gap := _GAP.match(text, index, end)):
            yield from _folded(gap[0], index)
            index = gap.end()
        elif char == "'" == quote:
            yield char, index
            index += 2
        elif char == "\\" and quote == '"':
            following = text[index + 1 : index + 2]
            if following in ("\r", "\n"):
                gap = _GAP.match(text, index + 1, end)
                assert gap is not None  # it starts with a line break
                yield from list(_folded(gap[0], index + 1, escaped=True))
                index = gap.end()
            elif following in _CODED:
                digits = text[index + 2 : index + 2 + _CODED[following]]
                yield chr(int(digits, 16)), index
                index += 2 + len(digits)
            else:
                yield _ESCAPES.get(following, following), index
                index += 2
        else:
            yield char, index
            index += 1


def _folded(gap: str, at: int, *, escaped: bool = False) -> Iterator[Char]:
    """What white space with line breaks in it stands for: one break is a space (nothing where it is escaped), of more
    than one the first is dropped."""
    breaks = [at + match.start() for match in _BREAK.finditer(gap)]
    if len(breaks) > 1:
        yield from (("\n", index) for index in breaks[1:])
    elif not escaped:
        yield " ", breaks[0]


def _block(text: str, start: int, end: int, style: str, value: str) -> Iterator[Char]:
    """The characters of a literal or folded scalar. How far it is indented follows from its first line of text, which
    has so many blanks less in the value."""
    header = _HEADER.match(text, start, end)
    if header is None:
        return
    lines = list(_lines(text, header.end(), end))
    written = next((_indent(text, first, last) for first, last, _ in lines if text[first:last].strip(" ")), None)
    if written is None:  # nothing but blanks
        indent = _widest(lines) - max(map(len, value.split("\n")))
    else:
        bare = value.lstrip(" \n")
        indent = written - (len(value) - len(bare) - value.rfind("\n", 0, len(value) - len(bare)) - 1)
    yield from _unfolded(text, lines, max(indent, 0), style, header[1])


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """First and last index of every line, and the end of its break; the last line may have none."""
    while start < end:
        match = _BREAK.search(text, start, end)
        if match is None:
            yield start, end, end
            return
        yield start, match.start(), match.end()
        start = match.end()


def _indent(text: str, first: int, last: int) -> int:
    return last - first - len(text[first:last].lstrip(" "))


def _widest(lines: list[tuple[int, int, int]]) -> int:
    return max((last - first for first, last, _ in lines), default=0)


def _unfolded(text: str, lines: list[tuple[int, int, int]], indent: int, style: str, how: str) -> Iterator[Char]:
    """The algorithm of the parsers: a break between two lines of text folds, unless a line starts with white space."""
    pending: list[Char] = []  # the break after the last line of text
    empty: list[Char] = []  # the breaks of the empty lines after it
    before_blank = False
    for first, last, after in lines:
        broken: list[Char] = [("\n", last)] if after > last else []
        content = min(first + min(indent, _indent(text, first, last)), last)
        if content == last:
            empty += broken
            continue
        blank = text[content] in " \t"
        if style == ">" and pending and not before_blank and not blank:
            if not empty:
                yield " ", pending[0][1]
        else:
            yield from pending
        yield from empty
        yield from ((text[index], index) for index in range(content, last))
        pending, empty, before_blank = broken, [], blank
    if "-" not in how:
        yield from pending
    if "+" in how:
        yield from empty
