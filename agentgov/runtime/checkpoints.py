"""Checkpoints (c2sp.org/tlog-checkpoint): what a log says about its tree, as the text of a signed note.

Decides whether a note is a checkpoint of this log; never whether one follows from another (`merkle`), nor which is the
newest.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentgov.runtime.merkle import HASH, LARGEST
from agentgov.runtime.notes import NoteError, Sign, VerifierKey, open_note, sign_note, split_note
from agentgov.trust.wire import decode_base64, encode_base64

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of a log at one size. Extension lines are not empty, and no auditor can check what they say."""

    origin: str  # the name of the log
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if any(not line or "\n" in line for line in lines):
            raise ValueError("the lines of a checkpoint are not empty, and each is one line")
        if not 0 <= self.size <= LARGEST or len(self.root) != HASH:
            raise ValueError(f"a checkpoint has a size from 0 to {LARGEST} and a root of {HASH} bytes")

    @property
    def text(self) -> bytes:
        """Origin, size and root, one line each, then the extension lines."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """The checkpoint that a text spells. Raises NoteError for any other spelling."""
    try:
        match text.decode("utf-8").split("\n"):
            case [origin, size, root, *extensions, ""] if _SIZE.fullmatch(size):
                found = Checkpoint(origin, int(size), decode_base64(root.encode()), tuple(extensions))
            case _:
                raise ValueError("it is not origin, size without leading zeroes, and root")
        if found.text != text:
            raise ValueError("it is written in another way than checkpoints are")
    except ValueError as error:
        raise NoteError(f"the note is no checkpoint: {error}") from error
    return found


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[tuple[VerifierKey, Sign]]) -> bytes:
    """The signed note of a checkpoint."""
    return sign_note(checkpoint.text, signers)


def open_checkpoint(note: bytes, keys: Sequence[VerifierKey], origin: str) -> Checkpoint:
    """The checkpoint of the log of that origin in a note that one of its keys signed (those that it had in its time).

    Others may have signed it as well (witnesses). Raises NoteError.
    """
    found = parse_checkpoint(open_note(note, keys).text)
    if found.origin != origin:
        raise NoteError(f"the checkpoint is of the log {found.origin[:200]!r}, and not of {origin!r}")
    return found


def unverified_checkpoint(note: bytes) -> Checkpoint:
    """What a note says of itself, whoever signed it: to find the one to verify. Raises NoteError."""
    return parse_checkpoint(split_note(note)[0])
