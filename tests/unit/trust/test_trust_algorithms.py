"""Every kind of key that counts, against the real ssh-keygen; every weak form of one refused by name (K9, K11)."""

import base64
import math
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securitykey import Kind, SecurityKey

from agentgov.errors import ConfigurationError
from agentgov.trust.algorithms import lowered
from agentgov.trust.keys import parse_public_key, public_key_of_blob
from agentgov.trust.material import CURVES, FIELDS, UncountedError, WeakKeyError
from agentgov.trust.signers import StrictSigner
from agentgov.trust.sshsig import ACT, GIT, SignatureError, armour, dearmour, normalise, parse, split, verify
from agentgov.trust.wire import take_mpint, take_string, wire_mpint, wire_string

Sign = Callable[..., bytes]
Keygen = Callable[..., subprocess.CompletedProcess[bytes]]
_TEXT = b"pause support/triage\n"
_ECDSA = ("ecdsa", "ecdsa-384", "ecdsa-521")
_FILES = ("alice", *_ECDSA, "rsa", "rsa-3072", "rsa-4096")
_HEAD = b"SSHSIG\0\0\0\1"


def _code(armoured: bytes, payload: bytes = _TEXT, namespace: str = ACT) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(armoured, payload, namespace)
    assert caught.value.message
    assert caught.value.exit_code == 1
    return caught.value.code


def _fields(blob: bytes) -> list[bytes]:
    found, rest = [], blob[10:]
    while rest:
        value, rest = take_string(rest)
        found.append(value)
    return found


def _with_inner(armoured: bytes, change: Callable[[bytes, bytes, bytes], bytes]) -> bytes:
    """The signature with its last field made anew from algorithm, raw bytes and what follows them."""
    *fields, inner = _fields(dearmour(armoured))
    name, rest = take_string(inner)
    value, rest = take_string(rest)
    return armour(_HEAD + b"".join(map(wire_string, [*fields, change(name, value, rest)])))


def _with_value(armoured: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return _with_inner(armoured, lambda name, value, rest: wire_string(name) + wire_string(change(value)) + rest)


def _instead(new: bytes, _: bytes) -> bytes:
    return new


def _twin(armoured: bytes) -> bytes:
    """(r, n - s): anybody can make it, and it fits the same bytes under the same key."""
    order = FIELDS[CURVES[parse(dearmour(armoured)).public_key.kind]].order

    def other(value: bytes) -> bytes:
        r, rest = take_mpint(value)
        s, _ = take_mpint(rest)
        return wire_mpint(r) + wire_mpint(order - s)

    return _with_value(armoured, other)


def _ssh_accepts(keygen: Keygen, folder: Path, line: str, armoured: bytes, namespace: str = ACT) -> bool:
    (folder / "allowed").write_text(f"x {line}\n")
    (folder / "sig").write_bytes(armoured)
    options = ("-f", folder / "allowed", "-I", "x", "-n", namespace, "-s", folder / "sig")
    return keygen("-Y", "verify", *options, stdin=_TEXT).returncode == 0


@pytest.mark.parametrize("hashed", ["sha256", "sha512"])
@pytest.mark.parametrize("name", _FILES)
def test_what_ssh_keygen_signs_counts_for_its_namespace_and_text_alone(
    ssh_sign: Sign, public: dict[str, str], name: str, hashed: str
) -> None:
    for namespace, other in ((ACT, GIT), (GIT, ACT)):
        good = normalise(ssh_sign(name, namespace, _TEXT, "-O", f"hashalg={hashed}"))
        assert verify(good, _TEXT, namespace) == public_key_of_blob(parse_public_key(public[name]).blob)
        assert _code(good, _TEXT, other) == "signature.namespace"
        assert _code(good, _TEXT + b"x", namespace) == "signature.invalid"


@pytest.mark.parametrize("name", _FILES)
def test_a_signature_does_not_fit_another_key_of_its_kind(
    ssh_sign: Sign, keygen: Keygen, tmp_path: Path, public: dict[str, str], name: str
) -> None:
    good = normalise(ssh_sign(name, ACT, _TEXT))
    kind = {"alice": "ed25519", "rsa": "rsa"}.get(name.partition("-")[0], "ecdsa")
    bits = ["-b", name.partition("-")[2] or {"rsa": "2048", "ecdsa": "256"}[kind]] if kind != "ed25519" else []
    assert keygen("-q", "-t", kind, *bits, "-N", "", "-f", tmp_path / "other").returncode == 0
    other = parse_public_key((tmp_path / "other.pub").read_text())
    _, *fields = _fields(dearmour(good))
    assert _code(armour(_HEAD + b"".join(map(wire_string, [other.blob, *fields])))) == "signature.invalid"


@pytest.mark.parametrize("kind", ["ed25519-sk", "ecdsa-sk"])
def test_a_touched_security_key_counts_and_ssh_keygen_agrees(kind: Kind, keygen: Keygen, tmp_path: Path) -> None:
    device = SecurityKey(kind)
    assert parse_public_key(device.public_key).blob == device.blob
    good = normalise(device.sign(ACT, _TEXT))
    assert verify(good, _TEXT, ACT) == device.key
    assert _ssh_accepts(keygen, tmp_path, device.public_key, good)
    assert verify(normalise(device.sign(ACT, _TEXT, flags=0x05)), _TEXT, ACT) == device.key, "PIN and touch"
    assert _code(good, namespace=GIT) == "signature.namespace"
    assert _code(good, _TEXT + b"x") == "signature.invalid"


@pytest.mark.parametrize("kind", ["ed25519-sk", "ecdsa-sk"])
@pytest.mark.parametrize("flags", [0x00, 0x04, 0xFE])
def test_a_security_key_that_was_not_touched_does_not_count(kind: Kind, flags: int) -> None:
    device = SecurityKey(kind)
    assert _code(normalise(device.sign(ACT, _TEXT, flags=flags))) == "signature.no-presence"
    touched = normalise(device.sign(ACT, _TEXT, flags=0x00))
    claims = _with_inner(touched, lambda name, value, rest: wire_string(name) + wire_string(value) + b"\1" + rest[1:])
    assert _code(claims) == "signature.invalid", "the flags are signed"


@pytest.mark.parametrize("kind", ["ed25519-sk", "ecdsa-sk"])
def test_what_a_security_key_adds_is_there_once_and_signed(kind: Kind) -> None:
    device = SecurityKey(kind)
    good = normalise(device.sign(ACT, _TEXT))

    def ending(tail: bytes) -> bytes:
        return _with_inner(good, lambda name, value, _: wire_string(name) + wire_string(value) + tail)

    for tail in (b"", b"\1", b"\1\0\0\0", b"\1\0\0\0\1\0"):
        assert _code(ending(tail)) == "signature.malformed"
    assert _code(ending(b"\1\0\0\0\x09")) == "signature.invalid", "the counter is signed"


def test_a_security_key_of_a_web_site_is_no_key_for_ssh() -> None:
    with pytest.raises(UncountedError, match="was not made for ssh"):
        _ = SecurityKey("ed25519-sk", b"https://example.com").key
    device = SecurityKey("ecdsa-sk")
    web = device.sign(ACT, _TEXT, algorithm=b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com")
    assert _code(web) == "signature.algorithm"


@pytest.mark.parametrize("name", _ECDSA)
def test_the_twin_of_an_ecdsa_signature_is_refused_and_ssh_keygen_takes_it(
    ssh_sign: Sign, public: dict[str, str], keygen: Keygen, tmp_path: Path, name: str
) -> None:
    low = normalise(ssh_sign(name, ACT, _TEXT))
    high = _twin(low)
    assert _ssh_accepts(keygen, tmp_path, public[name], high)
    assert _code(high) == "signature.high-s"
    assert normalise(high) == low == normalise(low)
    assert _ssh_accepts(keygen, tmp_path, public[name], low)


@pytest.mark.parametrize("name", _ECDSA)
def test_every_ecdsa_signature_by_ssh_keygen_is_usable(ssh_sign: Sign, name: str) -> None:
    written = [ssh_sign(name, ACT, b"%d" % number) for number in range(70)]
    assert all(verify(normalise(one), b"%d" % number, ACT) for number, one in enumerate(written))
    assert 0 < sum(normalise(one) != one for one in written) < 70, "it writes both forms"


@pytest.mark.parametrize("name", _ECDSA)
def test_ecdsa_numbers_have_one_spelling_and_a_range(ssh_sign: Sign, name: str) -> None:
    good = normalise(ssh_sign(name, ACT, _TEXT))
    r, rest = take_mpint(take_string(take_string(_fields(dearmour(good))[-1])[1])[0])
    s, _ = take_mpint(rest)
    order = FIELDS[CURVES[parse(dearmour(good)).public_key.kind]].order
    raw = s.to_bytes(80, "big")
    for value in (
        wire_mpint(r) + wire_string(raw),
        wire_mpint(r) + wire_string(raw.lstrip(b"\0").rjust(len(raw.lstrip(b"\0")) + 2, b"\0")),
        wire_mpint(r) + wire_mpint(s) + b"\0",
        wire_mpint(r),
        wire_mpint(0) + wire_mpint(s),
        wire_mpint(r) + wire_mpint(0),
        wire_mpint(r + order) + wire_mpint(s),
        wire_mpint(r) + wire_mpint(s + order),
        wire_mpint(r) + wire_string(b"\xff" * 32),
        b"",
    ):
        changed = _with_value(good, partial(_instead, value))
        assert _code(changed) == "signature.malformed"
        with pytest.raises(SignatureError):
            normalise(changed)
    assert _code(_with_value(good, lambda _: wire_mpint(s) + wire_mpint(min(r, order - r)))) == "signature.invalid"


@pytest.mark.parametrize("name", ["small-rsa", "short-rsa"])
def test_signature_by_a_short_rsa_key_is_refused(ssh_sign: Sign, name: str) -> None:
    assert _code(ssh_sign(name, ACT, _TEXT)) == "signature.weak-key"


@pytest.mark.parametrize("algorithm", [b"ssh-rsa", b"rsa-sha2-384", b"ssh-ed25519", b"ssh-rsa-cert-v01@openssh.com"])
def test_rsa_signs_with_sha2_and_nothing_else(ssh_sign: Sign, algorithm: bytes) -> None:
    good = ssh_sign("rsa", ACT, _TEXT)
    renamed = _with_inner(good, lambda _, value, rest: wire_string(algorithm) + wire_string(value) + rest)
    assert _code(renamed) == "signature.algorithm"
    swapped = _with_inner(good, lambda _, value, rest: wire_string(b"rsa-sha2-256") + wire_string(value) + rest)
    assert _code(swapped) == "signature.invalid", "ssh-keygen signs with rsa-sha2-512"


def test_an_rsa_signature_over_sha1_is_refused(keys: dict[str, Path], public: dict[str, str]) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    from agentgov.trust.sshsig import signed_bytes

    private = load_ssh_private_key(keys["rsa"].read_bytes(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    key = parse_public_key(public["rsa"])

    def signed(algorithm: bytes, hashed: hashes.HashAlgorithm) -> bytes:
        value = private.sign(signed_bytes(ACT, _TEXT), padding.PKCS1v15(), hashed)
        inner = wire_string(algorithm) + wire_string(value)
        return armour(_HEAD + b"".join(map(wire_string, (key.blob, ACT.encode(), b"", b"sha512", inner))))

    assert verify(signed(b"rsa-sha2-256", hashes.SHA256()), _TEXT, ACT).blob == key.blob
    assert _code(signed(b"ssh-rsa", hashes.SHA1())) == "signature.algorithm"
    assert _code(signed(b"rsa-sha2-256", hashes.SHA1())) == "signature.invalid"


def test_an_rsa_signature_is_as_long_as_its_modulus(ssh_sign: Sign) -> None:
    good = ssh_sign("rsa", ACT, _TEXT)
    for change in (lambda value: b"\0" + value, lambda value: value[1:], lambda value: value[:-1], lambda _: b""):
        assert _code(_with_value(good, change)) == "signature.invalid"


def _rsa_blob(exponent: int | bytes, modulus: int | bytes) -> bytes:
    numbers = [wire_string(one) if isinstance(one, bytes) else wire_mpint(one) for one in (exponent, modulus)]
    return wire_string(b"ssh-rsa") + b"".join(numbers)


def test_weak_rsa_numbers_are_refused(public: dict[str, str]) -> None:
    material = parse_public_key(public["rsa"]).material
    n = material.modulus
    assert public_key_of_blob(_rsa_blob(3, n)).material.exponent == 3
    for exponent in (1, 2, 65536, 2**64 + 1):
        with pytest.raises(WeakKeyError, match="exponent"):
            public_key_of_blob(_rsa_blob(exponent, n))
    for modulus in (n + 1, 2**2047 + 2, n * 3, n * 997):
        with pytest.raises(WeakKeyError, match="small factor"):
            public_key_of_blob(_rsa_blob(65537, modulus))
    with pytest.raises(UncountedError, match="are the most that count"):
        public_key_of_blob(_rsa_blob(65537, 2**16_384 + 1))
    with pytest.raises(WeakKeyError, match="has 0 bits"):
        public_key_of_blob(_rsa_blob(65537, b""))


def test_a_modulus_with_the_marks_of_roca_is_refused(public: dict[str, str]) -> None:
    """CVE-2017-15361: smart cards made primes of the form k * M + (65537^a mod M), M the product of small primes."""
    product = math.prod(n for n in range(2, 168) if all(n % d for d in range(2, n)))
    found = 0
    for number in range(1, 400):
        modulus = (2**2047 // product + number) * product + pow(65_537, number, product)
        if math.gcd(modulus, math.prod(range(169, 1000, 2))) == 1:
            with pytest.raises(WeakKeyError, match="ROCA"):
                public_key_of_blob(_rsa_blob(65_537, modulus))
            found += 1
    assert found > 3
    for name in ("rsa", "rsa-3072", "rsa-4096"):
        assert parse_public_key(public[name]).kind == "ssh-rsa"


def test_a_second_spelling_of_an_rsa_key_is_refused(public: dict[str, str]) -> None:
    """A key with two spellings would be two keys, and two people (K10)."""
    material = parse_public_key(public["rsa"]).material
    n = material.modulus
    padded = n.to_bytes(258, "big")
    for blob in (
        _rsa_blob(65537, padded),
        _rsa_blob(b"\0\1\0\1", n),
        _rsa_blob(65537, padded[2:]),
        _rsa_blob(65537, n) + b"\0",
        _rsa_blob(65537, n)[:-1],
    ):
        with pytest.raises(ValueError, match=r"canonically|nothing may follow|middle of a field"):
            public_key_of_blob(blob)


@pytest.mark.parametrize("name", _ECDSA)
def test_a_point_that_is_compressed_or_outside_its_curve_is_no_key(public: dict[str, str], name: str) -> None:
    key = parse_public_key(public[name])
    kind, curve, point = _fields(b"x" * 10 + key.blob)
    assert key.material.curve == curve.decode()
    size = (len(point) - 1) // 2
    bad = [
        (curve, bytes([2 + point[-1] % 2]) + point[1 : size + 1]),
        (curve, bytes([6 + point[-1] % 2]) + point[1:]),
        (curve, b"\0"),
        (curve, point[:-1] + bytes([point[-1] ^ 1])),
        (curve, b"\4" + b"\0" * (2 * size)),
        (curve, b"\4" + b"\xff" * (2 * size)),
        (curve, point[:1] + b"\0" + point[1 : size + 1] + b"\0" + point[size + 1 :]),
        (b"nistp224", point),
    ]
    for named, raw in bad:
        with pytest.raises(ValueError, match=r"compressed|no point of its curve"):
            public_key_of_blob(wire_string(kind) + wire_string(named) + wire_string(raw))


def test_the_constants_of_the_curves_are_those_of_the_library() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    for name, library in (("nistp256", ec.SECP256R1()), ("nistp384", ec.SECP384R1()), ("nistp521", ec.SECP521R1())):
        assert library.group_order == FIELDS[CURVES[f"ecdsa-sha2-{name}"]].order
        assert library.key_size == FIELDS[CURVES[f"ecdsa-sha2-{name}"]].p.bit_length()


def test_one_private_key_is_known_in_every_form() -> None:
    device = SecurityKey("ed25519-sk")
    plain = public_key_of_blob(wire_string(b"ssh-ed25519") + wire_string(device.key.material.point))
    assert plain.blob != device.blob
    assert plain.material.pair == device.key.material.pair
    curve = SecurityKey("ecdsa-sk")
    fields = wire_string(b"nistp256") + wire_string(curve.key.material.point)
    assert public_key_of_blob(wire_string(b"ecdsa-sha2-nistp256") + fields).material.pair == curve.key.material.pair


@pytest.mark.parametrize("name", _FILES)
def test_several_signatures_of_different_kinds_come_apart(ssh_sign: Sign, name: str) -> None:
    blocks = [normalise(ssh_sign(one, ACT, _TEXT)) for one in (name, "alice", "rsa-4096")]
    assert split(b"".join(blocks)) == blocks


class _Flawed:
    """Signs as ssh-keygen may: ecdsa in its high form, a security key untouched."""

    def __init__(self, public_key: str, make: Callable[[str, bytes], bytes]) -> None:
        self.public_key, self._make = public_key, make

    def sign(self, namespace: str, payload: bytes) -> bytes:
        return self._make(namespace, payload)


def test_people_never_publish_what_does_not_count(ssh_sign: Sign, public: dict[str, str]) -> None:
    def high(namespace: str, payload: bytes) -> bytes:
        return _twin(normalise(ssh_sign("ecdsa", namespace, payload)))

    signer = StrictSigner(_Flawed(public["ecdsa"], high))
    assert verify(signer.sign(ACT, _TEXT), _TEXT, ACT) == signer.key or signer.key.comment
    device = SecurityKey("ed25519-sk")
    lazy = StrictSigner(_Flawed(device.public_key, lambda name, raw: device.sign(name, raw, flags=0)))
    with pytest.raises(ConfigurationError, match="not touched"):
        lazy.sign(ACT, _TEXT)
    with pytest.raises(ConfigurationError, match="your key does not count: this ssh-rsa key has 1024 bits"):
        StrictSigner(_Flawed(public["small-rsa"], high))


def _wire_flip(data: st.DataObject, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for bit in data.draw(st.sets(st.integers(0, len(raw) * 8 - 1), min_size=1, max_size=3)):
        changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


@pytest.mark.parametrize("name", ["ecdsa", "ecdsa-521", "rsa", "ed25519-sk", "ecdsa-sk"])
def test_a_changed_byte_of_a_signature_never_counts(ssh_sign: Sign, name: str) -> None:
    made = SecurityKey(name).sign(ACT, _TEXT) if name.endswith("-sk") else ssh_sign(name, ACT, _TEXT)  # type: ignore[arg-type]
    blob = dearmour(normalise(made))
    verify(armour(blob), _TEXT, ACT)

    @settings(max_examples=150)
    @given(st.data())
    def changed(data: st.DataObject) -> None:
        _code(armour(_wire_flip(data, blob)))

    changed()


@pytest.mark.parametrize("name", ["ecdsa", "ecdsa-384", "rsa"])
def test_a_changed_byte_of_a_key_is_refused_or_another_key(public: dict[str, str], name: str) -> None:
    key = parse_public_key(public[name])

    @settings(max_examples=150)
    @given(st.data())
    def changed(data: st.DataObject) -> None:
        blob = _wire_flip(data, key.blob)
        try:
            other = public_key_of_blob(blob)
        except ValueError:
            return
        assert other.blob != key.blob
        assert parse_public_key(other.line).blob == blob
        assert base64.b64decode(other.line.split(" ")[1]) == blob

    changed()


@settings(max_examples=200)
@given(st.sampled_from([*CURVES, "ssh-rsa", "ssh-ed25519"]), st.binary(max_size=120))
def test_any_bytes_are_lowered_or_refused(kind: str, value: bytes) -> None:
    try:
        low = lowered(kind, value)
    except ValueError:
        return
    assert lowered(kind, low) == low
