"""The last of many patterns that matches a path, without trying them all.

Every folder has the candidates that its path has left over: what matches all below it already, and the patterns that
have matched so far and may still match further down. They are found once a folder, from those of the folder above, so a
file costs a few look-ups. Patterns without wildcards are looked up; all others advance together, one bit for each
place in each pattern, so no pattern and no number of patterns costs more than its length.

Patterns belong to lanes (a section of GitLab's dialect has one for its entries, one for its exclusions; GitHub's
dialect has a single one). Of each lane only the last pattern that matches is told.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agentgov.owners.names import NameTests
from agentgov.owners.pattern import STAR, Glob, Name, Pattern

Hits = tuple[int, ...]  # numbers of patterns, rising, at most one of each lane

_FOLDERS_KEPT = 50_000
_NAMES_KEPT = 20_000
_BITS = 2_000  # a run of patterns longer than this is cut: what a name adds to it stays small


def matches(pattern: Pattern, path: str) -> bool:
    """Whether one pattern matches a path: relative to the root, one `/` between names, none at the start or the end."""
    return bool(PatternIndex([pattern]).winners(path))


@dataclass(frozen=True, slots=True)
class _Folder:
    """What is known of every path below a folder: what matches already, and what may match yet."""

    below: Hits
    open: tuple[tuple["_Run", int], ...]


class PatternIndex:
    """Finds patterns by number, counted from 0 in the order of the file; built once, then only read."""

    def __init__(self, patterns: Sequence[Pattern], lanes: Sequence[int] = ()) -> None:
        """`lanes` holds the lane of each pattern; without it there is one for all."""
        self._lanes = tuple(lanes)
        self._entries: dict[str, Hits] = {}  # /a/b: the path itself
        self._below: dict[str, Hits] = {}  # /a/b/: everything below
        self._names: dict[str, Hits] = {}  # b: anything of that name
        self._names_below: dict[str, Hits] = {}  # b/: everything below any folder of that name
        self._suffixes: dict[str, Hits] = {}  # *.md: anything with such a name
        self._suffixes_below: dict[str, Hits] = {}
        everything: Hits = ()
        others: defaultdict[str, list[tuple[int, Pattern]]] = defaultdict(list)
        for number, pattern in enumerate(patterns):
            if pattern.matches_all:
                everything = self._merge(everything, (number,))
            elif pattern.possible and not self._take(number, pattern):
                prefix = _literal_prefix(pattern.names)
                rest = Pattern(pattern.names[len(prefix) :], pattern.reach)
                others["/".join(prefix)].append((number, rest))
        self._lengths = sorted({len(suffix) for suffix in (*self._suffixes, *self._suffixes_below)})
        self._runs = {prefix: tuple(_Run(run, self._merge) for run in _cut(group)) for prefix, group in others.items()}
        self._root = _Folder(everything, tuple((run, run.start) for run in self._runs.get("", ())))
        self._folders: dict[str, _Folder] = {}

    def winners(self, path: str) -> Hits:
        """The last pattern of each lane that matches the path."""
        place = path.rfind("/")
        folder = self._root if place < 0 else self._folders.get(path[:place]) or self._folder(path[:place])
        name = path[place + 1 :]
        found = [folder.below]
        if hits := self._entries.get(path):
            found.append(hits)
        if hits := self._names.get(name):
            found.append(hits)
        if self._suffixes:
            found.extend(self._with_suffix(self._suffixes, name))
        for run, state in folder.open:
            if hits := run.reached(run.step(state, name)):
                found.append(hits)
        return self._merge(*found) if len(found) > 1 else found[0]

    def _folder(self, path: str) -> _Folder:
        """The candidates of a folder, found from those of the folders above it."""
        if len(self._folders) > _FOLDERS_KEPT:
            self._folders.clear()
        known, end = self._root, len(path)
        while end > 0:  # up to the nearest folder that is known
            end = path.rfind("/", 0, end)
            above = self._folders.get(path[:end]) if end > 0 else None
            if above is not None:
                known = above
                break
        while end < len(path):
            start = max(end, 0) + (end >= 0)
            end = path.find("/", start)
            end = len(path) if end < 0 else end
            known = self._folders[path[:end]] = self._child(known, path[:end], path[start:end])
        return known

    def _child(self, parent: _Folder, path: str, name: str) -> _Folder:
        found = [parent.below, self._below.get(path, ()), self._names_below.get(name, ())]
        if self._suffixes_below:
            found.extend(self._with_suffix(self._suffixes_below, name))
        stepped = ((run, run.step(state, name)) for run, state in parent.open)
        still = [(run, state) for run, state in stepped if state]
        still.extend((run, run.start) for run in self._runs.get(path, ()))
        return _Folder(self._merge(*found), tuple(still))

    def _with_suffix(self, suffixes: dict[str, Hits], name: str) -> Iterable[Hits]:
        for length in self._lengths:
            if length > len(name):
                break
            if hits := suffixes.get(name[-length:]):
                yield hits

    def _take(self, number: int, pattern: Pattern) -> bool:
        """File a pattern where it can be looked up; False where it has to be followed step by step."""
        path, name = pattern.literal_path, pattern.lone_name
        if path is not None:
            self._file(number, pattern, path, self._entries, self._below)
        elif isinstance(name, str):
            self._file(number, pattern, name, self._names, self._names_below)
        elif name is not None and name.suffix:
            self._file(number, pattern, name.suffix, self._suffixes, self._suffixes_below)
        else:
            return False
        return True

    def _file(self, number: int, pattern: Pattern, key: str, itself: dict[str, Hits], below: dict[str, Hits]) -> None:
        if pattern.reach != "below":
            itself[key] = self._merge(itself.get(key, ()), (number,))
        if pattern.reach != "entry":
            below[key] = self._merge(below.get(key, ()), (number,))

    def _merge(self, *parts: Hits) -> Hits:
        if not self._lanes:
            best = max((part[0] for part in parts if part), default=-1)
            return () if best < 0 else (best,)
        filled = [part for part in parts if part]
        if len(filled) < 2:
            return filled[0] if filled else ()
        last: dict[int, int] = {}
        for number in (number for part in filled for number in part):
            lane = self._lanes[number]
            if number > last.get(lane, -1):
                last[lane] = number
        return tuple(sorted(last.values()))


def _literal_prefix(names: tuple[Name, ...]) -> tuple[str, ...]:
    prefix: list[str] = []
    for name in names:
        if not isinstance(name, str):
            break
        prefix.append(name)
    return tuple(prefix)


def _cut(group: list[tuple[int, Pattern]]) -> list[list[tuple[int, Pattern]]]:
    """Patterns that start in one folder, cut into runs."""
    runs: list[list[tuple[int, Pattern]]] = [[]]
    bits = 0
    for number, pattern in group:
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

    def __init__(self, patterns: Iterable[tuple[int, Pattern]], merge: Callable[..., Hits]) -> None:
        self._merge = merge
        self.start = 0
        self._loops = 0  # places where any number of folders may stand
        self._ends = 0
        self._number: dict[int, int] = {}  # pattern of each end
        self._literal: defaultdict[str, int] = defaultdict(int)
        self._anything = 0
        globs: defaultdict[Glob, int] = defaultdict(int)
        bit = 1
        for number, pattern in patterns:
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
        self._globs = NameTests(globs)
        self._known: dict[str, int] = {}
        self._reached: dict[int, Hits] = {0: ()}

    def step(self, state: int, name: str) -> int:
        """The places reached from those of `state` by one more name."""
        tests = self._known.get(name)
        if tests is None:
            if len(self._known) > _NAMES_KEPT:
                self._known.clear()
            tests = self._known[name] = self._anything | self._literal.get(name, 0) | self._globs.mask(name)
        return ((state & tests) << 1) | (state & self._loops)

    def reached(self, state: int) -> Hits:
        """The last patterns of their lanes that end in one of these places."""
        ends = state & self._ends
        hits = self._reached.get(ends)
        if hits is None:
            numbers, rest = [], ends
            while rest:
                numbers.append(self._number[rest.bit_length()])
                rest ^= 1 << (rest.bit_length() - 1)
            hits = self._merge(*((number,) for number in numbers))
            if len(self._reached) < _NAMES_KEPT:
                self._reached[ends] = hits
        return hits
