"""Where an export of the ledger goes, and is read from: a folder, or a bucket of S3."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from agentgov.errors import IncompleteError, UsageError
from agentgov.net.objects import SCHEME, Objects
from agentgov.runtime.locking import Term


class Place(Protocol):
    """What files are written to, by paths with `/`."""

    def read(self, path: str) -> bytes | None:
        """A file, None where there is none."""

    def write(self, path: str, chunks: Iterable[bytes], term: Term | None = None) -> None:
        """Write a file whole or not at all; `term` is how long it is to be locked, where that is known."""

    def remove(self, path: str) -> None:
        """Take a file away, where there is one."""

    def names(self, folder: str) -> list[str]:
        """The files in a folder."""


class Folder:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes | None:
        """A file, None where there is none."""
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: str, chunks: Iterable[bytes], term: Term | None = None) -> None:
        """Write a file whole or not at all."""
        del term  # nothing locks it
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}")
        with fresh.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        fresh.replace(target)

    def remove(self, path: str) -> None:
        """Take a file away, where there is one."""
        (self._folder / path).unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        """The files in a folder, and what a write left there that was killed."""
        return [path.name for path in (self._folder / folder).glob("*")]


def place_of(where: str, *, locked: bool) -> Folder | Objects:
    """The folder or bucket that is named. Raises UsageError or ConfigurationError where it has to lock and cannot."""
    if where.startswith(SCHEME):
        objects = Objects(where)
        if locked:
            objects.require_locks()
        return objects
    if locked:
        raise UsageError("files in a folder cannot be locked", "name a bucket: s3://BUCKET/PREFIX")
    return Folder(Path(where))


@contextmanager
def brought(where: str) -> Iterator[Path]:
    """The folder that is named; of a bucket, a copy that lasts as long as it is read."""
    if not where.startswith(SCHEME):
        yield Path(where)
        return
    objects = Objects(where)
    with tempfile.TemporaryDirectory(prefix="agentgov-ledger-") as folder:
        for path in objects.paths():
            target = (Path(folder) / path).resolve()
            if not target.is_relative_to(Path(folder).resolve()):
                raise IncompleteError(f"{path!r} in the bucket is no file of a ledger", "name the prefix of an export")
            content = objects.read(path)
            if content is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        yield Path(folder)
