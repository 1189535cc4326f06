"""Which of many names with wildcards a name matches, without trying them all.

`*.md` and `draft-*` are looked up. Of the others those are tried of which a text of two to four characters is in the
name, and all these texts are looked for at a time. Where there is none, or too many are left, they advance together
(`automaton`). So no set of wildcards costs more than its length for each character of a name.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from itertools import accumulate

from agentgov.owners.automaton import Automata
from agentgov.owners.pattern import Chars, Glob, Step, Wild

_TEXT = 4  # more characters of a text are not looked for
_TRIED = 12  # more of those that may match are not tried one by one
_ALPHABET = 256  # a place keeps where so many different characters lead


class NameTests:
    """Names with wildcards, numbered as they come; all are added before the first name is asked for."""

    def __init__(self) -> None:
        self._numbers: dict[Glob, int] = {}
        self._prefixes: dict[str, int] = {}
        self._suffixes: dict[str, int] = {}
        self._with_text: list[_Test] = []
        self._others: list[Glob] = []

    def add(self, glob: Glob) -> int:
        """The number of a name with wildcards."""
        known = self._numbers.get(glob)
        if known is not None:
            return known
        number = self._numbers[glob] = len(self._numbers)
        if prefix := glob.prefix:
            self._prefixes[prefix] = number
        elif suffix := glob.suffix:
            self._suffixes[suffix] = number
        elif len(_text(glob)) > 1:
            self._with_text.append(_Test(glob, number))
        else:
            self._others.append(glob)
        return number

    def passed(self, name: str) -> list[int]:
        """The numbers of those that the name matches, rising."""
        found = [number for length in self._starts if (number := self._prefixes.get(name[:length])) is not None]
        found += [number for length in self._ends if (number := self._suffixes.get(name[-length:])) is not None]
        if self._with_text:
            found += self._tried(name)
        if self._others:
            found += self._few.passed(name)
        if len(found) > 1:
            found.sort()
        return found

    def _tried(self, name: str) -> list[int]:
        reached: Iterable[_Place] = accumulate(f"{name}/", _Place.__getitem__, initial=self._begin)
        places = self._telling.intersection(reached)
        if not places:
            return []
        tests = [test for place in places for test in place.tests]
        if len(tests) > _TRIED:
            return self._all.passed(name)
        return [test.number for test in tests if test.certain or test.fits(name)]

    @cached_property
    def _starts(self) -> list[int]:
        return sorted({len(prefix) for prefix in self._prefixes})

    @cached_property
    def _ends(self) -> list[int]:
        return sorted({len(suffix) for suffix in self._suffixes})

    @cached_property
    def _places(self) -> list["_Place"]:
        return _places(self._with_text)

    @cached_property
    def _begin(self) -> "_Place":
        return self._places[0]["/"]

    @cached_property
    def _telling(self) -> frozenset["_Place"]:
        return frozenset(place for place in self._places if place.tests)

    @cached_property
    def _few(self) -> "Automata":
        return Automata((glob, self._numbers[glob]) for glob in self._others)

    @cached_property
    def _all(self) -> "Automata":
        return Automata((test.glob, test.number) for test in self._with_text)


class _Place(dict[str, "_Place"]):
    """How much of a text has been read: where each next character leads to, and what is tried where texts end here.

    All texts are looked for at a time (Aho and Corasick 1975, "Efficient string matching").
    """

    __slots__ = ("shorter", "tests")
    __hash__ = object.__hash__  # type: ignore[assignment]  # a place is itself, wherever it leads to

    def __init__(self, shorter: "_Place | None") -> None:
        self.shorter = shorter  # the same with less read
        self.tests: list[_Test] = [*shorter.tests] if shorter is not None else []

    def __missing__(self, char: str) -> "_Place":
        place = self if self.shorter is None else self.shorter[char]
        if len(self) < _ALPHABET:
            self[char] = place
        return place


def _places(tests: Iterable["_Test"]) -> list[_Place]:
    """The places of all texts, the one where nothing has been read first."""
    ending: defaultdict[str, list[_Test]] = defaultdict(list)
    for test in tests:
        ending[_text(test.glob)].append(test)
    places = {"": _Place(None)}
    starts = {whole[:end] for whole in ending for end in range(1, len(whole) + 1)}
    for text in sorted(starts, key=len):
        before = places[text[:-1]]
        place = _Place(places[""] if before.shorter is None else before.shorter[text[-1]])
        place.tests += ending.get(text, ())
        places[text] = before[text[-1]] = place
    return list(places.values())


class _Test:
    """One name with wildcards, ready to be tried: what stands before the first star, between stars, and behind."""

    __slots__ = ("_first", "_floating", "_last", "_middle", "_shortest", "certain", "glob", "number")

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
        ends_open = self._last is not None and self._first.unknown and self._last.unknown
        plain = [piece.plain for piece in self._middle if piece.plain is not None]
        self._floating = plain if ends_open and len(plain) == len(self._middle) else None
        self.certain = self._floating == [(_text(glob), 0, 0, self._shortest)]  # nothing is asked but its text

    def fits(self, name: str) -> bool:
        """Whether a name matches; each piece takes the first place where it fits."""
        end = len(name)
        if end < self._shortest:
            return False
        if self._floating is not None:
            return self._floats(name)
        if not self._first.stands(name, 0):
            return False
        if self._last is None:
            return end == self._shortest
        if self._last.length:
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

    def _floats(self, name: str) -> bool:
        """The same for a name that may start and end with anything, which most are of those that are tried."""
        place, end = self._first.length, len(name) - self._last.length if self._last else len(name)
        for text, lead, trail, length in self._floating or ():
            found = name.find(text, place + lead, end - trail)
            if found < 0:
                return False
            place = found - lead + length
        return True


class _Piece:
    """What stands between two stars: some question marks around a text, or steps of any kind."""

    __slots__ = ("_lead", "_steps", "_text", "_trail", "length", "plain", "unknown")

    def __init__(self, steps: list[Step]) -> None:
        self.length = len(steps)
        known = [place for place, step in enumerate(steps) if step is not Wild.ONE]
        first, last = (known[0], known[-1] + 1) if known else (0, 0)
        inner = steps[first:last]
        self._lead, self._trail = first, len(steps) - last
        self._text = "".join(step for step in inner if isinstance(step, str))
        self._steps = tuple(steps) if len(self._text) < len(inner) else ()
        self.plain = None if self._steps else (self._text, self._lead, self._trail, self.length)
        self.unknown = not known

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


def _text(glob: Glob) -> str:
    """Up to four characters of the longest text that is in each name that matches, between slashes."""
    best: list[str] = []
    run: list[str] = []
    for step in ("/", *glob.steps, "/"):
        if isinstance(step, str):
            run.append(step)
            best = max(best, run, key=len)
        else:
            run = []
    return "".join(best[:_TEXT])
