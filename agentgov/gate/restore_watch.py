"""Beside the requests: is the store still what it was, or was an older copy put in its place?

At the start, before anything is answered, and again with each look at the ledger. What this gate saw of the ledger last
is kept in a file outside of the store, written before more of it is signed: whatever was signed here is known.
"""

import contextlib
import logging
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agentgov.runtime.ledger import SALT
from agentgov.runtime.restoring import HINT, Ended, Examined, Known, Restored, accept, examine, judge, settle
from agentgov.runtime.sequencing import Anchor, anchors_of
from agentgov.store.port import Transaction
from agentgov.trust.private_files import read_private, write_private

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_MOST = 16 * 1024 * 1024  # bytes of the file
_decoder = msgspec.json.Decoder(Known)
_log = logging.getLogger("agentgov.gate")


class RestoreWatch:
    """What one gate knows of its store from outside of it. `place` is where the store lies ("" where nobody asked),
    `path` the file that is kept (None for none)."""

    def __init__(self, gate: "Gate", place: str = "", path: Path | None = None) -> None:
        self._gate, self._place, self._path = gate, place, path
        self._seen = _read(path)

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
        if found.now != self._seen:
            self._seen = found.now
            if self._path is not None:
                write_private(self._path, msgspec.json.encode(self._seen))
        return found

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


def _read(path: Path | None) -> Known:
    content = read_private(path, _MOST) if path is not None else None
    with contextlib.suppress(msgspec.DecodeError):
        return _decoder.decode(content or b"{}")
    return Known()
