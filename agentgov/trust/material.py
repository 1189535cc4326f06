"""Which kinds of keys count, and how strong they must be.

Decides whether the fields of a public key are one that can be relied on; never whose key it is (`identity`), nor
whether a signature is good (`algorithms`). What does not count is refused with one plain sentence: DSA, certificates,
short moduli, points outside their curve. Arithmetic only: no library is loaded.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Literal, TypeAlias

import msgspec

from agentgov.trust.wire import take_mpint, take_string

ED25519 = "ssh-ed25519"
RSA = "ssh-rsa"
OPENPGP = "openpgp"
SK_ED25519 = "sk-ssh-ed25519@openssh.com"
SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
Curve: TypeAlias = Literal["nistp256", "nistp384", "nistp521"]
CURVES: Mapping[str, Curve] = {
    "ecdsa-sha2-nistp256": "nistp256",
    "ecdsa-sha2-nistp384": "nistp384",
    "ecdsa-sha2-nistp521": "nistp521",
    SK_ECDSA: "nistp256",
}
KINDS = frozenset({ED25519, RSA, SK_ED25519, *CURVES})
COUNTED = "keys that count are ed25519, ecdsa, rsa of 2048 bits or more, and security keys (ed25519-sk, ecdsa-sk)"
_MIN_MODULUS, _MAX_MODULUS = 2048, 16_384
_MAX_EXPONENT = 2**64
_SMALL_PRIMES = math.prod(n for n in range(3, 1000, 2) if all(n % d for d in range(3, 32, 2) if d < n))

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


class Field(msgspec.Struct, frozen=True):
    """A curve y^2 = x^3 - 3x + b over the numbers below `p`; its points are `order` many (FIPS 186-4 appendix D)."""

    p: int
    b: int
    order: int


FIELDS: Mapping[Curve, Field] = {
    "nistp256": Field(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    "nistp384": Field(
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
    "nistp521": Field(
        2**521 - 1,
        int(
            "0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E1"
            "56193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00",
            16,
        ),
        int(
            "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA"
            "51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
            16,
        ),
    ),
}


class UncountedError(ValueError):
    """A kind of key or signature that does not count at all."""


class WeakKeyError(ValueError):
    """A key of a kind that counts, which others than its owner could sign with."""


class Material(msgspec.Struct, frozen=True):
    """What a key consists of. `pair` is the same for two keys for which one private key signs."""

    pair: bytes
    curve: Curve | None = None
    point: bytes = b""
    modulus: int = 0
    exponent: int = 0
    application: bytes = b""


def parse_material(kind: str, fields: bytes) -> Material:
    """What the fields after the kind of a key say (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH PROTOCOL.u2f).

    Raises UncountedError, WeakKeyError, or ValueError for a spelling that is not the only one.
    """
    if kind in (ED25519, SK_ED25519):
        point, rest = take_string(fields)
        found = edwards(kind, point)
    elif kind in CURVES:
        found, rest = _weierstrass(kind, fields)
    elif kind == RSA:
        exponent, rest = take_mpint(fields)
        modulus, rest = take_mpint(rest)
        found = rsa(kind, exponent, modulus)
    else:
        raise UncountedError(f"{kind} is not accepted: {COUNTED}")
    if kind in (SK_ED25519, SK_ECDSA):
        application, rest = take_string(rest)
        if not application.startswith(b"ssh:"):
            raise UncountedError("this security key was not made for ssh: its application does not begin with ssh:")
        found = msgspec.structs.replace(found, application=application)
    if rest:
        raise ValueError(f"nothing may follow the fields of an {kind} key")
    return found


def edwards(kind: str, point: bytes) -> Material:
    """The material of an Ed25519 key (RFC 8032 section 5.1.5)."""
    if len(point) != 32:
        raise ValueError(f"an {kind} key holds exactly 32 bytes")
    y = int.from_bytes(point, "little") & (2**255 - 1)
    if y >= _P:
        raise ValueError(f"this {kind} key is not written canonically")
    if y in _SMALL_ORDER:
        raise WeakKeyError(f"this {kind} key is a point of small order: anybody could sign with it")
    # The point and its negative have private keys that anybody can make from each other.
    return Material(b"ed25519 %d" % y, point=point)


def rsa(kind: str, exponent: int, modulus: int) -> Material:
    """The material of an RSA key."""
    bits = modulus.bit_length()
    if bits < _MIN_MODULUS:
        raise WeakKeyError(f"this {kind} key has {bits} bits: {_MIN_MODULUS} are the least that count")
    if bits > _MAX_MODULUS:
        raise UncountedError(f"this {kind} key has {bits} bits: {_MAX_MODULUS} are the most that count")
    if exponent < 3 or exponent % 2 == 0 or exponent >= _MAX_EXPONENT:
        raise WeakKeyError(f"the exponent of this {kind} key is even, or below 3, or beyond 64 bits")
    if modulus % 2 == 0 or math.gcd(modulus, _SMALL_PRIMES) != 1:
        raise WeakKeyError(f"the modulus of this {kind} key has a small factor: anybody could sign with it")
    if all(modulus % prime in marks for prime, marks in _roca()):
        raise WeakKeyError(
            f"this {kind} key was made by a chip whose keys can be computed from their public half (ROCA)"
        )
    return Material(b"rsa %x" % modulus, modulus=modulus, exponent=exponent)


@cache
def _roca() -> tuple[tuple[int, frozenset[int]], ...]:
    """For small primes, what every modulus of CVE-2017-15361 leaves: powers of 65537 (Nemec et al., CCS 2017)."""
    primes = [n for n in range(3, 168, 2) if all(n % d for d in range(3, 13, 2) if d < n)]
    return tuple((prime, frozenset(pow(65_537, power, prime) for power in range(prime))) for prime in primes)


def _weierstrass(kind: str, fields: bytes) -> tuple[Material, bytes]:
    curve = CURVES[kind]
    name, rest = take_string(fields)
    point, rest = take_string(rest)
    field = FIELDS[curve]
    size = (field.p.bit_length() + 7) // 8
    if name != curve.encode() or len(point) != 2 * size + 1 or point[0] != 4:
        raise ValueError(f"an {kind} key names its curve, and holds one point that is not compressed")
    x, y = int.from_bytes(point[1 : size + 1], "big"), int.from_bytes(point[size + 1 :], "big")
    if x >= field.p or y >= field.p or (y * y - x * x * x + 3 * x - field.b) % field.p:
        raise ValueError(f"this {kind} key is no point of its curve")
    return Material(b"%s %d" % (name, x), curve=curve, point=point), rest
