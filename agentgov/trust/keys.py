"""Public keys as OpenSSH writes them: one line of text, one wire form, nothing else. OpenPGP certificates likewise.

Decides whether a line is written as it must be and names a key that counts (`material`); never who holds it
(`identity`), never whether a signature is good (`sshsig`).
"""

import base64
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from agentgov.trust.material import COUNTED, KINDS, OPENPGP, Material, UncountedError, parse_material
from agentgov.trust.wire import decode_base64, take_string

if TYPE_CHECKING:
    from agentgov.trust.openpgp import Certificate

_KIND = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{1,60}\Z")
_MAX_LINE = 16_384


class PublicKey(msgspec.Struct, frozen=True):
    """A public key; two are the same key when `blob` is the same, whatever the comment says."""

    kind: str
    blob: bytes  # RFC 4253 section 6.6 wire form; of an OpenPGP certificate its packets
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it: SHA256 and unpadded base64. Of a certificate that of its primary key."""
        if self.kind == OPENPGP:
            return f"openpgp4fpr:{_certificate(self.blob).fingerprint}"
        digest = base64.b64encode(hashlib.sha256(self.blob).digest())
        return f"SHA256:{digest.decode().rstrip('=')}"

    @property
    def line(self) -> str:
        """Kind and key as in authorized_keys, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    @property
    def material(self) -> Material:
        """What the key consists of; of an OpenPGP certificate what its primary key does."""
        return _certificate(self.blob).keys[0][1] if self.kind == OPENPGP else _material(self.blob)[1]

    @property
    def parts(self) -> tuple[tuple[str, Material], ...]:
        """Every key that can sign in the name of this one, by fingerprint: one, or those of an OpenPGP certificate."""
        return _certificate(self.blob).keys if self.kind == OPENPGP else ((self.fingerprint, self.material),)


def parse_public_key(line: str) -> PublicKey:
    """The key that an authorized_keys line (sshd(8)) without options spells; a final newline is tolerated.

    Raises ValueError with one plain sentence. The sentence never repeats the line: it may be a private key pasted
    by mistake.
    """
    line = line.removesuffix("\n")
    if "PRIVATE KEY" in line:
        raise ValueError("this is a private key; only public keys belong here, and that one should be replaced")
    if not line or len(line) > _MAX_LINE or not line.isprintable() or line != line.strip():
        raise ValueError("a public key is one line without control characters or space around it: TYPE BASE64 COMMENT")
    kind, _, rest = line.partition(" ")
    encoded, _, comment = rest.partition(" ")
    if kind == OPENPGP:
        blob = _decode(encoded)
        _certificate(blob)
        return PublicKey(OPENPGP, blob, comment.strip())
    if kind not in KINDS:
        raise _refusal(kind)
    key = public_key_of_blob(_decode(encoded), comment.strip())
    if key.kind != kind:
        raise ValueError(f"the line says {kind}, and the key in it is another kind")
    return key


def public_key_of_blob(blob: bytes, comment: str = "") -> PublicKey:
    """The key of a wire form (RFC 4253 section 6.6); ValueError with one plain sentence.

    UncountedError for a kind that does not count, WeakKeyError for a key that others could sign with.
    """
    return PublicKey(_material(blob)[0], blob, comment)


@lru_cache(maxsize=1024)
def _material(blob: bytes) -> tuple[str, Material]:
    name, fields = take_string(blob)
    kind = name.decode("ascii", "replace")
    if kind not in KINDS:
        raise _refusal(kind)
    return kind, parse_material(kind, fields)


@lru_cache(maxsize=1024)
def _certificate(blob: bytes) -> "Certificate":
    from agentgov.trust.openpgp import parse_certificate

    return parse_certificate(blob)


def _decode(encoded: str) -> bytes:
    if not encoded or not encoded.isascii():
        raise ValueError("the key after its type is missing or not base64")
    return decode_base64(encoded.encode())


def _refusal(kind: str) -> UncountedError:
    if _KIND.match(kind):
        return UncountedError(f"{kind} is not accepted: {COUNTED}")
    return UncountedError(f"a public key starts with its type, without options before it: {COUNTED}")
