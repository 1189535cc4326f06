"""Whether one condition (`when`, in CEL) certainly holds for fewer calls than another. "Not certain" is always no.

A condition is read as conjuncts: what stands between `&&` that is outside of all brackets. Of two conjuncts about the
same term, one can be told to hold for fewer values:
- bounds: a term before or after < <= > >= and a number (whole numbers with whole numbers, fractions with fractions);
- memberships: a term that is equal to a literal, in a list of literals, or not. Anything else is only equal to itself.

A condition may fail (an argument is missing, or is text where a number is compared), and then the call is denied. `&&`
fails if one side fails and the other is not false, in whichever order they stand (CEL, "Logical Operators"); so another
conjunct that is false may hide a failure, and a rule further down decides instead. `fails_alike` tells where not.
Nothing is evaluated here; what cannot be read as tokens of CEL is one conjunct as it stands.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"\\\r\n]*"(?!")|'[^'\\\r\n]*'(?!'))"""
    r"""|(?P<number>[0-9]+\.[0-9]+|[0-9]+)(?![\w.])"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*)(?!["'\w])"""
    r"""|(?P<sign>&&|\|\||<=|>=|==|!=|[-+*/%<>!?:.,()\[\]{}]))""",
    re.ASCII,
)
_OPEN, _CLOSE = {"(": ")", "[": "]", "{": "}"}, frozenset(")]}")
_LOOSER = frozenset({"||", "?", ":"})  # what binds less than &&
_LOGIC = _LOOSER | {"&&"}
_ORDER = ("<", "<=", ">", ">=")
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_RELATIONS = frozenset({*_ORDER, "==", "!=", "in"})
_STRINGS = frozenset({"tool", "agent", "environment", "risk"})  # variables that are there in every call
_MOST_COMPARED = 16  # conjuncts of one condition; more of them are compared as a whole
_LONGEST = 15  # digits of a number that a fraction holds exactly as well

Tokens = tuple[str, ...]
Kind = Literal["whole", "fraction", "text", "bool"]
Value = int | float | str | bool


@dataclass(frozen=True, slots=True)
class _Opaque:
    """A conjunct that is only compared with itself."""

    tokens: Tokens


@dataclass(frozen=True, slots=True)
class _Bound:
    """A term and the number it is below or above."""

    term: Tokens
    kind: Kind
    upper: bool
    strict: bool
    number: int | float


@dataclass(frozen=True, slots=True)
class _Membership:
    """A term and the values of one kind that it must, or must not, be equal to."""

    term: Tokens
    kind: Kind
    among: bool
    values: frozenset[Value]


Conjunct = _Opaque | _Bound | _Membership


@lru_cache(maxsize=4096)  # rules are aligned by what their conditions mean
def meaning(when: str) -> frozenset[Conjunct]:
    """The conjuncts of a condition: equal for two that hold, and fail, for the same calls. Empty: it always holds."""
    parts = list(_split(_tokens(when)))
    if not all(parts) or len(parts) > _MOST_COMPARED:
        return frozenset({_Opaque((when,))} if when else ())
    return frozenset(map(_conjunct, parts))


@lru_cache(maxsize=4096)  # a rule is asked about once for each of its tools
def narrower(old: str, new: str) -> bool:
    """Whether every call for which the new condition holds is one for which the old one did.

    The other way round a failure of the old one is never a "no" of the new one, which makes a `deny` wider for certain.
    """
    return all(any(_implies(one, other) for one in meaning(new)) for other in meaning(old))


def fails_alike(old: str, new: str) -> bool:
    """Whether the new condition is never false where the old one fails, if it is `narrower`."""
    before = meaning(old)
    return all(one in before or all(_speaks(one, other) for other in before) for one in meaning(new))


def never_both(failing: str, when: str) -> bool:
    """Whether one condition never holds where another one fails."""
    return all(any(_speaks(one, other) for one in meaning(when)) for other in meaning(failing))


def _implies(one: Conjunct, other: Conjunct) -> bool:
    """Whether a conjunct holds only where another does; then each fails exactly where the other does."""
    if one == other:
        return True
    if isinstance(one, _Bound) and isinstance(other, _Bound):
        if (one.term, one.kind, one.upper) != (other.term, other.kind, other.upper):
            return False
        if one.number == other.number:
            return one.strict
        return (one.number < other.number) == one.upper
    if isinstance(one, _Membership) and isinstance(other, _Membership):
        if (one.term, one.kind) != (other.term, other.kind):
            return False
        if one.among:
            return one.values <= other.values if other.among else not one.values & other.values
        return not other.among and other.values <= one.values
    return False


def _speaks(one: Conjunct, other: Conjunct) -> bool:
    """Whether another conjunct cannot fail where this one is true or false."""
    if one == other or _is_total(other):
        return True
    if isinstance(one, _Opaque) or isinstance(other, _Opaque) or one.term != other.term:
        return False
    if isinstance(other, _Membership):  # fails only where its term does
        return True
    return isinstance(one, _Bound) and one.kind == other.kind


def _is_total(conjunct: Conjunct) -> bool:
    """Whether a conjunct never fails."""
    if isinstance(conjunct, _Membership):
        return len(conjunct.term) == 1 and conjunct.term[0] in _STRINGS
    if isinstance(conjunct, _Bound):
        return False
    tokens = conjunct.tokens[1:] if conjunct.tokens[:1] == ("!",) else conjunct.tokens
    has, open_, variable, dot, *rest = tokens if len(tokens) == 6 else ("",) * 6
    return (has, open_, dot, rest[-1]) == ("has", "(", ".", ")") and variable in ("args", "labels")


def _tokens(text: str) -> Tokens:
    """The tokens of a condition, none where one is not certain (a comment, an escape, a number in another spelling) or
    where brackets do not match."""
    found: list[str] = []
    waiting: list[str] = []
    at, text = 0, text.strip(" \t\r\n")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or text.startswith("//", match.start(match.lastgroup or 0)):
            return ()
        token = match[match.lastgroup or 0]
        if token in _OPEN:
            waiting.append(_OPEN[token])
        elif token in _CLOSE and (not waiting or waiting.pop() != token):
            return ()
        found.append(f'"{token[1:-1]}"' if match["text"] and '"' not in token[1:-1] else token)
        at = match.end()
    return () if waiting else tuple(found)


def _split(tokens: Tokens) -> Iterator[Tokens]:
    """What stands between `&&`, nothing too; all of it where something outside of brackets binds less."""
    waiting = [tokens]
    while waiting:
        part = _bare(waiting.pop())
        outside = list(_outside(part))
        ands = [index for index in outside if part[index] == "&&"]
        if not ands or any(part[index] in _LOOSER for index in outside):
            yield part
            continue
        starts, ends = [0, *(index + 1 for index in ands)], [*ands, len(part)]
        waiting.extend(part[start:end] for start, end in zip(starts, ends, strict=True))


def _bare(tokens: Tokens) -> Tokens:
    """Tokens without the brackets around all of them."""
    while tokens[:1] == ("(",) and list(_outside(tokens)) == [0, len(tokens) - 1]:
        tokens = tokens[1:-1]
    return tokens


def _outside(tokens: Tokens) -> Iterator[int]:
    """The index of every token that is in no brackets, the outermost brackets included."""
    depth = 0
    for index, token in enumerate(tokens):
        depth -= token in _CLOSE
        if depth == 0:
            yield index
        depth += token in _OPEN


def _conjunct(tokens: Tokens) -> Conjunct:
    if tokens[:2] == ("!", "(") and list(_outside(tokens)) == [0, 1, len(tokens) - 1]:
        inner = _relation(_bare(tokens[1:]))
        if isinstance(inner, _Membership):
            return _Membership(inner.term, inner.kind, not inner.among, inner.values)
        return _Opaque(tokens)
    return _relation(tokens) or _Opaque(tokens)


def _relation(tokens: Tokens) -> _Bound | _Membership | None:
    """A term compared with literals; None where there is more, or less, than one comparison with them."""
    outside = list(_outside(tokens))
    relations = [index for index in outside if tokens[index] in _RELATIONS]
    if len(relations) != 1 or any(tokens[index] in _LOGIC for index in outside):
        return None
    at = relations[0]
    return _compared(_bare(tokens[:at]), tokens[at], _bare(tokens[at + 1 :]))


def _compared(left: Tokens, sign: str, right: Tokens) -> _Bound | _Membership | None:
    """The two sides of a comparison, None where neither is a literal, or both are."""
    if sign == "in":
        members = [_literal(item) for item in _items(right)]
        known = [member for member in members if member is not None]
        kinds = {kind for kind, _ in known}
        if not known or len(known) != len(members) or len(kinds) > 1 or not left or _literal(left):
            return None
        return _Membership(left, known[0][0], True, frozenset(value for _, value in known))
    if _literal(left) is not None:
        left, sign, right = right, _MIRRORED[sign], left
    literal = _literal(right)
    if literal is None or not left or _literal(left) is not None:
        return None
    kind, value = literal
    if sign in ("==", "!="):
        return None if kind == "fraction" else _Membership(left, kind, sign == "==", frozenset({value}))
    if isinstance(value, str | bool):
        return None
    return _Bound(left, kind, sign in ("<", "<="), sign in ("<", ">"), value)


def _items(tokens: Tokens) -> Sequence[Tokens]:
    """The items of a list that is written out; empty where it is none."""
    if tokens[:1] != ("[",) or list(_outside(tokens)) != [0, len(tokens) - 1]:
        return ()
    found: list[list[str]] = [[]]
    for piece in tokens[1:-1]:
        if piece == ",":
            found.append([])
        else:
            found[-1].append(piece)
    return tuple(map(tuple, found))


def _literal(tokens: Tokens) -> tuple[Kind, Value] | None:
    """The value of a number, a text or true and false, as far as it is certain which one CEL reads."""
    sign, tokens = (-1, tokens[1:]) if tokens[:1] == ("-",) else (1, tokens)
    if len(tokens) != 1:
        return None
    word = tokens[0]
    if word[0].isdigit() and len(word) <= _LONGEST:
        return ("fraction", sign * float(word)) if "." in word else ("whole", sign * int(word))
    if sign < 0:
        return None
    if word in ("true", "false"):
        return "bool", word == "true"
    return ("text", word[1:-1]) if word[0] in "\"'" else None
