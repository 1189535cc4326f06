"""Literal secrets: the shapes of known tokens anywhere in a text, and values that look random where secrets stand.

A secret is never repeated in a message. The shapes stand in `token_shapes`; each has literals that are looked for
first, those of all shapes at once, because nearly every text has none of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from agentgov.validate.pointers import child
from agentgov.validate.token_shapes import (
    IN_URL,
    SHAPES,
    Shape,
    entropy,
    is_password_placeholder,
    is_placeholder,
    is_random,
)

_RAREST_LAST = b" etaoinsrlhdcumfgy.wbvk-p0_:/12x345j=q6789zETASINRCOLDMPUHBFGWYKVJXQZ"  # in documents and prompts
_SECRET_KEY = re.compile(
    r"(?:^|[a-z0-9_.-])(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_.-]?key|access[_.-]?key|private[_.-]?key"
    r"|credentials?|authorization)$",
    re.IGNORECASE,
)
# A reference or a placeholder, not a secret: vault:..., env:..., ${NAME}, {{name}}, <name>, and words in capitals.
_REFERENCE = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]|\$|\{|<|[A-Z][A-Z0-9_]*\Z")
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{32,}\Z")
_DIGESTS = ("sha256-", "sha384-", "sha512-")  # subresource integrity, as in lock files
_LEAST_BITS = 4.2  # a character; English runs at about 4.0 and has spaces, random base64 of this length above 4.5


def any_of(literals: Iterable[bytes]) -> re.Pattern[bytes]:
    """An expression that finds one of several literals in the time of one search: it stops at characters that are the
    rarest of a literal, and only there looks back and ahead."""
    rests: dict[bytes, list[bytes]] = {}
    for literal in literals:
        at = max(range(len(literal)), key=lambda place: _RAREST_LAST.find(literal[place]))
        before, after = re.escape(literal[: at + 1]), re.escape(literal[at + 1 :])
        rests.setdefault(literal[at : at + 1], []).append(b"(?<=%s)%s" % (before, after))
    return re.compile(b"|".join(b"%s(?:%s)" % (re.escape(rare), b"|".join(ways)) for rare, ways in rests.items()))


_LITERAL = any_of(literal for shape in SHAPES for literal in shape.literals)


def shapes(data: bytes) -> Iterator[tuple[int, str]]:
    """(offset in the bytes, what it is) of everything that is a known token by its shape, and no placeholder."""
    seen: set[int] = set()
    for shape in SHAPES if _LITERAL.search(data) else ():
        if any(literal in data for literal in shape.literals):
            for offset in _offsets(shape, data):
                if offset not in seen:
                    seen.add(offset)
                    yield offset, shape.what
    if b"://" in data:
        for match in IN_URL.finditer(data):
            if not is_password_placeholder(match["body"]):
                yield match.start(), "a password in a URL"


def suspicious(value: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """(pointer, why) of values that look like a secret by the name of their key, or by being random."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = child(pointer, key)
            if isinstance(item, str):
                if _names_secret(key) and _is_value(item):
                    yield here, f"a literal value under {key}"
                elif looks_random(item):
                    yield here, "a value that looks random"
            elif isinstance(item, dict | list):
                yield from suspicious(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            here = child(pointer, index)
            if isinstance(item, str):
                if looks_random(item):
                    yield here, "a value that looks random"
            elif isinstance(item, dict | list):
                yield from suspicious(item, here)


def looks_random(text: str) -> bool:
    """Whether a word has the length, the mix and the entropy of a generated secret."""
    if len(text) < 32 or not _RANDOM.match(text) or text.startswith(_DIGESTS):
        return False
    kinds = (any(map(str.isupper, text)), any(map(str.islower, text)), any(map(str.isdigit, text)))
    return all(kinds) and entropy(text) >= _LEAST_BITS


def _offsets(shape: Shape, data: bytes) -> Iterator[int]:
    names = shape.pattern.groupindex
    name = "secret" if "secret" in names else "body" if names else None
    for match in shape.pattern.finditer(data):
        if name is None or is_random(match[name], words=shape.words):
            yield match.start("secret" if name == "secret" else 0)


def _is_value(text: str) -> bool:
    """Whether a text may be a secret itself: long enough, and no reference, sentence or placeholder."""
    if len(text) < 8 or " " in text or _REFERENCE.match(text):
        return False
    return not is_placeholder(text.encode("utf-8", "surrogatepass"))


def _names_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None
