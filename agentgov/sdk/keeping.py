"""Keeps the lease of one agent: asks again when it is old, stops the agent when it is over or taken back.

1. A lease holds for `hardExpiry` by the monotonic clock, counted from before it was asked for: a wrong clock, a slow
   answer and a gate that is away stretch nothing. After that every call is `Expired`.
2. A refusal counts at once, and until a lease is given again: what was leased before is forgotten.
3. A pause that the stream tells of counts at once. Only a lease ends it.
4. A gate that does not answer, or cannot tell, changes nothing before the hard expiry.

A thread asks again after `ttl` (less a random part), another listens to the stream; where there are none, whoever calls
asks. After a fork the child begins its own.
"""

import contextlib
import logging
import os
import platform
import re
import secrets
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentgov.errors import AgentgovError
from agentgov.sdk.answers import Backend, Offer
from agentgov.sdk.errors import Expired, Paused, Stopped
from agentgov.sdk.remote import paused
from agentgov.sdk.terms import Terms, read_terms
from agentgov.trust.keys import PublicKey

_log = logging.getLogger("agentgov.sdk")
_WHILE_STOPPED = 5.0  # seconds between two looks of a stopped agent
_ROUND = 1.0  # seconds between two tries of callers whose lease is over
_COME_BACK = 2.0  # seconds until a stream is opened again
_MOST_UNTOLD = 1000
_GRACE = 5.0  # seconds that the end waits for each thread
_keepers: "weakref.WeakSet[Keeper]" = weakref.WeakSet()


@dataclass(frozen=True, slots=True)
class Held:
    """A lease and how long it holds, in seconds of the monotonic clock."""

    terms: Terms
    etag: str
    fresh_until: float
    hard_until: float


class Keeper:
    """The lease of one agent in this process. `clock` is monotonic, in seconds; `threads` is whether it is kept fresh
    in the background."""

    def __init__(
        self,
        agent: str,
        backend: Backend,
        *,
        keys: Sequence[PublicKey],
        clock: Callable[[], float],
        threads: bool,
        instance: str,
    ) -> None:
        self.agent, self.backend = agent, backend
        self._keys, self._clock, self._threads, self._named = keys, clock, threads, instance
        self._held: Held | None = None
        self._stop: Stopped | None = None
        self._trouble = ""
        self._next_try = float("-inf")
        self._heard: tuple[str, ...] = ()
        self._said: tuple[object, ...] = ()
        self._said_at = 0.0
        self._untold: list[Callable[[], None]] = []
        self._closed = False
        self._begin()
        _keepers.add(self)

    def _begin(self) -> None:
        """Locks and threads of this process, and how it is called."""
        self._lock, self._wake, self._over = threading.Lock(), threading.Event(), threading.Event()
        self._running: tuple[threading.Thread, ...] = ()
        node = re.sub(r"[^!-~]", "-", platform.node())[:60] or "host"
        self.instance = self._named or f"{node}-{os.getpid()}-{secrets.token_hex(4)}"

    # --- for whoever runs the agent --------------------------------------------------------------------------------

    def open(self) -> None:
        """Get the first lease. Stopped where the agent may not run, Unreachable where nobody answers."""
        with self._lock:
            self._ask()
        if self._stop is not None:
            self.close()
            raise self._stop.fresh()
        self._start()
        if not self._threads:
            self._tell()

    def current(self) -> Held:
        """The lease as it holds now. Raises Stopped where there is none."""
        if self._closed:
            hint = 'begin anew: with agentgov.agent("...") as agent'
            raise Stopped("this agent was closed", hint, rule="runtime.closed")
        if self._threads and not self._running:
            self._start()
        held, now = self._held, self._clock()
        if held is None or now >= held.hard_until or (not self._threads and now >= held.fresh_until):
            self._look(now)
            held = self._held
        stop = self._stop
        if stop is not None:
            raise stop.fresh()
        if held is None or self._clock() >= held.hard_until:
            why = f" ({self._trouble})" if self._trouble else ""
            hint = "stop; when the gate answers again, the next call goes on by itself"
            raise Expired(f"the lease of {self.agent} is over, and no new one came{why}", hint, rule="runtime.expired")
        return held

    def wake(self) -> None:
        """Have the lease looked at at once, by whoever does that."""
        held = self._held
        if held is not None and not self._threads:
            self._held = replace(held, fresh_until=self._clock())
        self._wake.set()

    def later(self, work: Callable[[], None]) -> None:
        """Do something again with the next look: the outcome of an action that could not be told."""
        if len(self._untold) < _MOST_UNTOLD:
            self._untold.append(work)
        self._wake.set()

    def close(self) -> None:
        """End the threads, and tell what is still to be told."""
        if self._closed:
            return
        self._closed = True
        self._over.set()
        self._wake.set()
        self.backend.hush()
        for thread in self._running:
            if thread is not threading.current_thread():
                thread.join(_GRACE)
        self._tell_untold()
        self.backend.close()

    # --- asking ----------------------------------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        """Ask on behalf of a caller; one at a time, and not again within a moment."""
        with self._lock:
            held = self._held
            if now < self._next_try or (held is not None and held.fresh_until > self._clock()):
                return
            self._next_try = now + (_WHILE_STOPPED if self._stop is not None else _ROUND)
            with contextlib.suppress(AgentgovError):
                self._ask()
        if not self._threads:
            self._tell()

    def _ask(self) -> None:
        """One request for a lease, and what it changes. Raises what is no answer."""
        held, asked = self._held, self._clock()
        try:
            offer = self.backend.lease(held.etag if held is not None else "")
            terms = held.terms if offer.body is None and held is not None else self._read(offer)
        except Stopped as stop:
            self._stopped(stop)
            return
        except AgentgovError as error:
            self._trouble = error.message
            raise
        pause = terms.paused
        if pause is not None:
            self._note(pause.id)
        self._held = Held(terms, offer.etag, asked + terms.ttl, asked + terms.hard_expiry)
        self._stop, self._trouble = None, ""

    def _read(self, offer: Offer) -> Terms:
        return read_terms(offer, self.agent, self._keys)

    def _stopped(self, stop: Stopped) -> None:
        known = self._stop
        if isinstance(known, Paused) and isinstance(stop, Paused) and not stop.pause:
            stop.pause, stop.by, stop.reason, stop.until = known.pause, known.by, known.reason, known.until
        if isinstance(stop, Paused):
            self._note(stop.pause)
        self._stop, self._trouble = stop, ""
        if self._held is not None:
            self._said = ()  # what ran last is said once more, with the pause
            self._last, self._held = self._held.terms, None

    _last: Terms | None = None

    def _note(self, pause: str) -> None:
        if pause and pause not in self._heard:
            self._heard = (*self._heard, pause)[-64:]

    # --- telling ---------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Say what runs here where that is news, or was said long ago."""
        self._tell_untold()
        terms = self._held.terms if self._held is not None else self._last
        if terms is None:
            return
        news = terms.closure, self._heard, self.instance
        now = self._clock()
        if news == self._said and now - self._said_at < terms.hard_expiry / 2:
            return
        try:
            self.backend.running(self.instance, terms.closure, terms.release.name, self._heard)
            self._said, self._said_at = news, now
        except AgentgovError as error:
            _log.info("the gate was not told what runs: %s", error.in_one_line)

    def _tell_untold(self) -> None:
        untold, self._untold = self._untold, []
        for work in untold:
            try:
                work()
            except AgentgovError as error:
                _log.warning("the outcome of an action could not be told: %s", error.in_one_line)

    # --- threads ---------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._threads or self._closed:
            return
        with self._lock:
            if self._running:
                return
            works = self._keep_fresh, self._listen
            self._running = tuple(
                threading.Thread(target=work, name=f"agentgov {self.agent}", daemon=True) for work in works
            )
            for thread in self._running:
                thread.start()

    def _keep_fresh(self) -> None:
        failures = 0
        wake, over = self._wake, self._over
        while True:
            self._tell()
            wake.wait(self._pause(failures))
            wake.clear()
            if over.is_set():
                return
            try:
                with self._lock:
                    self._ask()
                failures = 0
            except AgentgovError as error:
                failures += 1
                if failures == 1:
                    _log.warning("no new lease of %s: %s", self.agent, error.in_one_line)
            except Exception:
                failures += 1
                _log.exception("asking for a lease failed in a way that nobody foresaw")

    def _pause(self, failures: int) -> float:
        """Seconds until the next look; less a random part, so that many agents do not ask at once."""
        held = self._held
        whole = _WHILE_STOPPED if held is None else max(held.fresh_until - self._clock(), 0.05)
        if failures:
            whole = min(0.5 * 2 ** min(failures, 6), _WHILE_STOPPED if held is None else max(held.terms.ttl, 0.5))
        return whole * (1 - secrets.randbelow(200) / 1000)

    def _listen(self) -> None:
        over = self._over
        while not over.is_set():
            try:
                self.backend.listen(self._on_event)
            except AgentgovError as error:
                _log.info("no events of the gate: %s", error.in_one_line)
            except Exception:
                _log.exception("listening to the gate failed in a way that nobody foresaw")
            if not over.is_set():
                over.wait(_COME_BACK * (1 + secrets.randbelow(1000) / 1000))

    def _on_event(self, told: Mapping[str, Any]) -> None:
        if told.get("type") == "paused":
            stop = paused(told)
            self._note(stop.pause)
            if told.get("mode") != "read-only":
                with self._lock:
                    self._stopped(stop)
        self._wake.set()

    def _after_fork(self) -> None:
        self._begin()
        self.backend.renew()
        self._said, self._untold = (), []


def _reborn() -> None:
    for keeper in tuple(_keepers):
        keeper._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reborn)
