"""Decisions of an agent without a server: `agent.act` over a clone, in process, by one thread. And what it costs to
open an agent for each of a thousand sticky keys at a gate that really runs, without and with a canary that splits them.

python benchmarks/bench_sdk.py [SECONDS]
"""

import contextlib
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from gateworld import GateWorld
from patience import until
from pipelineworld import PipelineWorld
from sdkworld import PAYER, SYSTEM, payer_world

import agentgov
from agentgov import sdk
from agentgov.sdk.running import Agent


def measure(name: str, work: Callable[[], object], seconds: float) -> None:
    """How often something can be done: by the clock, and in a second of one core, whatever else the machine does."""
    count, end = 0, time.perf_counter() + seconds
    started, used = time.perf_counter(), time.process_time()
    while time.perf_counter() < end:
        for _ in range(100):
            work()
        count += 100
    clock, core = count / (time.perf_counter() - started), count / (time.process_time() - used)
    print(f"{name:<44}{clock:>12,.0f}{core:>16,.0f}")


def looked_up(agent: Agent) -> None:
    """A call that is allowed."""
    agent.act("orders.lookup", {"order": "AC-1", "line": 1})


def denied(agent: Agent) -> None:
    """A call that no rule allows."""
    try:
        agent.act("refund.create", {"amount": 501, "note": "late"})
    except sdk.Denied:
        return
    raise AssertionError("it is refused")


def sticky(name: str, gate: GateWorld, keys: int) -> None:
    """Open an agent for each of many keys, look at each of them a thousand times in all, and close them."""
    token, asked = gate.agent_token(PAYER), leases(gate)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with contextlib.ExitStack() as stack:
        agents = [
            stack.enter_context(agentgov.agent(str(PAYER), gate=gate.url, token=token, key=f"user-{number}"))
            for number in range(keys)
        ]
        took = time.perf_counter() - started
        for agent in agents:
            agent.check()
        threads = sum(one.name.startswith("agentgov ") for one in threading.enumerate())
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        variants = {agent.variant for agent in agents}
        told = f"{threads:>12}{leases(gate) - asked:>12}{took:>12.2f}{grown / keys:>12.1f}"
        print(f"{name:<32}{told}   {', '.join(sorted(variants))}")


def leases(gate: GateWorld) -> int:
    """How many leases a gate was asked for."""
    lines = gate.ask("GET", "/metrics").body.decode().splitlines()
    counts = (
        line.rpartition(" ")[2] for line in lines if line.startswith("agentgov_gate_requests_total") and "lease" in line
    )
    return round(sum(map(float, counts)))


def many_keys(world: PipelineWorld, place: Path, keys: int = 1000) -> None:
    """Print the table of sticky keys."""
    print(f"\n{f'{keys} sticky keys at a gate':<32}{'threads':>12}{'leases':>12}{'seconds':>12}{'kB a key':>12}")
    with GateWorld(world, place / "gate") as gate:
        sticky("no canary", gate, keys)
        world.write(f"{SYSTEM}Version 1.1.0.\n", PAYER)
        world.release("alice", PAYER, "1.1.0")
        world.until(lambda at: at.canary.state == "RAMP", PAYER)
        until(lambda: gate.ask("GET", f"/v1/agents/{PAYER}/lease", gate.agent_token(PAYER)).status == 400)
        sticky("a canary splits them", gate, keys)


def main() -> None:
    """Print the tables."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        world = payer_world(place / "fleet")
        store = f"sqlite:///{place / 'agent.db'}"
        print(f"{'in process, one thread':<44}{'a second':>12}{'a core-second':>16}")
        with agentgov.agent(str(PAYER), repo=world.work) as agent:
            measure("act, allowed, no schema", lambda: looked_up(agent), seconds)
            measure("act, refused by CEL, schema checked", lambda: denied(agent), seconds)
            measure("prompt with an untrusted value", lambda: agent.prompt(customer="Ada", most=3, vip=True), seconds)
        with agentgov.agent(str(PAYER), repo=world.work, store=store) as agent:
            measure("act, allowed, recorded first (SQLite FULL)", lambda: looked_up(agent), seconds)
        many_keys(world, place)


if __name__ == "__main__":
    main()
