"""Two texts compared by words, at a cost that a hostile text cannot raise.

Exact: the equal and inserted pieces are the text after, the equal and deleted ones the text before. Lines that both
texts have once hold the comparison in place; those that stand elsewhere now have moved. Judges nothing.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agentgov.diff.reading import readable
from agentgov.diff.sequence import CELLS, runs
from agentgov.diff.tokens import lines, tokens

Kind = Literal["equal", "insert", "delete"]

_MOST_CELLS = 4 * CELLS  # for one text as a whole, below a second
_MOVABLE = 20  # characters of a line that is worth saying that it moved


@dataclass(frozen=True, slots=True)
class WordEdit:
    """A piece of text that is in both texts, only in the one after (insert), or only in the one before (delete).

    `moved`: whole lines that the other text has elsewhere, word for word.
    """

    kind: Kind
    text: str
    moved: bool = False


def word_diff(before: str, after: str) -> tuple[WordEdit, ...]:
    """The edits that turn one text into the other, in order; of a replacement the deletion stands first.

    Stretches of more words than can be aligned (about 10,000 each) are one deletion and one insertion.
    """
    first, second = lines(before), lines(after)
    fixed, moved = _anchors(first, second)
    return tuple(_edits(_pieces(first, second, fixed, moved)))


def _anchors(before: Sequence[str], after: Sequence[str]) -> tuple[list[tuple[int, int]], set[str]]:
    """Pairs of lines that stay where they are, in order, and the lines that moved past them."""
    old, new = _once(before), _once(after)
    common = [(index, new[line]) for line, index in old.items() if line in new]
    fixed = _rising(common)
    still = {index for index, _ in fixed}
    moved = {before[index] for index, _ in common if index not in still}
    return fixed, {line for line in moved if len(line.strip()) >= _MOVABLE}


def _once(text: Sequence[str]) -> dict[str, int]:
    """The lines that stand there exactly once and say something, with their place."""
    counts = Counter(text)
    return {line: index for index, line in enumerate(text) if counts[line] == 1 and any(map(str.isalnum, line))}


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs (rising on the left) that rises on the right too: patience sorting."""
    ends: list[int] = []  # the smallest right end of a rising run of each length
    tails: list[int] = []  # which pair that is
    previous: list[int] = []
    for number, (_, right) in enumerate(pairs):
        length = bisect_left(ends, right)
        previous.append(tails[length - 1] if length else -1)
        if length == len(ends):
            ends.append(right)
            tails.append(number)
        else:
            ends[length], tails[length] = right, number
    found: list[tuple[int, int]] = []
    number = tails[-1] if tails else -1
    while number >= 0:
        found.append(pairs[number])
        number = previous[number]
    return found[::-1]


def _pieces(
    before: Sequence[str], after: Sequence[str], fixed: Sequence[tuple[int, int]], moved: set[str]
) -> Iterator[WordEdit]:
    left = right = spent = 0
    for old, new in (*fixed, (len(before), len(after))):
        gone, come = before[left:old], after[right:new]
        if gone or come:
            first, second = _Side.of(gone, moved, "before"), _Side.of(come, moved, "after")
            cost = len(first.keys) * len(second.keys)
            affordable = min(CELLS, _MOST_CELLS - spent)
            spent += cost if cost <= affordable else 0
            yield from _by_words(first, second, affordable)
        if old < len(before):
            yield WordEdit("equal", before[old])
        left, right = old + 1, new + 1


@dataclass(frozen=True, slots=True)
class _Side:
    """The pieces of a stretch of one text; a line that moved is one piece, with a key that no piece elsewhere has."""

    words: list[str]
    keys: list[Hashable]

    @classmethod
    def of(cls, stretch: Sequence[str], moved: set[str], side: str) -> "_Side":
        words: list[str] = []
        keys: list[Hashable] = []
        for line in stretch:
            found = [line] if line in moved else tokens(line)
            words += found
            keys += [(side, line)] if line in moved else found
        return cls(words, keys)

    def edits(self, kind: Kind, stretch: range) -> Iterator[WordEdit]:
        for index in stretch:
            yield WordEdit(kind, self.words[index], moved=isinstance(self.keys[index], tuple))


def _by_words(before: _Side, after: _Side, cells: int) -> Iterator[WordEdit]:
    for run in readable(runs(before.keys, after.keys, cells), before.keys, after.keys):
        if run.equal:
            yield from before.edits("equal", run.before)
        else:
            yield from before.edits("delete", run.before)
            yield from after.edits("insert", run.after)


def _edits(pieces: Iterable[WordEdit]) -> Iterator[WordEdit]:
    """Neighbours of a kind as one."""
    kind: tuple[Kind, bool] = ("equal", False)
    texts: list[str] = []
    for piece in pieces:
        if (piece.kind, piece.moved) != kind:
            if texts:
                yield WordEdit(kind[0], "".join(texts), kind[1])
            kind, texts = (piece.kind, piece.moved), []
        texts.append(piece.text)
    if texts:
        yield WordEdit(kind[0], "".join(texts), kind[1])
