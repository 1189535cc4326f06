"""How many spans a second one gate takes, from HTTP requests to SQLite on the disk.

Real programs export in batches: here each request has 256 spans of 64 traces (an agent, a chain, a call of a model and
one of a tool each; prompts of 1 kB that are hashed), packed as protobuf. The gate runs in a process of its own on the
same machine as those who send. `python benchmarks/bench_otlp.py [--seconds 10] [--senders 4]`
"""

import argparse
import http.client
import secrets
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from gateworld import GateWorld
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pipelineworld import PipelineWorld
from simulator import TRIAGE
from spanworld import PRICES, Trace, chat, otlp
from wrk_asks import cpu_seconds

PROMPT = "Sort tickets by urgency, and say why in one sentence. " * 18
RUNS = 64
_UNSET = bytes([0xEE]) * 12


def main() -> None:
    """Print how many spans were taken in a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--senders", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = PipelineWorld(Path(folder) / "world", files={"governance/prices.yaml": PRICES})
        world.ship("1.0.0")
        with GateWorld(world, Path(folder) / "gate", "--no-access-log", "--token-rate", "0") as gate:
            before = cpu_seconds(gate.pid)
            spans, requests, seconds = _send(gate, asked.seconds, asked.senders)
            busy = cpu_seconds(gate.pid) - before
    print("| spans a second | spans in a second of the gate's processor time | requests a second | spans |")
    print("|---|---|---|---|")
    print(f"| {spans / seconds:,.0f} | {spans / busy:,.0f} | {requests / seconds:,.1f} | {spans:,} |")


def _send(gate: GateWorld, seconds: float, senders: int) -> tuple[int, int, float]:
    token = gate.agent_token(TRIAGE)
    template, done = _template(), list[int]()
    until = time.monotonic() + seconds

    def sender() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", gate.port)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-protobuf"}
        while time.monotonic() < until:
            connection.request("POST", "/v1/traces", template.replace(_UNSET, secrets.token_bytes(12)), headers)
            reply = connection.getresponse()
            assert (reply.status, reply.read()) == (200, b""), reply.status
            done.append(RUNS * 4)

    started = time.monotonic()
    threads = [threading.Thread(target=sender) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done), len(done), time.monotonic() - started


def _template() -> bytes:
    """A request whose trace ids all begin in the same way: another beginning makes another request."""
    spans = list[Span]()
    for number in range(RUNS):
        trace = Trace(_UNSET + number.to_bytes(4, "big"))
        root = trace.span("agent", None, {"openinference.span.kind": "AGENT", "session.id": f"session-{number}"})
        chain = trace.span("chain", root, {"openinference.span.kind": "CHAIN"})
        tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup", "tool_arguments": "{}"}
        messages = {"gen_ai.input.messages": PROMPT, "gen_ai.output.messages": "It is urgent.", "server.port": 443}
        spans += [trace.span("chat", chain, chat() | messages), trace.span("execute_tool", chain, tool), chain, root]
    return otlp(*spans)


if __name__ == "__main__":
    main()
