"""Holds what a ledger disposed of against the governance that the journal says was in force at that time.

Reads leaves, the journal and its releases; what they mean is decided in `runtime.disposal_judge`. A gate follows the
journal a moment late, so what governance allowed five minutes before counts as well.
"""

from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property, lru_cache, partial
from itertools import accumulate

import msgspec

from agentgov.errors import AgentgovError
from agentgov.journal.query import acts_from
from agentgov.journal.released_agent import agent_of
from agentgov.journal.view import View, view_at
from agentgov.model.anchored import Anchored
from agentgov.model.names import agent_id
from agentgov.model.policies import Retention
from agentgov.runtime.disposal_judge import Gone, Governed, Judged, Known, judge
from agentgov.runtime.disposals import KINDS, Disposals, disposals
from agentgov.runtime.erasure_orders import Electors
from agentgov.runtime.holds import Holds
from agentgov.runtime.kept_as import holds_of, known_as
from agentgov.runtime.leaf_check import Flaw
from agentgov.runtime.ledger import UNREADABLE, Leaf
from agentgov.runtime.ledger_check import STRETCH
from agentgov.runtime.ledger_sources import FolderSource, StoreSource

LATE = 300  # seconds
_READ = msgspec.json.Decoder(Leaf).decode
_NO_HISTORY = Judged("what governance was in force cannot be told: the journal begins later", is_known=False)


class Times:
    """Which act of the journal stood at a moment. Reads every act, once somebody asks."""

    def __init__(self, view: View) -> None:
        self._view = self._last = view
        self.governed = lru_cache(maxsize=64)(self._governed)

    def _governed(self, seq: int) -> Governed:
        """What was in force after an act. Disposals come in order, so most of it is as at the one before."""
        self._last = view_at(self._view.repo, self._commits[seq], self._last)
        return _governed_by(self._last)

    @cached_property
    def _commits(self) -> Sequence[str]:
        return self._view.memory.line.commits(self._view.tip)

    @cached_property
    def _begun(self) -> Sequence[int]:
        """From when on it was this act or a later one; journal time may be set back."""
        times = [one.head.time for one in acts_from(self._view, 0)]
        return list(accumulate(reversed(times), min))[::-1]

    def act_at(self, time: int) -> int:
        """The number of the last act by then, -1 before the first."""
        return bisect_right(self._begun, time) - 1


def governed_disposals(
    times: Times, source: FolderSource | StoreSource, tree: str, anchors: Sequence[Anchored]
) -> tuple[tuple[Flaw, ...], tuple[Flaw, ...]]:
    """What speaks against the disposals of a tree, and what cannot be told of them, by the place of their record."""
    told, found = {leaf.seq: (leaf, disposals([raw])) for leaf, raw in _told(source, tree)}, list[tuple[int, Judged]]()
    for seq, (leaf, _) in told.items():
        payload = next((body for _, _, body in source.payloads(tree, seq, seq + 1)), None) if leaf.payload else None
        gone = partial(_gone, source, tree, partial(_explained, told, seq))
        found += [(seq, one) for one in _judged(leaf, Known(tree, payload, gone, source.index_of, anchors), times)]
    said = [(Flaw(seq, one.message), one.is_known) for seq, one in found]
    return tuple(flaw for flaw, known in said if known), tuple(flaw for flaw, known in said if not known)


def _judged(leaf: Leaf, known: Known, times: Times) -> Sequence[Judged]:
    """By the governance of that moment, or of one a little before, whichever says less against it."""
    found, at = list[Sequence[Judged]](), leaf.time // 1000
    try:
        for seq in sorted({times.act_at(at), times.act_at(at - LATE)} - {-1}):
            found.append(list(judge(leaf, known, times.governed(seq))))
    except AgentgovError as error:
        return [Judged(f"what governance was in force cannot be told: {error.message}", is_known=False)]
    return min(found, key=lambda some: (sum(one.is_known for one in some), len(some)), default=[_NO_HISTORY])


def _told(source: FolderSource | StoreSource, tree: str) -> Iterator[tuple[Leaf, bytes]]:
    """The disposals of a tree. What cannot be read is a flaw of another kind."""
    for raw in source.told(tree):
        with suppress(*UNREADABLE):
            leaf = _READ(raw)
            if leaf.type in KINDS:
                yield leaf, raw


def _gone(
    source: FolderSource | StoreSource, tree: str, explained: Callable[[bytes], bool], first: int, last: int
) -> Iterator[Gone | None]:
    """The records in these places whose payload is gone."""
    for begin in range(first, min(last + 1, source.end(tree)), STRETCH):
        end = min(begin + STRETCH, last + 1, source.end(tree))
        page = source.page(tree, begin, end)
        kept = {seq for seq, _, _ in source.payloads(tree, begin, end)}
        for seq, raw in enumerate(page.leaves, begin):
            if raw is None:
                yield None
                continue
            leaf = _READ(raw)
            if leaf.payload and seq not in kept:
                subject = (page.subjects[seq - begin] if page.subjects else None) or (None if leaf.subject else "")
                yield Gone(leaf, subject, partial(explained, raw))


def _explained(told: Mapping[int, tuple[Leaf, Disposals]], seq: int, raw: bytes) -> bool:
    """Whether another disposal than that one explains why something is gone."""
    return any(one.explains(raw)[0] for other, (_, one) in told.items() if other != seq)


def _governed_by(then: View) -> Governed:
    earlier = cache(lambda: known_as(then))
    retention = then.governance.retention or Retention()
    return Governed(
        then.state.head.fleet,
        retention,
        lambda index_of: holds_of(then, retention.holds, index_of) if retention.holds else Holds(()),
        Electors(then.governance.access, then.directory),
        lru_cache(lambda agent: _classes(then, (agent, *earlier().get(agent, ())))),
        lambda tree: [name for old, names in earlier().items() if old.startswith(f"{tree}/") for name in names],
    )


def _classes(view: View, ids: Iterable[str]) -> Container[str] | None:
    """The classes that any release of an agent named, under any of its ids; None where one of them cannot be read."""
    known = [found for found in map(agent_id, ids) if found is not None]
    read = [agent_of(view, one) for agent in known for one in view.state.releases(agent)]
    if any(one is None for one in read):
        return None
    return {one.spec.audit.retention for one in read if one is not None}
