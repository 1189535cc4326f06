"""Public keys as OpenSSH writes them: one line of text, one wire form, nothing else.

Decides whether a line is a key that this version accepts; never who holds it (`identity`), never whether a signature is
good (`sshsig`). Only ssh-ed25519 counts: one signature a message, no parameters to weaken, no second encoding.
"""

import base64
import binascii
import hashlib
import re

import msgspec

ED25519 = "ssh-ed25519"
_SUPPORTED = "ssh-ed25519 keys only in this version"
_KIND = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{1,60}\Z")
_MAX_LINE = 16_384

# RFC 8032 section 5.1: the field of the curve. A key is a y coordinate below p, and the sign of x in the top bit.
_P = 2**255 - 19
# y of the points of order 1, 2, 4 and 8. A signature under such a key can be made by anybody.
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _P - 1,
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    }
)


class PublicKey(msgspec.Struct, frozen=True):
    """A public key; two are the same key when `blob` is the same, whatever the comment says."""

    kind: str
    blob: bytes  # RFC 4253 section 6.6 wire form
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it: SHA256 and unpadded base64."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest())
        return f"SHA256:{digest.decode().rstrip('=')}"

    @property
    def line(self) -> str:
        """Kind and key as in authorized_keys, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    @property
    def point(self) -> bytes:
        """The 32 bytes of the Ed25519 key itself (RFC 8032 section 5.1.2)."""
        return self.blob[-32:]


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
    if kind != ED25519:
        raise ValueError(_refusal(kind))
    return public_key_of_blob(_decode(encoded), comment.strip())


def public_key_of_blob(blob: bytes, comment: str = "") -> PublicKey:
    """The key of a wire form (RFC 4253 section 6.6, RFC 8709 section 4); ValueError with one plain sentence."""
    name, rest = take_string(blob)
    kind = name.decode("ascii", "replace")
    if kind != ED25519:
        raise ValueError(_refusal(kind))
    point, rest = take_string(rest)
    if len(point) != 32 or rest:
        raise ValueError("an ssh-ed25519 key holds exactly 32 bytes, and nothing may follow them")
    y = int.from_bytes(point, "little") & (2**255 - 1)
    if y >= _P:
        raise ValueError("this ssh-ed25519 key is not written canonically")
    if y in _SMALL_ORDER:
        raise ValueError("this ssh-ed25519 key is a point of small order: anybody could sign with it")
    return PublicKey(kind, blob, comment)


def wire_string(value: bytes) -> bytes:
    """A string as RFC 4251 section 5 writes it: length in four bytes, then the bytes."""
    return len(value).to_bytes(4, "big") + value


def take_string(blob: bytes) -> tuple[bytes, bytes]:
    """The first RFC 4251 string of some bytes, and what follows it; ValueError where it is cut short."""
    length = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 or len(blob) - 4 < length:
        raise ValueError("the bytes end in the middle of a field")
    return blob[4 : 4 + length], blob[4 + length :]


def decode_base64(text: bytes) -> bytes:
    """The bytes of canonical base64 (RFC 4648 section 3.5: pad bits zero); ValueError for any other spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("this is not base64") from error
    if base64.b64encode(raw) != text:
        raise ValueError("this base64 is not written canonically")
    return raw


def _decode(encoded: str) -> bytes:
    if not encoded or not encoded.isascii():
        raise ValueError("the key after ssh-ed25519 is missing or not base64")
    return decode_base64(encoded.encode())


def _refusal(kind: str) -> str:
    if _KIND.match(kind):
        return f"{kind} is not accepted: {_SUPPORTED}"
    return f"a public key starts with its type, without options before it: {_SUPPORTED}"
