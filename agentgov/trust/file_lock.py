"""A file that one process of this machine holds at a time, by a lock (flock) beside it; the end of a process lets go.

Guards what several processes read, change and replace. Never reads or writes what it guards.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_MODE = 0o600
_AGAIN = 0.05  # seconds between two tries
_TAKEN = (errno.EACCES, errno.EAGAIN)


@contextmanager
def held(path: Path, patience: float, stopped: Callable[[], bool] = bool) -> Iterator[str]:
    """Hold a file against other processes; waits so many seconds, or until `stopped` says so. One clause where that
    cannot be done, "" otherwise."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    except OSError as error:
        yield f"{lock} cannot be opened ({error.strerror})"
        return
    try:
        yield _take(path, handle, time.monotonic() + patience, stopped)  # closing it lets go
    finally:
        os.close(handle)


def _take(path: Path, handle: int, until: float, stopped: Callable[[], bool]) -> str:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return ""
        except OSError as error:
            if error.errno not in _TAKEN:
                return f"{path} cannot be locked ({error.strerror})"
        if stopped() or time.monotonic() >= until:
            return f"{path} is held by another process"
        time.sleep(_AGAIN)
