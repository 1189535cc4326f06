"""The last of many patterns that matches a path, without trying them all.

Every folder has the candidates that its path has left over: what matches all below it already, and the patterns that
have matched so far and may still match further down. Folders with the same candidates are one state, and where a name
leads from a state is found once, so a file costs a look-up for each of its names. Patterns without wildcards, and those
of one name at any depth, are looked up as well; all others advance together, one bit for each place in each pattern, so
no pattern and no number of patterns costs more than its length. Where a lane is alone, those that stand before a line
that all of a folder matches are not followed into it.

Patterns belong to lanes (a section of GitLab's dialect has one for its entries, one for its exclusions; GitHub's
dialect has a single one). Of each lane only the last pattern that matches is told.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agentgov.owners.names import NameTests
from agentgov.owners.pattern import STAR, Glob, Pattern

Hits = tuple[int, ...]  # numbers of patterns, rising, at most one of each lane

_LINKS_KEPT = 200_000  # steps from one state to another, and answers; more are forgotten and found again
_KINDS_KEPT = 5_000  # for each run
_BITS = 8_000  # a run of patterns longer than this is cut: what a name adds to it stays small


def matches(pattern: Pattern, path: str) -> bool:
    """Whether one pattern matches a path: relative to the root, one `/` between names, none at the start or the end."""
    return bool(PatternIndex([pattern]).winners(path))


@dataclass(slots=True, eq=False)
class _Node:
    """A folder or file that patterns without wildcards name, or that the other patterns of `runs` start in."""

    children: dict[str, "_Node"] = field(default_factory=dict)
    itself: Hits = ()
    below: Hits = ()
    runs: tuple["_Run", ...] = ()


@dataclass(slots=True, eq=False)
class _Kind:
    """All names that no pattern tells apart: which wildcards they match, and for a name that a pattern spells, that."""

    name: str | None
    itself: Hits  # patterns of one name alone: `b`, `*.md`, `*a*b?`
    below: Hits  # the same for folders: everything below matches
    passed: tuple[int, ...]


Open = tuple[tuple["_Run", int], ...]  # runs that may still match further down, with the places they have reached


@dataclass(slots=True, eq=False)
class _State:
    """What is known of every path below a folder: where it is among the nodes, what matches, what may match yet."""

    node: _Node | None
    below: Hits
    open: Open
    folders: dict[_Kind, "_State"] = field(default_factory=dict)
    files: dict[_Kind, Hits] = field(default_factory=dict)


class PatternIndex:
    """Finds patterns by number, counted from 0 in the order of the file; built once, then only read."""

    def __init__(self, patterns: Sequence[Pattern], lanes: Sequence[int] = ()) -> None:
        """`lanes` holds the lane of each pattern; without it there is one for all."""
        self._lanes = tuple(lanes)
        self._top = _Node()
        self._tests = NameTests()
        self._names: dict[str | int, Hits] = {}  # b, *.md: anything of that name (by number: that passes that test)
        self._names_below: dict[str | int, Hits] = {}  # b/: everything below any folder of that name
        self._spelled: set[str] = set()
        followed: defaultdict[_Node, list[tuple[int, Pattern]]] = defaultdict(list)
        for number, pattern in enumerate(patterns):
            if pattern.possible and not self._look_up(number, pattern):
                node, rest = self._descend(number, pattern)
                if rest is not None:
                    followed[node].append((number, rest))
        for node, group in followed.items():
            node.runs = tuple(_Run(run, self._tests, self._merge) for run in _cut(group))
            names = (name for _, pattern in group for name in pattern.names)
            self._spelled.update(name for name in names if isinstance(name, str))
        self._followed = {number for node in followed for run in node.runs for number in run.tests}
        self._telling = self._spelled.union(key for key in (*self._names, *self._names_below) if isinstance(key, str))
        self._plain = _Kind(None, (), (), ())
        self._start()

    def winners(self, path: str) -> Hits:
        """The last pattern of each lane that matches the path."""
        *folders, name = path.split("/")
        kinds, state = self._kinds, self._root
        for folder in folders:
            kind = kinds.get(folder) or self._kind(folder)
            state = state.folders.get(kind) or self._enter(state, kind)
        kind = kinds.get(name) or self._kind(name)
        hits = state.files.get(kind)
        return hits if hits is not None else self._look(state, kind)

    def _start(self) -> None:
        """Know nothing yet, or forget what has become too much."""
        opened = tuple((run, run.start) for run in self._top.runs)
        self._root = _State(self._top, self._top.below, opened)
        self._states: dict[tuple[_Node | None, Hits, Open], _State] = {}
        self._kinds: dict[str, _Kind] = {}
        self._alike: dict[tuple[str | None, Hits, Hits, tuple[int, ...]], _Kind] = {}
        self._links = 0

    def _kind(self, name: str) -> _Kind:
        passed = self._tests.passed(name)
        if not passed and name not in self._telling:
            self._count()
            self._kinds[name] = self._plain
            return self._plain
        itself, below = self._names.get(name, ()), self._names_below.get(name, ())
        followed = []
        for number in passed:
            if hits := self._names.get(number):
                itself = self._merge(itself, hits) if itself else hits
            if hits := self._names_below.get(number):
                below = self._merge(below, hits) if below else hits
            if number in self._followed:
                followed.append(number)
        facts = (name if name in self._spelled else None, itself, below, tuple(followed))
        kind = self._alike.get(facts)
        if kind is None:
            kind = self._alike[facts] = _Kind(*facts)
        self._count()
        self._kinds[name] = kind
        return kind

    def _enter(self, state: _State, kind: _Kind) -> _State:
        """The state of a folder, found from that of the folder above it."""
        node = state.node.children.get(kind.name) if state.node is not None and kind.name is not None else None
        below = self._merge(state.below, kind.below, node.below if node is not None else ())
        opened = tuple((run, places) for run, before in state.open if (places := run.step(before, kind)))
        if node is not None and node.runs:
            opened += tuple((run, run.start) for run in node.runs)
        if below and not self._lanes:  # what cannot beat the line that all below matches need not be followed
            opened = tuple((run, left) for run, places in opened if (left := places & run.behind(below[-1])))
        key = (node, below, opened)
        known = self._states.get(key)
        if known is None:
            known = self._states[key] = _State(*key)
        state.folders[kind] = known
        self._count()
        return known

    def _look(self, state: _State, kind: _Kind) -> Hits:
        """What matches a file, found from the state of its folder."""
        found = [state.below, kind.itself]
        found.extend(run.reached(run.step(places, kind)) for run, places in state.open)
        node = state.node.children.get(kind.name) if state.node is not None and kind.name is not None else None
        if node is not None:
            found.append(node.itself)
        hits = state.files[kind] = self._merge(*found)
        self._count()
        return hits

    def _count(self) -> None:
        self._links += 1
        if self._links > _LINKS_KEPT:
            self._start()

    def _look_up(self, number: int, pattern: Pattern) -> bool:
        """File a pattern of one name at any depth; False for others."""
        name = pattern.lone_name
        if name is None or name == STAR:
            return False
        key = name if isinstance(name, str) else self._tests.add(name)
        if pattern.reach != "below":
            self._names[key] = self._merge(self._names.get(key, ()), (number,))
        if pattern.reach != "entry":
            self._names_below[key] = self._merge(self._names_below.get(key, ()), (number,))
        return True

    def _descend(self, number: int, pattern: Pattern) -> tuple[_Node, Pattern | None]:
        """The folder where a pattern stops to be plain names, and what is left of it; None where nothing is."""
        node = self._top
        for place, part in enumerate(pattern.names):
            if not isinstance(part, str):
                return node, Pattern(pattern.names[place:], pattern.reach)
            child = node.children.get(part)
            if child is None:
                child = node.children[part] = _Node()
                self._spelled.add(part)
            node = child
        if pattern.reach != "below" and pattern.names:
            node.itself = self._merge(node.itself, (number,))
        if pattern.reach != "entry" or not pattern.names:
            node.below = self._merge(node.below, (number,))
        return node, None

    def _merge(self, *parts: Hits) -> Hits:
        if not self._lanes:
            return max(parts)
        filled = [part for part in parts if part]
        if len(filled) < 2:
            return filled[0] if filled else ()
        last: dict[int, int] = {}
        for number in (number for part in filled for number in part):
            lane = self._lanes[number]
            if number > last.get(lane, -1):
                last[lane] = number
        return tuple(sorted(last.values()))


def _cut(patterns: list[tuple[int, Pattern]]) -> list[list[tuple[int, Pattern]]]:
    """Patterns that start in one folder, cut into runs."""
    runs: list[list[tuple[int, Pattern]]] = [[]]
    bits = 0
    for number, pattern in patterns:
        if bits > _BITS:
            runs.append([])
            bits = 0
        runs[-1].append((number, pattern))
        bits += len(pattern.names) + 2
    return runs


class _Run:
    """Many patterns that advance together, name by name: bit n of a state is a place between two names of a pattern.

    The step is that of bit-parallel automata (Baeza-Yates and Gonnet 1992, "A new approach to text searching").
    """

    def __init__(self, patterns: Iterable[tuple[int, Pattern]], tests: NameTests, merge: Callable[..., Hits]) -> None:
        self._merge = merge
        self.start = 0
        self._loops = 0  # places where any number of folders may stand
        self._ends = 0
        self._number: dict[int, int] = {}  # pattern of each end
        self._literal: defaultdict[str, int] = defaultdict(int)
        self._anything = 0
        globs: defaultdict[Glob, int] = defaultdict(int)
        self._first: list[tuple[int, int]] = []  # each pattern and the bit of its first place
        bit = 1
        for number, pattern in patterns:
            self._first.append((number, bit))
            self.start |= bit
            for name in pattern.names:
                if name is None:
                    self._loops |= bit
                    continue
                if isinstance(name, str):
                    self._literal[name] |= bit
                elif name == STAR:
                    self._anything |= bit
                else:
                    globs[name] |= bit
                bit <<= 1
            if pattern.reach == "below":
                self._anything |= bit
                bit <<= 1
            if pattern.reach != "entry":
                self._loops |= bit
            self._ends |= bit
            self._number[bit.bit_length()] = number
            bit <<= 1
        self.tests = {tests.add(glob): places for glob, places in globs.items()}
        self._passed: dict[_Kind, int] = {}
        self._reached: dict[int, Hits] = {0: ()}

    def behind(self, number: int) -> int:
        """All places of the patterns that come later in the file."""
        place = bisect(self._first, (number + 1,))
        return -self._first[place][1] if place < len(self._first) else 0

    def step(self, state: int, kind: _Kind) -> int:
        """The places reached from those of `state` by one more name."""
        passed = self._passed.get(kind)
        if passed is None:
            passed = self._pass(kind)
        return ((state & passed) << 1) | (state & self._loops)

    def _pass(self, kind: _Kind) -> int:
        passed = self._anything
        if kind.name is not None:
            passed |= self._literal.get(kind.name, 0)
        for number in kind.passed:
            passed |= self.tests.get(number, 0)
        if len(self._passed) > _KINDS_KEPT:
            self._passed.clear()
        self._passed[kind] = passed
        return passed

    def reached(self, state: int) -> Hits:
        """The last patterns of their lanes that end in one of these places."""
        ends = state & self._ends
        hits = self._reached.get(ends)
        if hits is None:
            hits = self._merge(*((self._number[place],) for place in _places(ends)))
            if len(self._reached) < _LINKS_KEPT:
                self._reached[ends] = hits
        return hits


def _places(bits: int) -> Iterator[int]:
    """The places of the bits that are set, counted from 1, the highest first."""
    while bits:
        place = bits.bit_length()
        yield place
        bits ^= 1 << (place - 1)
