"""A model that costs nothing: as much of OpenAI's API as the instrumented programs beside this file ask for.

The first answer of a conversation calls the tool `lookup`, the second one is text. Every answer has an id of its own,
11 tokens of input of which 4 came from a cache, and 5 of output of which 2 were thought.
"""

import itertools
import json
from http.server import BaseHTTPRequestHandler
from typing import Any

MODEL = "gpt-4o-mini"
_numbers = itertools.count(1)
_USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 5,
    "total_tokens": 16,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


class FakeModel(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """A chat completion or an embedding."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = _embedding() if self.path.endswith("/embeddings") else _completion(asked)
        if asked.get("stream"):
            return self._stream(answer, asked)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def _stream(self, answer: dict[str, Any], asked: dict[str, Any]) -> None:
        head = {**answer, "object": "chat.completion.chunk", "usage": None}
        message = answer["choices"][0]["message"]
        chunks = [
            {**head, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
            {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": answer["choices"][0]["finish_reason"]}]},
        ]
        if (asked.get("stream_options") or {}).get("include_usage"):
            chunks.append({**head, "choices": [], "usage": answer["usage"]})
        body = "".join(f"data: {json.dumps(one)}\n\n" for one in chunks) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _completion(asked: dict[str, Any]) -> dict[str, Any]:
    number = next(_numbers)
    message: dict[str, Any] = {"role": "assistant", "content": "It is on its way."}
    calls = bool(asked.get("tools")) and not any(one["role"] == "tool" for one in asked["messages"])
    if calls:
        function = {"name": "lookup", "arguments": '{"order": "A-1"}'}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}],
        }
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": f"{asked['model']}-2024-07-18",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": _USAGE,
    }


def _embedding() -> dict[str, Any]:
    return {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
