"""An exact alignment of two texts made readable: the same edits, said as a person would.

Two moves, neither of which makes an edit wrong: an insertion or deletion that could as well stand a little further
(`- b\n+- c\n` or `b\n+- c\n- `) goes where lines, sentences and words begin; and a word or two that happen to be the
same in the middle of a phrase that was rewritten become part of it.
"""

from collections.abc import Hashable, Sequence

from agentgov.diff.sequence import Run

_FURTHEST = 200  # pieces that an edit is moved at most
_FEW = 2  # words that are the same by chance
_ENDS = frozenset(".!?\u3002\uff01\uff1f:;")


def readable(steps: Sequence[Run], before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Run]:
    """Alternating runs of pieces as runs that read better; both sides stay covered in order."""
    return _folded(_slid(steps, before, after), before, after)


def _slid(steps: Sequence[Run], before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Run]:
    found = list(steps)
    for index in range(1, len(found) - 1):
        run, left, right = found[index], found[index - 1], found[index + 1]
        if run.equal or not left.equal or not right.equal or (run.before and run.after):
            continue
        text, stretch = (before, run.before) if run.before else (after, run.after)
        by = _best(text, stretch, len(left.before), len(right.before))
        found[index - 1 : index + 2] = [
            Run(True, _grown(left.before, 0, by), _grown(left.after, 0, by)),
            Run(False, _grown(run.before, by, by), _grown(run.after, by, by)),
            Run(True, _grown(right.before, by, 0), _grown(right.after, by, 0)),
        ]
    return found


def _grown(stretch: range, start: int, stop: int) -> range:
    return range(stretch.start + start, stretch.stop + stop)


def _best(text: Sequence[Hashable], stretch: range, left: int, right: int) -> int:
    """By how many pieces to move an edit, so far as it stays the same edit."""
    start, stop = stretch.start, stretch.stop
    least = most = 0
    while least > -min(left, _FURTHEST) and text[start + least - 1] == text[stop + least - 1]:
        least -= 1
    while most < min(right, _FURTHEST) and text[start + most] == text[stop + most]:
        most += 1
    return max(range(least, most + 1), key=lambda by: (_break(text, start + by) + _break(text, stop + by), by))


def _break(text: Sequence[Hashable], place: int) -> int:
    """How good a place before this piece is to begin or end an edit: between lines, sentences, words, or inside."""
    if place in (0, len(text)):
        return 4
    last = text[place - 1]
    if not isinstance(last, str):
        return 4
    if last.endswith("\n"):
        return 5 if place > 1 and text[place - 2] == "\n" else 4
    if not last.isspace():
        return 1 if last in _ENDS else 0
    return 3 if place > 1 and text[place - 2] in _ENDS else 2


def _folded(steps: Sequence[Run], before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Run]:
    found: list[Run] = []
    for number, run in enumerate(steps):
        if not run.before and not run.after:
            continue
        equal = run.equal
        if equal and found and number < len(steps) - 1:
            around = min(_size(found[-1], before, after), _size(steps[number + 1], before, after))
            equal = not _is_chance(before[run.before.start : run.before.stop], around)
        first = found.pop() if found and found[-1].equal == equal else Run(equal, run.before[:0], run.after[:0])
        both = (range(first.before.start, run.before.stop), range(first.after.start, run.after.stop))
        found.append(Run(equal, *both))
    return found


def _size(run: Run, before: Sequence[Hashable], after: Sequence[Hashable]) -> int:
    return max(
        sum(len(str(piece)) for piece in side[stretch.start : stretch.stop])
        for side, stretch in ((before, run.before), (after, run.after))
    )


def _is_chance(pieces: Sequence[Hashable], around: int) -> bool:
    """Whether these few equal pieces, with an edit of `around` characters on either side, say nothing by themselves."""
    if len(pieces) > 2 * _FEW + 1 or any(str(piece).endswith("\n") for piece in pieces):
        return False
    words = sum(1 for piece in pieces if any(map(str.isalnum, str(piece))))
    size = sum(len(str(piece)) for piece in pieces)
    return size <= around if words == 0 else words <= _FEW and 2 * size <= around
