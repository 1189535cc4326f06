"""Ancestry, computed on raw parents: the right answer whatever dates commits claim, and fast where they are sane.

Dates only choose what is read first. Every function takes `read`, which gives the parents and the claimed commit time
of a commit and raises when it is missing, so that truncated history stops an answer instead of changing it. Nothing
recurses; memory is proportional to the commits read, and a walk without exclusions keeps their ids only.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

Node = tuple[tuple[str, ...], int]  # parents, claimed commit time
Read = Callable[[str], Node]

_FIRST, _SECOND, _STALE = 1, 2, 4


class _Queue:
    """Commits to read, the latest claimed time first."""

    def __init__(self, read: Read) -> None:
        self.nodes: dict[str, Node] = {}
        self._read = read
        self._heap: list[tuple[int, str]] = []

    def push(self, oid: str) -> None:
        if oid not in self.nodes:
            self.nodes[oid] = self._read(oid)
        heappush(self._heap, (-self.nodes[oid][1], oid))

    def pop(self) -> str:
        return heappop(self._heap)[1]

    def waiting(self) -> set[str]:
        return {oid for _, oid in self._heap}

    def __len__(self) -> int:
        return len(self._heap)


def is_ancestor(read: Read, ancestor: str, descendant: str) -> bool:
    """Whether `ancestor` is `descendant` or can be reached from it.

    Ancestors of the ancestor are marked too: a line of descent that meets them has missed it, and need not be followed.
    """
    if ancestor == descendant:
        return True
    queue = _Queue(read)
    below: set[str] = {ancestor}
    open_lines: set[str] = {descendant}
    queue.push(ancestor)
    queue.push(descendant)
    seen: set[str] = {ancestor, descendant}
    while open_lines:
        oid = queue.pop()
        parents = queue.nodes[oid][0]
        if oid in below:
            for parent in parents:
                if parent not in below:
                    below.add(parent)
                    open_lines.discard(parent)
                    queue.push(parent)
        elif oid in open_lines:
            open_lines.discard(oid)
            for parent in parents:
                if parent == ancestor:
                    return True
                if parent not in seen and parent not in below:
                    seen.add(parent)
                    open_lines.add(parent)
                    queue.push(parent)
    return False


def merge_bases(read: Read, first: str, second: str) -> tuple[str, ...]:
    """The best common ancestors: those that are no ancestor of another one; latest first, then by id."""
    if first == second:
        return (first,)
    queue = _Queue(read)
    marks = {first: _FIRST}
    marks[second] = _SECOND
    found: set[str] = set()
    alive = {first, second}  # waiting, and not known to lie below a common ancestor
    queue.push(first)
    queue.push(second)
    while alive:
        oid = queue.pop()
        alive.discard(oid)
        mark = marks[oid]
        if mark == _FIRST | _SECOND:
            found.add(oid)
            mark |= _STALE
        for parent in queue.nodes[oid][0]:
            before = marks.get(parent, 0)
            if before | mark != before:
                marks[parent] = before | mark
                queue.push(parent)
                (alive.discard if marks[parent] & _STALE else alive.add)(parent)
    best = sorted((oid for oid in found if not marks[oid] & _STALE), key=lambda oid: (-queue.nodes[oid][1], oid))
    return tuple(oid for oid in best if not any(other != oid and is_ancestor(read, oid, other) for other in best))


def walk(read: Read, include: str, exclude: Iterable[str] = ()) -> Iterator[str]:
    """Every commit reachable from `include` and from none of `exclude`; parents after children where dates are sane,
    and with exclusions always."""
    excluded = set(exclude)
    if excluded:
        yield from _children_first(_not_reachable_from(read, include, excluded), include)
        return
    heap = [(-read(include)[1], include)]
    seen = {include}
    while heap:
        oid = heappop(heap)[1]
        yield oid
        for parent in read(oid)[0]:
            if parent not in seen:
                seen.add(parent)
                heappush(heap, (-read(parent)[1], parent))


def _not_reachable_from(read: Read, include: str, excluded: set[str]) -> dict[str, Node]:
    """The commits of a walk. `wanted` and `unwanted` grow from both ends until no commit can change sides any more."""
    queue = _Queue(read)
    unwanted = set(excluded)
    wanted = {include} - unwanted
    open_lines = set(wanted)  # wanted commits whose parents have not been looked at
    done: set[str] = set()  # unwanted commits whose parents have been looked at
    for oid in (include, *sorted(excluded)):
        queue.push(oid)
    next_check = 0
    while wanted and len(queue):
        if not open_lines and len(queue.nodes) >= next_check:
            if _is_settled(queue, wanted, unwanted, done):
                break
            next_check = len(queue.nodes) * 3 // 2
        oid = queue.pop()
        if oid in unwanted:
            if oid not in done:
                done.add(oid)
                for parent in queue.nodes[oid][0]:
                    unwanted.add(parent)
                    wanted.discard(parent)
                    open_lines.discard(parent)
                    queue.push(parent)
        elif oid in open_lines:
            open_lines.discard(oid)
            for parent in queue.nodes[oid][0]:
                if parent not in unwanted and parent not in wanted:
                    wanted.add(parent)
                    open_lines.add(parent)
                    queue.push(parent)
    return {oid: queue.nodes[oid] for oid in wanted}


def _is_settled(queue: _Queue, wanted: set[str], unwanted: set[str], done: set[str]) -> bool:
    """Whether no wanted commit can still turn out to be reachable from an unwanted one that waits.

    A commit cannot be reached from its own ancestors. So it is settled once every unwanted commit that waits is known
    to be an ancestor of every lowest wanted one. Each of the lowest gets a bit, handed down to all known ancestors.
    """
    waiting = {oid for oid in queue.waiting() if oid in unwanted and oid not in done}
    lowest = [oid for oid in wanted if wanted.isdisjoint(queue.nodes[oid][0])]
    if any(not queue.nodes[oid][0] for oid in lowest):
        return not waiting
    bits: dict[str, int] = {}
    todo: list[tuple[int, str]] = []
    for number, oid in enumerate(lowest):
        for parent in queue.nodes[oid][0]:
            bits[parent] = bits.get(parent, 0) | 1 << number
            if parent in queue.nodes:
                heappush(todo, (-queue.nodes[parent][1], parent))
    handed: dict[str, int] = {}
    while todo:
        oid = heappop(todo)[1]
        if handed.get(oid) == bits[oid]:
            continue
        handed[oid] = bits[oid]
        for parent in queue.nodes[oid][0] if oid in done else ():
            if bits.get(parent, 0) | bits[oid] != bits.get(parent, 0):
                bits[parent] = bits.get(parent, 0) | bits[oid]
                heappush(todo, (-queue.nodes[parent][1], parent))
    everyone = (1 << len(lowest)) - 1
    return all(bits.get(oid, 0) == everyone for oid in waiting)


def _children_first(nodes: dict[str, Node], start: str) -> Iterator[str]:
    """The commits so that each comes before its parents, the latest claimed time first among those that may come."""
    children = dict.fromkeys(nodes, 0)
    for parents, _ in nodes.values():
        for parent in set(parents):
            if parent in children:
                children[parent] += 1
    heap = [(-nodes[start][1], start)] if start in nodes else []
    while heap:
        oid = heappop(heap)[1]
        yield oid
        for parent in set(nodes[oid][0]):
            if parent in children:
                children[parent] -= 1
                if not children[parent]:
                    heappush(heap, (-nodes[parent][1], parent))
