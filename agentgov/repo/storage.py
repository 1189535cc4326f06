"""Object ids to bytes and back: the object database of one repository, through libgit2, each object hashed again by us.

libgit2 knows no replace refs, and nothing here asks it about parents, so grafts, shallow files and commit-graphs have
no say in what an object holds. Refs are read here too. Never parses an object, never runs a program.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.repo.location import Location
from agentgov.repo.loose import find_loose, loose_header, object_folders, unpack_loose
from agentgov.repo.objects import MAX_TEXT_OBJECT, MAX_TREE, ObjectError

if TYPE_CHECKING:
    import pygit2

Kind = Literal["commit", "tree", "blob", "tag"]
_KINDS: dict[int, Kind] = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}
_LIMITS: dict[str, int] = {"commit": MAX_TEXT_OBJECT, "tag": MAX_TEXT_OBJECT, "tree": MAX_TREE, "blob": 256 * 2**20}


class Storage:
    """Opens the repository when first asked."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._opened: pygit2.Repository | None = None
        self._folders = object_folders(location.common_dir / "objects")

    @property
    def _repo(self) -> "pygit2.Repository":
        if self._opened is None:
            self._opened = _open(self._location.git_dir)
        return self._opened

    def read(self, oid: str, kind: Kind) -> bytes:
        """The raw content of an object; IncompleteError when it is missing, ObjectError when it is not what it says."""
        loose = find_loose(self._folders, oid)
        found = self._header(oid, loose)
        if found is None:
            raise IncompleteError(f"the {kind} {oid} is missing from this repository", self._how_to_get(oid))
        if found != kind:
            raise ObjectError("object.wrong-type", f"{oid} is a {found} where a {kind} is needed")
        raw = self._packed(oid) if loose is None else unpack_loose(loose, oid)
        digest = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(raw)), usedforsecurity=False)
        digest.update(raw)
        if digest.hexdigest() != oid:
            raise ObjectError("object.hash-mismatch", f"the stored {kind} {oid} holds another object's content")
        return raw

    def kind(self, oid: str) -> Kind | None:
        """The type of an object, None when it is missing; ObjectError when it is too large to be read safely."""
        return self._header(oid, find_loose(self._folders, oid))

    def write(self, kind: Kind, raw: bytes) -> str:
        """Store an object and return its id."""
        import pygit2

        try:
            return str(self._repo.write(_NUMBERS[kind], raw))
        except (pygit2.GitError, OSError) as error:
            raise ConfigurationError(f"the repository cannot be written: {error}") from error

    def expand(self, prefix: str) -> str | None:
        """The full id that an abbreviation stands for, None when it stands for none or for several."""
        try:
            return str(self._repo.expand_id(prefix))
        except (KeyError, ValueError):
            return None

    def ref(self, name: str) -> str | None:
        """What a full ref name points to (symbolic refs followed), None when there is no such ref."""
        import pygit2

        try:
            return str(self._repo.lookup_reference(name).resolve().target)
        except (KeyError, ValueError):
            return None
        except pygit2.GitError as error:
            raise IncompleteError(f"the ref {name} cannot be read: {error}", "look at: git fsck") from error

    def direct_ref(self, name: str) -> str | None:
        """What a full ref name points to, None for symbolic refs and where there is none."""
        import pygit2

        try:
            target = self._repo.lookup_reference(name).target
        except (KeyError, ValueError, pygit2.GitError):
            return None
        return None if isinstance(target, str) else str(target)

    def ref_names(self) -> Iterator[bytes]:
        """Every ref name, in no order."""
        yield from self._repo.raw_listall_references()

    def _header(self, oid: str, loose: bytes | None) -> Kind | None:
        found = self._packed_header(oid) if loose is None else loose_header(loose, oid)
        if found is None:
            return None
        kind, size = found
        if kind not in _LIMITS:
            raise ObjectError("object.damaged", f"the stored object {oid} is of no known type")
        if size > _LIMITS[kind]:
            raise ObjectError("object.too-large", f"the {kind} {oid} has {size} bytes, more than agentgov reads")
        return cast(Kind, kind)

    def _packed_header(self, oid: str) -> tuple[str, int] | None:
        import pygit2

        try:
            number, size = self._repo.odb.read_header(oid)
        except KeyError:
            return None
        except (ValueError, pygit2.GitError) as error:
            raise ObjectError("object.damaged", f"the stored object {oid} is damaged: {error}") from error
        return _KINDS.get(int(number), ""), size

    def _packed(self, oid: str) -> bytes:
        import pygit2

        try:
            return self._repo.read(oid)[1]
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise ObjectError("object.damaged", f"the stored object {oid} is damaged: {error}") from error

    def _how_to_get(self, oid: str) -> str:
        common = self._location.common_dir
        if (common / "shallow").exists():
            return "this clone is shallow; fetch the rest: git fetch --unshallow"
        if any((common / "objects" / "pack").glob("*.promisor")):
            return f"this clone is partial; fetch the object: git fetch origin {oid}"
        return "fetch it: git fetch origin; and if that does not help: git fsck"


def _open(git_dir: Path) -> "pygit2.Repository":
    import pygit2

    _set_up_libgit2()
    try:
        return pygit2.Repository(str(git_dir), pygit2.enums.RepositoryOpenFlag.NO_SEARCH)
    except pygit2.GitError as error:
        if "owned by" in str(error):
            hint = f"if you trust it: git config --global --add safe.directory {git_dir}"
            raise ConfigurationError(f"{git_dir} belongs to another user", hint) from error
        raise ConfigurationError(f"{git_dir} cannot be opened: {error}", "look at: git status") from error


@lru_cache(maxsize=1)
def _set_up_libgit2() -> None:
    """Objects are hashed here, with an error that says so, so libgit2 need not. What is written survives a crash."""
    import pygit2

    pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, True)
    pygit2.option(pygit2.enums.Option.ENABLE_STRICT_HASH_VERIFICATION, False)
