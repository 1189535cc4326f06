"""What somebody who wrote an unknown name probably meant: of a list of names, the one that is spelt like it.

Guesses are for what is told of a mistake, never for reading anything. Names are compared without case, hyphens and
underscores; beyond that they must be alike as a whole, so that a wrong guess is rare.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

_ALIKE = 0.6  # of difflib's ratio; two letters that changed places in a word of three have 0.67


def closest(text: str, known: Sequence[str]) -> str | None:
    """The name of a list that was probably meant; None where none is like it."""
    spelled, by = plain(text), {plain(candidate): candidate for candidate in known}
    if spelled in by:
        return by[spelled]
    import difflib

    close = difflib.get_close_matches(spelled, by, 1, _ALIKE)
    return by[close[0]] if close else None


def question(text: str, known: Iterable[str]) -> str:
    """A question whether a name that is known was meant; empty where none is like it."""
    return _question(text, tuple(known))


@lru_cache(maxsize=1024)  # the same name is unknown in thousands of agents, and guessing is slow
def _question(text: str, known: tuple[str, ...]) -> str:
    close = closest(text, known)
    return f'did you mean "{close}"?' if close else ""


def same(text: str, known: Sequence[str]) -> str | None:
    """The name of a list that differs in case, hyphens and underscores only."""
    return next((candidate for candidate in known if plain(candidate) == plain(text)), None)


def plain(text: str) -> str:
    """A name without case, hyphens, underscores and spaces."""
    return text.lower().replace("_", "").replace("-", "").replace(" ", "")
