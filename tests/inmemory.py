"""Temporary files of a run in memory: tests write a million small files, and deleting them from a disk takes minutes.

Only where there is such a file system with room, from which programs may run, and where nobody said TMPDIR: whoever
wants to look at what a failed test left says `TMPDIR=/tmp make test`.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 4 * 2**30  # bytes
_NAME = "agentgov-"  # and the process; short, since paths of sockets have a limit


def keep_temporary_files_in_memory() -> None:
    """From now on, in this process and its children; nothing is left of it afterwards."""
    if "TMPDIR" in os.environ or not _is_fit(_MEMORY):
        return
    for left in _MEMORY.glob(f"{_NAME}*"):  # by a run that was killed
        if not Path("/proc", left.name.removeprefix(_NAME)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = _MEMORY / f"{_NAME}{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o711)  # for the user that PostgreSQL runs as
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    atexit.register(_remove, folder, os.getpid())


def _is_fit(place: Path) -> bool:
    try:
        found = os.statvfs(place)
    except OSError:
        return False
    roomy = found.f_bavail * found.f_frsize >= _ROOM
    return roomy and not found.f_flag & os.ST_NOEXEC and os.access(place, os.W_OK)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
