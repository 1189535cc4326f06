"""Single files of a working tree as git would store them: mode and bytes, no link ever followed, nothing filtered."""

import errno
import os
import stat
from functools import partial
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.model.snapshot import EXECUTABLE, FILE, SUBMODULE, SYMLINK, path_text
from agentgov.repo.overlay import Overlay
from agentgov.repo.treeedit import Change

# What was a file when it was listed may have become a symlink or a pipe.
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_COMMIT = "0" * 40
LARGEST = 128 * 2**20  # bytes; validation refuses far smaller files, and this is what reading one may cost at most


def read_file(path: bytes) -> bytes:
    """The bytes of an ordinary file; OSError where there is none, or where it is so large that nobody wants them."""
    with os.fdopen(os.open(path, OPEN_FILE), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(LARGEST + 1) if size <= LARGEST else b""
    if max(size, len(content)) > LARGEST:
        raise OSError(errno.EFBIG, f"it has {max(size, len(content)):,} bytes, and no file here may have {LARGEST:,}")
    return content


class Disk:
    """The files below a folder, put into an overlay as they are asked for."""

    def __init__(self, root: Path, overlay: Overlay) -> None:
        self._root = os.fsencode(root)
        self._overlay = overlay
        self.odd: list[str] = []  # what is there and can never be committed: a pipe, a socket, a device

    def change(self, path: bytes, mode: int = 0) -> Change:
        """What stands at a path now, None where nothing does; `mode` is git's word on it, where it has one."""
        try:
            bits = os.lstat(self._at(path)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        if stat.S_ISLNK(bits):
            return SYMLINK, self._overlay.add(partial(self._link, path))
        if stat.S_ISDIR(bits):
            return (SUBMODULE, _NO_COMMIT) if os.path.lexists(self._at(path) + b"/.git") else None
        if not stat.S_ISREG(bits):
            self.odd.append(path_text(path))
            return None
        found = mode if mode in (FILE, EXECUTABLE) else EXECUTABLE if bits & stat.S_IXUSR else FILE
        return found, self._overlay.add(partial(self._file, path))

    def _file(self, path: bytes) -> bytes:
        try:
            return read_file(self._at(path))
        except OSError as error:
            raise _unreadable(path, error) from error

    def _link(self, path: bytes) -> bytes:
        try:
            return os.readlink(self._at(path))  # noqa: PTH115 - pathlib has no paths of bytes
        except OSError as error:
            raise _unreadable(path, error) from error

    def _at(self, path: bytes) -> bytes:
        return os.path.join(self._root, path)  # noqa: PTH118 - pathlib has no paths of bytes


def _unreadable(path: bytes, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path_text(path)} cannot be read: {error.strerror}", "check the file and its permissions"
    )
