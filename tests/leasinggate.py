"""Who gives leases to the SDK in unit tests: the gate's own decision over what is deployed, in this process, counted.

gate = LeasingGate(SPLIT)
watch = gate.watch(clock=lambda: now)
keeper = watch.enter(key="user-1", pinned="", named="")
"""

import queue
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from leases import AGENT, ALONE, GROUNDS, Paused

from agentgov.model.told import EventTell
from agentgov.model.verdict import Verdict
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.lease import decide_lease
from agentgov.sdk.answers import Decided, Offer, PermitRef, Reserved, Wanted
from agentgov.sdk.errors import NotSupported, Stopped, Unreachable, paused
from agentgov.sdk.keeping import Keeper
from agentgov.sdk.leases import Leases
from agentgov.sdk.watching import Watch


class LeasingGate:
    """A backend whose state a test sets."""

    quick = True

    def __init__(self, deployed: Deployed = ALONE) -> None:
        self.deployed, self.paused, self.away, self.closed = deployed, list[Paused](), False, False
        self.asked: list[str] = []  # the keys under which leases were asked for
        self.told: list[tuple[str, str, tuple[str, ...]]] = []  # instance, closure, pauses that were heard of
        self.ended: list[tuple[str, str, Mapping[str, Any]]] = []
        self.events_told: list[tuple[EventTell, ...]] = []  # by request
        self._events: queue.Queue[Mapping[str, Any] | None] = queue.Queue()

    def watch(self, clock: Callable[[], float], *, threads: bool = False) -> Watch:
        """What watches over agents here."""
        return Watch(str(AGENT), self, Leases(str(AGENT), self, (), clock), clock=clock, threads=threads)

    def tell(self, event: Mapping[str, Any]) -> None:
        """Send an event to whoever listens."""
        self._events.put(event)

    def lease(self, known: str, key: str, pinned: str) -> Offer:
        """Decided as a gate decides it."""
        self.asked.append(key)
        if self.away:
            raise Unreachable("nobody answers")
        stop = self.paused[0] if self.paused else None
        found = decide_lease(self.deployed, stop, key, GROUNDS, pinned)
        if isinstance(found, Verdict):
            told: Any = found.facts.get("paused")
            offence = found.first_offence
            assert offence is not None
            raise paused(str(AGENT), told) if told else Stopped(offence.message, rule=offence.rule)
        return Offer(None if found.etag == known else found.body, found.etag)

    def running(self, instance: str, closure: str, release: str, heard: tuple[str, ...]) -> None:
        """Kept."""
        self.told.append((instance, closure, heard))

    def events(self, told: Sequence[EventTell]) -> None:
        """Kept."""
        if self.away:
            raise Unreachable("nobody answers")
        self.events_told.append(tuple(told))

    def exporting(self) -> tuple[str, Mapping[str, str]]:
        """Nobody takes traces."""
        raise NotSupported("traces are sent to a gate")

    def listen(self, heard: Callable[[Mapping[str, Any]], None]) -> None:
        """What `tell` sends."""
        while (event := self._events.get()) is not None:
            heard(event)

    def hush(self) -> None:
        """No more events."""
        self._events.put(None)

    def close(self) -> None:
        """Noted."""
        self.closed = True

    def renew(self) -> None:
        """Nothing here belongs to a process."""

    def reserve(self, estimate: Mapping[str, Any]) -> Reserved:
        """All that is asked for."""
        return Reserved(str(estimate["key"]), 1, "USD")

    def end_reservation(self, id_: str, how: Literal["settle", "release"], actual: Mapping[str, Any]) -> None:
        """Kept, where anybody is there."""
        if self.away:
            raise Unreachable("nobody answers")
        self.ended.append((id_, how, actual))

    def decide(self, wanted: Wanted, key: str) -> Decided:
        """Everything is allowed."""
        return Decided("allow")

    def permit(self, id_: str) -> PermitRef:
        """There is none."""
        raise AssertionError(id_)

    def consume(self, id_: str, wanted: Wanted) -> Decided:
        """There is none."""
        raise AssertionError(id_)

    def outcome(self, permit: str, *, ok: bool, done: bool, note: str) -> None:
        """There is none."""
        raise AssertionError(permit)


def opened(watch: Watch, key: str = "", pinned: str = "") -> Keeper:
    """A keeper with its first lease."""
    keeper = watch.enter(key=key, pinned=pinned, named="")
    keeper.open()
    return keeper
