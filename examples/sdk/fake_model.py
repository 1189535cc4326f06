"""An OpenAI-compatible model that always asks for the same refund, then thanks, and that streams a poem where it is
asked to stream: for trying agents without a provider."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CALL = {
    "order_id": "AC-12345678",
    "line": 1,
    "amount_minor": 4200,
    "currency": "USD",
    "reason": "damaged",
    "idempotency_key": "refund-AC-12345678",
}


class _Model(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked.get("stream"):
            self._stream(asked["model"])
            return
        results = [one for one in asked["messages"] if one["role"] == "tool"]
        message = {"role": "assistant", "content": f"Done: {results[-1]['content']}"} if results else _asks(asked)
        body = {
            "id": "fake",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop" if results else "tool_calls"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, model: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        told = {"id": "fake", "object": "chat.completion.chunk", "created": 0, "model": model}
        for word in ("Roses ", "are ", "refunded."):
            self._event({**told, "choices": [{"index": 0, "delta": {"content": word}}]})
        usage = {"prompt_tokens": 100, "completion_tokens": 3, "total_tokens": 103}
        self._event({**told, "choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, event: dict) -> None:
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _asks(asked: dict) -> dict:
    assert any(one["function"]["name"] == "refund_create" for one in asked["tools"])
    call = {"id": "call-1", "type": "function", "function": {"name": "refund_create", "arguments": json.dumps(CALL)}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def serve() -> str:
    """Begin to serve in a thread; the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/v1"
