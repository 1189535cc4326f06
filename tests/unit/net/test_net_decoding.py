"""An answer of another shape is no answer."""

import msgspec
import pytest

from agentgov.errors import IncompleteError
from agentgov.net.decoding import decoded
from agentgov.net.exchange import Answer


class Thing(msgspec.Struct):
    id: int


def test_fields_that_nobody_asked_for_are_passed_over() -> None:
    assert decoded(Answer(200, {}, b'{"id": 1, "more": [2]}'), Thing, "GET /x").id == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"id": "1"}', b'{"id": null}', b"<html>", b"\xff\xfe", b"[" * 5000, b'{"id": 1} {}'],
)
def test_anything_else_is_no_answer(body: bytes) -> None:
    with pytest.raises(IncompleteError, match=r"^GET /x: the forge answered with something else"):
        decoded(Answer(200, {}, body), Thing, "GET /x")
