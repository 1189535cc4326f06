"""How fast actions are decided: in the process alone, durably through the store, and over HTTP from a gate.

    python benchmarks/bench_actions.py [SECONDS] [CONNECTIONS]

The agent is the example's refund assistant: a JSON Schema, rules with conditions, a quota that a call adds to. In the
store each decision is a transaction with the key, the quota, the permit and the ledger's record, answered once it is on
disk (/var/tmp). `wrk` asks the gate over loopback, each request under a key of its own. `core/s` is how many decisions
one second of a core is good for (of the process that decides, not of PostgreSQL), which says more than the clock where
others use the machine as well.
"""

import asyncio
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from itertools import count
from pathlib import Path

import uvloop

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".", "benchmarks")]

from actionworld import NOW, refund, rulebook  # noqa: E402
from gateworld import GateWorld  # noqa: E402
from pipelineworld import PipelineWorld  # noqa: E402
from postgres import serving  # noqa: E402
from simulator import agent_file  # noqa: E402
from wrk_asks import cpu_seconds  # noqa: E402

from agentgov.model.names import AgentId  # noqa: E402
from agentgov.model.verdict import Verdict  # noqa: E402
from agentgov.runtime.action_requests import Answered, Asked, Request, decide  # noqa: E402
from agentgov.runtime.actions import decide_action  # noqa: E402
from agentgov.runtime.calls import Call  # noqa: E402
from agentgov.runtime.permit_ends import Told, tell_outcomes  # noqa: E402
from agentgov.runtime.permit_rows import Permit  # noqa: E402
from agentgov.runtime.rules import Rulebook  # noqa: E402
from agentgov.store.awaiting import answered  # noqa: E402
from agentgov.store.open import open_store  # noqa: E402
from agentgov.store.port import Store  # noqa: E402

CALLS = {
    "allowed by a pattern": Call("orders.lookup", {"order_id": "AC-12345678"}),
    "allowed by a condition, in a quota": Call("refund.create", refund()),
    "people are asked": Call("refund.create", refund(amount_minor=6000)),
    "denied by the schema": Call("refund.create", refund(amount_minor=0)),
}
PAYER = AgentId("support", "payer")
RULES = """  tools:
    - {name: orders.lookup, effect: read}
    - {name: refund.create, effect: irreversible}
  actions:
    - {match: {tools: ["*.lookup"]}, then: allow}
    - {match: {tools: [refund.create]}, when: "args.amount <= 50", then: allow}
  quotas: [{tool: refund.create, sum: args.amount, per: 24h, max: 1000000000}]
  audit: {mode: write-ahead}
  budget: {day: "5.00 USD"}
  oncall: {escalate: [team:support]}
"""
_SCRIPT = """wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.headers["Content-Type"] = "application/json"
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
local asked = 0
function request()
  asked = asked + 1
  return wrk.format(nil, nil, nil, '{body}' .. number .. "-" .. asked .. '{run}"}}')
end
function response(status, headers, body)
  if status ~= 200 or not string.find(body, '"decision":"allow"') then
    io.write("odd: " .. status .. " " .. body .. "\\n")
  end
end
done = function(summary, latency, requests)
  io.write(string.format("requests=%d us=%d p50=%d p99=%d\\n",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99)))
end
"""


def main(seconds: float, connections: int) -> None:
    """Three tables."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    in_process(seconds / 2)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        in_store("sqlite", open_store(f"sqlite:///{folder}/store.db"), seconds)
        with serving(durable="/var/tmp") as server:
            in_store("postgresql", open_store(server.database()), seconds)
        if shutil.which("wrk"):
            over_http(Path(folder), int(seconds), connections)


def in_process(seconds: float) -> None:
    """Decisions a second, one after the other."""
    book = rulebook()
    print(f"\n{'in the process':<36} {'decisions/s':>11} {'core/s':>8}")
    for name, call in CALLS.items():
        done, started, before = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - started < seconds:
            for _ in range(200):
                decide_action(book, call, paused=None, now_ms=NOW)
            done += 200
        took, spent = time.perf_counter() - started, time.process_time() - before
        print(f"{name:<36} {done / took:>11,.0f} {done / spent:>8,.0f}", flush=True)


def in_store(name: str, store: Store, seconds: float) -> None:
    """Decisions a second that are on disk, by how many ask at once."""
    print(f"\n{name:<36} {'decisions/s':>11} {'core/s':>8} {'p50 ms':>7} {'p99 ms':>7}")
    book = rulebook({"quotas": [{"tool": "refund.create", "sum": "args.amount_minor", "per": "24h", "max": 2**52}]})
    calls = [(label, call, False) for label, call in list(CALLS.items())[:2]]
    for label, call, tells in [*calls, ("with its outcome", calls[0][1], True)]:
        for clients in (1, 32, 128):
            uvloop.run(_ask(store, book, call, clients, seconds / 4, tells))
            started, before = time.perf_counter(), time.process_time()
            took = sorted(uvloop.run(_ask(store, book, call, clients, seconds, tells)))
            wall, spent = time.perf_counter() - started, time.process_time() - before
            middle, late = took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3
            shown = f"{label}, {clients}"
            rates = f"{len(took) / wall:>11,.0f} {len(took) / spent:>8,.0f}"
            print(f"{shown:<36} {rates} {middle:>7.2f} {late:>7.2f}", flush=True)
    store.close()


async def _ask(store: Store, book: Rulebook, call: Call, clients: int, seconds: float, tells: bool) -> list[float]:
    took: list[float] = []
    end, numbers, run = time.perf_counter() + seconds, count(), secrets.token_hex(4)

    async def client() -> None:
        while (started := time.perf_counter()) < end:
            now = time.time_ns() // 1_000_000
            verdict = decide_action(book, call, paused=None, now_ms=now)
            asked = Asked(secrets.token_hex(16), f"{run}-{next(numbers)}", book, call, verdict)
            salt = secrets.token_bytes(16)
            request = Request(asked, lambda _: None, now, salt)
            found: Answered = await answered(partial(store.together, decide), request)
            assert found.permit is not None
            if tells:
                told = Told(found.permit.id, (str(book.agent), book.environment), "done", "", now, salt)
                heard: tuple[Permit | None, Verdict] = await answered(partial(store.together, tell_outcomes), told)
                assert heard[1].allowed
            took.append(time.perf_counter() - started)

    await asyncio.gather(*(client() for _ in range(clients)))
    return took


def over_http(folder: Path, seconds: int, connections: int) -> None:
    """What a gate answers."""
    files = {
        PAYER.file: agent_file(PAYER, team="support").partition("  tools:")[0] + RULES,
        f"{PAYER.folder}/prompts/system.md": "Pay.\n",
    }
    world = PipelineWorld(folder / "world", files=files)
    world.ship("1.0.0", PAYER)
    print(f"\n{'over HTTP, sqlite':<36} {'decisions/s':>11} {'core/s':>8} {'p50 ms':>7} {'p99 ms':>7}")
    with GateWorld(world, folder / "gate", "--token-rate", "0", "--no-access-log") as gate:
        token = gate.agent_token(PAYER)
        for tool, args in (("orders.lookup", "{}"), ("refund.create", '{"amount": 1}')):
            print(f"{tool:<36} {_load(gate, token, tool, args, folder, seconds, connections)}", flush=True)


def _load(gate: GateWorld, token: str, tool: str, args: str, folder: Path, seconds: int, connections: int) -> str:
    body = f'{{"tool": "{tool}", "args": {args}, "key": "'
    script = folder / "ask.lua"
    script.write_text(_SCRIPT.format(token=token, body=body, run=f"-{secrets.token_hex(4)}"))
    url = f"http://127.0.0.1:{gate.port}/v1/agents/{PAYER}/actions"
    before = cpu_seconds(gate.pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(gate.pid) - before
    found = re.search(r"requests=(\d+) us=(\d+) p50=(\d+) p99=(\d+)", told)
    assert found is not None, told
    assert "odd:" not in told, told[:500]
    requests, took, middle, late = map(int, found.groups())
    return f"{requests / took * 1e6:>11,.0f} {requests / used:>8,.0f} {middle / 1e3:>7.2f} {late / 1e3:>7.2f}"


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0, int(sys.argv[2]) if len(sys.argv) > 2 else 32)
