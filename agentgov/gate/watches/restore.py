"""Beside the requests: is the store still what it was, or was an older copy put in its place?

At the start, before anything is answered, and again with each look at the ledger. What this gate saw of the ledger last
is kept in a file outside of the store, written before more of it is signed: whatever was signed here is known. After
the last answer of a gate that is stopped in order there is one look more, and the file says so: then it is known that
nothing was written after that. Never says so where others may have written meanwhile.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agentgov.runtime.ledger import SALT
from agentgov.runtime.restoring import (
    HINT,
    SEVERAL,
    WRITER,
    Ended,
    Examined,
    Known,
    Restored,
    Seen,
    accept,
    examine,
    judge,
    own,
    settle,
    share,
)
from agentgov.runtime.seen import read_seen, write_seen
from agentgov.runtime.sequencing import Anchor, anchors_of
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_log = logging.getLogger("agentgov.gate")


class RestoreWatch:
    """What one gate knows of its store from outside of it. `where` says where the store lies ("" where nobody asks),
    `path` is the file that is kept (None for none), and `alone` whether no other process of this machine keeps it."""

    def __init__(
        self, gate: "Gate", where: Callable[[], str] = str, path: Path | None = None, *, alone: bool = True
    ) -> None:
        self._gate, self._where, self._path = gate, where, path
        self._place = where()
        self._seen = read_seen(path) if path is not None else Seen()
        self._kept = True  # whether the file says what was seen last
        self._writer = (self._seen.writer if alone else "") or secrets.token_hex(8)

    async def begin(self) -> None:
        """Look before anything is answered."""
        found = await self._gate.read(examine)
        if await self.look(found) is found and self._place and not found.marks.get("place"):
            await self._gate.write(lambda tx: settle(tx, self._place))

    async def look(self, found: Examined) -> Examined:
        """End what was open where this is a copy from earlier; the store as it is then."""
        anchors = anchors_of(self._gate.fleet.view.state.anchors(), found.now.log)
        restored = judge(found, self._place, self._seen, anchors)
        if restored is not None:
            await self._accept(restored, anchors)
            found = await self._gate.read(examine)
        if self._path is not None:
            if found.marks.get(WRITER) not in (self._writer, SEVERAL):
                await self._gate.write(lambda tx: own(tx, self._writer))
            await self._note(self._path, found.now)
        return found

    async def close(self) -> None:
        """Look once more, after all that was written: this gate is stopped in order."""
        found = await self.look(await self._gate.write(examine))  # in the queue of all that write: after them
        moved = await asyncio.to_thread(self._where) != self._place
        if self._path is not None and found.marks.get(WRITER) == self._writer and not moved:
            await self._note(self._path, found.now, closed=True)

    async def _note(self, path: Path, now: Known, *, closed: bool = False) -> None:
        seen = Seen(now.log, now.trees, self._writer, closed)
        if seen == self._seen:
            return
        self._seen, kept = seen, write_seen(path, seen)
        if self._kept and not kept:  # the store says in its place that nobody knows all that is written
            _log.warning("what is seen of the ledger cannot be kept in %s", path)
            await self._gate.write(share)
        self._kept = kept

    async def _accept(self, restored: Restored, anchors: Mapping[str, Anchor]) -> None:
        gate, now, salt = self._gate, self._gate.clock(), secrets.token_bytes(SALT)

        def work(tx: Transaction) -> Ended | None:
            again = judge(examine(tx), self._place, self._seen, anchors)  # another gate may have been first
            return accept(tx, again, self._place, "gate", now, salt) if again is not None else None

        ended = await gate.write(work)
        if ended is not None:
            _log.error(
                "the store was restored from a backup: %s; what was open is over (%s); %s",
                "; ".join(restored.why),
                ", ".join(f"{count:,} {name}" for name, count in msgspec.structs.asdict(ended).items()),
                HINT if restored.lost else "nothing is missing",
            )
