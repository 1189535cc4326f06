"""Files to import: from the paths that a user names to bytes, one at a time. Folders are searched for *.yaml.

Only ordinary files are opened, and no more than a governed file may hold is read. In folders, symbolic links and
hidden folders are left out. What cannot be read is a named failure, and the others are still read.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from agentgov.importers.result import Failure, Source
from agentgov.validate.yaml_text import MAX_BYTES

_SUFFIXES = (".yaml", ".yml")


def read_sources(paths: Sequence[str]) -> Iterator[Source | Failure]:
    """Every file that the paths name, in the order given and sorted inside folders; each file once."""
    seen: set[Path] = set()
    for path in paths:
        start = Path(path)
        found = list(_files(start)) if start.is_dir() else [start]
        if not found:
            yield Failure(path, "no file named *.yaml is in this folder")
        for file in found:
            real = file.resolve()
            if real in seen:
                continue
            seen.add(real)
            title = file.relative_to(start).as_posix() if file != start else file.name
            yield _read(file, "".join(char if char.isprintable() else "?" for char in title))


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            if name.endswith(_SUFFIXES) and not file.is_symlink():
                yield file


def _read(file: Path, title: str) -> Source | Failure:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Failure(str(file), "not an ordinary file")
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Failure(str(file), f"cannot be read: {error.strerror}")
    if len(data) > MAX_BYTES:
        return Failure(str(file), f"larger than {MAX_BYTES:,} bytes")
    return Source(str(file), title, data)
