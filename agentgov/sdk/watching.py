"""What one process does for one agent at one gate, however many sticky keys it runs the agent under: one thread asks
for leases again when they are old, another listens to the gate's events, and the gate hears what runs.

A watch is made when the agent is opened for the first time, and ends with the last one that is closed. Without threads
each has its own, and whoever calls asks. After a fork the child begins its own threads.
"""

import atexit
import itertools
import logging
import math
import os
import platform
import re
import secrets
import threading
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from agentgov.errors import AgentgovError
from agentgov.sdk.answers import Backend
from agentgov.sdk.errors import Unreachable, paused
from agentgov.sdk.keeping import Keeper
from agentgov.sdk.leases import WHILE_STOPPED, Leases
from agentgov.sdk.outbox import Outbox

_log = logging.getLogger("agentgov.sdk")
_COME_BACK = 2.0  # seconds until a stream is opened again, or what runs is told again
_SHORTEST, _LONGEST = 0.05, 3600.0  # seconds between two rounds
_MOST_UNTOLD = 1000
_GRACE = 5.0  # seconds that the end waits for each thread
_LAST = 10.0  # seconds that the end waits for events to be taken
_all: "weakref.WeakSet[Watch]" = weakref.WeakSet()


class Watch:
    """One agent at one gate, in this process. `clock` is monotonic, in seconds."""

    def __init__(
        self, agent: str, backend: Backend, leases: Leases, *, clock: Callable[[], float], threads: bool
    ) -> None:
        self.agent, self.backend, self.leases, self.clock, self.threads = agent, backend, leases, clock, threads
        self._keepers: weakref.WeakValueDictionary[int, Keeper] = weakref.WeakValueDictionary()
        self._numbers = itertools.count()
        self._heard: tuple[str, ...] = ()
        self._untold: deque[Callable[[], None]] = deque()
        self.outbox = Outbox(agent, backend.events, threads=threads)
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        """Locks and threads of this process, and how it is called."""
        self._lock, self._wake, self._over = threading.Lock(), threading.Event(), threading.Event()
        self._running: tuple[threading.Thread, ...] = ()
        self._asked = False  # somebody woke it to take new leases, not only to tell
        self._said: dict[str, tuple[tuple[object, ...], float]] = {}
        node = re.sub(r"[^!-~]", "-", platform.node())[:60] or "host"
        self.instance = f"{node}-{os.getpid()}-{secrets.token_hex(4)}"

    # --- who is watched for ----------------------------------------------------------------------------------------

    def enter(self, *, key: str, pinned: str, named: str) -> Keeper:
        """One more that the agent runs under."""
        keeper = Keeper(self, key=key, pinned=pinned, named=named)
        with self._lock:
            self._keepers[next(self._numbers)] = keeper
        return keeper

    def leave(self, keeper: Keeper) -> None:
        """One is closed; the last one ends it all."""
        with _table.lock:
            with self._lock:
                for number in [number for number, one in self._keepers.items() if one is keeper]:
                    del self._keepers[number]
            if self._keepers or self._over.is_set():
                return
            self._forget()
        self._end()

    def _forget(self) -> None:
        for same in [same for same, one in _table.watches.items() if one is self]:
            del _table.watches[same]
        self._over.set()

    def _end(self) -> None:
        self._wake.set()
        self.backend.hush()
        for thread in self._running:
            if thread is not threading.current_thread():
                thread.join(_GRACE)
        self._tell_untold()
        if self._untold:
            _log.warning("what came of %d actions and reservations was told to nobody", len(self._untold))
        self.outbox.close(_LAST)
        self.backend.close()

    def last_words(self) -> None:
        """The program ends, and nobody closed the agent: tell what is still to be told."""
        if not self._over.is_set():
            self._tell_untold()
            self.outbox.close(_LAST)

    def _those(self) -> list[Keeper]:
        with self._lock:
            return list(self._keepers.values())

    # --- telling ---------------------------------------------------------------------------------------------------

    def note(self, pause: str) -> None:
        """A pause was heard of."""
        if pause and pause not in self._heard:
            self._heard = (*self._heard, pause)[-64:]

    def later(self, work: Callable[[], None]) -> None:
        """Do something again with each look until the gate answers to it."""
        if len(self._untold) < _MOST_UNTOLD:
            self._untold.append(work)
        self.wake()

    def tell(self) -> bool:
        """Say what runs here where that is news, or was said long ago; False where that has to be said again."""
        self._tell_untold()
        now = self.clock()
        for instance, (closure, release, often) in self._instances().items():
            news = closure, self._heard
            said, at = self._said.get(instance, ((), 0.0))
            if news == said and now - at < often:
                continue
            try:
                self.backend.running(instance, closure, release, self._heard)
                self._said[instance] = news, now
            except AgentgovError as error:
                _log.info("the gate was not told what runs: %s", error.in_one_line)
                return False
        return True

    def _instances(self) -> dict[str, tuple[str, str, float]]:
        """What runs, by the name of the process; while a canary splits its keys, the second release has a name too."""
        found: dict[str, tuple[str, str, float]] = {}
        for keeper in self._those():
            terms, name = keeper.runs, keeper.named or self.instance
            if terms is None:
                continue
            if name in found and found[name][0] != terms.closure:
                name = f"{name}-{terms.closure[:8]}"
            found.setdefault(name, (terms.closure, terms.release.name, terms.hard_expiry / 2))
        return found

    def _tell_untold(self) -> None:
        """Tell all that waits now, one by one, so that another thread can tell the others meanwhile."""
        for _ in range(len(self._untold)):
            try:
                work = self._untold.popleft()
            except IndexError:
                return
            try:
                work()
            except Unreachable as away:
                self._untold.appendleft(work)
                _log.info("what came of something is told later: %s", away.in_one_line)
                return
            except AgentgovError as error:
                _log.warning("what came of something could not be told: %s", error.in_one_line)

    # --- threads ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to watch; without threads, what runs is told now."""
        if not self.threads:
            self.tell()
        elif not self._running:
            with self._lock:
                if self._running or self._over.is_set():
                    return
                works = self._keep_fresh, self._listen
                self._running = tuple(
                    threading.Thread(target=work, name=f"agentgov {self.agent}", daemon=True) for work in works
                )
                for thread in self._running:
                    thread.start()

    def joined(self) -> None:
        """One more runs: the gate is to hear of it now where that is another release than those that it knows."""
        if self.threads and not self._instances().keys() <= self._said.keys():
            self._wake.set()

    def wake(self) -> None:
        """Look at once."""
        self._asked = True
        self._wake.set()

    def _keep_fresh(self) -> None:
        failures, wake, over = 0, self._wake, self._over
        while True:
            told, pause = self.tell(), self._pause(failures)
            woken = wake.wait(pause if told or failures else min(pause, _COME_BACK))
            wake.clear()
            everybody = self._asked
            if everybody:  # who asks from here on wakes it again, and is not forgotten
                self._asked = False
            if over.is_set() or self._left_alone():
                return
            if woken and not everybody:
                continue  # another release runs here, which the gate is to hear of
            try:
                self._round(everybody=everybody)
                failures = 0
            except AgentgovError as error:
                failures += 1
                if failures == 1:
                    _log.warning("no new lease of %s: %s", self.agent, error.in_one_line)
            except Exception:
                failures += 1
                _log.exception("asking for a lease failed in a way that nobody foresaw")

    def _left_alone(self) -> bool:
        """Whether nobody is there any more, not even to close it: then this is the end."""
        with _table.lock:
            if self._those():
                return False
            self._forget()
        self._end()
        return True

    def _round(self, *, everybody: bool) -> None:
        """Take a new lease for all, or for those whose lease is old. A gate that does not answer one is not asked for
        the next."""
        until = math.inf if everybody else self.clock()
        for keeper in self._those():
            if keeper.due < until and not self._over.is_set():
                keeper.take()

    def _pause(self, failures: int) -> float:
        """Seconds until the next look."""
        if failures:
            whole = min(0.5 * 2.0 ** min(failures, 6), WHILE_STOPPED)
            return whole * (1 - secrets.randbelow(200) / 1000)
        due = min((keeper.due for keeper in self._those()), default=0.0)
        return min(max(due - self.clock(), _SHORTEST), _LONGEST)

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
            stop = paused(self.agent, told)
            self.note(stop.pause)
            if told.get("mode") != "read-only":
                for keeper in self._those():
                    keeper.stopped(stop)
        self.leases.doubt()
        self.wake()

    def after_fork(self) -> None:
        """Go on in a child process, where no other thread is."""
        self._begin()
        self.backend.renew()
        self.leases.renew()
        self.outbox.renew()
        self._untold = deque()
        for keeper in self._those():
            keeper.reborn()


class _Table:
    """The watches of this process that others may join."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.watches: dict[Hashable, Watch] = {}


_table = _Table()


def watch_over(same: Hashable, make: Callable[[], Watch], *, key: str, pinned: str, named: str) -> Keeper:
    """A keeper at the watch that stands for `same`; None: at one of its own."""
    if same is None:
        return make().enter(key=key, pinned=pinned, named=named)
    with _table.lock:
        watch = _table.watches.get(same)
        if watch is None:
            watch = _table.watches[same] = make()
        return watch.enter(key=key, pinned=pinned, named=named)


def _reborn() -> None:
    _table.lock = threading.Lock()
    for watch in tuple(_all):
        watch.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reborn)


@atexit.register
def _ending() -> None:
    for watch in tuple(_all):
        watch.last_words()
