"""A signature is good under one strict grammar, or it does not count (attacks K2, K8, K9, G3, G7, F1)."""

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE

from agentgov.trust.keys import parse_public_key
from agentgov.trust.sshsig import ACT, GIT, SignatureError, armour, dearmour, parse, split, verify
from agentgov.trust.wire import take_string, wire_string

Sign = Callable[..., bytes]
_TEXT = b"promote support/refund-assistant v1.4.0 to production\n"
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE-----\n"


def _code(armoured: bytes, payload: bytes = _TEXT, namespace: str = ACT) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(armoured, payload, namespace)
    assert caught.value.message
    assert caught.value.exit_code == 1
    return caught.value.code


@pytest.fixture(scope="module")
def signed(ssh_sign: Sign) -> bytes:
    return ssh_sign("alice", ACT, _TEXT)


@pytest.mark.parametrize("options", [(), ("-O", "hashalg=sha512"), ("-O", "hashalg=sha256")])
@pytest.mark.parametrize("payload", [b"", _TEXT, bytes(range(256)) * 300])
def test_what_ssh_keygen_signs_verifies(
    ssh_sign: Sign, public: dict[str, str], payload: bytes, options: tuple[str, ...]
) -> None:
    key = verify(ssh_sign("alice", GIT, payload, *options), payload, GIT)
    assert key.blob == parse_public_key(public["alice"]).blob


def test_git_commits_are_signed_for_the_namespace_git(tmp_path: Path, keys: dict[str, Path]) -> None:
    def git(*arguments: str) -> bytes:
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *arguments], capture_output=True, check=True, timeout=PATIENCE
        )
        return done.stdout

    git("init", "-q")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingkey": str(keys["bob"]),
        "user.name": "B",
        "user.email": "b@x",
    }.items():
        git("config", name, value)
    git("commit", "-q", "-S", "--allow-empty", "-m", "signed")
    headers, _, message = git("cat-file", "commit", "HEAD").partition(b"\n\n")
    plain, _, block = headers.partition(b"\ngpgsig ")
    verify(block.replace(b"\n ", b"\n"), plain + b"\n\n" + message, GIT)


def test_the_armour_is_the_one_ssh_keygen_writes(signed: bytes) -> None:
    assert armour(dearmour(signed)) == signed
    assert dearmour(signed.removesuffix(b"\n")) == dearmour(signed)


def test_older_armour_of_76_columns_is_read(signed: bytes) -> None:
    wide = _wrapped(dearmour(signed), 76)
    assert wide != signed
    assert dearmour(wide) == dearmour(signed)


def test_another_text_is_not_signed(signed: bytes) -> None:
    assert _code(signed, _TEXT + b"x") == "signature.invalid"


def test_a_signature_for_one_purpose_is_none_for_another(ssh_sign: Sign) -> None:
    assert _code(ssh_sign("alice", GIT, _TEXT), namespace=ACT) == "signature.namespace"
    assert _code(ssh_sign("alice", ACT, _TEXT), namespace=GIT) == "signature.namespace"
    assert _code(ssh_sign("alice", "file", _TEXT), namespace=GIT) == "signature.namespace"


def test_the_namespace_is_covered_by_the_signature(ssh_sign: Sign) -> None:
    blob = dearmour(ssh_sign("alice", "gip", _TEXT))
    assert _code(armour(blob.replace(wire_string(b"gip"), wire_string(b"git"))), namespace=GIT) == "signature.invalid"


def test_a_signature_named_after_sha1_does_not_count(signed: bytes) -> None:
    blob = dearmour(signed)
    assert _code(armour(blob.replace(wire_string(b"sha512"), wire_string(b"sha1")))) == "signature.algorithm"
    raw = parse(blob).raw.value
    renamed = blob.replace(
        wire_string(wire_string(b"ssh-ed25519") + wire_string(raw)),
        wire_string(wire_string(b"ssh-rsa") + wire_string(raw)),
    )
    assert renamed != blob
    assert _code(armour(renamed)) == "signature.algorithm"


def test_a_signature_by_another_key_names_that_key(ssh_sign: Sign, public: dict[str, str]) -> None:
    assert verify(ssh_sign("bob", ACT, _TEXT), _TEXT, ACT).line == parse_public_key(public["bob"]).line
    swapped = dearmour(ssh_sign("bob", ACT, _TEXT)).replace(
        parse_public_key(public["bob"]).blob, parse_public_key(public["alice"]).blob
    )
    assert _code(armour(swapped)) == "signature.invalid"


def test_the_twin_of_a_signature_is_refused(signed: bytes) -> None:
    """S and S + L verify the same where nobody checks that S is below the group order (RFC 8032 section 5.1.7)."""
    order = 2**252 + 27742317777372353535851937790883648493
    blob, raw = dearmour(signed), parse(dearmour(signed)).raw.value
    twin = raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    assert _code(armour(blob.replace(raw, twin))) == "signature.invalid"


def _fields(blob: bytes) -> list[bytes]:
    found, rest = [], blob[10:]
    while rest:
        value, rest = take_string(rest)
        found.append(value)
    return found


def _blob(fields: list[bytes], head: bytes = b"SSHSIG\0\0\0\1", tail: bytes = b"") -> bytes:
    return head + b"".join(map(wire_string, fields)) + tail


def test_every_field_of_the_blob_is_as_it_must_be(signed: bytes) -> None:
    key, namespace, reserved, hashed, inner = fields = _fields(dearmour(signed))
    assert _blob(fields) == dearmour(signed)
    bad = [
        _blob([key, namespace, b"x", hashed, inner]),
        _blob(fields, tail=b"\0"),
        _blob(fields, tail=b"\0\0\0\0"),
        _blob(fields, head=b"SSHSIG\0\0\0\2"),
        _blob(fields, head=b"SSHSIG\0\0\0\0"),
        _blob(fields, head=b"sshsig\0\0\0\1"),
        _blob([key + b"\0", namespace, reserved, hashed, inner]),
        _blob([key[:-1], namespace, reserved, hashed, inner]),
        _blob([key, b"", reserved, hashed, inner]),
        _blob([key, "agentgov-äct".encode(), reserved, hashed, inner]),
        _blob([key, namespace, reserved, hashed, inner + b"\0"]),
        _blob([key, namespace, reserved, hashed, inner[:-1]]),
        _blob([key, namespace, reserved, hashed, wire_string(b"ssh-ed25519") + wire_string(b"\0" * 63)]),
        _blob([key, namespace, reserved, hashed, wire_string(b"ssh-ed25519") + wire_string(b"\0" * 65)]),
        _blob([key, namespace, reserved, hashed]),
        b"SSHSIG\0\0\0\1\xff\xff\xff\xff",
        b"",
    ]
    for blob in bad:
        assert _code(armour(blob)) == "signature.malformed", blob


def test_what_was_read_before_lets_no_other_blob_through(signed: bytes) -> None:
    blob = dearmour(signed)
    value = parse(blob).raw.value
    assert value == blob[-64:]
    moved = blob[:-64] + bytes(64)
    assert parse(moved).raw.value == bytes(64)
    short, long = blob[:-64], blob + value
    for other in (short, long, blob[:-1], blob + b"\0", blob[:-65] + value, short + b"\0" + value, value):
        with pytest.raises(SignatureError):
            parse(other)


def _wrapped(blob: bytes, columns: int) -> bytes:
    body = base64.b64encode(blob)
    return _BEGIN + b"".join(body[at : at + columns] + b"\n" for at in range(0, len(body), columns)) + _END


def test_every_loose_spelling_of_the_armour_is_refused(signed: bytes) -> None:
    lines = signed.split(b"\n")
    short = signed.replace(lines[1] + b"\n", lines[1][:-1] + b"\n" + lines[1][-1:])
    bad = {
        "empty": b"",
        "only the frame": _BEGIN + _END,
        "nothing inside": _BEGIN + b"\n" + _END,
        "blank line first": signed.replace(_BEGIN, _BEGIN + b"\n"),
        "blank line last": signed.replace(_END, b"\n" + _END),
        "blank line between": signed.replace(lines[2], lines[2] + b"\n"),
        "text before": b"x\n" + signed,
        "newline before": b"\n" + signed,
        "text after": signed + b"x",
        "newline after": signed + b"\n",
        "two blocks": signed + signed,
        "carriage returns": signed.replace(b"\n", b"\r\n"),
        "space at the end": signed.replace(lines[1], lines[1] + b" "),
        "space before": signed.replace(lines[1], b" " + lines[1]),
        "tab": signed.replace(lines[1], lines[1][:-1] + b"\t"),
        "one long line": signed.replace(lines[1] + b"\n", lines[1]),
        "other columns": short,
        "64 columns": _wrapped(dearmour(signed), 64),
        "all on one line": _wrapped(dearmour(signed), 1000),
        "last line longer": signed.replace(lines[-4] + b"\n", lines[-4]),
        "no end": signed.removesuffix(_END),
        "no begin": signed.removeprefix(_BEGIN),
        "header": signed.replace(_BEGIN, _BEGIN + b"Comment: x\n\n"),
        "padding": signed.replace(b"\n" + _END, b"=\n" + _END),
        "nul": signed.replace(lines[1], lines[1][:-1] + b"\0"),
        "huge": _BEGIN + (b"A" * 70 + b"\n") * 100_000 + _END,
    }
    for name, text in bad.items():
        assert _code(text) == "signature.malformed", name


def test_padding_bits_must_be_zero() -> None:
    """A blob whose base64 ends in `=` has pad bits that loose readers ignore."""
    blob = b"SSHSIG\0\0\0\1" + wire_string(b"xy")
    good = armour(blob)
    assert dearmour(good) == blob
    body = base64.b64encode(blob)
    assert body.endswith(b"=")
    at = len(body.rstrip(b"=")) - 1
    other = body[:at] + bytes([body[at] + 1]) + body[at + 1 :]
    assert base64.b64decode(other) == blob, "a loose reader takes it for the same"
    with pytest.raises(SignatureError, match="canonically"):
        dearmour(good.replace(body, other))


def test_a_text_longer_than_any_signature_is_not_even_read() -> None:
    with pytest.raises(SignatureError, match="too long"):
        dearmour(armour(b"x" * 20_000))


def test_several_blocks_come_apart_as_they_were_put_together(ssh_sign: Sign) -> None:
    one, two = ssh_sign("alice", ACT, _TEXT), ssh_sign("bob", ACT, _TEXT)
    assert split(one) == [one]
    assert split(one + two) == [one, two]
    for bad in (
        b"",
        b"\n",
        one + b"\n" + two,
        one + b"x" + two,
        one + two + b"x",
        (one + two)[:-1],
        one + one[:-40],
        b"x" + one,
    ):
        with pytest.raises(SignatureError) as caught:
            split(bad)
        assert caught.value.code == "signature.malformed", bad


@settings(max_examples=400)
@given(st.data())
def test_a_flipped_bit_never_verifies(signed: bytes, data: st.DataObject) -> None:
    flips = data.draw(st.sets(st.integers(0, len(signed) * 8 - 1), min_size=1, max_size=4))
    changed = bytearray(signed)
    for bit in flips:
        changed[bit // 8] ^= 1 << (bit % 8)
    _code(bytes(changed))


@settings(max_examples=200)
@given(st.data())
def test_a_changed_text_never_verifies(signed: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, len(_TEXT) * 8 - 1))
    changed = bytearray(_TEXT)
    changed[bit // 8] ^= 1 << (bit % 8)
    assert _code(signed, bytes(changed)) == "signature.invalid"


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_without_a_traceback(blob: bytes) -> None:
    for text in (blob, armour(blob), armour(b"SSHSIG\0\0\0\1" + blob)):
        with pytest.raises(SignatureError):
            verify(text, b"", ACT)
