"""Signed notes (c2sp.org/signed-note): a text, and below it lines with signatures, as transparency logs write them.

Decides whether a text is signed by keys that the caller knows; never whose keys those are, nor what the text means
(`checkpoints`). Only Ed25519 (type 0x01) is known; signatures by anybody else are passed over, as the specification
asks, and a bad signature by a known key refuses the whole note. One spelling of a note is read, or none.

The key may be the one that also makes SSH signatures. Neither can stand for the other: what an SSH signature signs has
control characters in it (PROTOCOL.sshsig section 3), and a note with one is refused before it is signed or verified.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from agentgov.errors import RefusedError
from agentgov.trust.algorithms import Raw, verify_raw
from agentgov.trust.keys import PublicKey, public_key_of_blob
from agentgov.trust.material import ED25519
from agentgov.trust.wire import decode_base64, encode_base64, take_string, wire_string

Sign: TypeAlias = Callable[[bytes], bytes]  # the bare Ed25519 signature of some bytes

LONGEST = 65_536  # bytes of a note
MOST = 64  # signatures; the specification asks for 16 or more
_ED25519 = b"\1"  # the type of signature, before the key
_VALUE = 64  # bytes of the signature
_ID = 4  # bytes
_DASH = "— "
_NOT_IN_NAMES = re.compile(r"[\s+]")
_KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)\Z")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


class NoteError(RefusedError):
    """A note that is not written as notes are, or not signed as it must be."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A name and an Ed25519 key under which that name signs. As text: `name+id+key` (as Go's sumdb/note writes it)."""

    name: str
    point: bytes  # RFC 8032 section 5.1.2

    def __post_init__(self) -> None:
        if not self.name or _NOT_IN_NAMES.search(self.name) or not self.name.isprintable():
            raise ValueError(f"{self.name!r} cannot be the name of a key: it is empty, or has a space or a plus in it")
        _public(self.point)

    @classmethod
    def of(cls, name: str, key: PublicKey) -> "VerifierKey":
        """The name with an OpenSSH key; ValueError where that is not Ed25519."""
        if key.kind != ED25519:
            raise ValueError(f"notes are signed with an {ED25519} key, and this one is {key.kind}")
        return cls(name, take_string(take_string(key.blob)[1])[0])

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The key that a text spells; ValueError for any other spelling."""
        match = _KEY.match(text)
        if match is None:
            raise ValueError("the key of a note is written NAME+ID+KEY")
        key = cls(match[1], decode_base64(match[3].encode())[1:])
        if str(key) != text:
            raise ValueError(f"the key {match[1]!r} is no Ed25519 key, or the id of another one stands before it")
        return key

    @property
    def id(self) -> bytes:
        """The first four bytes of SHA-256(name || newline || type || key)."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.point).digest()[:_ID]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode_base64(_ED25519 + self.point)}"

    def signed(self, text: bytes, signature: bytes) -> bool:
        """Whether these bytes are signed by the key."""
        material = _public(self.point).material
        return len(signature) == _VALUE and verify_raw(ED25519, material, Raw(ED25519, signature), text)


@dataclass(frozen=True, slots=True)
class Note:
    """A text that was signed, and the known keys that signed it."""

    text: bytes  # with its last newline
    signers: tuple[VerifierKey, ...]


def sign_note(text: bytes, signers: Iterable[tuple[VerifierKey, Sign]]) -> bytes:
    """The note of a text, signed in this order; ValueError for a text that cannot be one.

    Raises NoteError where what somebody signs does not fit the key: better here than where it is read.
    """
    _readable(text, ValueError)
    if not text.endswith(b"\n"):
        raise ValueError("the text of a note ends with a newline")
    lines = []
    for key, sign in signers:
        signature = sign(text)
        if not key.signed(text, signature):
            raise NoteError(f"what was signed as {key.name} does not fit its key", "compare the two public keys")
        lines.append(f"{_DASH}{key.name} {encode_base64(key.id + signature)}\n".encode())
    if not 1 <= len(lines) <= MOST:
        raise ValueError(f"a note has 1 to {MOST} signatures")
    note = text + b"\n" + b"".join(lines)
    _readable(note, ValueError)
    return note


def open_note(note: bytes, known: Sequence[VerifierKey]) -> Note:
    """The text of a note, and which of the known keys signed it: one or more. Raises NoteError."""
    text, signatures = split_note(note)
    signers: list[VerifierKey] = []
    for name, signature in signatures:
        for key in known:
            if (key.name, key.id) != (name, signature[:_ID]):
                continue
            if not key.signed(text, signature[_ID:]):
                raise NoteError(f"the signature of {key.name} does not fit the note")
            if key in signers:
                raise NoteError(f"{key.name} signed the note twice")
            signers.append(key)
    if not signers:
        names = ", ".join(dict.fromkeys(name for name, _ in signatures))
        raise NoteError(f"the note is signed by {names[:200]}, and by none of the keys that count here")
    return Note(text, tuple(signers))


def split_note(note: bytes) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """The text of a note, and (name, id and signature) for each line below it; nothing is verified. Raises NoteError.

    The last empty line is what separates the two.
    """
    _readable(note, NoteError)
    text, gap, below = note.rpartition(b"\n\n")
    *lines, end = below.decode().split("\n")
    if not gap or end or not 1 <= len(lines) <= MOST:
        raise NoteError(f"a note is a text, an empty line, and 1 to {MOST} lines with signatures")
    return text + b"\n", tuple(map(_signature, lines))


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name or _NOT_IN_NAMES.search(name):
        raise NoteError("a line of a signature is a dash (U+2014), the name of a key, and base64")
    try:
        signature = decode_base64(encoded.encode())
    except ValueError as error:
        raise NoteError(f"the signature of {name[:200]} cannot be read: {error}") from error
    if len(signature) <= _ID:
        raise NoteError(f"the signature of {name[:200]} is too short")
    return name, signature


def _public(point: bytes) -> PublicKey:
    """The key as OpenSSH has it; ValueError where it does not count."""
    return public_key_of_blob(wire_string(ED25519.encode()) + wire_string(point))


def _readable(text: bytes, refusal: type[Exception]) -> None:
    if len(text) > LONGEST:
        raise refusal(f"a note has at most {LONGEST} bytes")
    if _CONTROL.search(text):
        raise refusal("a note has no control characters")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refusal("a note is text in UTF-8") from error
