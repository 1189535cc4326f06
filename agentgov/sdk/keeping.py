"""Keeps the lease of one agent under one sticky key: stops the agent when it is over, or taken back.

1. A lease holds for `hardExpiry` by the monotonic clock, counted from before it was asked for: a wrong clock, a slow
   answer and a gate that is away stretch nothing. After that every call is `Expired`.
2. A refusal counts at once, and until a lease is given again: what was leased before is forgotten.
3. A pause that the stream tells of counts at once. Only a lease that was asked for after it ends it.
4. A gate that does not answer, or cannot tell, changes nothing before the hard expiry.

A `Watch` asks again in the background; where it has no threads, or comes too late, whoever calls asks.
"""

import contextlib
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from agentgov.errors import AgentgovError
from agentgov.model.told import EventTell
from agentgov.sdk.answers import Backend
from agentgov.sdk.errors import Expired, Paused, Stopped
from agentgov.sdk.leases import WHILE_STOPPED, Given, refused
from agentgov.sdk.terms import Terms

if TYPE_CHECKING:
    from agentgov.sdk.watching import Watch

_ROUND = 1.0  # seconds between two tries of callers whose lease is over


class Keeper:
    """One lease in this process. `key` is sticky, `pinned` the release that a run began on, `named` how the process is
    called, "" as it calls itself."""

    def __init__(self, watch: "Watch", *, key: str, pinned: str, named: str) -> None:
        self.watch, self.named = watch, named
        self.beside_loop = False  # whether callers are an event loop, which waits for no gate where a thread can
        self._key, self._pinned = key, pinned
        self._given: Given | None = None
        self._ran: Terms | None = None
        self._trouble = ""
        self._next_try = self._heard_at = -math.inf
        self._closed = False
        self.reborn()

    def reborn(self) -> None:
        """Go on in a child process: whoever held the locks is not here."""
        self._asking, self._state = threading.Lock(), threading.Lock()

    # --- for whoever runs the agent --------------------------------------------------------------------------------

    @property
    def backend(self) -> Backend:
        """Who decides."""
        return self.watch.backend

    def open(self) -> None:
        """Get the first lease. Stopped where the agent may not run, Unreachable where nobody answers."""
        try:
            self.take()
            stop = self._given.stop if self._given is not None else None
            if stop is not None:
                raise stop.fresh()
        except BaseException:
            self.close()
            raise
        self.watch.start()
        self.watch.joined()

    def current(self) -> Terms:
        """The terms as they hold now. Raises Stopped where there are none."""
        if self._closed:
            raise _closed()
        watch, given, now = self.watch, self._given, self.watch.clock()
        if watch.threads:
            watch.start()
        if given is None or now >= given.hard_until or (not watch.threads and now >= given.fresh_until):
            self._look(now)
            given = self._given
        if given is not None and given.stop is not None:
            raise given.stop.fresh()
        if given is None or given.terms is None or watch.clock() >= given.hard_until:
            why = f" ({self._trouble})" if self._trouble else ""
            hint = "stop; when the gate answers again, the next call goes on by itself"
            raise Expired(f"the lease of {watch.agent} is over, and no new one came{why}", hint, rule="runtime.expired")
        return given.terms

    def renew(self) -> None:
        """Ask for a lease now, whether or not there is one: something was refused as if there was none."""
        self.watch.leases.doubt()
        with contextlib.suppress(AgentgovError):
            self.take()
        self.watch.wake()

    def wake(self) -> None:
        """Have the lease looked at at once, by whoever does that."""
        if not self.watch.threads:
            with self._state:  # or it would bring a lease back that was just refused
                if self._given is not None:
                    self._given = replace(self._given, fresh_until=self._given.asked)
        self.watch.leases.doubt()
        self.watch.wake()

    def later(self, work: Callable[[], None]) -> None:
        """Do something again with the next look: tell what could not be told."""
        self.watch.later(work)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def told(self, event: EventTell) -> None:
        """Have an event sent soon. Stopped where nobody sends any more."""
        if self._closed:
            raise _closed()
        self.watch.outbox.put(event)

    def flush(self, seconds: float) -> int:
        """Send the events that wait, for so long; how many wait still."""
        return self.watch.outbox.flush(seconds)

    def close(self) -> None:
        """Ask for no more leases; with the last one of the agent, tell what is still to be told."""
        if not self._closed:
            self._closed = True
            self.watch.leave(self)

    # --- for the watch ---------------------------------------------------------------------------------------------

    @property
    def due(self) -> float:
        """When to ask again, by the clock of the watch; never for one that was not opened yet."""
        return self._given.due if self._given is not None else math.inf

    @property
    def runs(self) -> Terms | None:
        """What runs, or ran last."""
        return self._ran

    def take(self) -> None:
        """Have a lease that is newer than this one. Raises what is no answer."""
        with self._asking:
            try:
                given = self.watch.leases.get(self._key, self._pinned, self._given)
            except AgentgovError as error:
                self._trouble = error.message
                raise
            self._hold(given)

    def stopped(self, stop: Stopped) -> None:
        """Somebody was heard to stop the agent now."""
        with self._state:
            self._heard_at = self.watch.clock()
            self._given = refused(self._heard_at, stop)

    def _hold(self, given: Given) -> None:
        with self._state:
            self._trouble = ""
            if given.terms is not None and given.asked < self._heard_at:
                return  # it was asked for before the agent was stopped
            known = self._given.stop if self._given is not None else None
            if isinstance(known, Paused) and isinstance(given.stop, Paused) and not given.stop.pause:
                given = replace(given, stop=known)
            self._given, self._ran = given, given.terms or self._ran
        pause = given.terms.paused.id if given.terms is not None and given.terms.paused is not None else ""
        self.watch.note(given.stop.pause if isinstance(given.stop, Paused) else pause)

    def _look(self, now: float) -> None:
        """Ask on behalf of a caller, or have it asked, and not again within a moment."""
        with self._state:
            given = self._given
            if now < self._next_try:
                return
            stopped = given is not None and given.stop is not None
            self._next_try = now + (WHILE_STOPPED if stopped else _ROUND)
        if self.beside_loop and self.watch.threads:
            self.watch.wake()
            return
        with contextlib.suppress(AgentgovError):
            self.take()
        if not self.watch.threads:
            self.watch.tell()


def _closed() -> Stopped:
    hint = 'begin anew: with agentgov.agent("...") as agent'
    return Stopped("this agent was closed", hint, rule="runtime.closed")
