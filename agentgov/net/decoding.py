"""Answers as values of the shape that is expected; anything else is no answer at all."""

from typing import TypeVar

import msgspec

from agentgov.errors import IncompleteError
from agentgov.net.exchange import Answer

Shape = TypeVar("Shape")


def decoded(answer: Answer, shape: type[Shape], what: str) -> Shape:
    """The body of an answer as JSON of a shape; fields that it does not name are passed over.

    IncompleteError (`forge.unreachable`) where it is of another shape: a login page, a proxy's words, half of it.
    """
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        where = str(error).rpartition(" - at ")[2] if isinstance(error, msgspec.ValidationError) else "no JSON"
        told = f"{what}: the forge answered with something else than it should ({where[:100]})"
        raise IncompleteError(told, "check --api-url; try again", rule="forge.unreachable") from None
