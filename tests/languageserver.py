"""A client for the real yaml-language-server: just enough of the protocol to ask what an editor asks.

It speaks over stdio, answers the server's own questions, and fails when an answer takes too long.
"""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from patience import PATIENCE

_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
Message = dict[str, Any]


class LanguageServer:
    """One server, with a workspace open."""

    def __init__(self, command: Sequence[str], workspace: Path, settings: Mapping[str, Any] | None = None) -> None:
        self._settings = {**_SETTINGS, **(settings or {})}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._messages: queue.Queue[Message] = queue.Queue()
        self._number = 0
        threading.Thread(target=self._listen, daemon=True).start()
        completion = {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}}
        capabilities = {
            "workspace": {"configuration": True, "workspaceFolders": True},
            "textDocument": {"hover": {"contentFormat": ["markdown"]}, "completion": completion},
        }
        self.ask(
            "initialize",
            processId=os.getpid(),
            rootUri=workspace.as_uri(),
            workspaceFolders=[{"uri": workspace.as_uri(), "name": "fleet"}],
            capabilities=capabilities,
        )
        self.tell("initialized")

    def __enter__(self) -> "LanguageServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a request."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        return self._wait(lambda message: message.get("id") == number and "method" not in message)["result"]

    def tell(self, method: str, **params: Any) -> None:
        """A notification, to which nothing is answered."""
        self._send({"method": method, "params": params})

    def diagnostics(self, file: Path) -> list[Message]:
        """Open a file, and what is wrong with it."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": file.read_text("utf-8")}
        self.tell("textDocument/didOpen", textDocument=document)

        def about(message: Message) -> bool:
            published = message.get("method") == "textDocument/publishDiagnostics"
            return published and message["params"]["uri"] == file.as_uri()

        found: list[Message] = self._wait(about)["params"]["diagnostics"]
        return found

    def at(self, method: str, file: Path, line: int, character: int) -> Any:
        """What the server says about a place, which counts from 0."""
        return self.ask(method, textDocument={"uri": file.as_uri()}, position={"line": line, "character": character})

    def _send(self, message: Message) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            while head := stream.readline():
                length = int(head.split(b":")[1]) if head.lower().startswith(b"content-length") else 0
                while stream.readline().strip():
                    pass
                self._messages.put(json.loads(stream.read(length)))
        except ValueError:
            return  # closed while it was read

    def _wait(self, wanted: Callable[[Message], bool]) -> Message:
        while True:
            message = self._messages.get(timeout=PATIENCE)
            if "method" in message and "id" in message:
                items = message["params"].get("items", []) if message["method"] == "workspace/configuration" else None
                yaml = self._settings
                result = None if items is None else [yaml if one.get("section") == "yaml" else {} for one in items]
                self._send({"id": message["id"], "result": result})
            elif wanted(message):
                return message
