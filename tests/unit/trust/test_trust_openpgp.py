"""What git signs by OpenPGP counts in one spelling, by keys of Access, at journal time (K8, K9, G2, G3, G7)."""

import base64
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpgworld import Gpg, needs_gpg
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.errors import IncompleteError
from agentgov.model.access import Access, Administrators, Person
from agentgov.trust.identity import Directory, problems
from agentgov.trust.keys import parse_public_key
from agentgov.trust.material import UncountedError, WeakKeyError
from agentgov.trust.openpgp import dearmour_openpgp, parse_certificate, parse_claim
from agentgov.trust.signatures import claimed_key, verify_git
from agentgov.trust.sshsig import ACT, GIT, SignatureError, verify

_TEXT = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\0\xff\r\nmessage\n"
_NOBODY = Access(administrators=Administrators(who=()))
_BEGIN, _END = b"-----BEGIN PGP SIGNATURE-----\n", b"-----END PGP SIGNATURE-----\n"


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    needs_gpg()
    folder = Path(tempfile.mkdtemp(prefix="gpg"))  # short: the sockets of its agent have a limit
    made = Gpg(folder / "home")
    made.make("ada")
    made.make("rob", "rsa2048")
    made.make("sub", "rsa3072")
    made.add_subkey("sub", "ed25519", "sign")
    made.add_subkey("sub", "cv25519", "encr")
    made.make("wee", "rsa1024")
    made.make("nist", "nistp256")
    past = ("--faked-system-time", "20250101T000000!")
    made.make("old", "ed25519", "30d", *past)
    made.make("part", "ed25519", "never", *past)
    made.add_subkey("part", "ed25519", "sign", "30d", *past)
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def directory(gpg: Gpg) -> Directory:
    people = tuple(Person(id=who, keys=(gpg.line(who),)) for who in ("ada", "rob", "sub", "old", "part"))
    access = Access(administrators=Administrators(who=("ada",)), people=people)
    assert problems(access) == ()
    return Directory(access)


def _code(directory: Directory, armoured: bytes, payload: bytes = _TEXT, at: int | None = None) -> str:
    at = int(time.time()) if at is None else at  # as late as this test runs
    with pytest.raises(SignatureError) as caught:
        verify_git(armoured, payload, directory.certificate, at)
    assert caught.value.message
    assert "stack" not in caught.value.message.lower()
    assert caught.value.exit_code == 1
    return caught.value.code


def _armour(packet: bytes, columns: int = 64) -> bytes:
    from agentgov.trust.openpgp import _crc24

    body = base64.b64encode(packet)
    lines = b"".join(body[at : at + columns] + b"\n" for at in range(0, len(body), columns))
    return _BEGIN + b"\n" + lines + b"=" + base64.b64encode(_crc24(packet).to_bytes(3, "big")) + b"\n" + _END


@pytest.mark.parametrize("who", ["ada", "rob", "sub"])
def test_what_gpg_signs_counts_for_its_holder(gpg: Gpg, directory: Directory, who: str) -> None:
    signed = gpg.sign(who, _TEXT)
    key = verify_git(signed, _TEXT, directory.certificate, int(time.time()))
    identity = directory.by_key(key)
    assert identity is not None
    assert identity.id == who
    assert claimed_key(signed, directory.certificate) == key
    assert key.fingerprint == f"openpgp4fpr:{gpg.fingerprint(who)}"
    assert _code(directory, signed, _TEXT + b"x") == "signature.invalid"
    assert _armour(dearmour_openpgp(signed)) == signed


def test_ssh_signatures_come_through_the_same_door(
    directory: Directory, ssh_sign: Callable[..., bytes], public: dict[str, str]
) -> None:
    good = ssh_sign("alice", GIT, _TEXT)
    assert verify_git(good, _TEXT, directory.certificate, 0).line == parse_public_key(public["alice"]).line
    assert _code(directory, ssh_sign("alice", ACT, _TEXT)) == "signature.namespace"


def test_openpgp_never_signs_an_act(gpg: Gpg) -> None:
    for namespace in (ACT, GIT):
        with pytest.raises(SignatureError) as caught:
            verify(gpg.sign("ada", _TEXT), _TEXT, namespace)
        assert caught.value.code == "signature.algorithm"
        assert "commits and tags" in caught.value.message


def test_key_of_nobody_is_a_stranger(gpg: Gpg, directory: Directory) -> None:
    signed = gpg.sign("nist", _TEXT)
    assert _code(directory, signed) == "signature.algorithm", "ecdsa has two forms of each signature"
    assert _code(directory, gpg.sign("wee", _TEXT)) == "signature.invalid"
    assert claimed_key(gpg.sign("wee", _TEXT), directory.certificate) is None


@pytest.mark.parametrize("weak", ["SHA1", "RIPEMD160", "SHA224"])
def test_a_weak_hash_does_not_count(gpg: Gpg, directory: Directory, weak: str) -> None:
    signed = gpg.sign("rob", _TEXT, "--allow-weak-digest-algos", "--digest-algo", weak)
    assert _code(directory, signed) == "signature.algorithm"


def test_a_binding_over_sha1_does_not_count(gpg: Gpg) -> None:
    gpg.make("sha", "rsa2048", "never", "--cert-digest-algo", "SHA1")
    access = Access(administrators=Administrators(who=("sha",)), people=(Person(id="sha", keys=(gpg.line("sha"),)),))
    assert _code(Directory(access), gpg.sign("sha", _TEXT)) == "signature.invalid"


def test_only_a_binary_document_can_be_signed(gpg: Gpg, directory: Directory) -> None:
    assert _code(directory, gpg.sign("ada", b"x\n", "--textmode"), b"x\n") == "signature.algorithm"


def test_expired_key_signs_nothing_whatever_date_it_writes(gpg: Gpg, directory: Directory) -> None:
    """Stock git takes an expired key with a back-dated signature."""
    january = 1_735_700_000
    for who in ("old", "part"):
        backdated = gpg.sign(who, _TEXT, "--faked-system-time", "20250105T000000!")
        assert _code(directory, backdated) == "signature.invalid"
        identity = directory.by_key(verify_git(backdated, _TEXT, directory.certificate, january + 5 * 86_400))
        assert identity is not None
        assert identity.id == who, "it counted then"


def test_signature_from_the_future_of_the_journal_does_not_count_yet(gpg: Gpg, directory: Directory) -> None:
    signed = gpg.sign("ada", _TEXT)
    created = parse_claim(dearmour_openpgp(signed)).created
    assert _code(directory, signed, at=created - 301) == "signature.invalid"
    verify_git(signed, _TEXT, directory.certificate, created - 300)


def test_a_signature_that_ends_some_day_does_not_count(gpg: Gpg, directory: Directory) -> None:
    assert _code(directory, gpg.sign("ada", _TEXT, "--default-sig-expire", "2y")) == "signature.algorithm"


def test_every_loose_spelling_of_the_armour_is_refused(gpg: Gpg, directory: Directory) -> None:
    signed = gpg.sign("ada", _TEXT)
    packet, lines = dearmour_openpgp(signed), signed.split(b"\n")
    bad = {
        "two blocks": signed + signed,
        "text after": signed + b"x",
        "newline after": signed + b"\n",
        "header": signed.replace(b"\n\n", b"\nComment: x\n\n", 1),
        "no blank line": signed.replace(b"\n\n", b"\n", 1),
        "second blank line": signed.replace(b"\n\n", b"\n\n\n", 1),
        "bad checksum": signed.replace(lines[-3], b"=AAAA"),
        "no checksum": signed.replace(lines[-3] + b"\n", b""),
        "carriage returns": signed.replace(b"\n", b"\r\n"),
        "76 columns": _armour(packet, 76),
        "one line": _armour(packet, 1000),
        "space": signed.replace(lines[2], lines[2] + b" "),
        "no end": signed.removesuffix(_END),
        "empty": _BEGIN + _END,
        "two packets": _armour(packet + packet),
        "no packet": _armour(b"\x88"),
        "long length": _armour(b"\x89\0" + packet[1:]),
        "nothing": _armour(b""),
        "huge": _armour(packet + b"x" * 20_000),
        "only the begin": _BEGIN,
    }
    for name, text in bad.items():
        assert _code(directory, text) == "signature.malformed", name


def test_what_is_not_signed_carries_nothing(gpg: Gpg, directory: Directory) -> None:
    """Anybody can write into the part that is not signed: it may name the key, and nothing else."""
    packet = dearmour_openpgp(gpg.sign("ada", _TEXT))
    body = packet[2:]
    assert packet[0] == 0x88
    hashed = 6 + int.from_bytes(body[4:6], "big")
    size = int.from_bytes(body[hashed : hashed + 2], "big")
    head, area, tail = body[:hashed], body[hashed + 2 : hashed + 2 + size], body[hashed + 2 + size :]
    for other in (
        b"",
        area + b"\x03\x14ab",
        area + area,
        area[:-1] + bytes([area[-1] ^ 1]),
        b"\x05\x02\0\0\0\1" + area,
        area + b"\0",
    ):
        made = head + len(other).to_bytes(2, "big") + other + tail
        assert _code(directory, _armour(bytes([0x88, len(made)]) + made)) in (
            "signature.algorithm",
            "signature.malformed",
        )


def test_a_changed_bit_of_a_signature_never_counts(gpg: Gpg, directory: Directory) -> None:
    for who in ("ada", "rob"):
        packet = dearmour_openpgp(gpg.sign(who, _TEXT))
        for place in range(len(packet)):
            for bit in (place % 8, (place + 3) % 8):
                changed = bytearray(packet)
                changed[place] ^= 1 << bit
                _code(directory, _armour(bytes(changed)))


@settings(max_examples=300)
@given(st.binary(max_size=120))
def test_any_bytes_are_refused_without_a_traceback(blob: bytes) -> None:
    nobody = Directory(_NOBODY)
    for text in (_BEGIN + blob, _armour(blob), _armour(b"\x88" + bytes([len(blob)]) + b"\4\0\x16\x08" + blob)):
        assert _code(nobody, text) in ("signature.malformed", "signature.algorithm", "signature.invalid")
    with pytest.raises(ValueError, match=r"^[A-Za-z].{10,}"):
        parse_certificate(blob)


def test_certificates_that_do_not_count_are_refused_with_a_sentence(gpg: Gpg) -> None:
    with pytest.raises(WeakKeyError, match="1024 bits"):
        parse_public_key(gpg.line("wee"))
    with pytest.raises(UncountedError, match="neither RSA nor Ed25519"):
        parse_public_key(gpg.line("nist"))
    both = base64.b64encode(gpg.certificate("ada") + gpg.certificate("rob")).decode()
    with pytest.raises(ValueError, match="not one OpenPGP certificate"):
        parse_public_key(f"openpgp {both}")
    secret = base64.b64encode(gpg("--export-secret-keys", "ada@sim.example")).decode()
    with pytest.raises(ValueError, match="private key") as caught:
        parse_public_key(f"openpgp {secret}")
    assert secret[:20] not in str(caught.value)
    for text in ("", "AAAA", base64.b64encode(gpg.certificate("ada")[:-1]).decode()):
        with pytest.raises(ValueError, match=r"^[a-zA-Z].{10,}"):
            parse_public_key(f"openpgp {text}")


def test_a_certificate_with_a_revoked_key_is_refused(gpg: Gpg) -> None:
    gpg.make("gone")
    certificate = gpg.home / "openpgp-revocs.d" / f"{gpg.fingerprint('gone')}.rev"
    gpg("--import", stdin=certificate.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))
    with pytest.raises(UncountedError, match="revoked"):
        parse_public_key(gpg.line("gone"))


def test_one_certificate_on_two_people_is_refused(gpg: Gpg) -> None:
    people = (Person(id="ada", keys=(gpg.line("ada"),)), Person(id="eve", keys=(f"{gpg.line('ada')} mine",)))
    access = Access(administrators=Administrators(who=("ada",)), people=people)
    assert [one.rule for one in problems(access)] == ["access.key-shared"]
    assert Directory(access).certificate(gpg.fingerprint("ada").lower()) is not None
    assert Directory(access).by_key(gpg.line("ada")) is None


def test_without_the_extra_nobody_can_tell_and_the_command_is_named(
    gpg: Gpg, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = gpg.sign("ada", _TEXT)
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    with pytest.raises(IncompleteError, match="cannot be verified here") as caught:
        verify_git(signed, _TEXT, directory.certificate, int(time.time()))
    assert caught.value.hint == "install the extra: pip install 'agentgov[openpgp]'"
    assert caught.value.exit_code == 3
    assert _code(Directory(_NOBODY), signed) == "signature.invalid", "a stranger's is a no without asking anybody"
