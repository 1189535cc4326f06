"""Small files that only this user may read or write: read whole or not at all, written in one step.

What another user owns, may read or may write, what is a link, a device or a pipe, and what is larger than it can be, is
no such file. Never decides what a file means.
"""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_private(path: Path, most: int) -> bytes | None:
    """The content of such a file, None where there is none of at most so many bytes."""
    try:
        handle = os.open(path, _READ)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
            return None
        parts, left = [], most + 1
        while left > 0 and (part := os.read(handle, left)):
            parts.append(part)
            left -= len(part)
    except OSError:
        return None
    finally:
        os.close(handle)
    return b"".join(parts) if left > 0 else None


def write_private(path: Path, content: bytes, *, replace: bool = True) -> bool:
    """Write such a file as a whole, in place of what stands there; without `replace` only where nothing does. False
    where that could not be done."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(beside, _WRITE, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # whatever the umask took away
            file.write(content)
        if replace:
            beside.replace(path)
        else:
            os.link(beside, path)
            beside.unlink()
    except OSError:
        with suppress(OSError):
            beside.unlink()
        return False
    return True
