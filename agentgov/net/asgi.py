"""What is the same for every application that speaks ASGI 3.0: its types, and a body that is read within bounds."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SLOWEST = 10.0  # seconds that a body may take to arrive


async def read_whole(receive: Receive, most: int) -> bytes | None:
    """A body; of one that is larger than so many bytes, more than those; None where the other side went away. Raises
    TimeoutError where it takes too long to arrive."""
    body, more = bytearray(), True
    async with asyncio.timeout(SLOWEST):
        while more and len(body) <= most:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
    return bytes(body)
