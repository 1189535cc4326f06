"""Object ids to bytes and back: the object database of one repository, each object hashed again by us.

Nothing here asks git about parents, so grafts, shallow files and commit-graphs have no say in what an object holds, and
replace refs are off. Objects are read by a `git cat-file` child (see `reader`) and written by libgit2. Never parses.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agentgov.errors import ConfigurationError, IncompleteError, UsageError
from agentgov.repo.batch import Batch, write_durably
from agentgov.repo.location import Location
from agentgov.repo.objects import MAX_TEXT_OBJECT, MAX_TREE, ObjectError, is_object_id, object_id
from agentgov.repo.plumbing import Plumbing
from agentgov.repo.reader import Child

if TYPE_CHECKING:
    import pygit2

Kind = Literal["commit", "tree", "blob", "tag"]
_NUMBERS: dict[Kind, int] = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_LIMITS = {"commit": MAX_TEXT_OBJECT, "tag": MAX_TEXT_OBJECT, "tree": MAX_TREE, "blob": 256 * 2**20}
_ROOM = 32 * 2**20
_NONE: dict[str, bytes] = {}
_SMALL, _ROOM_OF_SMALL = 2**16, 4 * 2**20  # bytes


class Storage:
    """Reads and writes objects; starts a child and opens the repository only when they are needed."""

    def __init__(self, location: Location, plumbing: Plumbing) -> None:
        self._location = location
        self._child = Child(plumbing)
        self._batch = Batch()

    def read(self, oid: str, kind: Kind) -> bytes:
        """The raw content of an object; IncompleteError when it is missing, ObjectError when it is not what it says."""
        if not is_object_id(oid):  # whatever else it is, it must not reach the child as a question
            raise UsageError(f"{oid!r} is not an object id")
        held = self._batch.held.get(oid)  # the child cannot know of it
        return self._checked(oid, kind, held or self._child.content(oid, _LIMITS))

    def read_some(self, oids: Sequence[str], kind: Kind) -> dict[str, bytes]:
        """As `read` for the first of several objects of a kind, as many as are here and fit into 32 MiB."""
        if not all(map(is_object_id, oids)):
            raise UsageError("one of several names is not an object id")
        held = self._batch.held
        found = self._child.contents([oid for oid in oids if oid not in held] if held else oids, _ROOM)
        return {oid: self._checked(oid, kind, one) for oid, one in found.items()}

    def _checked(self, oid: str, kind: Kind, found: tuple[str, bytes] | None) -> bytes:
        if found is None:
            raise IncompleteError(f"the {kind} {oid} is missing from this repository", self._how_to_get(oid))
        found_kind, raw = found
        if object_id(found_kind, raw) != oid:
            raise ObjectError("object.hash-mismatch", f"the stored {kind} {oid} holds another object's content")
        if found_kind != kind:
            raise ObjectError("object.wrong-type", f"{oid} is a {found_kind} where a {kind} is needed")
        return raw

    def kind(self, oid: str) -> Kind | None:
        """The type that git knows of an object, None when it is missing. Not checked: `read` does that."""
        held = self._batch.held.get(oid)
        header = self._child.header(oid) if held is None else None
        found = held[0] if held is not None else header.kind if header is not None else ""
        return found if found in _NUMBERS else None

    def missing(self, oids: Sequence[str]) -> set[str]:
        """Those of several objects that are not here. Not checked: `read` does that."""
        held = self._batch.held
        return self._child.missing([oid for oid in oids if is_object_id(oid) and oid not in held])

    def expand(self, prefix: str) -> str | None:
        """The full id that an abbreviation (hex digits) stands for, None when it stands for none or for several."""
        header = self._child.header(prefix)
        return header.oid if header is not None and header.oid.startswith(prefix) else None

    def write(self, kind: Kind, raw: bytes) -> str:
        """Store an object and return its id; inside of `packing` it is held until that ends."""
        if self._batch.depth:
            oid = object_id(kind, raw)
            if self._batch.add(oid, kind, raw):
                self._flush()
            return oid
        import pygit2

        try:
            return str(self._target().write(_NUMBERS[kind], raw))
        except (pygit2.GitError, OSError) as error:
            raise ConfigurationError(f"the repository cannot be written: {error}") from error

    @contextmanager
    def packing(self) -> Iterator[None]:
        """Hold what is written inside, and make it durable at once at the end; where it fails, write nothing of it.

        One use inside another is part of that one. More than 64 MiB are written in parts; no ref names them before.
        """
        self._batch.depth += 1
        try:
            yield
            if self._batch.depth == 1 and self._batch.held:
                self._flush()
        finally:
            self._batch.depth -= 1
            if not self._batch.depth:
                self._batch.clear()

    def _flush(self) -> None:
        self._libgit2.path  # noqa: B018 - refuses the repository of another user
        try:
            write_durably(self._location.objects, self._batch.held)
        except OSError as error:
            raise ConfigurationError(f"the repository cannot be written: {error}") from error
        self._batch.clear()

    def _target(self) -> "pygit2.Repository | pygit2.Odb":
        """What is written to: where another repository lends objects, libgit2 would not write those that it has."""
        return self._own_objects if self._location.is_lent_objects else self._libgit2

    @cached_property
    def _own_objects(self) -> "pygit2.Odb":
        import pygit2

        self._libgit2.path  # noqa: B018 - refuses the repository of another user
        objects = pygit2.Odb()
        objects.add_backend(pygit2.OdbBackendLoose(str(self._location.objects), -1, True), 1)
        return objects

    @cached_property
    def _libgit2(self) -> "pygit2.Repository":
        return _open(self._location.git_dir)

    def _how_to_get(self, oid: str) -> str:
        common = self._location.common_dir
        if self._location.is_lent_objects:
            return (
                "what another repository lends this one (objects/info/alternates) does not count; make it its own: "
                f"git repack -ad && rm {common}/objects/info/alternates"
            )
        if (common / "shallow").exists():
            return "this clone is shallow; fetch the rest: git fetch --unshallow"
        if any((common / "objects" / "pack").glob("*.promisor")):
            return (
                f"this clone is partial; fetch the object: git fetch origin {oid}; or all that is missing: "
                "git fetch --refetch --no-filter origin"
            )
        return "fetch it: git fetch origin; and if that does not help: git fsck"


class ReadAhead:
    """Objects that were read in one go because they will be asked for soon; each is handed out once."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._held: dict[Kind, dict[str, bytes]] = {}
        self._bytes = 0

    def read(self, oids: Sequence[str], kind: Kind) -> None:
        """Read those that are not held yet, as many as are here and fit; one alone gains nothing by it."""
        if self._bytes > _ROOM // 2:  # nobody came for them
            self._held, self._bytes = {}, 0
        held = self._held.setdefault(kind, {})
        wanted = [oid for oid in dict.fromkeys(oids) if oid not in held]
        if len(wanted) < 2:
            return
        found = self._storage.read_some(wanted, kind)
        held.update(found)
        self._bytes += sum(map(len, found.values()))

    def take(self, oid: str, kind: Kind) -> bytes:
        """As `Storage.read`, without asking again for what is held."""
        raw = self._held.get(kind, _NONE).pop(oid, None)
        if raw is None:
            return self._storage.read(oid, kind)
        self._bytes -= len(raw)
        return raw


class SmallBlobs:
    """Small files that were read lately: each version of an agent is read for several reasons, one after the other."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._held: dict[str, bytes] = {}
        self._bytes = 0

    def __call__(self, oid: str) -> bytes:
        """The content of a blob."""
        found = self._held.get(oid)
        if found is None:
            found = self._read(oid)
            if len(found) <= _SMALL:
                if self._bytes > _ROOM_OF_SMALL:
                    self._held, self._bytes = {}, 0
                self._held[oid] = found
                self._bytes += len(found)
        return found


def _open(git_dir: Path) -> "pygit2.Repository":
    import pygit2

    survive_crashes()
    try:
        return pygit2.Repository(str(git_dir), pygit2.enums.RepositoryOpenFlag.NO_SEARCH)
    except pygit2.GitError as error:
        if "owned by" in str(error):
            hint = f"if you trust it: git config --global --add safe.directory {git_dir}"
            raise ConfigurationError(f"{git_dir} belongs to another user", hint) from error
        raise ConfigurationError(f"{git_dir} cannot be opened: {error}", "look at: git status") from error


@lru_cache(maxsize=1)
def survive_crashes() -> None:
    """A ref must never point to an object that a power cut took away."""
    import pygit2

    pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, True)
