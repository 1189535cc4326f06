"""Requests and answers as ASGI 3.0 carries them: bodies within limits, headers that every answer has."""

import asyncio

from agentgov.gate.answer import JSON, Answer, Headers
from agentgov.gate.errors import RefusalError, bad_request
from agentgov.net.asgi import Receive, Scope, Send, read_whole

LARGEST = 256 * 1024  # bytes of a body
_ALWAYS: Headers = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class GoneError(Exception):
    """The caller went away: nobody is left to answer."""


async def read_body(scope: Scope, receive: Receive, largest: int = LARGEST, *, packed: bool = False) -> bytes:
    """The whole body, as it came where it may be packed. 413 for one that is too large, told before it is read where
    its length is given."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or len(value) > 12 or int(value) > largest):
            raise _too_large(largest)
        if not packed and name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise RefusalError(415, "gate.request", "a body comes as it is, not compressed", "send plain JSON")
    try:
        body = await read_whole(receive, largest)
    except TimeoutError:
        raise RefusalError(408, "gate.request", "the body took too long to arrive", "send it in one go") from None
    if body is None:
        raise GoneError
    if len(body) > largest:
        raise _too_large(largest)
    return body


def refuse_text(scope: Scope) -> None:
    """400 for a path that holds what is no text."""
    if "\0" in scope["path"] or not scope["path"].isprintable():
        raise bad_request("the path holds what is no text")


async def send_body(send: Send, status: int, body: bytes, headers: Headers = (), content_type: bytes = JSON) -> None:
    """Write a whole answer. `cache-control` is `no-store` unless the headers say otherwise."""
    always = _ALWAYS if not any(name == b"cache-control" for name, _ in headers) else _ALWAYS[1:]
    typed = ((b"content-type", content_type),) if content_type else ()
    sized = ((b"content-length", str(len(body)).encode()),) if status not in (204, 304) else ()
    every = [*typed, *sized, *always, *headers]
    await send({"type": "http.response.start", "status": status, "headers": every})
    await send({"type": "http.response.body", "body": body})


async def send_stream(send: Send, receive: Receive, answer: Answer, stopping: asyncio.Event) -> None:
    """Write a stream, piece by piece, until it ends, the caller goes away, or the gate stops."""
    headers = [(b"content-type", answer.content_type), *_ALWAYS, *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    assert answer.stream is not None
    pieces = asyncio.ensure_future(_pieces(send, answer))
    others = [asyncio.ensure_future(_until_gone(receive)), asyncio.ensure_future(stopping.wait())]
    try:
        await asyncio.wait([pieces, *others], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pieces, *others):
            task.cancel()
        await asyncio.gather(pieces, *others, return_exceptions=True)
    await send({"type": "http.response.body", "body": b""})


async def _pieces(send: Send, answer: Answer) -> None:
    assert answer.stream is not None
    async for piece in answer.stream:
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_large(largest: int) -> RefusalError:
    return RefusalError(413, "gate.request", f"the body is larger than {largest // 1024} kB", "send less at a time")
