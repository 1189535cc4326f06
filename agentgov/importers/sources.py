"""Files to import: from the paths that a user names to bytes, one at a time. Folders are searched for a format's files.

Only ordinary files are opened, and no more than a governed file may hold is read. In folders, symbolic links and
hidden folders are left out. What cannot be read is a named failure, and the others are still read.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from agentgov.importers.registry import Format
from agentgov.importers.result import Failure, Source
from agentgov.validate.yaml_text import MAX_BYTES

MOST_BESIDE = 200  # files that are read together with one
_MOST_BYTES_BESIDE = 8 << 20


def read_sources(paths: Sequence[str], form: Format) -> Iterator[Source | Failure]:
    """Every file that the paths name, in the order given and sorted inside folders; each file once."""
    seen: set[Path] = set()
    for path in paths:
        start = Path(path)
        searched = start.is_dir()
        found = list(_files(start, form)) if searched else [start]
        if not found:
            yield Failure(path, f"no file named {form.searched} is in this folder")
        for file in found:
            real = file.resolve()
            if real in seen:
                continue
            seen.add(real)
            title = file.relative_to(start).as_posix() if searched else file.name
            yield _source(file, "".join(char if char.isprintable() else "?" for char in title), path, searched, form)


def _files(folder: Path, form: Format) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") or name in form.hidden)
        for name in sorted(names):
            file = Path(parent, name)
            wanted = name in form.files if form.files else name.endswith(form.suffixes)
            if wanted and not file.is_symlink():
                yield file


def _source(file: Path, title: str, path: str, searched: bool, form: Format) -> Source | Failure:
    data = _read(file)
    if isinstance(data, str):
        return Failure(str(file), data)
    if not form.may_be(file.name):
        return Failure(str(file), f"not a file of {form.name}: those are called {form.called}")
    beside = _beside(file, form) if form.beside else {}
    if isinstance(beside, Failure):
        return beside
    return Source(str(file), title, data, beside, path if searched else "")


def _beside(file: Path, form: Format) -> dict[str, bytes] | Failure:
    """The files that belong to one, by their path from its folder. A folder with such a file belongs to that."""
    found: dict[str, bytes] = {}
    size = 0
    for parent, folders, names in os.walk(file.parent):
        inner = [name for name in folders if not name.startswith(".") and not Path(parent, name, file.name).exists()]
        folders[:] = sorted(inner) if form.deep else []
        for name in sorted(names):
            other = Path(parent, name)
            if other == file or other.is_symlink() or not any(fnmatchcase(name, one) for one in form.beside):
                continue
            if len(found) >= MOST_BESIDE or size > _MOST_BYTES_BESIDE:
                limits = f"{MOST_BESIDE} files or {_MOST_BYTES_BESIDE:,} bytes"
                return Failure(str(file), f"more than {limits} belong to it")
            data = _read(other)
            if isinstance(data, str):
                return Failure(str(other), data)
            size += len(data)
            found[other.relative_to(file.parent).as_posix()] = data
    return found


def _read(file: Path) -> bytes | str:
    """The bytes of a file, or why not."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return "not an ordinary file"
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return data if len(data) <= MAX_BYTES else f"larger than {MAX_BYTES:,} bytes"
