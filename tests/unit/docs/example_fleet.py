"""Puts an example of docs/findings/ into the sample fleet, as a reader would: text for text, never through a parser.

A fragment of YAML replaces the fields that it names (below `spec`, `metadata` and `reviews` one level deeper) and adds
those that are new. Whatever shows its own head, or is no YAML, is the whole file.
"""

import re
from collections.abc import Iterable, Mapping

from unit.validate.fleet_sample import FILES, Edit

from agentgov.validate.explanations import Example

_OPEN = {"spec", "metadata", "reviews"}
_WHOLE = re.compile(r"^(?:(?:\\x[0-9a-f]{2})*apiVersion:|%)", re.MULTILINE)
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")

Block = tuple[str, list[str]]  # key, its lines


def edits(examples: Iterable[Example]) -> Mapping[str, Edit]:
    """The sample fleet with examples in it, as edits of the sample."""
    return {example.file: _edit(example) for example in examples if example.text is not None or example.file in FILES}


def _edit(example: Example) -> Edit:
    if example.text is None:
        return None
    text = example.text
    whole = example.whole or _WHOLE.search(text) or example.file not in FILES or not example.file.endswith(".yaml")
    if not whole:
        text = overlay(FILES[example.file], text)
    if example.escaped:
        return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text.encode())
    return text


def overlay(base: str, fragment: str, indent: int = 0) -> str:
    """The text of a mapping with the fields of a fragment in it; new ones stand before the known one they precede."""
    known, told = _blocks(base, indent), _blocks(fragment, indent)
    out: list[str] = []
    waiting = told
    for key, lines in known:
        here = [block for name, block in told if name == key]
        if not here:
            out += lines
            continue
        place = [name for name, _ in waiting].index(key) if key in dict(waiting) else 0
        early = [block for block in waiting[:place] if block[0] not in dict(known)]
        out += _lines(early) + _merged(key, lines, here, indent)
        waiting = [block for block in waiting if block not in early and block[0] != key]
    return "".join(out + _lines(waiting))


def _lines(blocks: Iterable[Block]) -> list[str]:
    return [line for _, lines in blocks for line in lines]


def _merged(key: str, lines: list[str], told: list[list[str]], indent: int) -> list[str]:
    head = f"{' ' * indent}{key}:\n"
    if key in _OPEN and lines[0] == head and told[0][0] == head:
        return [head, overlay("".join(lines[1:]), "".join(told[0][1:]), indent + 2)]
    return _lines((key, block) for block in told)


def _blocks(text: str, indent: int) -> list[Block]:
    """The fields of a mapping that is written at an indentation: each key with its lines; what stands before the first
    belongs to it."""
    blocks: list[Block] = []
    before: list[str] = []
    for line in text.splitlines(keepends=True):
        inner = line[indent:]
        if line[:indent].strip() == "" and inner[:1] not in (" ", "#", "-", "\n", ""):
            blocks.append((inner.partition(":")[0].strip('"'), [*before, line]))
            before = []
        elif blocks:
            blocks[-1][1].append(line)
        else:
            before.append(line)
    return blocks
