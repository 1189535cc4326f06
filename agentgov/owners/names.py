"""Which of many names with wildcards a name matches, without trying them all.

`*.md` and `draft-*` are looked up. All others advance together, character by character: bit n of a state is a place
between two characters of one of them. Each state is built once and then only followed, and what is kept is limited, so
no set of wildcards costs more than its length for each character of a name.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from agentgov.owners.pattern import Chars, Glob, Wild

_LINKS_KEPT = 50_000  # steps from one state to another; more are forgotten and found again
_BITS = 8_192  # longer sets of wildcards are cut
_ALPHABET = 256  # and so are those of more different characters: each keeps a mask as long as the set
_LONG = (
    255  # no file system has longer names: wildcards that ask for more are set apart, and built for such a name only
)


class NameTests:
    """A mask for each name with wildcards; a name has the masks of all that it matches."""

    def __init__(self, globs: Mapping[Glob, int]) -> None:
        self._prefixes: dict[str, int] = {}
        self._suffixes: dict[str, int] = {}
        self._automata: list[_Automaton] = []
        size, alphabet = 0, set[object]()
        for glob, mask in globs.items():
            if prefix := glob.prefix:
                self._prefixes[prefix] = mask
            elif suffix := glob.suffix:
                self._suffixes[suffix] = mask
            elif glob.shortest > _LONG:
                self._automata.append(_Automaton({glob: mask}))
                size = _BITS
            else:
                alphabet.update(glob.steps)
                size += len(glob.steps) + 1
                if not self._automata or size > _BITS or len(alphabet) > _ALPHABET:
                    self._automata.append(_Automaton({}))
                    size, alphabet = len(glob.steps) + 1, set(glob.steps)
                self._automata[-1].globs[glob] = mask
        self._prefix_lengths = sorted({len(prefix) for prefix in self._prefixes})
        self._suffix_lengths = sorted({len(suffix) for suffix in self._suffixes})

    def mask(self, name: str) -> int:
        """The masks, put together, of all that the name matches."""
        mask = 0
        for length in self._prefix_lengths:
            mask |= self._prefixes.get(name[:length], 0)
        for length in self._suffix_lengths:
            mask |= self._suffixes.get(name[-length:], 0)
        for automaton in self._automata:
            mask |= automaton.mask(name)
        return mask


@dataclass(slots=True)
class _State:
    """The places that are reached, what a name that ends here matches, and the states reached from here."""

    places: int
    mask: int
    following: dict[str, "_State"] = field(default_factory=dict)


class _Automaton:
    """Names with wildcards that advance together; built when a name comes that is long enough."""

    def __init__(self, globs: dict[Glob, int]) -> None:
        self.globs = globs
        self._first: _State | None = None

    def mask(self, name: str) -> int:
        """The masks of all that the name matches."""
        state = self._first
        if state is None:
            if len(name) < min(glob.shortest for glob in self.globs):
                return 0
            state = self._build()
        for char in name:
            following = state.following.get(char)
            state = following if following is not None else self._advance(state, char)
        return state.mask

    def _build(self) -> _State:
        self._loops = self._anything = self._start = self._links = 0
        self._literal: defaultdict[str, int] = defaultdict(int)
        self._chars: defaultdict[Chars, int] = defaultdict(int)
        self._ends: dict[int, int] = {}
        self._accepting: dict[str, int] = {}
        bit = 1
        for glob, mask in self.globs.items():
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
            self._ends[bit] = mask
            bit <<= 1
        self._end_places = sum(self._ends)
        self._states: dict[int, _State] = {}
        self._first = self._state(self._start)
        return self._first

    def _advance(self, state: _State, char: str) -> _State:
        accepting = self._accepting.get(char)
        if accepting is None:
            accepting = self._anything | self._literal.get(char, 0)
            for chars, places in self._chars.items():
                if chars.accepts(char):
                    accepting |= places
            if len(self._accepting) < _ALPHABET * 4:
                self._accepting[char] = accepting
        following = self._state(((state.places & accepting) << 1) | (state.places & self._loops))
        state.following[char] = following
        self._links += 1
        if self._links > _LINKS_KEPT:
            self._links = 0
            self._states.clear()
            self._first = self._state(self._start)
        return following

    def _state(self, places: int) -> _State:
        known = self._states.get(places)
        if known is not None:
            return known
        mask, rest = 0, places & self._end_places
        while rest:
            last = 1 << (rest.bit_length() - 1)
            mask |= self._ends[last]
            rest ^= last
        state = self._states[places] = _State(places, mask)
        return state
