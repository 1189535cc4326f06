"""SSH signatures (OpenSSH PROTOCOL.sshsig) under a strict grammar: one spelling of a signature, or none.

Decides whether some bytes are signed by some key for some namespace; never whose key that is, nor what it may do.
Libraries and git accept blank lines, loose base64, several blocks and trailing bytes. Nothing of that is accepted here:
what two readers read differently can be signed once and shown twice.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from agentgov.errors import RefusedError
from agentgov.trust.algorithms import AbsentError, HighError, Raw, lowered, parse_raw, verify_raw
from agentgov.trust.keys import PublicKey, public_key_of_blob
from agentgov.trust.material import ED25519, UncountedError, WeakKeyError
from agentgov.trust.wire import decode_base64, take_string, wire_string

GIT = "git"  # what git signs: commits and tags
ACT = "agentgov-act"  # what people and bots sign: the text of an act

Code = Literal[
    "signature.malformed",
    "signature.namespace",
    "signature.invalid",
    "signature.algorithm",
    "signature.weak-key",
    "signature.high-s",
    "signature.no-presence",
]

_MAGIC = b"SSHSIG"
_HEAD = _MAGIC + b"\0\0\0\1"
_BEGIN = b"-----BEGIN SSH SIGNATURE-----"
_END = b"-----END SSH SIGNATURE-----"
_OPENPGP = b"-----BEGIN PGP "
_COLUMNS = 70  # what ssh-keygen writes
_WIDTHS = (70, 76)
_MAX_ARMOUR = 16_384
_HASHES = {"sha512": hashlib.sha512, "sha256": hashlib.sha256}
_VALUE = 64  # bytes of an ed25519 signature, the last of its blob


class SignatureError(RefusedError):
    """A signature that does not count; `code` is stable and documented."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Signature:
    """The fields of one signature blob."""

    public_key: PublicKey
    namespace: str
    hash_algorithm: str
    raw: Raw


def verify(armoured: bytes, payload: bytes, namespace: str) -> PublicKey:
    """The key that made this armoured signature over exactly this payload for exactly this namespace.

    Raises SignatureError. The key is only proven to have signed; whose it is, `identity` says.
    """
    found = parse(dearmour(armoured))
    if found.namespace != namespace:
        raise SignatureError(
            "signature.namespace", f"the signature is for the namespace {found.namespace!r}, not {namespace!r}"
        )
    key, signed = found.public_key, signed_bytes(namespace, payload, found.hash_algorithm)
    try:
        good = verify_raw(key.kind, key.material, found.raw, signed)
    except AbsentError as error:
        raise SignatureError(
            "signature.no-presence", f"the signature by {key.fingerprint} does not count: {error}"
        ) from error
    if not good:
        raise SignatureError("signature.invalid", f"the signature by {key.fingerprint} does not fit these bytes")
    return key


def normalise(armoured: bytes) -> bytes:
    """The same signature in the only form that counts: ECDSA with the low one of its two numbers s.

    Whoever signs does this, and no key is needed for it; programs that sign write either form. The bytes of every other
    kind come back as they are. Raises SignatureError for bytes that are no signature.
    """
    blob = dearmour(armoured)
    try:
        *_, inner = fields = _fields(blob)
        name, rest = take_string(inner)
        value, rest = take_string(rest)
        low = lowered(name.decode("ascii", "replace"), value)
    except ValueError as error:
        raise _malformed(f"the signature cannot be read: {error}") from error
    if low == value:
        return armoured
    return armour(_blob(*fields[:-1], wire_string(name) + wire_string(low) + rest))


def armour(blob: bytes) -> bytes:
    """A signature blob as text, byte for byte as ssh-keygen writes it: 70 columns, a newline at the end."""
    encoded = base64.b64encode(blob)
    lines = [encoded[start : start + _COLUMNS] for start in range(0, len(encoded), _COLUMNS)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


@lru_cache(maxsize=64)  # whoever splits several signatures looks at each, and whoever verifies them again
def dearmour(text: bytes) -> bytes:
    """The blob of exactly one armoured signature; only a missing final newline is forgiven. Raises SignatureError."""
    if len(text) > _MAX_ARMOUR:
        raise _malformed("the text is too long for a signature")
    if text.startswith(_OPENPGP):
        message = "OpenPGP signs commits and tags only; acts and envelopes are signed with an SSH key"
        raise SignatureError("signature.algorithm", message)
    lines = text.removesuffix(b"\n").split(b"\n")
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise _malformed("the signature is not one armoured block with nothing before or after it")
    *full, last = lines[1:-1]
    width = len(full[0]) if full else max(_WIDTHS)
    if width not in _WIDTHS or any(len(line) != width for line in full) or not 0 < len(last) <= width:
        raise _malformed("the lines of the armoured signature are not wrapped as OpenSSH wraps them")
    try:
        return decode_base64(b"".join((*full, last)))
    except ValueError as error:
        raise _malformed(f"the armoured signature cannot be read: {error}") from error


def split(text: bytes) -> list[bytes]:
    """The blocks of several armoured signatures written one after the other, each ended by a newline.

    The blocks joined are the text again. Raises SignatureError for an empty text and for anything between blocks.
    """
    blocks = [block + _END + b"\n" for block in text.split(_END + b"\n")[:-1]]
    if not blocks or b"".join(blocks) != text:
        raise _malformed("the text is not a sequence of armoured signatures that each end with a newline")
    for block in blocks:
        dearmour(block)
    return blocks


def parse(blob: bytes) -> Signature:
    """The fields of a signature blob: version 1, nothing reserved, nothing after the end. Raises SignatureError."""
    begun = _begun(blob[:-_VALUE])
    if begun is not None:
        key, namespace, hash_algorithm = begun
        return Signature(key, namespace, hash_algorithm, Raw(ED25519, blob[-_VALUE:]))
    try:
        return _parse(blob)
    except UncountedError as error:
        raise SignatureError("signature.algorithm", f"the signature does not count: {error}") from error
    except WeakKeyError as error:
        raise SignatureError("signature.weak-key", f"the signature does not count: {error}") from error
    except HighError as error:
        raise SignatureError("signature.high-s", f"{error}; sign again") from error
    except ValueError as error:
        raise _malformed(f"the signature cannot be read: {error}") from error


def signed_bytes(namespace: str, payload: bytes, hash_algorithm: str = "sha512") -> bytes:
    """What the key really signs: the digest of the payload under namespace and hash (PROTOCOL.sshsig, section 3)."""
    return _preamble(namespace, hash_algorithm) + wire_string(_HASHES[hash_algorithm](payload).digest())


@lru_cache(maxsize=64)
def _preamble(namespace: str, hash_algorithm: str) -> bytes:
    return _MAGIC + b"".join(map(wire_string, (namespace.encode(), b"", hash_algorithm.encode())))


def assemble(public_key: PublicKey, namespace: str, raw: bytes) -> bytes:
    """The signature blob around raw bytes over `signed_bytes(namespace, payload)` by an ed25519 key."""
    inner = wire_string(public_key.kind.encode()) + wire_string(raw)
    return _blob(public_key.blob, namespace.encode(), b"", b"sha512", inner)


def _blob(*fields: bytes) -> bytes:
    return _HEAD + b"".join(map(wire_string, fields))


def _fields(blob: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Key, namespace, reserved, hash and signature of a blob of version 1 (PROTOCOL.sshsig, section 2)."""
    if blob[:10] != _HEAD:
        raise ValueError("this is not an SSH signature of version 1")
    key, rest = take_string(blob[10:])
    namespace, rest = take_string(rest)
    reserved, rest = take_string(rest)
    hash_name, rest = take_string(rest)
    inner, rest = take_string(rest)
    if rest:
        raise ValueError("bytes follow its end")
    return key, namespace, reserved, hash_name, inner


@lru_cache(maxsize=1024)
def _begun(head: bytes) -> tuple[PublicKey, str, str] | None:
    """Key, namespace and hash where any 64 bytes behind `head` make it an ed25519 signature of the grammar, else None:
    all signatures of one key for one purpose begin alike, and of those bytes the grammar asks nothing."""
    try:
        found = _parse(head + bytes(_VALUE))
    except ValueError:
        return None
    return (found.public_key, found.namespace, found.hash_algorithm) if found.public_key.kind == ED25519 else None


def _parse(blob: bytes) -> Signature:
    key, namespace, reserved, hash_name, inner = _fields(blob)
    if reserved or not namespace or not namespace.isascii():
        raise ValueError("it has a reserved field that is not empty, or no namespace")
    public_key = public_key_of_blob(key)
    if hash_name not in (b"sha512", b"sha256"):
        raise UncountedError("it is over a hash that is neither sha512 nor sha256")
    return Signature(public_key, namespace.decode(), hash_name.decode(), parse_raw(public_key.kind, inner))


def _malformed(message: str) -> SignatureError:
    return SignatureError("signature.malformed", message)
