"""The least of a client of HTTP/1.1: one connection, one request at a time, bytes made once and sent again."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Self


def request(method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> bytes:
    """A request as it is sent."""
    sent = json.dumps(body).encode() if body is not None else b""
    typed = f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n" if body is not None else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {token}\r\n{typed}\r\n"
    return head.encode() + sent


class Line:
    """A connection that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Self:
        """Connect on loopback."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, sent: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(sent)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
        body = await self._reader.readexactly(int(length)) if length else b""
        return int(head[9:12]), body

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
