"""The wire forms of SSH (RFC 4251 section 5) and base64, each with one spelling.

Decides only whether bytes are written as they must be; what they mean, others say. Whatever could be written in a
second way is refused: two spellings of one thing would be two things to whoever compares bytes.
"""

import binascii


def wire_string(value: bytes) -> bytes:
    """A string: its length in four bytes, then the bytes."""
    return len(value).to_bytes(4, "big") + value


def take_string(blob: bytes) -> tuple[bytes, bytes]:
    """The first string of some bytes, and what follows it; ValueError where it is cut short."""
    length = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 or len(blob) - 4 < length:
        raise ValueError("the bytes end in the middle of a field")
    return blob[4 : 4 + length], blob[4 + length :]


def wire_mpint(value: int) -> bytes:
    """A positive number: big-endian in two's complement, without a byte that could be spared."""
    return wire_string(value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b"")


def take_mpint(blob: bytes) -> tuple[int, bytes]:
    """The first number of some bytes, zero or positive, and what follows it; ValueError for any other spelling."""
    raw, rest = take_string(blob)
    value = int.from_bytes(raw, "big")
    if wire_mpint(value) != wire_string(raw):
        raise ValueError("a number is negative or not written canonically")
    return value, rest


def decode_base64(text: bytes) -> bytes:
    """The bytes of canonical base64 (RFC 4648 section 3.5: pad bits zero); ValueError for any other spelling."""
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise ValueError("this is not base64") from error
    if binascii.b2a_base64(raw, newline=False) != text:
        raise ValueError("this base64 is not written canonically")
    return raw


def encode_base64(raw: bytes) -> str:
    """The canonical base64 of some bytes (RFC 4648 section 4)."""
    return binascii.b2a_base64(raw, newline=False).decode("ascii")
