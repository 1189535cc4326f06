r"""What one pattern of a CODEOWNERS file matches, in GitHub's dialect.

The rules are those of gitignore(5) as GitHub's documentation ("About code owners") adopts them:

- A slash at the start or inside ties the pattern to the root; without one it matches at any depth.
- A name matches the file, or the folder with everything below it; a slash at the end matches folders only.
- `*` and `?` stay within one name, `**` as a whole name stands for any number of folders, none included.
- A backslash makes the next character an ordinary one.

Where it differs from git, on purpose:

- `!`, an unescaped `[` or `]`, three stars in a row and an escaped `#` at the start make no pattern at all.
- A last name that is just `*` (`docs/*`) does not reach below a folder: `docs/a`, never `docs/a/b`.
- `x/**/` is `x/`: everything in folder x and below it.
- `?` is one character, not one byte.

Patterns are other people's input. A pattern becomes a regular expression of atomic groups, each of which takes the
first place where it fits, so that no number of stars costs more than pattern length times path length.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

# What of a path has to match: all of it, all of it or a folder above it, a folder above it.
Reach = Literal["entry", "entry-or-below", "below"]

_SPECIAL = re.compile(r"[\\*?]")
_TOKEN = re.compile(r"\\(?P<escaped>.)|(?P<stars>\*+)|(?P<any>\?)|(?P<slash>/)|(?P<text>[^\\*?/]+)", re.DOTALL)
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_ENDS: dict[Reach, str] = {"entry": r"\Z", "entry-or-below": r"(?:/|\Z)", "below": "/"}

# What stands between two stars of a name: text, and None for each question mark.
Piece = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Glob:
    """A name with wildcards, cut at its stars."""

    pieces: tuple[Piece, ...]

    @property
    def suffix(self) -> str | None:
        """What follows the star in a name of the form `*.md`, None for other forms."""
        if len(self.pieces) != 2 or self.pieces[0] or None in self.pieces[1]:
            return None
        return "".join(part for part in self.pieces[1] if part is not None)

    @property
    def shortest(self) -> int:
        """How many characters a name has at least that matches."""
        return max(1, sum(1 if part is None else len(part) for piece in self.pieces for part in piece))

    @property
    def expression(self) -> str:
        """The name as a regular expression that never matches a slash."""
        if self == STAR:
            return "[^/]+"
        first, *others = ("".join("[^/]" if part is None else re.escape(part) for part in p) for p in self.pieces)
        if not others:
            return first
        return first + "".join(f"(?>[^/]*?{piece})" for piece in others[:-1]) + f"[^/]*{others[-1]}"


STAR = Glob(((), ()))
Name = str | Glob | None  # a name as it is, one with wildcards, or `**`


@dataclass(frozen=True)  # no slots: the expression is built when it is first asked for
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
    def literal_path(self) -> str | None:
        """The one path that it names from the root, None where it names several."""
        known = [name for name in self.names if isinstance(name, str)]
        return "/".join(known) if known and len(known) == len(self.names) else None

    @property
    def lone_name(self) -> str | Glob | None:
        """The name that it looks for at any depth (`docs/`, `*.md`), None for patterns of another form."""
        return self.names[1] if len(self.names) == 2 and self.names[0] is None else None

    def matches(self, path: str) -> bool:
        """Whether a path matches: relative to the root, one `/` between names, none at the start or the end."""
        if not self.possible or self._shortest > len(path):
            return False  # before the expression is built: no pattern longer than a path is ever compiled
        return not self.names or self._expression.match(path) is not None

    @cached_property
    def _shortest(self) -> int:
        lengths = [len(name) if isinstance(name, str) else name.shortest for name in self.names if name is not None]
        return sum(lengths) + max(0, len(lengths) - 1)

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        runs: list[list[str]] = [[]]
        for name in self.names:
            if name is None:
                runs.append([])
            else:
                runs[-1].append(re.escape(name) if isinstance(name, str) else name.expression)
        first, *others = ("/".join(run) for run in runs)
        parts = [first, *(f"(?:[^/]+/)*?{run}" for run in others)]
        before = "".join(f"(?>{part}/)" for part in parts[:-1] if part)
        return re.compile(before + parts[-1] + _ENDS[self.reach])


def problem(text: str) -> str:
    """Why the text is no pattern in GitHub's dialect, as one sentence; empty where it is one."""
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


def parse_pattern(text: str) -> Pattern:
    """Take apart a pattern that `problem` has nothing to say about."""
    names = _names(text)
    anchored = len(names) > 2 or (len(names) == 2 and names[1] != "")
    folders = len(names) > 1 and names[-1] == ""
    names = names[1 if names[0] == "" else 0 : -1 if folders else None]
    if not names or any(name in ("", ".", "..") for name in names):
        return Pattern((), "entry", possible=False)
    return _normal(names if anchored else [None, *names], folders)


def _normal(names: list[Name], folders: bool) -> Pattern:
    """The shortest names that mean the same, and how far the pattern reaches."""
    names = [name for place, name in enumerate(names) if name is not None or place == 0 or names[place - 1] is not None]
    reach: Reach = "below" if folders or names[-1] is None else "entry-or-below"
    if not folders and names[-1] == STAR:
        reach = "entry"
        if len(names) > 1 and names[-2] is None:  # `x/**/*` is everything below x
            reach, names = "below", names[:-1]
    if names[-1] is None:
        names = names[:-1]
    return Pattern(tuple(names), reach)


def _names(text: str) -> list[Name]:
    if _SPECIAL.search(text) is None:
        return list(text.split("/"))
    tokens: list[list[re.Match[str]]] = [[]]
    for token in _TOKEN.finditer(text):
        if token["slash"] or token["escaped"] == "/":
            tokens.append([])
        else:
            tokens[-1].append(token)
    return [_name(part) for part in tokens]


def _name(tokens: list[re.Match[str]]) -> Name:
    if len(tokens) == 1 and tokens[0]["stars"] == "**":
        return None
    pieces: list[list[str | None]] = [[]]
    for token in tokens:
        if token["stars"]:
            pieces.append([])
        else:
            pieces[-1].append(None if token["any"] else token["escaped"] or token["text"])
    if len(pieces) == 1 and None not in pieces[0]:
        return "".join(part for part in pieces[0] if part is not None)
    return Glob(tuple(tuple(piece) for piece in pieces))
