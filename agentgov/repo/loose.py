"""Loose objects, read by our own code with a limit on every step. Never reads packs, never trusts a size.

libgit2 1.9 never returns from a loose object that ends too early, and unpacks whatever size a file claims. Both are one
edited file in a repository, so these files are unpacked here; packs, which it checks, stay with libgit2.
"""

import os
import re
import zlib
from pathlib import Path

from agentgov.repo.objects import ObjectError

_HEADER = re.compile(rb"(commit|tree|blob|tag) (0|[1-9][0-9]{0,14})\0")
_HEADER_SPACE = 32
_MAX_ALTERNATES = 32


def object_folders(objects: Path) -> tuple[Path, ...]:
    """The object folder and its alternates, in the order in which git asks them."""
    found: list[Path] = []
    todo = [objects]
    while todo and len(found) < _MAX_ALTERNATES:
        folder = todo.pop(0)
        if folder in found:
            continue
        found.append(folder)
        try:
            lines = (folder / "info" / "alternates").read_bytes().splitlines()
        except OSError:
            continue
        todo += [(folder / os.fsdecode(line)).resolve() for line in lines if line and not line.startswith(b"#")]
    return tuple(found)


def find_loose(folders: tuple[Path, ...], oid: str) -> bytes | None:
    """The compressed file of an object, None where it is not loose."""
    for folder in folders:
        try:
            # NONBLOCK: a pipe in place of an object must not stop us.
            handle = os.open(f"{folder}/{oid[:2]}/{oid[2:]}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        with os.fdopen(handle, "rb") as file:
            return file.read()
    return None


def loose_header(compressed: bytes, oid: str) -> tuple[str, int]:
    """(type, size) that a loose object claims; ObjectError when it is damaged."""
    try:
        match = _HEADER.match(zlib.decompressobj().decompress(compressed, _HEADER_SPACE))
    except zlib.error:
        match = None
    if match is None:
        raise _damaged(oid)
    return match[1].decode(), int(match[2])


def unpack_loose(compressed: bytes, oid: str) -> bytes:
    """The content of a loose object, of exactly the size that it claims; the caller has judged that size."""
    kind, size = loose_header(compressed, oid)
    start = len(f"{kind} {size}") + 1
    stream = zlib.decompressobj()
    try:
        whole = stream.decompress(compressed, start + size + 1)
    except zlib.error:
        raise _damaged(oid) from None
    if len(whole) != start + size or not stream.eof or stream.unused_data:
        raise _damaged(oid)
    return whole[start:]


def _damaged(oid: str) -> ObjectError:
    return ObjectError("object.damaged", f"the stored object {oid} is damaged; look at: git fsck")
