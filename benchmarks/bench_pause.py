"""How long a pause takes to be in effect on every one of three gates over one PostgreSQL, while they are at work.

    python benchmarks/bench_pause.py [--pauses 200] [--share 0.25] [--seconds 4] [--first]

First `wrk` measures how many leases, and how many decisions about actions, the three gates answer together at most.
Then an agent asks them, evenly, for that share of it (half in leases, half in actions) while a person pauses others:
each pause is sent to the next gate, and from then on every gate is asked for the lease of the paused agent until it
refuses. As soon as the pause is answered, every gate is asked for an action, and each has to deny it: more of those
would be a load of their own. Every pause goes all the way: store, other gates, journal.

Two clocks: one starts when the pause is sent, which is before it is accepted, the other when it was answered, which is
when it is accepted and obeyed at that gate; both stop when the last gate has refused.
PostgreSQL, with fsync, and this program are two more that share the cores of the gates.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count, cycle
from pathlib import Path

import uvloop

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from gateworld import GateWorld  # noqa: E402
from patience import until  # noqa: E402
from payingfleet import PAYER, shipped  # noqa: E402
from postgres import serving  # noqa: E402
from raw_http import Line, request  # noqa: E402
from simulator import TRIAGE  # noqa: E402
from wrk_asks import Question, ask, need_wrk  # noqa: E402

from agentgov.model.names import AgentId  # noqa: E402
from templates import homes  # noqa: E402

PAUSED = tuple(AgentId("support", f"payer-{number}") for number in range(8))
HOLDS = 2  # seconds until a pause ends by itself, at most
PAYING = {"tool": "refund.create", "args": {"amount": 42}}
KEYS = count()


def main(wanted: argparse.Namespace) -> None:
    """Three gates, what they can do, and the pauses."""
    need_wrk()
    os.nice(-15 if wanted.first else 0)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        world = shipped(folder, PAUSED)
        store = running.enter_context(serving(durable="/var/tmp")).database()
        more = ("--token-rate", "0", "--no-access-log", "--poll", "5")
        gates = [
            running.enter_context(GateWorld(world, folder / name, *more, store=store, env=homes(folder)))
            for name in ("a", "b", "c")
        ]
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
        tokens = {agent: gates[0].agent_token(agent) for agent in (TRIAGE, PAYER, *PAUSED)}
        erin = gates[0].person_token("erin")
        for gate in gates:
            until(lambda gate=gate: gate.ask("GET", "/v1/whoami", erin).status == 200, "that it knows her")  # type: ignore[misc]
        leases, actions = capacity(gates, tokens, folder, wanted.seconds)
        print(f"three gates answer {leases:,.0f} leases a second, or {actions:,.0f} decisions about actions")
        load = (leases * wanted.share / 2, actions * wanted.share / 2)
        print(f"while {load[0]:,.0f} leases and {load[1]:,.0f} decisions are asked for a second:", flush=True)
        uvloop.run(measure(gates, tokens, erin, load, wanted.pauses))
        print(f"load at the end {os.getloadavg()[0]:.1f}")


def capacity(gates: Sequence[GateWorld], tokens: dict[AgentId, str], folder: Path, seconds: int) -> tuple[float, float]:
    """Answers a second of all gates together, each asked by 16 connections: leases, actions."""

    def of(question: Question) -> float:
        def one(gate: GateWorld) -> float:
            return ask(question, gate.port, [gate.pid], gate.folder, seconds, 16).rate

        with ThreadPoolExecutor(len(gates)) as threads:
            return sum(threads.map(one, gates))

    bearer = {agent: {"Authorization": f"Bearer {token}"} for agent, token in tokens.items()}
    action = '{"tool": "refund.create", "args": {"amount": 42}, "key": "%d"}'
    posting = {**bearer[PAYER], "Content-Type": "application/json"}
    questions = (
        Question("lease", f"/v1/agents/{TRIAGE}/lease?key=user-1", bearer[TRIAGE]),
        Question("action", f"/v1/agents/{PAYER}/actions", posting, "POST", action),
    )
    leases, actions = (of(question) for question in questions)
    return leases, actions


async def measure(
    gates: Sequence[GateWorld], tokens: dict[AgentId, str], person: str, load: tuple[float, float], pauses: int
) -> None:
    """Pause one agent after the other, and tell how long it took."""
    ports = [gate.port for gate in gates]
    lease = request("GET", f"/v1/agents/{TRIAGE}/lease?key=user-1", tokens[TRIAGE])
    beside = [asyncio.create_task(flow(port, load[0] / len(ports), lease)) for port in ports]
    beside += [asyncio.create_task(flow(port, load[1] / len(ports), None, tokens[PAYER])) for port in ports]
    await asyncio.sleep(2)
    found: dict[str, list[float]] = {
        "sent, until it is answered": [],
        "sent, until no gate leases": [],
        "answered, until no gate leases": [],
        "answered, until all deny": [],
    }
    free = dict.fromkeys(PAUSED, 0.0)
    for number, (agent, port) in enumerate(zip(cycle(PAUSED), cycle(ports), strict=False)):
        if number == pauses:
            break
        await asyncio.sleep(max(0.0, free[agent] - time.monotonic()))
        for name, took in zip(found, await one_pause(ports, port, agent, tokens[agent], person), strict=True):
            found[name].append(took)
        free[agent] = time.monotonic() + HOLDS + 0.5
    asked = [task.result() if task.done() else 0 for task in beside]
    assert not any(asked), "who asked beside the pauses gave up"
    for task in beside:
        task.cancel()
    print(f"{f'{pauses} pauses, ms':<32}{'p50':>8}{'p90':>8}{'p99':>8}{'worst':>8}")
    for name, times in found.items():
        print(row(name, sorted(times)))


async def one_pause(ports: Sequence[int], port: int, agent: AgentId, token: str, person: str) -> tuple[float, ...]:
    """Milliseconds from sending until the answer, and until every gate refuses a lease; from the answer until every
    gate refuses a lease, 0 where they did before, and until every gate has denied an action that is asked then."""
    order = {"selector": str(agent), "reason": "a drill", "until": int(time.time()) + HOLDS}
    taker, *lines = [await Line.to(one) for one in (port, *ports, *ports)]
    ready = lines[0]
    assert (await ready.ask(request("GET", f"/v1/agents/{agent}/lease?key=a", token)))[0] == 200, "it is paused still"
    started = time.perf_counter()
    watching = [asyncio.create_task(lease_ends(line, agent, token)) for line in lines[: len(ports)]]
    status, body = await taker.ask(request("POST", "/v1/pauses", person, order))
    answered = time.perf_counter()
    assert status == 201, body
    denied = await asyncio.gather(*(action_denied(line, agent, token) for line in lines[len(ports) :]))
    refused = await asyncio.gather(*watching)
    for line in (taker, *lines):
        line.close()
    last = max(refused)
    took = answered - started, last - started, max(0.0, last - answered), max(denied) - answered
    return tuple(seconds * 1000 for seconds in took)


async def lease_ends(line: Line, agent: AgentId, token: str) -> float:
    """When a gate refused the lease for the first time."""
    sent = request("GET", f"/v1/agents/{agent}/lease?key=a", token)
    while (await line.ask(sent))[0] != 403:
        await asyncio.sleep(0.001)
    return time.perf_counter()


async def action_denied(line: Line, agent: AgentId, token: str) -> float:
    """When a gate had denied an action."""
    sent = request("POST", f"/v1/agents/{agent}/actions", token, {**PAYING, "key": f"w{next(KEYS)}"})
    status, body = await line.ask(sent)
    assert status == 200, body
    assert b'"action.paused"' in body, "an action was decided as if nobody had paused"
    return time.perf_counter()


async def flow(port: int, rate: float, sent: bytes | None, token: str = "") -> int:
    """Ask so often a second, for ever; decisions about actions where no request is given. How many answers failed."""
    lines: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(8):
        lines.put_nowait(await Line.to(port))
    due = time.perf_counter()

    async def once(line: Line) -> None:
        body = {**PAYING, "key": f"f{next(KEYS)}"}
        status, answer = await line.ask(sent or request("POST", f"/v1/agents/{PAYER}/actions", token, body))
        assert status == 200, answer
        lines.put_nowait(line)

    asking: set[asyncio.Task[None]] = set()
    while True:
        due = max(due + 1 / rate, time.perf_counter() - 0.1)  # what could not be asked in time is not made up for
        await asyncio.sleep(due - time.perf_counter())
        task = asyncio.create_task(once(await lines.get()))
        asking.add(task)
        task.add_done_callback(asking.discard)


def row(name: str, times: Sequence[float]) -> str:
    """A line of the table."""
    figures = [times[min(len(times) - 1, int(len(times) * part))] for part in (0.5, 0.9, 0.99)]
    return f"{name:<32}" + "".join(f"{figure:>8.1f}" for figure in (*figures, times[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How long a pause takes to be in effect on every gate.")
    parser.add_argument("--pauses", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.25, help="of what the gates answer at most")
    parser.add_argument("--seconds", type=int, default=4, help="to measure that")
    parser.add_argument("--first", action="store_true", help="go before other programs of this machine (as root)")
    main(parser.parse_args())
