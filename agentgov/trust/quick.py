"""A second library for Ed25519, asked only to say yes sooner: libsodium takes half the time of OpenSSL.

Decides nothing that OpenSSL would not: a no is asked of OpenSSL again, and the library is not asked at all unless it
refuses, on this machine, signatures that only a laxer rule accepts. Both compare the bytes of the first half of a
signature with what they compute (RFC 8032 section 5.1.7 without the cofactor); a library that multiplies by the
cofactor accepts more, and two verifiers with two answers would be two histories.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

Quick: TypeAlias = Callable[[bytes, bytes, bytes], bool]

_MESSAGE = b"agentgov"
_KEY = bytes.fromhex("5eac3a7e7fb9f214f3bfa624fdae72f273c1ab25d6953ea87a2cf0425e17d404")
_GOOD = bytes.fromhex(
    "4d7f624a52de8640c08ac5cb2f2a35c60e97bb9e4f45a3a0515c4d885ed04cbb"
    "afe06b44e5eddb2534100b397341526aa686a43be941ddf2b89db8b1ee8ba707"
)
# The same key, with a point of order 2, 4 or 8 added to the first half of the signature.
_TWISTED = bytes.fromhex("""
    4b0e5367fee36b853d3a17a8936c5b016415c0e82eb2cfac2b5f25d934c323f0
    52b9d0a22a427627a59131b4c1e2acdd92cf7811464122d58ef19d08827e0106
    565e444086082d8a3ae4236f561c075c1d80ce4e48459f5c75670e9d82597117
    ca6c31f10d3a2d2432e88294421ef86ac924699198c35e2c4628569a0155360f
    6a5b6e60050e7d2aabfa4a98e6a9c7e958204f977ea15dff105464bee83f0133
    3b1eeaa19d58015ea992e54f750f93dfe014ca397cd7d9861b7fea7bd2790e09
""")
# A key that is no multiple of the base point, and a signature whose difference is a point of small order.
_MIXED_KEY = bytes.fromhex("d11399e522eaddc758ca360bd00e9d4457d77cb3729a6f9315062f6db5a393da")
_MIXED = bytes.fromhex(
    "a32c40b0cf3b5407957740133f8a2885a2545609b175125ce5e200434cc349ed"
    "048399bc016c716600a6c059c4661ee1c4a5691c8ae679b9dc23af37b8da610f"
)


@cache
def quick_yes() -> Quick | None:
    """What says yes to a signature over bytes under a point sooner; None where there is nothing that could be asked."""
    try:
        from nacl.bindings import crypto_sign_open
        from nacl.exceptions import CryptoError
    except ImportError:
        return None

    def says_yes(signature: bytes, signed: bytes, point: bytes) -> bool:
        try:
            return bool(crypto_sign_open(signature + signed, point) == signed)
        except (CryptoError, ValueError):
            return False

    return says_yes if is_strict(says_yes) else None


def is_strict(says_yes: Quick) -> bool:
    """Whether a verifier takes a good signature, and none that only a laxer rule takes."""
    lax = [(_TWISTED[start : start + 64], _KEY) for start in (0, 64, 128)] + [(_MIXED, _MIXED_KEY)]
    changed = bytes([_GOOD[0], _GOOD[1] ^ 1]) + _GOOD[2:]
    return says_yes(_GOOD, _MESSAGE, _KEY) and not any(
        says_yes(signature, _MESSAGE, key) for signature, key in [*lax, (changed, _KEY)]
    )
