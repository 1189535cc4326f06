"""Where an export of the ledger goes, and is read from: a folder, or a bucket of S3."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from agentgov.errors import IncompleteError, UsageError
from agentgov.net.objects import SCHEME, Lock, Objects


class Place(Protocol):
    """What files are written to, by paths with `/`."""

    def read(self, path: str) -> bytes | None:
        """A file, None where there is none."""

    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write a file whole or not at all."""

    def remove(self, path: str) -> None:
        """Take a file away, where there is one."""


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

    def write(self, path: str, chunks: Iterable[bytes]) -> None:
        """Write a file whole or not at all."""
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


def place_of(where: str, lock: Lock) -> Place:
    """The folder or bucket that is named. Raises UsageError for a lock on a folder."""
    if where.startswith(SCHEME):
        return Objects(where, lock)
    if lock.headers:
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
