"""OpenPGP (RFC 4880, RFC 9580) as far as bytes go: one armoured signature, one certificate, in a strict grammar.

Decides what a signature claims and which keys a certificate holds; never whether a signature is good (`signatures`),
nor whose it is. Only what GnuPG and Sequoia write for a binary document by an RSA or Ed25519 key of version 4 is read:
no header in the armour, no second packet, no note outside of what is signed, no hash of which collisions are known.
"""

import base64
import hashlib
from collections.abc import Iterator

import msgspec

from agentgov.trust.material import OPENPGP, Material, UncountedError, edwards, rsa
from agentgov.trust.wire import decode_base64

BEGIN = b"-----BEGIN PGP SIGNATURE-----"
_END = b"-----END PGP SIGNATURE-----"
_COLUMNS = 64
_MAX_ARMOUR = 16_384

_SIGNATURE, _SECRET, _PRIMARY, _SECRET_SUB, _USER, _SUBKEY, _ATTRIBUTE = 2, 5, 6, 7, 13, 14, 17
_RSA, _RSA_SIGN, _EDDSA, _ED25519 = 1, 3, 22, 27
_ALGORITHMS = (_RSA, _EDDSA, _ED25519)
_HASHES = {8: hashlib.sha256, 9: hashlib.sha384, 10: hashlib.sha512}
_REVOCATIONS = (0x20, 0x28)  # of the certificate, of a subkey
_CURVE = bytes.fromhex("092b06010401da470f01")  # Ed25519, as the older of its two forms names it
_GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493

_CREATED, _ISSUER, _NOTATION, _SIGNER_USER, _FINGERPRINT = 2, 16, 20, 28, 33
_HASHED = frozenset({_CREATED, _ISSUER, _NOTATION, _SIGNER_USER, _FINGERPRINT})


class Claim(msgspec.Struct, frozen=True):
    """What a signature says of itself: the fingerprint of its key, and when it was made in epoch seconds.

    `hashed` is what it signs after the document, `start` how it says that the digest begins.
    """

    fingerprint: str
    created: int
    packet: bytes
    hashed: bytes
    start: bytes

    def begins(self, payload: bytes) -> bool:
        """Whether the digest of a document begins as the signature says (RFC 9580 section 5.2.4).

        A sanity check of the format that libraries leave out; without it these two bytes could be anything.
        """
        trailer = b"\x04\xff" + len(self.hashed).to_bytes(4, "big")
        return _HASHES[self.hashed[3]](payload + self.hashed + trailer).digest().startswith(self.start)


class Certificate(msgspec.Struct, frozen=True):
    """The keys of a certificate that could sign for us, by fingerprint; the first one is the primary key."""

    keys: tuple[tuple[str, Material], ...]

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the primary key, as gpg prints it without spaces."""
        return self.keys[0][0].upper()


def dearmour_openpgp(text: bytes) -> bytes:
    """The packet of exactly one armoured signature with its checksum; only a missing final newline is forgiven.

    Raises ValueError with one plain sentence.
    """
    if len(text) > _MAX_ARMOUR:
        raise ValueError("the text is too long for a signature")
    lines = text.removesuffix(b"\n").split(b"\n")
    if len(lines) < 5 or lines[0] != BEGIN or lines[1] or lines[-1] != _END:
        raise ValueError("the signature is not one armoured block without headers, with nothing before or after it")
    *full, last, checksum = lines[2:-1]
    if any(len(line) != _COLUMNS for line in full) or not 0 < len(last) <= _COLUMNS:
        raise ValueError("the lines of the armoured signature are not wrapped as GnuPG wraps them")
    packet = decode_base64(b"".join((*full, last)))
    if checksum != b"=" + base64.b64encode(_crc24(packet).to_bytes(3, "big")):
        raise ValueError("the checksum of the armoured signature is missing or wrong")
    return packet


def parse_claim(packet: bytes) -> Claim:
    """What a signature packet claims. UncountedError for what does not count, ValueError for another spelling."""
    found = list(_packets(packet))
    if len(found) != 1 or found[0][0] != _SIGNATURE or _packet(packet[0], found[0][1]) != packet:
        raise ValueError("the armour holds something else than one signature")
    body = found[0][1]
    version, kind, algorithm, hashed_by = body[:4] if len(body) > 10 else b"\0\0\0\0"
    if version != 4 or kind != 0:
        raise UncountedError("it is not a signature of version 4 over a binary document")
    if algorithm not in _ALGORITHMS:
        raise UncountedError("it is neither by an RSA nor by an Ed25519 key")
    if hashed_by not in _HASHES:
        raise UncountedError("it rests on SHA-1 or another hash that does not count")
    hashed, rest = _take(body[4:])
    unhashed, rest = _take(rest)
    _refuse_numbers(algorithm, rest[2:])
    created, fingerprint = _notes(hashed, unhashed)
    return Claim(fingerprint.hex(), int.from_bytes(created, "big"), packet, body[: 6 + len(hashed)], rest[:2])


def parse_certificate(blob: bytes) -> Certificate:
    """The keys of a binary certificate, as `gpg --export` writes it. Raises ValueError with one plain sentence."""
    keys: list[tuple[str, Material]] = []
    for place, (tag, body) in enumerate(_packets(blob)):
        if tag in (_SECRET, _SECRET_SUB):
            raise ValueError("this is a private key; only public keys belong here, and that one should be replaced")
        if (tag == _PRIMARY) != (place == 0) or tag not in (_PRIMARY, _SUBKEY, _USER, _ATTRIBUTE, _SIGNATURE):
            raise ValueError("this is not one OpenPGP certificate, as gpg --export writes it")
        if tag == _SIGNATURE and body[1:2] and body[1] in _REVOCATIONS:
            raise UncountedError("this OpenPGP certificate says that a key of it is revoked")
        if tag in (_PRIMARY, _SUBKEY):
            found = _key(body)
            if found is not None:
                keys.append((_fingerprint(body), found))
            elif tag == _PRIMARY:
                raise UncountedError("the primary key of this OpenPGP certificate is neither RSA nor Ed25519")
    if not keys:
        raise ValueError("this is not one OpenPGP certificate, as gpg --export writes it")
    return Certificate(tuple(keys))


def _fingerprint(body: bytes) -> str:
    """The fingerprint of a key of version 4 (RFC 9580 section 5.5.4.2). It finds a key, and proves nothing."""
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest()


def _key(body: bytes) -> Material | None:
    """The material of a key packet; None for a kind that cannot sign for us."""
    if len(body) < 8 or body[0] != 4:
        raise UncountedError("OpenPGP keys count in version 4 only")
    algorithm, fields = body[5], body[6:]
    if algorithm in (_RSA, _RSA_SIGN):
        modulus, fields = _take_number(fields)
        exponent, fields = _take_number(fields)
        found = rsa(OPENPGP, exponent, modulus)
    elif algorithm == _EDDSA and fields.startswith(_CURVE):
        point, fields = _take_number(fields[len(_CURVE) :])
        raw = point.to_bytes(33, "big")
        if raw[0] != 0x40:
            raise ValueError("this OpenPGP key is not written canonically")
        found = edwards(OPENPGP, raw[1:])
    elif algorithm == _ED25519:
        found, fields = edwards(OPENPGP, fields[:32]), fields[32:]
    else:
        return None
    if fields:
        raise ValueError("nothing may follow the fields of an OpenPGP key")
    return found


def _refuse_numbers(algorithm: int, rest: bytes) -> None:
    """Refuse the numbers of a signature in any spelling but one."""
    if algorithm == _RSA:
        _, rest = _take_number(rest)
    elif algorithm == _EDDSA:
        r, rest = _take_number(rest)
        s, rest = _take_number(rest)
        _refuse_range(r, s)
    else:
        _refuse_range(int.from_bytes(rest[:32], "big"), int.from_bytes(rest[32:64], "big"))
        rest = rest[64:]
    if rest:
        raise ValueError("nothing may follow the numbers of the signature")


def _refuse_range(r: int, s: int) -> None:
    """Of (r, s) and (r, s + order), which fit the same bytes, only the first counts. OpenPGP writes the bytes of
    Ed25519, which are in little-endian order, as if they were numbers in big-endian order."""
    if max(r, s) >= 2**256 or int.from_bytes(s.to_bytes(32, "big"), "little") >= _GROUP_ORDER:
        raise ValueError("a number of the signature is outside its range")


def _notes(hashed: bytes, unhashed: bytes) -> tuple[bytes, bytes]:
    """Creation time and fingerprint. What is not signed may only name the key once more, where nothing else does."""
    signed, unsigned = list(_subpackets(hashed)), list(_subpackets(unhashed))
    found = {kind: value for kind, value in signed if kind != _NOTATION}
    once = len(found) == sum(kind != _NOTATION for kind, _ in signed)
    if not once or not {kind for kind, _ in signed} <= _HASHED or any(kind != _ISSUER for kind, _ in unsigned):
        raise UncountedError("it says something of itself that does not count here")
    fingerprint, created = found.get(_FINGERPRINT, b""), found.get(_CREATED, b"")
    issuers = [value for kind, value in (*signed, *unsigned) if kind == _ISSUER]
    if len(fingerprint) != 21 or fingerprint[0] != 4 or len(created) != 4 or issuers != [fingerprint[-8:]]:
        raise UncountedError("it does not name its key and its time once")
    return created, fingerprint[1:]


def _packets(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, body) of every packet; ValueError where one is cut short or of unknown length."""
    while blob:
        head, rest = blob[0], blob[1:]
        if head & 0xC0 == 0xC0:
            tag, (size, rest) = head & 0x3F, _new_length(rest)
        elif head & 0x80 and head & 0x03 != 3:
            octets = 1 << (head & 0x03)
            tag, size, rest = head >> 2 & 0x0F, int.from_bytes(rest[:octets], "big"), rest[octets:]
        else:
            raise ValueError("these are no OpenPGP packets of a known length")
        if len(rest) < size:
            raise ValueError("an OpenPGP packet is cut short")
        yield tag, rest[:size]
        blob = rest[size:]


def _new_length(blob: bytes) -> tuple[int, bytes]:
    """The length in front of a packet or subpacket (RFC 9580 section 4.2.1), and what follows it."""
    if not blob or 224 <= blob[0] < 255:
        raise ValueError("these are no OpenPGP packets of a known length")
    if blob[0] < 192:
        return blob[0], blob[1:]
    if blob[0] < 224:
        return ((blob[0] - 192) << 8) + int.from_bytes(blob[1:2], "big") + 192, blob[2:]
    return int.from_bytes(blob[1:5], "big"), blob[5:]


def _packet(head: int, body: bytes) -> bytes:
    """A packet with the shortest length that its form has."""
    size = len(body)
    if head & 0x40:
        short = bytes([size]) if size < 192 else bytes([(size - 192 >> 8) + 192, size - 192 & 0xFF])
        return bytes([head]) + (short if size < 8384 else b"\xff" + size.to_bytes(4, "big")) + body
    octets = 0 if size < 256 else 1 if size < 65_536 else 2
    return bytes([head & 0xFC | octets]) + size.to_bytes(1 << octets, "big") + body


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    while area:
        size, rest = _new_length(area)
        if not 0 < size <= len(rest):
            raise ValueError("an OpenPGP signature is cut short")
        yield rest[0] & 0x7F, rest[1:size]
        area = rest[size:]


def _take(blob: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(blob[:2], "big")
    if len(blob) < 2 + size:
        raise ValueError("an OpenPGP signature is cut short")
    return blob[2 : 2 + size], blob[2 + size :]


def _take_number(blob: bytes) -> tuple[int, bytes]:
    """The first number of some bytes (RFC 9580 section 3.2), in its only spelling."""
    bits = int.from_bytes(blob[:2], "big")
    size = (bits + 7) // 8
    value = int.from_bytes(blob[2 : 2 + size], "big")
    if len(blob) < 2 + size or not bits or value.bit_length() != bits:
        raise ValueError("a number is not written canonically")
    return value, blob[2 + size :]


def _crc24(raw: bytes) -> int:
    """The checksum of the armour (RFC 4880 section 6.1). It protects nothing; it has to be the only one."""
    crc = 0xB704CE
    for byte in raw:
        crc ^= byte << 16
        for _ in range(8):
            crc = crc << 1 ^ (0x1864CFB if crc & 0x800000 else 0)
    return crc & 0xFFFFFF
