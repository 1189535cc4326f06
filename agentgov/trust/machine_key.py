"""The key of this machine's user, under which what was verified is kept: made when first needed, told to nobody.

It says that a record was written here, by this user, and nothing else; no act and no release rests on it. A key that
others may read, or that is no key, is none: then nothing is kept and everything is verified each time.
"""

import os
import secrets
from hashlib import sha256
from hmac import compare_digest, new
from pathlib import Path

from agentgov.trust.places import state_folder
from agentgov.trust.private_files import read_private, write_private

_LENGTH = 32
_CONTEXT = b"agentgov-machine-key/1"


def machine_key() -> bytes | None:
    """32 secret bytes of this user on this machine, None where none can be kept."""
    path = _path()
    if path is None:
        return None
    found = read_private(path, _LENGTH)
    if found is None and not os.path.lexists(path):
        write_private(path, secrets.token_bytes(_LENGTH), replace=False)  # or somebody else's was first
        found = read_private(path, _LENGTH)
    return found if found is not None and len(found) == _LENGTH else None


def seal(key: bytes, *parts: bytes) -> str:
    """The seal of some parts under a key, in hex: HMAC-SHA256, each part bound with its length."""
    mac = new(key, _CONTEXT, sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8, "big") + part)
    return mac.hexdigest()


def is_sealed(key: bytes, found: str, *parts: bytes) -> bool:
    """Whether a seal is that of these parts."""
    return found.isascii() and compare_digest(found, seal(key, *parts))


def _path() -> Path | None:
    try:
        return state_folder() / "machine-key"
    except (OSError, RuntimeError):  # no home at all
        return None
