"""How long records of the ledger are kept: by the class of their agent when they were made, as governance says now.

An agent's class is `audit.retention` of what of it runs, else the fleet's default; where several of its releases run, a
record is kept as long as the one that keeps it longest. What has no class, or one that governance does not define, is
kept for ever: nothing is disposed of that nobody said so about. What a legal hold is about stays, whatever its class
(`holds`). Values only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from agentgov.model.policies import Retention
from agentgov.model.units import parse_duration
from agentgov.runtime.holds import About, Holds

PRUNED, REDACTED = "ledger.prune", "redacted"  # the types of records that say what was disposed of
_OURS = (PRUNED, REDACTED, "ledger.renew")
END = 2**62  # epoch milliseconds; never


class Noted(NamedTuple):
    """From when on one of an agent's releases named a class, "" for none."""

    since: int  # epoch milliseconds
    slot: str
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How long records of an agent, made in one stretch of time, are kept. Milliseconds; None for ever."""

    begin: int
    end: int
    name: str  # of the class, "" for none
    payload: int | None = None
    leaf: int | None = None
    said: tuple[str, str] = ("", "")  # the same as governance writes it: of payloads, of leaves
    hold: str = ""  # the legal hold that keeps them
    privileged: bool = False

    def payload_until(self, now_ms: int) -> int:
        """Payloads of before this moment are disposed of."""
        return 0 if self.payload is None or self.hold else min(now_ms - self.payload, self.end)

    def leaf_until(self, now_ms: int) -> int:
        """Records of before this moment are disposed of."""
        return 0 if self.leaf is None or self.hold else min(now_ms - self.leaf, self.end)


class Rules:
    """How long everything is kept, by one state of governance, and by what it says that agents were kept as."""

    def __init__(
        self,
        retention: Retention | None,
        noted: Mapping[str, Sequence[Noted]] | None = None,
        holds: Holds | None = None,
    ) -> None:
        self._retention = retention or Retention()
        self._noted = noted or {}
        self._holds = holds or Holds(self._retention.holds)
        self._of = lru_cache(maxsize=65_536)(self._stretches)
        self._held = lru_cache(maxsize=65_536)(lambda kept, hold: replace(kept, hold=hold))

    @property
    def shortest(self) -> int | None:
        """The shortest time that any class keeps a payload, None where nothing is ever disposed of."""
        return min((parse_duration(one.payload) * 1000 for one in self._retention.classes.values()), default=None)

    @property
    def longest(self) -> int | None:
        """The longest time that any class keeps a record, in milliseconds; None where there is no class."""
        return max((parse_duration(one.leaf) * 1000 for one in self._retention.classes.values()), default=None)

    @property
    def has_holds(self) -> bool:
        """Whether there is any legal hold."""
        return bool(self._retention.holds)

    def of(self, agent: str, kind: str, time: int, tool: str = "", subject: str = "") -> Kept:
        """How long a record is kept: of which agent, type, moment and tool, and about whom (by the digest that it is
        found by)."""
        stretches = self._of(agent, not agent and kind in _OURS)
        kept = next(one for one in stretches if time < one.end or one is stretches[-1])
        hold = self._holds.of(About(agent, time, tool, subject))
        return self._held(kept, hold) if hold else kept

    def ever_privileged(self, agent: str) -> bool:
        """Whether records of an agent are, or were, kept under a privileged class."""
        return bool(self.privileged_as(agent))

    def privileged_trees(self) -> frozenset[str]:
        """The workspaces with an agent whose records are, or were, privileged."""
        return frozenset(agent.partition("/")[0] for agent in self._noted if self.ever_privileged(agent))

    def privileged_as(self, agent: str) -> frozenset[str]:
        """The privileged classes that records of an agent are, or were, kept under."""
        names = {self._retention.default, *(one.name for one in self._noted.get(agent, ()))}
        classes = self._retention.classes
        kept = any(one.privileged for one in self._of(agent, ours=False))
        return frozenset(name for name in names if kept and name in classes and classes[name].privileged)

    def _stretches(self, agent: str, ours: bool) -> tuple[Kept, ...]:
        if ours:
            return (self._kept(0, END, self._retention.classes),)
        noted = sorted(self._noted.get(agent, ()))
        moments = sorted({one.since for one in noted})
        bounds = [0, *moments[1:], END]  # what was noted first was so before
        found = []
        for begin, end in pairwise(bounds):
            slots = {one.slot: one.name for one in noted if one.since <= max(begin, moments[0] if moments else 0)}
            names = {name for name in slots.values() if name} or {self._retention.default}
            found.append(self._kept(begin, end, names))
        return tuple(found)

    def _kept(self, begin: int, end: int, names: Iterable[str]) -> Kept:
        """The longest of some classes, in each part; for ever where one of them is not defined."""
        classes = self._retention.classes
        chosen = sorted(set(names))
        known = [(name, classes[name]) for name in chosen if name in classes]
        privileged = any(one.privileged for _, one in known)
        if not known or len(known) < len(chosen):
            return Kept(begin, end, ", ".join(chosen), privileged=privileged)
        payload = max((parse_duration(one.payload), one.payload) for _, one in known)
        leaf, said, name = max((parse_duration(one.leaf), one.leaf, name) for name, one in known)
        words = payload[1], said
        return Kept(begin, end, name, payload[0] * 1000, leaf * 1000, words, privileged=privileged)
