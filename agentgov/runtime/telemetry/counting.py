"""Which spans count: each call of a model once, however many instrumentations tell of it, in whatever order they come.

A span of a model that stands around another one is covered by it: the innermost counts. Spans arrive in any order and
in several requests, so cover goes up from each span to what is known above it, and waits at the first ancestor that is
not there yet. Of spans that tell of the same response, in whatever traces, the one that came first counts. Where what
counts told no tokens and what it covers did, the call is counted here and the tokens there.

Pure: what the store knows comes in as functions, and what changed goes out as values.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from agentgov.runtime.telemetry.dialects import Kind

NOTHING, USAGE, WHOLE = 0, 1, 2
_BY_CALL, _BY_USAGE = 1, 2  # covered by a span in it that told no tokens, by one that did
_INSIDE = 3  # the bits of that; the two above them say the same of another span of the same response
_SHIFT = 2


class Span(msgspec.Struct):
    """A span as it is kept. `seen` is when it came; below 0 while it is only known as a parent, since when."""

    id: bytes
    parent: bytes = b""
    seen: int = 0
    covered: int = 0
    counted: int = NOTHING
    kind: Kind = ""
    name: str = ""
    closure: str = ""
    variant: str = ""
    start: int = 0
    end: int = 0
    failed: bool = False
    error: str = ""
    measured: bool = False
    sampled: bool = False
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    currency: str = ""  # "" where it has no price
    cost: int = 0
    response: str = ""
    finish: str = ""
    session: bytes = b""
    broke: bool = False  # whether a run ended in an error with it
    took: int | None = None  # milliseconds of a run, where somebody wants to know
    salt: bytes = b""
    digest: str = ""
    before: int = NOTHING  # what it counted as in the store
    subject: str = ""  # whom it is about; recorded in the ledger alone
    purpose: str = ""

    @property
    def wanted(self) -> int:
        """What it counts as, by what is known now."""
        if self.seen <= 0 or self.kind not in ("model", "tool"):
            return NOTHING
        cover = self.covered >> _SHIFT
        if self.kind == "model":
            cover = max(cover, self.covered & _INSIDE)
        if cover == _BY_CALL and self.measured:
            return USAGE
        return NOTHING if cover else WHOLE


class Settled(msgspec.Struct):
    """What became of a request: spans that are new, those of the store that changed, and how many were there before."""

    new: Sequence[Span]
    changed: Sequence[Span]
    repeated: int


Known = Callable[[Iterable[bytes]], Mapping[bytes, Span]]


def settle(coming: Sequence[Span], known: Known, told: Mapping[str, Span]) -> Settled:
    """Decide about the spans of one request. `known` finds spans of the store by id, `told` has those by response."""
    family = _Family(known, coming)
    new = family.take(coming)
    waiting = [one.covered & _INSIDE for one in new]  # cover that came up to here before the span did
    first = dict(told)
    for one, strength in zip(new, waiting, strict=True):
        lost = bool(one.response) and _loses(one, first)
        own = 0 if lost or one.kind != "model" else _BY_USAGE if one.measured else _BY_CALL
        family.cover(one.parent, max(strength, own))
    for one in (*new, *family.changed.values()):
        one.counted = one.wanted
    fresh = {one.id for one in new}
    changed = [one for one in family.changed.values() if one.id not in fresh]
    return Settled(new, changed, len(coming) - len(new))


def _loses(one: Span, first: dict[str, Span]) -> bool:
    other = first.setdefault(one.response, one)
    if other is one or other.kind != one.kind:
        return False
    one.covered |= (_BY_CALL if one.measured and not other.measured else _BY_USAGE) << _SHIFT
    return True


class _Family:
    """The spans of a request with those above them."""

    def __init__(self, known: Known, coming: Sequence[Span]) -> None:
        self._known, self._now = known, max((one.seen for one in coming), default=0)
        ids = {one.id for one in coming} | {one.parent for one in coming if one.parent}
        self._spans: dict[bytes, Span] = dict(known(ids))
        self._missing = ids - self._spans.keys()
        self.changed: dict[bytes, Span] = {}

    def take(self, coming: Sequence[Span]) -> list[Span]:
        """Those that were not there before, with the cover that waited for them."""
        new = []
        for one in coming:
            before = self._spans.get(one.id)
            if before is not None and before.seen > 0:
                continue
            if before is not None:
                one.covered = before.covered
            self._spans[one.id] = one
            new.append(one)
        return new

    def cover(self, above: bytes, strength: int) -> None:
        """Tell every span from here up that something in it counts."""
        while above and strength:
            found = self._find(above)
            if found is None:
                found = self._spans[above] = Span(above, seen=-self._now)
            if found.covered & _INSIDE >= strength:
                return
            found.covered = found.covered & ~_INSIDE | strength
            self.changed[above] = found
            above = found.parent

    def _find(self, id_: bytes) -> Span | None:
        found = self._spans.get(id_)
        if found is None and id_ not in self._missing:
            found = self._known((id_,)).get(id_)
            if found is not None:
                self._spans[id_] = found
            else:
                self._missing.add(id_)
        return found
