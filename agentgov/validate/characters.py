"""Characters that a reviewer cannot see: control, bidirectional and zero-width ones, and where they stand in a text.

Sources: Unicode TR 36 and TR 55 (source code handling); "Trojan Source" (CVE-2021-42574) for the bidirectional ones;
tag characters and runs of variation selectors carry hidden text into prompts. Never decides about look-alikes.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator

# Control characters but tab, line feed and carriage return (U+0085 is a line break, judged by `yaml_text`).
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_FILLERS = "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"
_INVISIBLE = "\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
_TAGS = "\U000e0000-\U000e0fff"
_ALWAYS = f"{_CONTROL}{_BIDI}{_FILLERS}{_INVISIBLE}{_TAGS}"

# A joiner between two characters beyond ASCII is ordinary writing (Persian, Hindi, emoji); elsewhere it hides.
_JOINER = r"(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])"
_SELECTORS = r"[\ufe00-\ufe0f]{2,}"
_SUSPECT = re.compile(f"[{_ALWAYS}\u200c\u200d\ufe00-\ufe0f]")
_HIDDEN = re.compile(f"[{_ALWAYS}]|{_JOINER}|{_SELECTORS}")

_BREAK = re.compile(r"\r\n|\n|\r")
_PLAIN = bytes([*range(0x20, 0x7F), *b"\t\n\r"])


def is_plain(data: bytes) -> bool:
    """Whether the bytes are nothing but printable ASCII and line breaks, so that nothing can hide in them."""
    return not data.translate(None, _PLAIN)


def hidden(text: str) -> Iterator[tuple[int, str]]:
    """Every hidden character: its index in the text and its name, `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    if _SUSPECT.search(text):  # one character class is many times faster than the exact rule
        yield from ((match.start(), name(match[0][0])) for match in _HIDDEN.finditer(text))


def name(char: str) -> str:
    """`U+200B ZERO WIDTH SPACE`; control characters have no name and are called that."""
    return f"U+{ord(char):04X} {unicodedata.name(char, 'control character')}"


def place(text: str, index: int) -> tuple[int, int]:
    """(line, column), both from 1, of an index in a text; lines end at LF, CR or both."""
    line, start = 1, 0
    for match in _BREAK.finditer(text, 0, index):
        line, start = line + 1, match.end()
    return line, index - start + 1


def line_starts(text: str) -> list[int]:
    """The index at which each line starts, by the same rule; the first line starts at 0."""
    return [0, *(match.end() for match in _BREAK.finditer(text))]


def placing(text: str) -> Callable[[int], tuple[int, int]]:
    """`place` for many indexes of one text: what reads the text once and then answers each at once."""
    starts = line_starts(text)

    def answer(index: int) -> tuple[int, int]:
        line = bisect_right(starts, index)
        return line, index - starts[line - 1] + 1

    return answer


def lines(text: str) -> list[str]:
    """The lines of a text without their ends, by the same rule."""
    return _BREAK.split(text)
