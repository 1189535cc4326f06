"""The file outside of a store in which a gate keeps what it saw of the ledger, and whether it was stopped in order.

Whoever writes to the store without a gate opens the file again: what it says is then no longer all.
"""

import contextlib
from hashlib import sha256
from pathlib import Path

import msgspec

from agentgov.runtime.restoring import Seen
from agentgov.store.open import file_of
from agentgov.trust.places import state_path
from agentgov.trust.private_files import read_private, write_private

_MOST = 16 * 1024 * 1024  # bytes
_decoder = msgspec.json.Decoder(Seen)


def seen_path(fleet: str, url: str) -> Path:
    """Where it lies: beside a file, else in this user's state folder."""
    path = file_of(url)
    if path is not None:
        return path.with_name(f"{path.name}.seen")
    return state_path("gate", fleet).with_name(f"{fleet}.{sha256(url.encode()).hexdigest()[:16]}.seen")


def read_seen(path: Path) -> Seen:
    """What it says; nothing where there is none, or where it cannot be read."""
    with contextlib.suppress(msgspec.DecodeError):
        return _decoder.decode(read_private(path, _MOST) or b"{}")
    return Seen()


def write_seen(path: Path, seen: Seen) -> bool:
    """Write it; whether that could be done."""
    return write_private(path, msgspec.json.encode(seen))


def reopen_seen(path: Path) -> None:
    """Have it say no longer that a gate was stopped in order. Raises OSError where it goes on saying so."""
    seen = read_seen(path)
    if seen.closed and not write_seen(path, msgspec.structs.replace(seen, closed=False)):
        path.unlink()
