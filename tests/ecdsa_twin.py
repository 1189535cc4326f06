"""The other half of an ECDSA signature: (r, n - s) fits as well as (r, s), and is another object. Made of raw bytes."""

import base64
import re

_END = b"-----END SSH SIGNATURE-----"
_BEGIN = b"-----BEGIN SSH SIGNATURE-----"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256


def with_twin(raw: bytes) -> bytes:
    """The commit with s replaced by n - s."""
    found = re.search(rb"gpgsig " + _BEGIN + rb".*?" + _END + rb"\n", raw, re.DOTALL)
    assert found is not None
    block = found[0]
    lines = [line.strip() for line in block.removeprefix(b"gpgsig ").split(b"\n")]
    blob = base64.b64decode(b"".join(line for line in lines if line and not line.startswith(b"-")))
    at, length = _last_mpint(blob)
    other = _ORDER - int.from_bytes(blob[at : at + length], "big")
    spelled = other.to_bytes(other.bit_length() // 8 + 1, "big")
    grown = len(spelled) - length
    inner = len(blob[: at - 4])
    made = bytearray(blob[: at - 4] + len(spelled).to_bytes(4, "big") + spelled)
    for place in _lengths_around(blob, inner):
        size = int.from_bytes(made[place : place + 4], "big") + grown
        made[place : place + 4] = size.to_bytes(4, "big")
    text = base64.encodebytes(bytes(made)).replace(b"\n", b"")
    wrapped = b"\n ".join(text[start : start + 70] for start in range(0, len(text), 70))
    return raw.replace(block, b"gpgsig " + _BEGIN + b"\n " + wrapped + b"\n " + _END + b"\n", 1)


def _strings(blob: bytes) -> list[tuple[int, int]]:
    """Where the strings of an SSHSIG begin, and how long they are."""
    at, found = 10, []
    while at < len(blob):
        size = int.from_bytes(blob[at : at + 4], "big")
        found.append((at + 4, size))
        at += 4 + size
    return found


def _last_mpint(blob: bytes) -> tuple[int, int]:
    at, _ = _strings(blob)[-1]  # the signature: string of the algorithm, string of (r, s)
    at += 4 + int.from_bytes(blob[at : at + 4], "big")
    at += 4
    r = int.from_bytes(blob[at : at + 4], "big")
    return at + 4 + r + 4, int.from_bytes(blob[at + 4 + r : at + 8 + r], "big")


def _lengths_around(blob: bytes, inner: int) -> tuple[int, int]:
    at, _ = _strings(blob)[-1]
    return at - 4, at + 4 + int.from_bytes(blob[at : at + 4], "big")
