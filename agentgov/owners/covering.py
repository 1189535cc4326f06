"""Whether one pattern matches every path that another matches. Sound, not complete: only a yes is certain.

One pattern reads the other as if it were a path, in which what is unknown is a sign of its own: a star of one is read
by a star of the other only, any number of folders only by any number of folders. What reads that, reads every path.
"""

from collections.abc import Iterable, Mapping

from agentgov.owners.pattern import STAR, Chars, Glob, Name, Pattern, Reach, Step, Wild

# Everything below is one name and any number of others, which may stand before or behind it.
_TAILS: Mapping[Reach, tuple[tuple[Name, ...], ...]] = {
    "entry": ((),),
    "entry-or-below": ((None,),),
    "below": ((STAR, None), (None, STAR)),
}


def covers(wide: Pattern, narrow: Pattern) -> bool:
    """Whether every path that `narrow` matches is one that `wide` matches."""
    if not narrow.possible or wide.matches_all:
        return True
    return wide.possible and any(_covers(names, _spelled(narrow)[0]) for names in _spelled(wide))


def _covers(names: tuple[Name, ...], signs: tuple[Name, ...]) -> bool:
    reached = _open(names, {0})
    for sign in signs:
        reached = _open(names, _read(names, reached, sign))
    return len(names) in reached


def _spelled(pattern: Pattern) -> list[tuple[Name, ...]]:
    """The names of a pattern with what it reaches, in each of the ways to write it."""
    return [(*pattern.names, *tail) for tail in _TAILS["below" if pattern.matches_all else pattern.reach]]


def _open(names: tuple[Name, ...], places: Iterable[int]) -> set[int]:
    """These places, and those behind any number of folders that may be none."""
    found = set(places)
    for place in range(len(names)):
        if place in found and names[place] is None:
            found.add(place + 1)
    return found


def _read(names: tuple[Name, ...], places: set[int], sign: Name) -> set[int]:
    found: set[int] = set()
    for place in places:
        name = names[place] if place < len(names) else ""
        if name is None:
            found.add(place)
        elif sign is not None and name != "" and includes(name, sign):
            found.add(place + 1)
    return found


def includes(wide: str | Glob, narrow: str | Glob) -> bool:
    """Whether every name that `narrow` matches is one that `wide` matches."""
    if wide in (STAR, narrow):
        return True
    if isinstance(wide, str):
        return False
    places = _past_stars(wide.steps, {0})
    for sign in narrow if isinstance(narrow, str) else narrow.steps:
        places = _past_stars(wide.steps, _next(wide.steps, places, sign))
    return len(wide.steps) in places


def _past_stars(steps: tuple[Step, ...], places: set[int]) -> set[int]:
    return places | {place + 1 for place in places if place < len(steps) and steps[place] is Wild.MANY}


def _next(steps: tuple[Step, ...], places: set[int], sign: Step) -> set[int]:
    found: set[int] = set()
    for place in places:
        step = steps[place] if place < len(steps) else None
        if step is Wild.MANY:
            found.add(place)
        elif step is not None and sign is not Wild.MANY and _takes(step, sign):
            found.add(place + 1)
    return found


def _takes(step: Step, sign: Step) -> bool:
    """Whether a step takes every character that a sign stands for."""
    if step is Wild.ONE or step == sign:
        return True
    return isinstance(step, Chars) and isinstance(sign, str) and step.accepts(sign)


def examples(pattern: Pattern) -> tuple[str, ...]:
    """Paths that the pattern matches and hardly any other does: what is unknown is filled with unlikely names."""
    if not pattern.possible:
        return ()
    short = [_filled(name) for name in pattern.names if name is not None]
    long = [part for name in pattern.names for part in ((_UNLIKELY, _UNLIKELY) if name is None else (_filled(name),))]
    tails = {"entry": ("",), "entry-or-below": ("", f"/{_UNLIKELY}/{_UNLIKELY}"), "below": (f"/{_UNLIKELY}",)}
    if pattern.matches_all:
        return (_UNLIKELY, f"{_UNLIKELY}/{_UNLIKELY}")
    return tuple(f"{'/'.join(parts)}{tail}" for parts in (short, long) for tail in tails[pattern.reach])


_UNLIKELY = "\ue000\ue001"  # private characters: no pattern spells them


def _filled(name: str | Glob) -> str:
    if isinstance(name, str):
        return name
    return "".join(_char(step) for step in name.steps)


def _char(step: Step) -> str:
    if isinstance(step, str):
        return step
    if isinstance(step, Chars):
        likely = [low for low, _ in step.ranges] if not step.negated else [_UNLIKELY[0]]
        return next((char for char in likely if step.accepts(char)), "\ue000")
    return _UNLIKELY if step is Wild.MANY else "\ue000"
