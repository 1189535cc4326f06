"""The last of many patterns that matches a path, without trying them all.

Most lines of a real CODEOWNERS file name one folder, one name or one suffix. Those are found by looking up the folders
and names of the path; only the others are tried one after the other, from the last line up to the best one found. A
fleet of ten thousand agents has as many lines, and every one of its paths is asked for.
"""

from collections.abc import Iterator, Sequence

from agentgov.owners.pattern import Pattern

NONE = -1


class PatternIndex:
    """Finds patterns by number, counted from 0 in the order of the file; built once, then only read."""

    __slots__ = ("_all", "_below", "_entries", "_folders", "_names", "_others", "_suffix_lengths", "_suffixes")

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._all = NONE
        self._entries: dict[str, int] = {}  # /a/b: the path itself and everything below
        self._below: dict[str, int] = {}  # /a/b/: everything below
        self._names: dict[str, int] = {}  # b: anything of that name and everything below
        self._folders: dict[str, int] = {}  # b/: everything below any folder of that name
        self._suffixes: dict[str, int] = {}  # *.md: anything with such a name and everything below
        others: list[tuple[int, Pattern]] = []
        for number, pattern in enumerate(patterns):
            if not self._take(number, pattern) and pattern.possible:
                others.append((number, pattern))
        self._others = tuple(reversed(others))
        self._suffix_lengths = tuple(sorted({len(suffix) for suffix in self._suffixes}))

    def last_match(self, path: str) -> int:
        """The number of the last pattern that matches the path, `NONE` where there is none."""
        best = max(self._all, *self._looked_up(path))
        for number, pattern in self._others:
            if number < best:
                break
            if pattern.matches(path):
                return number
        return best

    def _take(self, number: int, pattern: Pattern) -> bool:
        """File a pattern where it can be looked up; False where it has to be tried."""
        if pattern.matches_all:
            self._all = number
            return True
        if pattern.reach == "entry":
            return False
        path, name = pattern.literal_path, pattern.lone_name
        if path is not None:
            (self._entries if pattern.reach == "entry-or-below" else self._below)[path] = number
        elif isinstance(name, str):
            (self._names if pattern.reach == "entry-or-below" else self._folders)[name] = number
        elif name is not None and name.suffix and pattern.reach == "entry-or-below":
            self._suffixes[name.suffix] = number
        else:
            return False
        return True

    def _looked_up(self, path: str) -> Iterator[int]:
        yield self._entries.get(path, NONE)
        slash = path.find("/")
        while slash != -1:
            folder = path[:slash]
            yield max(self._entries.get(folder, NONE), self._below.get(folder, NONE))
            slash = path.find("/", slash + 1)
        *folders, _ = names = path.split("/")
        for name in names:
            yield self._names.get(name, NONE)
            for length in self._suffix_lengths:
                if length <= len(name):
                    yield self._suffixes.get(name[-length:], NONE)
        for name in folders:
            yield self._folders.get(name, NONE)
