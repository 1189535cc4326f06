"""A public key is one line in one form, and ssh-keygen agrees about it."""

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.trust.keys import parse_public_key, public_key_of_blob
from agentgov.trust.material import UncountedError, WeakKeyError
from agentgov.trust.wire import decode_base64, take_string, wire_string

_GOOD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAHb4BU3CntSika4VSHbbCrmA5gXO8CXG5sB+NkxlES6"


def _line(point: bytes) -> str:
    return f"ssh-ed25519 {base64.b64encode(wire_string(b'ssh-ed25519') + wire_string(point)).decode()}"


def test_a_line_is_read_with_and_without_its_comment() -> None:
    key = parse_public_key(f"{_GOOD} alice@laptop of hers\n")
    assert (key.kind, key.comment, key.line) == ("ssh-ed25519", "alice@laptop of hers", _GOOD)
    assert parse_public_key(_GOOD).blob == key.blob
    assert len(key.material.point) == 32


def test_the_fingerprint_is_the_one_ssh_keygen_prints(
    keys: dict[str, Path], public: dict[str, str], keygen: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    printed = keygen("-l", "-f", keys["alice"]).stdout.decode().split()[1]
    assert parse_public_key(public["alice"]).fingerprint == printed


@pytest.mark.parametrize("name", ["alice", "ecdsa", "ecdsa-384", "ecdsa-521", "rsa", "rsa-3072", "rsa-4096"])
def test_every_kind_that_ssh_keygen_makes_is_read(public: dict[str, str], name: str) -> None:
    key = parse_public_key(public[name])
    assert f"{key.line} {key.comment}" == public[name]


def test_weak_rsa_keys_are_refused_by_their_bits(public: dict[str, str]) -> None:
    for name, bits in (("small-rsa", 1024), ("short-rsa", 2047)):
        with pytest.raises(WeakKeyError, match=f"has {bits} bits: 2048 are the least that count"):
            parse_public_key(public[name])


@pytest.mark.parametrize(
    "kind",
    ["ssh-dss", "ssh-ed448", "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519-x", "ecdsa-sha2-nistp192", "ecdsa-x"],
)
def test_other_kinds_are_refused_by_name(kind: str) -> None:
    with pytest.raises(UncountedError, match=rf"^{kind} is not accepted: keys that count are ed25519, ecdsa, rsa of"):
        parse_public_key(f"{kind} AAAA")
    with pytest.raises(UncountedError, match=rf"^{kind} is not accepted"):
        public_key_of_blob(wire_string(kind.encode()) + wire_string(b"x"))


def test_a_line_names_the_kind_that_its_key_is(public: dict[str, str]) -> None:
    body = public["ecdsa"].split(" ")[1]
    for kind in ("ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp384", "sk-ecdsa-sha2-nistp256@openssh.com"):
        with pytest.raises(ValueError, match="the key in it is another kind"):
            parse_public_key(f"{kind} {body}")


def test_a_private_key_pasted_by_mistake_is_never_repeated(keys: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="this is a private key") as caught:
        parse_public_key(keys["alice"].read_text())
    assert "b3BlbnNza" not in str(caught.value)


_BODY = _GOOD.split(" ")[1]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "ssh-ed25519",
        "ssh-ed25519 ",
        f" {_GOOD}",
        f"{_GOOD} ",
        f"{_GOOD}\n\n",
        f"{_GOOD}\r\n",
        f"{_GOOD}\tcomment",
        f"{_GOOD} two\nlines",
        f"{_GOOD} \x1b[2J",
        f"ssh-ed25519  {_BODY}",
        f"ssh-rsa {_BODY}",
        f'command="id" {_GOOD}',
        f"no-pty {_GOOD}",
        f"SSH-ED25519 {_BODY}",
        f"ssh-ed25519 {_BODY}=",
        f"ssh-ed25519 {_BODY[:-1]}",
        f"ssh-ed25519 {_BODY[:-4]}",
        f"ssh-ed25519 {_BODY}AAAA",
        f"ssh-ed25519 {_BODY[:30]}!{_BODY[30:]}",
        f"ssh-ed25519 {_BODY.replace('+', '-')}",
        f"ssh-ed25519 {'é' * 68}",
        f"{_GOOD} {'x' * 20_000}",
    ],
)
def test_any_other_spelling_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Za-z].{10,}"):
        parse_public_key(line)


_P = 2**255 - 19
_SIGN = 1 << 255
_EIGHTH = [
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
]


@pytest.mark.parametrize("sign", [0, _SIGN])
@pytest.mark.parametrize("y", [0, 1, _P - 1, *_EIGHTH])
def test_a_point_of_small_order_is_no_key_because_anybody_can_sign_with_it(y: int, sign: int) -> None:
    with pytest.raises(ValueError, match="small order"):
        parse_public_key(_line((y | sign).to_bytes(32, "little")))


def _double(x: int, y: int) -> tuple[int, int]:
    """Adds a point to itself on the curve of RFC 8032 section 5.1."""
    d = -121665 * pow(121666, -1, _P) % _P
    both = d * x * x * y * y % _P
    return 2 * x * y * pow(1 + both, -1, _P) % _P, (y * y + x * x) * pow(1 - both, -1, _P) % _P


@pytest.mark.parametrize("y", [0, 1, _P - 1, *_EIGHTH])
def test_the_listed_points_really_are_of_small_order(y: int) -> None:
    d = -121665 * pow(121666, -1, _P) % _P
    square = (y * y - 1) * pow(d * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    assert (x * x - square) % _P == 0, "the point is on the curve"
    for _ in range(3):
        x, y = _double(x, y)
    assert (x, y) == (0, 1), "eight times the point is the neutral one"


@pytest.mark.parametrize("y", [_P, _P + 1, _P + 3, 2**255 - 1])
def test_a_second_spelling_of_a_point_is_refused(y: int) -> None:
    with pytest.raises(ValueError, match="not written canonically"):
        parse_public_key(_line(y.to_bytes(32, "little")))


@settings(max_examples=200)
@given(
    st.binary(max_size=80)
    | st.binary(min_size=32, max_size=32).map(lambda p: wire_string(b"ssh-ed25519") + wire_string(p))
)
def test_bytes_are_a_key_or_a_plain_sentence(blob: bytes) -> None:
    try:
        key = public_key_of_blob(blob)
    except ValueError:
        return
    assert key.blob == blob
    assert parse_public_key(key.line) == key


@settings(max_examples=200)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_a_wire_string_comes_back_with_what_follows_it(value: bytes, more: bytes) -> None:
    assert take_string(wire_string(value) + more) == (value, more)


@settings(max_examples=200)
@given(st.binary(max_size=60), st.integers(0, 79), st.sampled_from(b"ABgw=+/- \n"))
def test_base64_has_one_spelling(raw: bytes, at: int, byte: int) -> None:
    text = base64.b64encode(raw)
    assert decode_base64(text) == raw
    changed = text[:at] + bytes([byte]) + text[at + 1 :]
    try:
        other = decode_base64(changed)
    except ValueError:
        return
    assert (other == raw) == (changed == text)
