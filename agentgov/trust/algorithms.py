"""The arithmetic of signatures: with which algorithms a key may sign, and whether raw bytes are its signature.

Decides nothing about whose key it is, nor for what was signed. An algorithm that rests on SHA-1 never counts; of the
two ECDSA signatures that anybody can make from each other only the low one does; a security key must have been
touched. Only `verify_raw` loads a library of cryptography.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import TypeAlias

import msgspec

from agentgov.trust.material import CURVES, FIELDS, RSA, SK_ECDSA, SK_ED25519, Curve, Material, UncountedError
from agentgov.trust.quick import quick_yes
from agentgov.trust.wire import take_mpint, take_string, wire_mpint

Check: TypeAlias = Callable[[bytes, bytes], None]
_RSA_SHA2 = ("rsa-sha2-256", "rsa-sha2-512")
_SECURITY_KEYS = (SK_ED25519, SK_ECDSA)
_ASKED = count()
_MANY = 100  # so many signatures take as long as loading another library for them
_PRESENT = 0x01  # a person touched the security key (OpenSSH PROTOCOL.u2f)


class HighError(ValueError):
    """The twin of an ECDSA signature, which anybody can make from it without the key."""


class AbsentError(ValueError):
    """A signature that a security key gave without being touched."""


class Raw(msgspec.Struct, frozen=True):
    """A signature as it lies in its blob: the algorithm named, the bytes, and what a security key adds."""

    algorithm: str
    value: bytes
    flags: int = 0
    counter: int = 0


def parse_raw(kind: str, inner: bytes) -> Raw:
    """The signature in its blob, for a key of this kind (RFC 4253, 5656, 8332, 8709; OpenSSH PROTOCOL.u2f).

    Raises UncountedError for an algorithm that does not belong to the key, HighError for the high form of ECDSA, and
    ValueError for a spelling that is not the only one.
    """
    name, rest = take_string(inner)
    value, rest = take_string(rest)
    algorithm = name.decode("ascii", "replace")
    if algorithm not in (_RSA_SHA2 if kind == RSA else (kind,)):
        why = ", because it rests on SHA-1" if algorithm == RSA == kind else ""
        raise UncountedError(f"a signature of the algorithm {algorithm[:60]!r} by an {kind} key does not count{why}")
    flags = counter = 0
    if kind in _SECURITY_KEYS:
        if len(rest) != 5:
            raise ValueError("a signature by a security key ends with one byte of flags and a counter of four")
        flags, counter = rest[0], int.from_bytes(rest[1:], "big")
    elif rest:
        raise ValueError("nothing may follow the bytes of a signature")
    if kind in CURVES:
        _, s = _numbers(CURVES[kind], value)
        if s > FIELDS[CURVES[kind]].order // 2:
            raise HighError("the ECDSA signature is in its high form, which anybody can make from the low one")
    elif kind != RSA and len(value) != 64:
        raise ValueError(f"an {kind} signature holds exactly 64 bytes")
    return Raw(algorithm, value, flags, counter)


def lowered(kind: str, value: bytes) -> bytes:
    """The low one of an ECDSA signature and its twin; the bytes of every other kind as they are.

    ValueError for bytes that are no signature.
    """
    if kind not in CURVES:
        return value
    curve = CURVES[kind]
    r, s = _numbers(curve, value)
    return wire_mpint(r) + wire_mpint(min(s, FIELDS[curve].order - s))


def verify_raw(kind: str, material: Material, raw: Raw, signed: bytes) -> bool:
    """Whether these bytes are signed by the key. Raises AbsentError where a security key was not touched."""
    if kind in _SECURITY_KEYS:
        if not raw.flags & _PRESENT:
            raise AbsentError("the security key was not touched when it signed")
        digests = [hashlib.sha256(part).digest() for part in (material.application, signed)]
        signed = digests[0] + bytes([raw.flags]) + raw.counter.to_bytes(4, "big") + digests[1]
    from cryptography.exceptions import InvalidSignature

    try:
        _check(material, raw.algorithm)(raw.value, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _numbers(curve: Curve, value: bytes) -> tuple[int, int]:
    """r and s of a signature (RFC 5656 section 3.1.2)."""
    r, rest = take_mpint(value)
    s, rest = take_mpint(rest)
    order = FIELDS[curve].order
    if rest or not 0 < r < order or not 0 < s < order:
        raise ValueError("an ECDSA signature holds two numbers below the order of its curve, and nothing else")
    return r, s


@lru_cache(maxsize=1024)
def _check(material: Material, algorithm: str) -> Check:
    """What raises InvalidSignature for raw bytes that do not fit, made once for each key."""
    if material.curve is not None:
        return _ecdsa(material.curve, material.point)
    if material.modulus:
        return _rsa(material, algorithm)
    return _edwards(material.point)


def _edwards(point: bytes) -> Check:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(point)

    def check(value: bytes, signed: bytes) -> None:
        if next(_ASKED) >= _MANY and (says_yes := quick_yes()) is not None and says_yes(value, signed, point):
            return
        key.verify(value, signed)

    return check


def _ecdsa(curve: Curve, point: bytes) -> Check:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    library: tuple[ec.EllipticCurve, hashes.HashAlgorithm]
    if curve == "nistp256":
        library = (ec.SECP256R1(), hashes.SHA256())
    elif curve == "nistp384":
        library = (ec.SECP384R1(), hashes.SHA384())
    else:
        library = (ec.SECP521R1(), hashes.SHA512())
    key = ec.EllipticCurvePublicKey.from_encoded_point(library[0], point)
    scheme = ec.ECDSA(library[1])

    def check(value: bytes, signed: bytes) -> None:
        key.verify(utils.encode_dss_signature(*_numbers(curve, value)), signed, scheme)

    return check


def _rsa(material: Material, algorithm: str) -> Check:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.RSAPublicNumbers(material.exponent, material.modulus).public_key()
    size = (material.modulus.bit_length() + 7) // 8
    scheme: hashes.HashAlgorithm = hashes.SHA256() if algorithm == "rsa-sha2-256" else hashes.SHA512()

    def check(value: bytes, signed: bytes) -> None:
        if len(value) != size:
            raise ValueError("an RSA signature is as long as its modulus")
        key.verify(value, signed, padding.PKCS1v15(), scheme)

    return check
