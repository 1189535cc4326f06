"""Messages of protobuf, walked through without being made: what lies in which field, and nothing of what it means.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Callable, Iterator

_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5


class WireError(Exception):
    """That is no message."""


def within(message: memoryview, number: int, count: Callable[[int], None]) -> Iterator[memoryview]:
    """Every message in a field of a message; each field that is passed is counted. Raises WireError."""
    at = 0
    while at < len(message):
        count(1)
        tag, at = _varint(message, at)
        kind, size = tag & 7, 0
        if kind == _SIZED:
            size, at = _varint(message, at)
        elif kind == _VARINT:
            _, at = _varint(message, at)
        elif kind in (_EIGHT, _FOUR):
            size = 8 if kind == _EIGHT else 4
        else:  # groups, which nobody writes any more
            raise WireError
        if size > len(message) - at:
            raise WireError
        if tag == number << 3 | _SIZED:
            yield message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A whole number, and where it ends."""
    found = shift = 0
    while shift <= 63 and at < len(message):
        byte = message[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, at
        shift += 7
    raise WireError
