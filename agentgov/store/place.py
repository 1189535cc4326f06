"""Where the file of a store may lie: in a folder that nobody else writes to, readable by its user only, served by one.

Whoever can replace the file decides which agents are paused; whoever can read it knows who asked for what.
"""

import errno
import fcntl
import os
import stat
import time
from pathlib import Path

from agentgov.errors import ConfigurationError, IncompleteError

_MODE = 0o600
_FOLDER = 0o700
_AGAIN = 0.05  # seconds between two tries
_TAKEN = (errno.EACCES, errno.EAGAIN)


def prepare(path: Path) -> None:
    """Make the folder and an empty file where there is none. Raises ConfigurationError where others have a say."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
        _judge_folder(path.parent)
        _judge_file(path)
    except OSError as error:
        raise ConfigurationError(f"the store {path} cannot be opened ({error.strerror})") from error


def _judge_folder(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(
            f"the folder {folder} belongs to another user", "keep the store in a folder of your own"
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigurationError(
            f"others may write to the folder {folder}", f"chmod go-w {folder}, or choose another one"
        )


def _judge_file(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, _MODE))
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        raise ConfigurationError(f"{path} is not a file of your own", "choose another place for the store")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(f"others may read {path}", f"chmod 600 {path}")


class Original:
    """The file that was opened, as long as it lies there. Who writes to one that was replaced writes to nobody."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp = path, self._read(path)

    def check(self) -> None:
        """Raises IncompleteError once another file, or none, lies in its place."""
        if self._read(self._path) != self._stamp:
            raise IncompleteError(f"the store {self._path} was replaced while it was open", "start the gate again")

    @staticmethod
    def _read(path: Path) -> tuple[int, int] | None:
        try:
            found = os.stat(path)  # noqa: PTH116 - once for each group of works
        except OSError:
            return None
        return found.st_dev, found.st_ino


def is_held(path: Path) -> bool:
    """Whether a process has the right to serve a file now."""
    try:
        handle = os.open(_lock(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _TAKEN
    finally:
        os.close(handle)
    return False


class Held:
    """The right to serve a file, which one process has at a time. It ends with the process."""

    def __init__(self, path: Path, patience: float = 0.0) -> None:
        """Take it within some seconds. Raises ConfigurationError where another process keeps it."""
        lock = _lock(path)
        try:
            self._handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
        except OSError as error:
            raise ConfigurationError(f"{lock} cannot be opened ({error.strerror})") from error
        until = time.monotonic() + patience
        while not self._taken(lock):
            if time.monotonic() >= until:
                os.close(self._handle)
                raise ConfigurationError(
                    f"another process serves {path}", "stop it first, or keep the store in PostgreSQL for several gates"
                )
            time.sleep(_AGAIN)

    def _taken(self, lock: Path) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                return False
            os.close(self._handle)
            raise ConfigurationError(f"{lock} cannot be locked ({error.strerror})") from error
        return True

    def release(self) -> None:
        """Let others have it."""
        os.close(self._handle)


def _lock(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")
