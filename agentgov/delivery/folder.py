"""The rendered files in a folder, for whoever reads files: what must not run goes first, the index comes last.

Each file is written beside its place and renamed. Touches nothing but what it would write itself, and no folder that
holds anything else.
"""

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agentgov.delivery.document import Documents
from agentgov.delivery.render import INDEX, whole
from agentgov.errors import AgentgovError, ConfigurationError
from agentgov.journal.view import View
from agentgov.model.document import Environment
from agentgov.model.verdict import Reason, unknown

_ROOTS = ("config", "manifests")
_SCHEMA = "agentgov.rendered/1"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class _Index(msgspec.Struct):
    schema: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a folder took: how many files were removed, and how many were written."""

    removed: int
    written: int


class RenderedFolder:
    """Keeps a folder up to date after each tick that moved the journal."""

    def __init__(self, folder: Path, environment: Environment) -> None:
        self._folder, self._documents = folder, Documents(environment)
        self._seq, self._tip = -1, ""
        self.name, self.lag = f"folder/{environment}", dict[str, int]()

    def follow(self, view: View, _acts: Sequence[str], _now: int) -> tuple[Reason, ...]:
        """Write the present where the folder is behind it; why that does not work."""
        try:
            if self._tip != view.tip:
                write_folder(self._folder, self._documents.environment, whole(view, self._documents))
                self._seq, self._tip = view.state.head.seq, view.tip
            return ()
        except AgentgovError as error:
            return (unknown("delivery.folder", f"{self.name} is not up to date: {error.message}"),)
        finally:
            self.lag = {self.name: max(view.state.head.seq - self._seq, 0)}


def write_folder(folder: Path, environment: str, files: Mapping[str, bytes]) -> Written:
    """Make a folder hold these files. ConfigurationError (`delivery.folder`) where it holds something else, or cannot
    be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check(folder, environment)
        gone = [path for path in _present(folder) if path not in files]
        for path in gone:
            (folder / path).unlink()
        changed = [path for path, raw in files.items() if not _holds(folder / path, raw)]
        for path in sorted(changed, key=lambda path: path == INDEX):
            _write(folder / path, files[path])
    except OSError as error:
        raise _unusable(folder, f"cannot be written: {error.strerror}") from error
    return Written(len(gone), len(changed))


def _check(folder: Path, environment: str) -> None:
    """Whether it is empty, or an earlier rendering of this environment."""
    names = {entry.name for entry in folder.iterdir()}
    if not names:
        return
    strange = sorted(name for name in names - {*_ROOTS, INDEX} if not name.startswith(f".{INDEX}."))
    if strange:
        raise _unusable(folder, f"holds {strange[0]}, which is no rendered file")
    if any((folder / name).is_symlink() for name in names):
        raise _unusable(folder, "holds a symbolic link")
    if INDEX not in names:
        return  # it was interrupted before its first end
    try:
        found = msgspec.json.decode((folder / INDEX).read_bytes(), type=_Index)
    except msgspec.DecodeError:
        found = _Index()
    if (found.schema, found.environment) != (_SCHEMA, environment):
        raise _unusable(folder, f"does not hold what runs in {environment}")


def _present(folder: Path) -> Iterator[str]:
    for root in _ROOTS:
        for above, _, names in os.walk(folder / root):
            for name in names:
                yield (Path(above) / name).relative_to(folder).as_posix()


def _holds(file: Path, raw: bytes) -> bool:
    try:
        return not file.is_symlink() and file.read_bytes() == raw
    except (FileNotFoundError, IsADirectoryError):
        return False


def _write(file: Path, raw: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, _NEW, 0o644), "wb") as new:
            new.write(raw)
        beside.replace(file)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _unusable(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"{folder} {why}", "name a folder that is new or empty", rule="delivery.folder")
