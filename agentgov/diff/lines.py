"""Which lines of a text a change touched. Pure; bounded in time for texts of any form."""

Range = tuple[int, int]

_MOST = 10_000  # lines on either side that are compared one by one; between more than that everything counts as changed


def changed_lines(before: bytes | None, after: bytes) -> tuple[Range, ...]:
    """Ranges of lines (first and last, from 1) of `after` that are not in `before`, in order; all where there was none.

    Where lines were only taken away, the line that follows counts: that is where a reader sees it.
    """
    new = after.splitlines()
    if before is None:
        return ((1, len(new)),) if new else ()
    old = before.splitlines()
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    if not left and not right:
        return ()
    if not left or not right or max(len(left), len(right)) > _MOST:
        return (_range(start, len(right), len(new)),)
    from rapidfuzz.distance import Indel

    ids: dict[bytes, int] = {}
    found: list[Range] = []
    taken, done = 0, 0  # how far the last change went, on either side
    sides = ([ids.setdefault(line, len(ids)) for line in side] for side in (left, right))
    for block in Indel.opcodes(*sides):
        if block.tag == "equal":
            if block.src_start > taken or block.dest_start > done:
                found.append(_range(start + done, block.dest_start - done, len(new)))
            taken, done = block.src_end, block.dest_end
    if taken < len(left) or done < len(right):
        found.append(_range(start + done, len(right) - done, len(new)))
    return tuple(found)


def _range(start: int, length: int, total: int) -> Range:
    """The lines from a place that counts from 0; where there are none, the next one that there is."""
    first = min(start + 1, max(1, total))
    return (first, max(first, start + length))
