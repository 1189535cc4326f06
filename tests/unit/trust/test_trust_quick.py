"""libsodium may say yes sooner, and never says yes where OpenSSL says no."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.trust.algorithms import _edwards
from agentgov.trust.quick import is_strict, quick_yes

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def _add(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    both = D * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + both, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - both, -1, P) % P


def _times(number: int, point: Point) -> Point:
    found = (0, 1)
    while number:
        if number & 1:
            found = _add(found, point)
        point, number = _add(point, point), number >> 1
    return found


def _point(y: int) -> Point:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    return (x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P), y


def _bytes(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


BASE = _point(4 * pow(5, -1, P) % P)
EIGHTH = _point(
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
)
SMALL = [_times(turn, EIGHTH) for turn in range(8)]


def _openssl(signature: bytes, signed: bytes, point: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(point).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _made(secret: int, nonce: int, signed: bytes, twists: tuple[int, int], more: int) -> tuple[bytes, bytes]:
    """A signature by the rules, but for points of small order that its maker adds, and multiples of the group order."""
    key = _bytes(_add(_times(secret, BASE), SMALL[twists[0]]))
    first = _bytes(_add(_times(nonce, BASE), SMALL[twists[1]]))
    challenge = int.from_bytes(hashlib.sha512(first + key + signed).digest(), "little") % L
    return key, first + ((nonce + challenge * secret) % L + more * L).to_bytes(32, "little")


@settings(max_examples=120)
@given(
    st.integers(1, L - 1),
    st.integers(0, L - 1) | st.just(0),
    st.binary(max_size=40),
    st.tuples(st.integers(0, 7), st.integers(0, 7)),
    st.integers(0, 2),
)
def test_the_answer_is_that_of_openssl_whatever_the_signer_does(
    secret: int, nonce: int, signed: bytes, twists: tuple[int, int], more: int
) -> None:
    pytest.importorskip("nacl")
    says_yes = quick_yes()
    assert says_yes is not None
    key, signature = _made(secret, nonce, signed, twists, more)
    wanted = _openssl(signature, signed, key)
    assert wanted or not says_yes(signature, signed, key), "a yes is always one of OpenSSL, too"
    check = _edwards(key)
    for _ in range(2):
        try:
            check(signature, signed)
        except InvalidSignature:
            assert not wanted
        else:
            assert wanted


def test_many_signatures_are_answered_as_few_are() -> None:
    private = Ed25519PrivateKey.generate()
    check = _edwards(private.public_key().public_bytes_raw())
    for number in range(250):
        signed = b"%d" % number
        check(private.sign(signed), signed)
        with pytest.raises(InvalidSignature):
            check(private.sign(signed), signed + b"x")


def test_openssl_itself_passes_the_trial_and_a_laxer_verifier_does_not() -> None:
    assert is_strict(_openssl)
    assert not is_strict(lambda signature, signed, point: True)
    assert not is_strict(lambda signature, signed, point: False)

    def with_cofactor(signature: bytes, signed: bytes, point: bytes) -> bool:
        first, key = (_decoded(raw) for raw in (signature[:32], point))
        challenge = int.from_bytes(hashlib.sha512(signature[:32] + point + signed).digest(), "little") % L
        left = _times(8 * int.from_bytes(signature[32:], "little"), BASE)
        return left == _times(8, _add(first, _times(challenge, key)))

    assert not is_strict(with_cofactor), "it takes what OpenSSL refuses"


def _decoded(raw: bytes) -> Point:
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    x, _ = _point(y)
    return (x if x & 1 == raw[31] >> 7 else P - x), y
