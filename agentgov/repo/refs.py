"""Refs as files: what `refs/...` and `HEAD` point to, loose or packed. Reads only; refs are moved by the git program.

Never runs anything. A file that holds neither an object id nor the name of another ref is an error and not "no ref".
"""

import os
import re
from collections.abc import Mapping
from functools import cached_property

from agentgov.errors import IncompleteError
from agentgov.model.snapshot import path_bytes, path_text
from agentgov.repo.location import Location

_ID = re.compile(rb"([0-9a-f]{40})\s*\Z")
_SYMBOLIC = re.compile(rb"ref:\s*(\S+)\s*\Z")
_PACKED = re.compile(rb"([0-9a-f]{40}) (refs/\S+)\Z")
_MAX_HOPS = 5
_OWN = ("refs/bisect/", "refs/worktree/", "refs/rewritten/")  # what each work tree has for itself


class _Packed:
    """One file of packed-refs: which it is, its text, and the refs in it, parsed once somebody needs them all."""

    def __init__(self, stamp: tuple[int, int, int] | None, raw: bytes) -> None:
        self.stamp, self.raw = stamp, raw

    @cached_property
    def parsed(self) -> Mapping[bytes, str]:
        return _parse_packed(self.raw)


_NOTHING_PACKED = _Packed(None, b"")


class Refs:
    """The refs of one repository, as they are at the moment of each question."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._packed = _NOTHING_PACKED

    def target(self, name: str) -> str | None:
        """The object that a full name points to, symbolic refs followed; None when there is no such ref."""
        for _ in range(_MAX_HOPS):
            found = self._value(name)
            if found is None or (len(found) == 40 and not found.startswith("refs/")):
                return found
            name = found
        raise IncompleteError(f"the ref {name} leads in circles", "look at: git fsck")

    def symbolic(self, name: str) -> str | None:
        """The name that a symbolic ref holds, None when it is not symbolic."""
        found = self._value(name)
        return found if found is not None and found.startswith("refs/") else None

    def is_locked(self, name: str) -> bool:
        """Whether somebody is moving this ref, or was killed while moving it and left the lock behind."""
        return _is_full_name(name) and os.path.lexists(self._location.common_dir / f"{name}.lock")

    def under(self, prefix: str) -> dict[str, str]:
        """Full names that start with a prefix, in the order of their bytes; symbolic refs are left out."""
        start = path_bytes(prefix)
        loose: dict[bytes, str | None] = {}
        folder = start[: start.rfind(b"/") + 1]
        todo = [folder.rstrip(b"/")] if folder else [b"refs"]
        while todo:
            here = todo.pop()
            for item in self._list(here):
                name = here + b"/" + item.name
                if item.is_dir(follow_symlinks=False):
                    todo.append(name)
                elif name.startswith(start) and not name.endswith(b".lock"):
                    loose[name] = self._value(path_text(name))
        found = {name: oid for name, oid in self._load_packed().parsed.items() if name.startswith(start)} | loose
        return {path_text(name): oid for name, oid in sorted(found.items()) if oid and not oid.startswith("refs/")}

    def _value(self, name: str) -> str | None:
        """An object id, or the full name of another ref."""
        if not _is_full_name(name):
            return None
        for _ in range(2):  # a loose ref may be packed between the two looks
            raw = self._read_loose(name)
            if raw is not None:
                return _parse(name, raw)
            packed = self._find_packed(path_bytes(name))
            if packed is not None:
                return packed
        return None

    def _read_loose(self, name: str) -> bytes | None:
        own = not name.startswith("refs/") or name.startswith(_OWN)
        path = (self._location.git_dir if own else self._location.common_dir) / name
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise IncompleteError(f"the ref {name} cannot be read: {error.strerror}", "look at: git fsck") from error

    def _find_packed(self, name: bytes) -> str | None:
        """What one name points to in packed-refs. Tags by the ten thousand are not parsed for it."""
        packed = self._load_packed()
        raw, at = packed.raw, packed.raw.find(b" " + name + b"\n")
        line = raw[raw.rfind(b"\n", 0, at) + 1 : at + 1 + len(name)] if at >= 0 else b""
        match = _PACKED.match(line)
        return match[1].decode() if match is not None else packed.parsed.get(name)

    def _load_packed(self) -> "_Packed":
        """What packed-refs holds, read again whenever the file is another one. Replaced whole: threads share it."""
        path = self._location.common_dir / "packed-refs"
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            found = self._packed
            if stamp != found.stamp:
                found = self._packed = _Packed(stamp, path.read_bytes())
        except FileNotFoundError:
            found = self._packed = _NOTHING_PACKED
        except OSError as error:
            raise IncompleteError(f"packed-refs cannot be read: {error.strerror}", "look at: git fsck") from error
        return found

    def _list(self, folder: bytes) -> list[os.DirEntry[bytes]]:
        try:
            with os.scandir(os.path.join(os.fsencode(self._location.common_dir), folder)) as listing:  # noqa: PTH118
                return list(listing)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise IncompleteError(f"the refs cannot be listed: {error.strerror}", "look at: git fsck") from error


def _is_full_name(name: str) -> bool:
    """Whether the name can only mean a ref: never a path that leads out of the folder of refs."""
    parts = name.split("/")
    return name == "HEAD" or (
        parts[0] == "refs" and len(parts) > 1 and not {"", ".", ".."} & set(parts) and "\0" not in name
    )


def _parse(name: str, raw: bytes) -> str:
    plain, symbolic = _ID.match(raw), _SYMBOLIC.match(raw)
    if plain is not None:
        return plain[1].decode()
    if symbolic is not None and symbolic[1].startswith(b"refs/"):
        return path_text(symbolic[1])
    raise IncompleteError(f"the ref {name} is damaged", "look at: git fsck")


def _parse_packed(raw: bytes) -> Mapping[bytes, str]:
    """Lines `<id> <name>`; `#` begins the header, `^` what the tag above it peels to."""
    found: dict[bytes, str] = {}
    for line in raw.splitlines():
        match = _PACKED.match(line)
        if match is not None:
            found[match[2]] = match[1].decode()
        elif line and not line.startswith((b"#", b"^")):
            raise IncompleteError("packed-refs is damaged", "look at: git fsck")
    return found
