"""Which of many names with wildcards a name matches, without trying them all.

`*.md` and `draft-*` are looked up. Of the others those are tried of which three (or two) characters that follow each
other are in the name. Where there are none such, or too many, they advance together, character by character: bit n of a
state is a place between two characters of one of them. So no set of wildcards costs more than its length for each
character of a name.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from agentgov.owners.pattern import Chars, Glob, Step, Wild

_TRIED = 12  # more of those that may match are not tried one by one
_LINKS_KEPT = 50_000  # steps from one state to another; more are forgotten and found again
_BITS = 8_192  # longer sets of wildcards are cut
_ALPHABET = 256  # and so are those of more different characters: each keeps a mask as long as the set
_LONG = 255  # no file system has longer names: what asks for more is set apart, and built for such a name only

Gram = tuple[str, ...]


class NameTests:
    """Names with wildcards, numbered as they come; all are added before the first name is asked for."""

    def __init__(self) -> None:
        self._numbers: dict[Glob, int] = {}
        self._prefixes: dict[str, int] = {}
        self._suffixes: dict[str, int] = {}
        self._threes: defaultdict[Gram, list[_Test]] = defaultdict(list)
        self._twos: defaultdict[Gram, list[_Test]] = defaultdict(list)
        self._others: list[Glob] = []
        self._ready = False

    def add(self, glob: Glob) -> int:
        """The number of a name with wildcards."""
        known = self._numbers.get(glob)
        if known is not None:
            return known
        number = self._numbers[glob] = len(self._numbers)
        gram = _gram(glob)
        if prefix := glob.prefix:
            self._prefixes[prefix] = number
        elif suffix := glob.suffix:
            self._suffixes[suffix] = number
        elif len(gram) > 1:
            (self._threes if len(gram) == 3 else self._twos)[gram].append(_Test(glob, number))
        else:
            self._others.append(glob)
        return number

    def passed(self, name: str) -> tuple[int, ...]:
        """The numbers of those that the name matches, rising."""
        if not self._numbers:
            return ()
        if not self._ready:
            self._prepare()
        found = [number for length in self._starts if (number := self._prefixes.get(name[:length])) is not None]
        found += [number for length in self._ends if (number := self._suffixes.get(name[-length:])) is not None]
        if self._threes or self._twos:
            found += self._tried(name)
        if self._others:
            found += self._few.passed(name)
        return tuple(sorted(found)) if len(found) > 1 else tuple(found)

    def _tried(self, name: str) -> list[int]:
        tests: list[_Test] = []
        if self._threes:
            for three in self._threes.keys() & set(zip(name, name[1:], name[2:], strict=False)):
                tests += self._threes[three]
        if self._twos:
            for two in self._twos.keys() & set(pairwise(name)):
                tests += self._twos[two]
        if len(tests) > _TRIED:
            return self._all.passed(name)
        return [test.number for test in tests if test.fits(name)]

    def _prepare(self) -> None:
        self._starts = sorted({len(prefix) for prefix in self._prefixes})
        self._ends = sorted({len(suffix) for suffix in self._suffixes})
        grams = [test for tests in (*self._threes.values(), *self._twos.values()) for test in tests]
        self._few = _Automata((glob, self._numbers[glob]) for glob in self._others)
        self._all = _Automata((test.glob, test.number) for test in grams)
        self._ready = True


class _Test:
    """One name with wildcards, ready to be tried."""

    __slots__ = ("_first", "_last", "_middle", "_shortest", "glob", "number")

    def __init__(self, glob: Glob, number: int) -> None:
        self.glob, self.number = glob, number
        self._shortest = glob.shortest
        pieces: list[list[Step]] = [[]]
        for step in glob.steps:
            if step is Wild.MANY:
                pieces.append([])
            else:
                pieces[-1].append(step)
        self._first, *rest = map(_Piece, pieces)
        self._last = rest.pop() if rest else None
        self._middle = [piece for piece in rest if piece.length]

    def fits(self, name: str) -> bool:
        """Whether a name matches; each piece takes the first place where it fits."""
        end = len(name)
        if end < self._shortest or not self._first.stands(name, 0):
            return False
        if self._last is None:
            return end == self._shortest
        end -= self._last.length
        if not self._last.stands(name, end):
            return False
        place = self._first.length
        for piece in self._middle:
            place = piece.seek(name, place, end)
            if place < 0:
                return False
            place += piece.length
        return True


class _Piece:
    """What stands between two stars: some question marks around a text, or steps of any kind."""

    __slots__ = ("_lead", "_steps", "_text", "_trail", "length")

    def __init__(self, steps: list[Step]) -> None:
        self.length = len(steps)
        known = [place for place, step in enumerate(steps) if step is not Wild.ONE]
        first, last = (known[0], known[-1] + 1) if known else (0, 0)
        inner = steps[first:last]
        self._lead, self._trail = first, len(steps) - last
        self._text = "".join(step for step in inner if isinstance(step, str))
        self._steps = tuple(steps) if len(self._text) < len(inner) else ()

    def stands(self, name: str, place: int) -> bool:
        """Whether it fits at a place of a name that is long enough."""
        if self._steps:
            return all(_accepts(step, name[place + at]) for at, step in enumerate(self._steps))
        return name.startswith(self._text, place + self._lead)

    def seek(self, name: str, place: int, end: int) -> int:
        """The first place where it fits before an end, -1 where there is none."""
        if self._steps:
            last = end - self.length + 1
            return next((at for at in range(place, last) if self.stands(name, at)), -1)
        found = name.find(self._text, place + self._lead, end - self._trail)
        return found - self._lead if found >= 0 else -1


def _accepts(step: Step, char: str) -> bool:
    return step is Wild.ONE or (step.accepts(char) if isinstance(step, Chars) else step == char)


def _gram(glob: Glob) -> Gram:
    """Up to three characters of the longest text in a name with wildcards."""
    best: list[str] = []
    run: list[str] = []
    for step in glob.steps:
        if isinstance(step, str):
            run.append(step)
            best = max(best, run, key=len)
        else:
            run = []
    return tuple(best[:3])


@dataclass(slots=True)
class _State:
    """Places that are reached, and the states reached from here."""

    places: int
    following: dict[str, "_State"] = field(default_factory=dict)


class _Automata:
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
