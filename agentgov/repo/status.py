"""The grammar of `git status --porcelain=v2 -z`: fields in, records out. Documented in git-status(1), "Porcelain Format
Version 2". Reads nothing.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from agentgov.repo.program import ProgramError

Kind = Literal["changed", "unmerged", "untracked", "ignored"]


class Record(NamedTuple):
    """One path that differs. Modes and the id are 0 and empty where there is nothing.

    `on_disk` is what git sees there against the index: "." is unchanged, "D" gone; modes are those of git.
    """

    kind: Kind
    path: bytes
    on_disk: str = "?"
    index_mode: int = 0
    disk_mode: int = 0
    index_oid: str = ""


def records(fields: Iterator[bytes]) -> Iterator[Record]:
    """The records in the NUL-terminated fields of an answer; ProgramError for a form that git does not document."""
    for field in fields:
        mark, _, rest = field.partition(b" ")
        try:
            if mark == b"1":
                yield _changed(rest.split(b" ", 7))
            elif mark == b"2":
                *start, _, path = rest.split(b" ", 8)
                next(fields)  # what it was called before: only asked for with renames
                yield _changed([*start, path])
            elif mark == b"u":
                states, _, _, _, _, disk, _, _, _, path = rest.split(b" ", 9)
                yield Record("unmerged", path, chr(states[1]), 0, int(disk, 8))
            elif mark in (b"?", b"!"):
                yield Record("untracked" if mark == b"?" else "ignored", rest)
            elif mark != b"#":
                raise ValueError(mark)
        except (ValueError, IndexError, StopIteration) as error:
            raise ProgramError("git status answers in an unknown form", "agentgov needs git 2.34 or newer") from error


def _changed(fields: list[bytes]) -> Record:
    states, _, _, index, disk, _, oid, path = fields
    return Record("changed", path, chr(states[1]), int(index, 8), int(disk, 8), oid.decode("ascii"))
