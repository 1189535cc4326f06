"""An answer: status, headers, and a body or a stream of events."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

Headers = tuple[tuple[bytes, bytes], ...]
JSON = b"application/json"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `stream` gives the body in pieces, until it ends or the caller goes away."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    content_type: bytes = JSON
    stream: AsyncIterator[bytes] | None = None


def answered(value: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """A value as JSON."""
    return Answer(status, _encode(value), tuple((name.encode(), text.encode()) for name, text in headers))


def plain(text: str, status: int = 200, content_type: bytes = b"text/plain; charset=utf-8") -> Answer:
    """A text."""
    return Answer(status, text.encode(), content_type=content_type)


NOTHING = Answer(204, content_type=b"")
