"""A git server on loopback that speaks HTTP and asks for a token, as forges do: what CI hands to git has to reach it.

    with GitServer(folder, may=lambda token, writes: token == "t").serve() as server:
        ...  # git clone {server.url}/acme/fleet

`folder` holds bare repositories; git's own `http-backend` serves them. `may` says whether a token may read, or push.
"""

import base64
import binascii
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import gitworld
from serving import ThreadedHTTPServer, serving


class GitServer:
    """Serves the repositories in a folder; `refused` counts what bore no token that may."""

    def __init__(self, folder: Path, *, may: Callable[[str, bool], bool]) -> None:
        self.folder, self.may, self.url, self.refused = folder, may, "", 0

    @contextmanager
    def serve(self) -> Iterator[Self]:
        """Listen until the block ends."""
        with serving(ThreadedHTTPServer(("127.0.0.1", 0), self._handler())) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            yield self

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request: refused without a token that may, else git's answer."""
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        if not self.may(_token(request.headers.get("Authorization", "")), "git-receive-pack" in request.path):
            self.refused += 1
            return _send(request, 401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
        parts = urlsplit(request.path)
        told = {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": request.command,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "somebody",
            "REMOTE_ADDR": "127.0.0.1",
            "PATH": os.environ["PATH"],
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={**gitworld.environment(), **told},
            capture_output=True,
            check=False,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        pairs = [line.decode().split(": ", 1) for line in head.split(b"\r\n") if line]
        status = next((int(value.split()[0]) for name, value in pairs if name == "Status"), 200)
        return _send(request, status, [(name, value) for name, value in pairs if name != "Status"], content)


def _token(header: str) -> str:
    """The password of basic authentication, empty where there is none."""
    try:
        return base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _send(request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    request.send_response(status)
    for name, value in headers:
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
