"""Many new objects as one durable write: held in memory until all are made, then on the disk before anybody names them.

A disk takes as long to make one object durable as to make a hundred so together. Few become loose objects, many one
pack with its index (git's format 2, no deltas). Everything is written beside, synced, and given its name only then: a
crash at any line leaves whole objects that nothing points at, or `tmp_` files, which `git prune` takes away. Moves no
ref, and overwrites no object.
"""

import hashlib
import os
import secrets
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

FEW = 64  # objects; with more, one pack is quicker than a file for each
ROOM = 64 * 2**20  # bytes held at most; beyond, what is there is written, and the rest follows
TYPES = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_AT_ONCE = 8  # files that are synced side by side
_BIG_OFFSET = 1 << 31

Held = Mapping[str, tuple[str, bytes]]  # (kind, content) by object id


class Batch:
    """New objects that are in no repository yet."""

    def __init__(self) -> None:
        self.depth = 0  # of uses inside each other: the outermost one writes
        self.held: dict[str, tuple[str, bytes]] = {}
        self._bytes = 0

    def add(self, oid: str, kind: str, raw: bytes) -> bool:
        """Hold an object; whether so much is held now that it should be written."""
        if oid not in self.held:
            self.held[oid] = kind, raw
            self._bytes += len(raw)
        return self._bytes > ROOM

    def clear(self) -> None:
        """Hold nothing any more."""
        self.held, self._bytes = {}, 0


def write_durably(objects: Path, held: Held) -> None:
    """Put objects into a folder of objects, and return when no power cut can take them away. OSError where it fails."""
    if len(held) < FEW:
        _write_loose(objects, held)
    else:
        _write_pack(objects / "pack", held)


def _write_loose(objects: Path, held: Held) -> None:
    """Each object a file. One that is there already stays; its folder is synced too, since whoever wrote it may not
    have come so far."""
    places = {oid: objects / oid[:2] / oid[2:] for oid in held}
    folders = {place.parent for place in places.values()}
    fresh = [folder for folder in folders if not folder.is_dir()]
    for folder in fresh:
        folder.mkdir(exist_ok=True)
    beside: dict[Path, Path] = {}
    try:
        for oid, (kind, raw) in held.items():
            if not places[oid].exists():
                temporary = places[oid].parent / f"tmp_obj_{secrets.token_hex(8)}"
                beside[temporary] = places[oid]
                _create(temporary, zlib.compress(b"%s %d\0" % (kind.encode(), len(raw)) + raw, 1))
        _each(_sync, beside)
        for temporary, place in beside.items():
            temporary.rename(place)
    finally:
        _remove(beside)
    _each(_sync, [*folders, *([objects] if fresh else [])])


def _write_pack(folder: Path, held: Held) -> None:
    """All objects as one pack. It counts once its index has its name, so that comes last."""
    folder.mkdir(exist_ok=True)
    parts = [entry_head(TYPES[kind], len(raw)) + zlib.compress(raw, 1) for kind, raw in held.values()]
    header = b"PACK" + (2).to_bytes(4, "big") + len(parts).to_bytes(4, "big")
    body = b"".join((header, *parts))
    checksum = _sha1(body)
    offsets = accumulate(map(len, parts[:-1]), initial=len(header))
    index = index_bytes(zip(held, offsets, map(zlib.crc32, parts), strict=True), checksum)
    name, token = f"pack-{checksum.hex()}", secrets.token_hex(8)
    beside = {
        folder / f"tmp_pack_{token}": folder / f"{name}.pack",
        folder / f"tmp_idx_{token}": folder / f"{name}.idx",
    }
    try:
        for temporary, content in zip(beside, (body + checksum, index), strict=True):
            _create(temporary, content)
        _each(_sync, beside)
        for temporary, place in beside.items():
            temporary.rename(place)
    finally:
        _remove(beside)
    _sync(folder)


def index_bytes(objects: Iterable[tuple[str, int, int]], checksum: bytes) -> bytes:
    """The index of a pack, version 2, from (object id, offset, CRC-32) of each object; see gitformat-pack(5)."""
    rows = sorted(objects)
    first = [0] * 256
    for oid, _, _ in rows:
        first[int(oid[:2], 16)] += 1
    far = [offset for _, offset, _ in rows if offset >= _BIG_OFFSET]
    places = {offset: _BIG_OFFSET | number for number, offset in enumerate(far)}
    body = b"".join(
        (
            b"\xfftOc\0\0\0\2",
            _numbers(accumulate(first)),
            bytes.fromhex("".join(oid for oid, _, _ in rows)),
            _numbers(crc for _, _, crc in rows),
            _numbers(places.get(offset, offset) for _, offset, _ in rows),
            b"".join(offset.to_bytes(8, "big") for offset in far),
            checksum,
        )
    )
    return body + _sha1(body)


def entry_head(kind: int, size: int) -> bytes:
    """Type and size as a pack spells them: four bits of the size, then seven at a time."""
    first, size = (kind << 4) | (size & 15), size >> 4
    found = []
    while size:
        found.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    return bytes((*found, first))


def _numbers(values: Iterable[int]) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def _sha1(raw: bytes) -> bytes:
    return hashlib.sha1(raw, usedforsecurity=False).digest()


def _create(path: Path, content: bytes) -> None:
    """A new file that nobody may write again, as git's objects are."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "wb") as file:
        file.write(content)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _each(work: Callable[[Path], None], paths: Iterable[Path]) -> None:
    """Do it to all of them side by side: each waits for the disk, and the disk takes them together."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(work, path) for path in paths]:
            done.result()


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
