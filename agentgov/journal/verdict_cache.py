"""What this machine has verified, kept outside every repository so that it need not be verified again.

A cache: whatever is odd about a record, it is as if there were none. A record counts only in a file that nobody else
may read or write, under the seal of the machine's key, which binds it to the rules of this version, the fleet, the
pins it was verified under, the commit and the tip it speaks of. So one that was edited, copied from another user,
machine or fleet, or written under older rules or other pins says nothing. AGENTGOV_CACHE=off keeps and reads none.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from agentgov import __version__
from agentgov.journal.replayed import RULES
from agentgov.trust.machine_key import is_sealed, machine_key, seal
from agentgov.trust.pins import Pins
from agentgov.trust.places import state_path
from agentgov.trust.private_files import read_private, write_private

_HEADER = "agentgov-cache/1"
_MAX_RECORD = 32 * 2**20
_SEAL = 64  # hex digits


@dataclass(frozen=True, slots=True)
class VerdictCache:
    """The records of one fleet under one set of pins, one of each kind."""

    fleet: str
    pins: Pins | None

    def get(self, kind: str) -> tuple[str, bytes] | None:
        """The tip that the record of a kind speaks of, and what it says; None where none can be relied on."""
        key = _key()
        raw = read_private(self._path(kind), _MAX_RECORD) if key is not None else None
        if raw is None or key is None:
            return None
        line, newline, payload = raw.partition(b"\n")
        fields = line.decode("ascii", "replace").split(" ")
        if not newline or len(fields) != 4 or fields[:2] != [_HEADER, kind] or len(fields[3]) != _SEAL:
            return None
        return (fields[2], payload) if is_sealed(key, fields[3], *self._bound(kind, fields[2], payload)) else None

    def put(self, kind: str, tip: str, payload: bytes = b"") -> None:
        """Keep what was verified up to a tip. What cannot be kept costs time later, and nothing else."""
        key = _key()
        if key is not None and len(payload) < _MAX_RECORD - 4096:
            head = f"{_HEADER} {kind} {tip} {seal(key, *self._bound(kind, tip, payload))}\n"
            write_private(self._path(kind), head.encode() + payload)

    def _bound(self, kind: str, tip: str, payload: bytes) -> tuple[bytes, ...]:
        pins = sha256(self.pins.line.encode()).hexdigest() if self.pins is not None else "-"
        words = (_HEADER, __version__, str(RULES), self.fleet, pins, kind, tip)
        return (*(word.encode() for word in words), payload)

    def _path(self, kind: str) -> Path:
        return state_path(kind, self.fleet)


def _key() -> bytes | None:
    off = os.environ.get("AGENTGOV_CACHE", "").lower() in ("off", "0", "no", "false")
    return None if off else machine_key()
