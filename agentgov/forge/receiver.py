"""Takes deliveries in: judged, turned into errands, and answered at once. As a function, and as an ASGI application.

`Intake` is what `agentgov forge listen` serves; `Receiver` is the same for an HTTP server that speaks ASGI 3.0, to be
mounted where its paths begin with /hooks/. Nothing here does an errand, and no answer says more than one word.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from agentgov.forge.hook_events import Errand, Ours, Work, errands_of
from agentgov.forge.webhooks import LARGEST, PATHS, Delivery, Refused, Secrets, Seen, judge
from agentgov.net.asgi import Receive, Scope, Send, read_whole

_RECONCILE = frozenset({Errand(Work.RECONCILE)})
ROOM = 64 * 2**20  # bytes of bodies that may be held at a time


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: a status, and one word."""

    status: int
    word: str = ""


class Intake:
    """Judges deliveries one by one. `ours` says whose events wake whom; where it is None, whatever is signed wakes the
    reconciler. `wake` lets errands wait, and says whether there was room; `clock` tells epoch
    seconds; `heard` is told what came of each delivery, by one word and what it wakes."""

    def __init__(
        self,
        secrets: Secrets,
        ours: Ours | None,
        wake: Callable[[Collection[Errand]], bool],
        clock: Callable[[], int],
        heard: Callable[[str, Collection[Errand]], None] = lambda word, errands: None,
    ) -> None:
        self._secrets, self._ours, self._wake, self._clock, self._heard = secrets, ours, wake, clock, heard
        self._lock = threading.Lock()
        self._seen = Seen()
        self._held = 0

    def answer(self, delivery: Delivery) -> Reply:
        """What to answer. A delivery counts as seen once its errands wait: where there is no room, the forge may send
        it again."""
        with self._lock:
            reply, errands = self._judged(delivery)
        self._heard(reply.word, errands)
        return reply

    def _judged(self, delivery: Delivery) -> tuple[Reply, Collection[Errand]]:
        found = judge(delivery, self._secrets, self._seen, self._clock())
        if isinstance(found, Refused):
            return Reply(found.status, found.word), ()
        errands = errands_of(found, self._ours) if self._ours is not None else _RECONCILE
        if errands is None:
            return Reply(400, "unreadable"), ()
        if errands and not self._wake(errands):
            return Reply(503, "busy"), ()
        self._seen = found.seen
        return Reply(202, "woken") if errands else Reply(204), errands

    def room_for(self, size: int) -> bool:
        """Whether a body of this size may be read now; `give_back` when it is not held any more."""
        with self._lock:
            if self._held + size > ROOM:
                return False
            self._held += size
            return True

    def give_back(self, size: int) -> None:
        """A body of this size is not held any more."""
        with self._lock:
            self._held -= size


def refuse_head(method: str, path: str, length: str | None) -> Reply | int:
    """How long the body is that may be read now, or why it is not read at all: judged by the head of a request."""
    if path not in PATHS:
        return Reply(404, "unknown")
    if method != "POST":
        return Reply(405, "post")
    if length is None or not (length.isascii() and length.isdigit() and len(length) < 12):
        return Reply(411, "length")
    return int(length) if int(length) <= LARGEST else Reply(413, "large")


def headers_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their lower-case names. One that is given twice becomes one that no signature fits."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


class Receiver:
    """The intake as an ASGI application."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other kinds of connections are none of its business."""
        if scope["type"] != "http":
            raise ValueError(f"the receiver of webhooks answers HTTP, not {scope['type']}")
        headers = headers_of((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        path = scope.get("root_path", "") + scope["path"] if scope["path"] not in PATHS else scope["path"]
        size = refuse_head(scope["method"], path, headers.get("content-length"))
        reply = size if isinstance(size, Reply) else await self._read(path, headers, size, receive)
        if reply is not None:
            await _send(send, reply)

    async def _read(self, path: str, headers: dict[str, str], size: int, receive: Receive) -> Reply | None:
        """The answer to a whole body; None where the other side went away."""
        if not self._intake.room_for(size):
            return Reply(503, "busy")
        try:
            body = await read_whole(receive, size)
            if body is None:
                return None
            return self._intake.answer(Delivery(path, headers, body)) if len(body) == size else Reply(400, "length")
        except TimeoutError:
            return Reply(408, "slow")
        finally:
            self._intake.give_back(size)


async def _send(send: Send, reply: Reply) -> None:
    body = reply.word.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    headers += [(b"content-length", str(len(body)).encode())] if reply.status != 204 else []
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
