"""Decisions of an agent without a server: `agent.act` over a clone, in process, by one thread.

python benchmarks/bench_sdk.py [SECONDS]
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from sdkworld import PAYER, payer_world

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


def main() -> None:
    """Print the table."""
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


if __name__ == "__main__":
    main()
