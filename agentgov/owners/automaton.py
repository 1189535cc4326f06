"""Names with wildcards that advance together, whatever they have in common: one bit for each place in each of them.

Asked where nothing tells which few of them to try. Never slower than the length of all for each character of a name.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from agentgov.owners.pattern import Chars, Glob, Step, Wild

_LINKS_KEPT = 50_000  # steps from one state to another; more are forgotten and found again
_BITS = 8_192  # longer sets of wildcards are cut
_ALPHABET = 256  # and so are those of more different characters: each keeps a mask as long as the set
_LONG = 255  # no file system has longer names: what asks for more is set apart, and built for such a name only


@dataclass(slots=True)
class _State:
    """Places that are reached, and the states reached from here."""

    places: int
    following: dict[str, "_State"] = field(default_factory=dict)


class Automata:
    """Names with wildcards that advance together, cut where there are too many."""

    def __init__(self, globs: Iterable[tuple[Glob, int]]) -> None:
        self._parts: list[_Automaton] = []
        size, alphabet = 0, set[Step]()
        for glob, number in globs:
            size += len(glob.steps) + 1
            alphabet.update(glob.steps)
            alone = glob.shortest > _LONG
            if not self._parts or alone or size > _BITS or len(alphabet) > _ALPHABET:
                self._parts.append(_Automaton())
                size, alphabet = len(glob.steps) + 1, set(glob.steps)
            self._parts[-1].add(glob, number)
            size += _BITS * alone

    def passed(self, name: str) -> list[int]:
        return [number for part in self._parts for number in part.passed(name)]


class _Automaton:
    """Names with wildcards that advance together; built when a name comes that is long enough."""

    def __init__(self) -> None:
        self._globs: dict[Glob, int] = {}
        self._shortest = 0
        self._first: _State | None = None

    def add(self, glob: Glob, number: int) -> None:
        self._shortest = min(glob.shortest, self._shortest) if self._globs else glob.shortest
        self._globs[glob] = number

    def passed(self, name: str) -> tuple[int, ...]:
        """The numbers of those that the name matches."""
        if len(name) < self._shortest:
            return ()
        state, at = self._first or self._build(), 0
        for char in name:
            following = state.following.get(char)
            if following is None:
                break
            state, at = following, at + 1
        places = state.places
        if at < len(name):  # one more state is kept; the rest of the name is gone through without any
            places = ((places & self._accepting(name[at])) << 1) | (places & self._loops)
            self._keep(state, name[at], places)
            known, loops = self._accepted, self._loops
            for char in name[at + 1 :]:
                accepting = known.get(char)
                if accepting is None:
                    accepting = self._accepting(char)
                places = ((places & accepting) << 1) | (places & loops)
        ends = places & self._end_places
        found = self._found.get(ends)
        if found is None:
            found = tuple(number for end, number in self._ends.items() if ends & end)
            if len(self._found) < _LINKS_KEPT:
                self._found[ends] = found
        return found

    def _build(self) -> _State:
        self._loops = self._anything = self._start = self._links = 0
        self._literal: defaultdict[str, int] = defaultdict(int)
        self._chars: defaultdict[Chars, int] = defaultdict(int)
        self._ends: dict[int, int] = {}
        self._accepted: dict[str, int] = {}
        self._found: dict[int, tuple[int, ...]] = {0: ()}
        bit = 1
        for glob, number in self._globs.items():
            self._start |= bit
            for step in glob.steps:
                if step is Wild.MANY:
                    self._loops |= bit
                    continue
                if step is Wild.ONE:
                    self._anything |= bit
                elif isinstance(step, Chars):
                    self._chars[step] |= bit
                else:
                    self._literal[step] |= bit
                bit <<= 1
            self._ends[bit] = number
            bit <<= 1
        self._end_places = sum(self._ends)
        self._states: dict[int, _State] = {}
        self._first = _State(self._start)
        return self._first

    def _accepting(self, char: str) -> int:
        """The places after which this character may stand."""
        accepting = self._accepted.get(char)
        if accepting is None:
            accepting = self._anything | self._literal.get(char, 0)
            for chars, at in self._chars.items():
                if chars.accepts(char):
                    accepting |= at
            if len(self._accepted) < _ALPHABET * 4:
                self._accepted[char] = accepting
        return accepting

    def _keep(self, state: _State, char: str, places: int) -> None:
        self._links += 1
        if self._links > _LINKS_KEPT:
            self._links = 0
            self._states.clear()
            self._first = _State(self._start)
            return
        known = self._states.get(places)
        if known is None:
            known = self._states[places] = _State(places)
        state.following[char] = known
