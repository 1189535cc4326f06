r"""What one pattern of a CODEOWNERS file is made of, and how GitHub's dialect reads it (`fnmatch` reads GitLab's).

GitHub's rules are those of gitignore(5) as its documentation ("About code owners") adopts them:

- A slash at the start or inside ties the pattern to the root; without one it matches at any depth.
- A name matches the file, or the folder with everything below it; a slash at the end matches folders only.
- `*` and `?` stay within one name, `**` as a whole name stands for any number of folders, none included.
- A backslash makes the next character an ordinary one.

Where it differs from git, on purpose:

- `!`, an unescaped `[` or `]`, three stars in a row and an escaped `#` at the start make no pattern at all.
- A last name that is just `*` (`docs/*`) does not reach below a folder: `docs/a`, never `docs/a/b`.
- `x/**/` is `x/`: everything in folder x and below it.
- `?` is one character, not one byte.
- Two stars inside of a name are one star and stay within it; git lets `a**/b` match `ab`.
- Spaces at the end belong to nothing, as everywhere in the file; git strips them from a pattern as well.

Takes texts apart; what matches a path is found in `index`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Literal

# What of a path has to match: all of it, all of it or a folder above it, a folder above it.
Reach = Literal["entry", "entry-or-below", "below"]

_SPECIAL = re.compile(r"[\\*?]")
_DOUBTFUL = re.compile(r"[\\\[\]]|\A!|\*\*\*")
_TOKEN = re.compile(r"\\(?P<escaped>.)|(?P<stars>\*+)|(?P<any>\?)|(?P<slash>/)|(?P<text>[^\\*?/]+)", re.DOTALL)
_ESCAPE = re.compile(r"\\.", re.DOTALL)


class Wild(Enum):
    """What stands for unknown characters of a name: exactly one, or any number of them."""

    ONE = "?"
    MANY = "*"


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of ranges (both ends included), or out of none of them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def accepts(self, char: str) -> bool:
        """Whether this character may stand here."""
        # A range that runs backwards holds its two ends and nothing between, as in Ruby.
        inside = any(low <= char <= high or char in (low, high) for low, high in self.ranges)
        return inside is not self.negated


Step = str | Wild | Chars  # one character as it is, or what may stand for one or many


@dataclass(frozen=True, slots=True)
class Glob:
    """A name with wildcards, step by step; no two `MANY` follow each other."""

    steps: tuple[Step, ...]

    @property
    def suffix(self) -> str | None:
        """What follows the star in a name of the form `*.md`, None for other forms."""
        return self._literal(self.steps[1:]) if self.steps[0] is Wild.MANY else None

    @property
    def prefix(self) -> str | None:
        """What stands before the star in a name of the form `draft-*`, None for other forms."""
        return self._literal(self.steps[:-1]) if self.steps[-1] is Wild.MANY else None

    @property
    def shortest(self) -> int:
        """How many characters a name has at least that matches."""
        return sum(1 for step in self.steps if step is not Wild.MANY)

    @staticmethod
    def _literal(steps: tuple[Step, ...]) -> str | None:
        known = [step for step in steps if isinstance(step, str)]
        return "".join(known) if known and len(known) == len(steps) else None


STAR = Glob((Wild.MANY,))
Name = str | Glob | None  # a name as it is, one with wildcards, or `**`


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern taken apart: its names from the root on. No names at all: it matches every path."""

    names: tuple[Name, ...]
    reach: Reach
    possible: bool = True  # False where no path can match: `/`, `a//b`, `./a`

    @property
    def matches_all(self) -> bool:
        """Whether every path matches."""
        return self.possible and not self.names

    @property
    def lone_name(self) -> str | Glob | None:
        """The name that it looks for at any depth (`docs/`, `*.md`), None for patterns of another form."""
        return self.names[1] if len(self.names) == 2 and self.names[0] is None else None


NO_NAMES = frozenset({"", ".", ".."})
NOTHING = Pattern((), "entry", possible=False)


def problem(text: str) -> str:
    """Why the text is no pattern in GitHub's dialect, as one sentence; empty where it is one."""
    if _DOUBTFUL.search(text) is None:
        return ""
    if text.startswith("!"):
        return "`!` does not exclude paths in CODEOWNERS"
    if text.startswith("\\#"):
        return "a pattern cannot start with `#`, not even escaped"
    plain = _ESCAPE.sub("x", text)
    if "[" in plain or "]" in plain:
        return "`[` and `]` must both be escaped with a backslash, and there are no ranges of characters"
    if "***" in plain:
        return "three stars in a row are no pattern"
    if "\\" in plain:
        return "the backslash at the end escapes nothing"
    return ""


@lru_cache(maxsize=8192)  # a line is looked at by whoever matches, and again by whoever lints
def parse_pattern(text: str) -> Pattern:
    """Take apart a pattern that `problem` has nothing to say about."""
    names = list(text.split("/") if _SPECIAL.search(text) is None else _names(text))
    anchored = len(names) > 2 or (len(names) == 2 and names[1] != "")
    folders = len(names) > 1 and names[-1] == ""
    names = names[1 if names[0] == "" else 0 : -1 if folders else None]
    if not names or not NO_NAMES.isdisjoint(names):
        return NOTHING
    names = names if anchored else [None, *names]
    if folders or names[-1] is None:
        return reaching(names, "below")
    return reaching(names, "entry" if names[-1] == STAR else "entry-or-below")


def reaching(names: list[Name], reach: Reach) -> Pattern:
    """The pattern with the shortest names that mean the same: `x/**/*` is everything below x."""
    if None in names:
        names = [name for place, name in enumerate(names) if name is not None or names[place - 1 : place] != [None]]
    if reach == "entry" and names[-1] == STAR and len(names) > 1 and names[-2] is None:
        reach, names = "below", names[:-1]
    if names[-1] is None:
        names = names[:-1]
    return Pattern(tuple(names), reach)


def glob(steps: list[Step]) -> str | Glob:
    """A name from its steps: text where nothing in it is unknown."""
    known = [step for step in steps if isinstance(step, str)]
    if len(known) == len(steps):
        return "".join(known)
    kept = [
        step for place, step in enumerate(steps) if step is not Wild.MANY or steps[place - 1 : place] != [Wild.MANY]
    ]
    return Glob(tuple(kept))


def _names(text: str) -> Iterator[Name]:
    tokens: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text):
        if token["slash"] or token["escaped"] == "/":
            yield _name(tokens)
            tokens = []
        else:
            tokens.append(token)
    yield _name(tokens)


def _name(tokens: list[re.Match[str]]) -> Name:
    if len(tokens) == 1 and tokens[0]["stars"] == "**":
        return None
    steps: list[Step] = []
    for token in tokens:
        if token["stars"]:
            steps.append(Wild.MANY)
        elif token["any"]:
            steps.append(Wild.ONE)
        else:
            steps.extend(token["escaped"] or token["text"])
    return glob(steps)
