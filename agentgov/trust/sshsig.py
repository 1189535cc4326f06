"""SSH signatures (OpenSSH PROTOCOL.sshsig) under a strict grammar: one spelling of a signature, or none.

Decides whether some bytes are signed by some key for some namespace; never whose key that is, nor what it may do.
Libraries and git accept blank lines, loose base64, several blocks and trailing bytes. Nothing of that is accepted here:
what two readers read differently can be signed once and shown twice.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from agentgov.errors import RefusedError
from agentgov.trust.keys import (
    ED25519,
    PublicKey,
    decode_base64,
    public_key_of_blob,
    take_string,
    wire_string,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GIT = "git"  # what git signs: commits and tags
ACT = "agentgov-act"  # what people and bots sign: the text of an act

Code = Literal["signature.malformed", "signature.namespace", "signature.invalid", "signature.algorithm"]

_MAGIC = b"SSHSIG"
_BEGIN = b"-----BEGIN SSH SIGNATURE-----"
_END = b"-----END SSH SIGNATURE-----"
_COLUMNS = 70  # what ssh-keygen writes
_WIDTHS = (70, 76)
_MAX_ARMOUR = 16_384
_HASHES = {"sha512": hashlib.sha512, "sha256": hashlib.sha256}


class SignatureError(RefusedError):
    """A signature that does not count; `code` is stable and documented."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Signature:
    """The fields of one signature blob; `signature` is the raw 64 bytes of RFC 8032."""

    public_key: PublicKey
    namespace: str
    hash_algorithm: str
    signature: bytes


def verify(armoured: bytes, payload: bytes, namespace: str) -> PublicKey:
    """The key that made this armoured signature over exactly this payload for exactly this namespace.

    Raises SignatureError. The key is only proven to have signed; whose it is, `identity` says.
    """
    found = parse(dearmour(armoured))
    if found.namespace != namespace:
        raise SignatureError(
            "signature.namespace", f"the signature is for the namespace {found.namespace!r}, not {namespace!r}"
        )
    from cryptography.exceptions import InvalidSignature

    try:
        _verifier(found.public_key.point).verify(
            found.signature, signed_bytes(namespace, payload, found.hash_algorithm)
        )
    except (InvalidSignature, ValueError) as error:
        raise SignatureError(
            "signature.invalid", f"the signature by {found.public_key.fingerprint} does not fit these bytes"
        ) from error
    return found.public_key


def armour(blob: bytes) -> bytes:
    """A signature blob as text, byte for byte as ssh-keygen writes it: 70 columns, a newline at the end."""
    encoded = base64.b64encode(blob)
    lines = [encoded[start : start + _COLUMNS] for start in range(0, len(encoded), _COLUMNS)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def dearmour(text: bytes) -> bytes:
    """The blob of exactly one armoured signature; only a missing final newline is forgiven. Raises SignatureError."""
    if len(text) > _MAX_ARMOUR:
        raise _malformed("the text is too long for a signature")
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
    try:
        return _parse(blob)
    except ValueError as error:
        raise _malformed(f"the signature cannot be read: {error}") from error


def signed_bytes(namespace: str, payload: bytes, hash_algorithm: str = "sha512") -> bytes:
    """What the key really signs: the digest of the payload under namespace and hash (PROTOCOL.sshsig, section 3)."""
    digest = _HASHES[hash_algorithm](payload).digest()
    fields = (namespace.encode(), b"", hash_algorithm.encode(), digest)
    return _MAGIC + b"".join(map(wire_string, fields))


def assemble(public_key: PublicKey, namespace: str, raw: bytes) -> bytes:
    """The signature blob around 64 raw bytes over `signed_bytes(namespace, payload)`."""
    inner = wire_string(ED25519.encode()) + wire_string(raw)
    fields = (public_key.blob, namespace.encode(), b"", b"sha512", inner)
    return _MAGIC + (1).to_bytes(4, "big") + b"".join(map(wire_string, fields))


def _parse(blob: bytes) -> Signature:
    if blob[:10] != _MAGIC + b"\0\0\0\1":
        raise _malformed("this is not an SSH signature of version 1")
    key, rest = take_string(blob[10:])
    namespace, rest = take_string(rest)
    reserved, rest = take_string(rest)
    hash_name, rest = take_string(rest)
    inner, rest = take_string(rest)
    if reserved or rest or not namespace or not namespace.isascii():
        raise _malformed("the signature has a reserved field that is not empty, bytes after its end, or no namespace")
    algorithm, rest = take_string(inner)
    raw, rest = take_string(rest)
    key_kind, _ = take_string(key)
    if algorithm != ED25519.encode() or key_kind != algorithm:
        raise SignatureError("signature.algorithm", "the signature is not by an ssh-ed25519 key, and no other counts")
    if hash_name not in (b"sha512", b"sha256"):
        raise SignatureError("signature.algorithm", "the signature is over a hash that is neither sha512 nor sha256")
    if len(raw) != 64 or rest:
        raise _malformed("an ssh-ed25519 signature holds exactly 64 bytes, and nothing may follow them")
    return Signature(public_key_of_blob(key), namespace.decode(), hash_name.decode(), raw)


def _malformed(message: str) -> SignatureError:
    return SignatureError("signature.malformed", message)


@lru_cache(maxsize=1024)
def _verifier(point: bytes) -> "Ed25519PublicKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(point)
