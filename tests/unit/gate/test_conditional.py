"""`If-None-Match`, as RFC 9110 writes it, and as anybody else might."""

import pytest

from agentgov.gate.conditional import has_already

TAG = b'"abc"'


def asked(value: bytes) -> bool:
    return has_already([(b"host", b"gate"), (b"if-none-match", value)], TAG)


@pytest.mark.parametrize(
    "value", [b'"abc"', b'W/"abc"', b"*", b" * ", b'"x", "abc"', b'"x","abc" , W/"y"', b'"a,b", "abc"', b'"abc",']
)
def test_who_has_it_gets_it_not_again(value: bytes) -> None:
    assert asked(value)


@pytest.mark.parametrize(
    "value",
    [b"", b"abc", b'"ABC"', b'"abc', b'"x"', b'"x" "abc"', b'"abc" x', b'w/"abc"', b'x, "abc"', b'"abc", x', b"**"],
)
def test_anybody_else_gets_it(value: bytes) -> None:
    assert not asked(value)


def test_who_does_not_ask_gets_it() -> None:
    assert not has_already([(b"host", b"gate")], TAG)
