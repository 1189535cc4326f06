"""What a tree of the ledger says of what it lacks: the records that tell what was pruned and what was erased.

A leaf of type `ledger.prune` says in its `refs` either `leaves` (all leaves before that place are gone) or `payloads`
(those of its agent from `first` to `last`, made from `since` to before `until`, by a class, and `count` how many these
were: what a legal hold kept among them is there still); one of type `redacted` names `records`, as `3-5,9`. Whatever
else is missing was not disposed of by agentgov. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from agentgov.runtime.ledger import UNREADABLE
from agentgov.runtime.retention import PRUNED, REDACTED

KINDS = (PRUNED, REDACTED)
LONGEST = 600  # characters of places in one record


class Pruned(NamedTuple):
    """Payloads of one agent that were pruned at one time: when they were made, where they stood, how many they were."""

    since: int
    until: int
    first: int
    last: int
    many: int

    def fits(self, seq: int, time: int) -> bool:
        """Whether the payload of a record may be one of them."""
        return self.first <= seq <= self.last and self.since <= time < self.until


class Disposals(msgspec.Struct):
    """What one tree explains."""

    leaves: int = 0  # all before this place may be gone
    pruned: dict[str, list[Pruned]] = msgspec.field(default_factory=dict)  # by agent
    redacted: list[tuple[int, int]] = msgspec.field(default_factory=list)  # first and last

    def explains(self, leaf: bytes) -> tuple[bool, str | None]:
        """Whether the payload of a leaf was disposed of; and the agent, where it is one of those that were pruned."""
        said = msgspec.json.decode(leaf, type=dict[str, Any])
        seq, time, agent = said.get("seq", -1), said.get("time", -1), said.get("agent", "")
        if any(a <= seq <= b for a, b in self.redacted):
            return True, None
        found = any(one.fits(seq, time) for one in self.pruned.get(agent, ()))
        return found, agent if found else None

    def count(self, agent: str, begin: int) -> int:
        """How many payloads of an agent were pruned, of records from a place on as far as that can be told."""
        return sum(one.many for one in self.pruned.get(agent, ()) if one.last >= begin)


def disposals(leaves: Iterable[bytes]) -> Disposals:
    """What these leaves say; those of other types are passed over, and so is what cannot be read."""
    found = Disposals()
    for leaf in leaves:
        try:
            _add(found, msgspec.json.decode(leaf, type=dict[str, Any]))
        except (*UNREADABLE, TypeError, AttributeError, KeyError):
            continue
    return found


def places(seqs: Iterable[int]) -> Iterator[str]:
    """Places in ascending order as texts, each short enough for one record."""
    parts: list[str] = []
    for _, group in groupby(enumerate(seqs), lambda pair: pair[1] - pair[0]):
        run = [seq for _, seq in group]
        parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
        if sum(map(len, parts)) + len(parts) > LONGEST:
            yield ",".join(parts)
            parts = []
    if parts:
        yield ",".join(parts)


def parse_places(text: str) -> Sequence[tuple[int, int]]:
    """(first, last) of what `places` wrote; ValueError for another text."""
    pairs = [one.partition("-") for one in text.split(",")]
    return [(int(first), int(last or first)) for first, _, last in pairs]


def _add(found: Disposals, said: dict[str, Any]) -> None:
    kind, refs = said.get("type"), said.get("refs", {})
    if kind == REDACTED:
        found.redacted += parse_places(refs["records"])
    elif kind == PRUNED and "leaves" in refs:
        found.leaves = max(found.leaves, int(refs["leaves"]))
    elif kind == PRUNED:
        numbers = (int(refs[name]) for name in ("since", "until", "first", "last", "count"))
        found.pruned.setdefault(said.get("agent", ""), []).append(Pruned(*numbers))
