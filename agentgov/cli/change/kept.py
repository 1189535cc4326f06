"""What earlier runs of `validate` found, and what forges answered, on disk, outside of every work tree: named bytes
that cost nothing to lose.

In AGENTGOV_CACHE, or the user's cache folder; AGENTGOV_CACHE=off keeps nothing. A file is relied on only when it and
its folder belong to this user and nobody else may write there, and when it holds what was stored under its name, whole.
Files appear in one step, so that any number of processes may read and write at once; the oldest go first.
"""

import os
import stat
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

_HEADER = b"agentgov-kept/1 "
_MOST_FILES = 200
_MOST_BYTES = 256 * 2**20
_LARGEST = 128 * 2**20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class KeptFiles:
    """A folder of kept files; see `model` of `validate.pool.Kept`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str) -> bytes | None:
        """What was stored under a name, None where there is nothing that can be relied on."""
        path = self._folder / _file_name(name)
        try:
            handle = os.open(path, _OPEN)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            try:
                if not _is_own(os.fstat(handle)) or not _is_own(self._folder.stat()):
                    return None
                content = file.read(_LARGEST + 1)
                os.utime(handle)
            except OSError:
                return None
        line, _, rest = content.partition(b"\n")
        return rest if line == _line(name, rest) else None

    def store(self, name: str, content: bytes) -> None:
        """Keep bytes under a name; what cannot be written costs time later, and nothing else."""
        if len(content) > _LARGEST:
            return
        import secrets

        path = self._folder / _file_name(name)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_own(self._folder.stat()):
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                file.write(_line(name, content) + b"\n" + content)
            beside.replace(path)
            self._tidy()
        except OSError:
            with suppress(OSError):
                beside.unlink()

    def _tidy(self) -> None:
        """Remove what was used least recently, so that the folder stays small, and what writers left behind."""
        with os.scandir(self._folder) as listing:
            files = [(item.stat(follow_symlinks=False), item.path) for item in listing]
        files.sort(key=lambda file: file[0].st_mtime_ns, reverse=True)
        total = 0
        for number, (status, path) in enumerate(files):
            total += status.st_size
            if number >= _MOST_FILES or total > _MOST_BYTES:
                with suppress(OSError):
                    Path(path).unlink()


def kept_files(kind: str = "validate") -> KeptFiles | None:
    """Where this user keeps things of a kind; None where nothing shall be kept, or no folder can be named."""
    named = os.environ.get("AGENTGOV_CACHE", "")
    if named.lower() in ("off", "0", "no", "false"):
        return None
    if named:
        return KeptFiles(Path(named) / kind)
    from platformdirs import user_cache_path

    return KeptFiles(user_cache_path("agentgov") / kind)


def _file_name(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def _line(name: str, content: bytes) -> bytes:
    """The first line of a file: it binds the bytes to the name, and tells when they are not whole."""
    return _HEADER + sha256(_file_name(name).encode() + content).hexdigest().encode()


def _is_own(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
