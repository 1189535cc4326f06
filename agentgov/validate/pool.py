"""Judgements that were made before, by the content they were made of: values to bytes and back.

A judgement of a folder depends on its files, on the texts it shares, on governance and playbooks, and on the program's
own rules; the last two are the context, one pool each. So what is taken from a pool is what would be judged again.
Whatever is odd about its bytes, they hold nothing. Never decides, reads and writes no disk itself.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

import msgspec

from agentgov.model.finding import Finding, Severity
from agentgov.model.snapshot import Entry, path_bytes
from agentgov.model.verdict import Location
from agentgov.validate.codes import CODES
from agentgov.validate.facts import Facts, Judged
from agentgov.validate.suppress import Suppression

Row = tuple[str, Severity, str, int, int, str, str, str]  # code, severity, file, line, column, pointer, message, fix
_Stored = tuple[Facts, tuple[Row, ...], tuple[Suppression, ...]]
_SPARE = 2000  # judgements of other branches that are kept beside those of this fleet, or as many as it has
_FEW = 16
_DECODER = msgspec.msgpack.Decoder(dict[str, _Stored])


class Kept(Protocol):
    """Where bytes are kept between runs."""

    def load(self, name: str) -> bytes | None:
        """What was stored under a name, None where there is nothing that can be relied on."""

    def store(self, name: str, content: bytes) -> None:
        """Keep bytes under a name, as far as it goes."""


class Pool:
    """The judgements of one context."""

    def __init__(self, kept: Kept, context: str) -> None:
        self._kept = kept
        self._name = f"folders-{context}"
        self._held = _decoded(kept.load(self._name))

    def get(self, key: str) -> Judged | None:
        """The judgement of a folder with this key."""
        stored = self._held.get(key)
        if stored is None:
            return None
        return Judged(tuple(map(found_in, stored[1])) if stored[1] else (), stored[0], stored[2])

    def keep(self, judged: Mapping[str, Judged]) -> None:
        """Keep the judgements of a fleet, and of those that were there before as many again."""
        fresh = {
            key: (one.facts, tuple(map(row_of, one.findings)), one.marks)
            for key, one in judged.items()
            if key not in self._held
        }
        if not fresh or (len(fresh) <= _FEW and len(self._held) > _FEW * _FEW):
            return  # to judge a few again takes less time than to write the others
        held = fresh | self._held  # what is new comes first, what was not asked for goes first
        room = max(_SPARE, len(judged)) + len(judged)
        if len(held) > room:
            others = [key for key in held if key not in judged]
            for key in others[room - len(judged) :]:
                del held[key]
        try:
            content = msgspec.msgpack.encode(held)
        except UnicodeEncodeError:  # a path that is no UTF-8: it has a finding, and somebody will rename it
            content = msgspec.msgpack.encode({key: stored for key, stored in held.items() if _is_text(key, stored)})
        self._kept.store(self._name, content)


def context(rules: str, common: Mapping[str, Entry]) -> str:
    """What the judgement of every folder depends on: the program's rules, and what is common to all."""
    return _digest(rules, common)


def rest_key(rest: Mapping[str, Entry]) -> str:
    """What the judgement of everything outside of agents' folders depends on, beside the rules."""
    return _digest("", rest)


def folder_keys(ids: Mapping[str, str]) -> dict[str, str]:
    """What the judgement of each folder depends on beside the context: its path, its tree, and the tree it shares."""
    shared = {folder.removesuffix("/shared"): oid for folder, oid in ids.items() if folder.endswith("/shared")}
    return {folder: f"{folder} {oid} {shared.get(folder.rpartition('/')[0], '')}" for folder, oid in ids.items()}


def row_of(found: Finding) -> Row:
    """A finding as plain values."""
    where = found.where
    return found.code, found.severity, where.file, where.line, where.column, where.pointer, found.message, found.fix


def found_in(row: Row) -> Finding:
    """The finding in plain values."""
    code, severity, file, line, column, pointer, message, fix = row
    return Finding(code, severity, Location(file, line, column, pointer), message, fix)


def _digest(start: str, entries: Mapping[str, Entry]) -> str:
    digest = sha256(start.encode())
    for path, entry in entries.items():
        digest.update(b"\n%o %s %s" % (entry.mode, entry.oid.encode(), path_bytes(path)))
    return digest.hexdigest()


def _decoded(content: bytes | None) -> dict[str, _Stored]:
    if content is None:
        return {}
    try:
        held = _DECODER.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
    known = all(row[0] in CODES for _, rows, _ in held.values() if rows for row in rows)
    return held if known else {}


def _is_text(key: str, stored: _Stored) -> bool:
    try:
        msgspec.msgpack.encode((key, stored))
    except UnicodeEncodeError:
        return False
    return True
