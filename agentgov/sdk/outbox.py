"""Events on their way to whoever takes them down: kept until that is done, sent together, in their order.

Whoever tells waits for nothing. What could not be sent is sent again under the same keys, so that it counts once; what
waits when the program ends is sent before it ends. Events that are refused are no use to send again: they are told of
in the log and dropped.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from agentgov.errors import AgentgovError
from agentgov.model.told import MOST_EVENTS, EventTell
from agentgov.sdk.errors import Unreachable

_log = logging.getLogger("agentgov.sdk")
MOST = 10_000  # events that wait
_LARGEST = 128 * 1024  # bytes of one request: half of what a gate takes, which is more than any one event has
_TOGETHER = 0.2  # seconds that the first event waits for others
_AGAIN, _LONGEST = 0.5, 10.0  # seconds until what could not be sent is sent again


class Outbox:
    """What one agent tells. `send` takes events down, at most MOST_EVENTS at a time; any thread may put some in."""

    def __init__(self, agent: str, send: Callable[[Sequence[EventTell]], None], *, threads: bool) -> None:
        self._agent, self._send, self._threads = agent, send, threads
        self.renew()

    def renew(self) -> None:
        """Begin anew in a child process: what waits is the parent's to send."""
        self._waiting: deque[tuple[EventTell, int]] = deque()
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._some, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, event: EventTell) -> None:
        """Take an event over. Unreachable where so many wait that no more can be kept."""
        with self._lock:
            if len(self._waiting) >= MOST:
                hint = "is the gate there? an agent that goes on tells nobody"
                raise Unreachable(f"{MOST:,} events of {self._agent} wait to be sent", hint, rule="gate.unreachable")
            self._waiting.append((event, len(msgspec.json.encode(event))))
            if self._threads and self._thread is None and not self._over.is_set():
                self._thread = threading.Thread(target=self._run, name=f"agentgov told {self._agent}", daemon=True)
                self._thread.start()
        if self._thread is None:
            self._all()
        else:
            self._some.set()

    def flush(self, seconds: float) -> int:
        """Send what waits, for so long; how many wait still."""
        until = time.monotonic() + seconds
        while not self._all() and time.monotonic() < until:
            time.sleep(min(_AGAIN, max(until - time.monotonic(), 0)))
        return len(self._waiting)

    def close(self, seconds: float) -> None:
        """Send what waits, for so long, and nothing after that by itself."""
        self._over.set()
        self._some.set()
        if left := self.flush(seconds):
            _log.warning("%d events of %s were told to nobody", left, self._agent)

    def _run(self) -> None:
        some, over, pause = self._some, self._over, 0.0
        while not over.is_set():
            some.wait()
            some.clear()
            over.wait(pause or _TOGETHER)
            if over.is_set():
                return
            if self._all():
                pause = 0.0
            else:
                pause = min(max(pause * 2, _AGAIN), _LONGEST)
                some.set()

    def _all(self) -> bool:
        """Send all that waits; False where nobody answers."""
        while self._waiting:
            with self._sending:
                events = self._next()
                if not events:
                    continue
                try:
                    self._send(events)
                except Unreachable as away:
                    _log.info("events of %s are told later: %s", self._agent, away.in_one_line)
                    return False
                except AgentgovError as error:
                    _log.warning("%d events of %s were refused: %s", len(events), self._agent, error.in_one_line)
                with self._lock:
                    for _ in events:
                        self._waiting.popleft()
        return True

    def _next(self) -> Sequence[EventTell]:
        """What goes into one request."""
        found, size = list[EventTell](), 0
        with self._lock:
            for event, bytes_ in islice(self._waiting, MOST_EVENTS):
                size += bytes_
                if found and size > _LARGEST:
                    break
                found.append(event)
        return found
