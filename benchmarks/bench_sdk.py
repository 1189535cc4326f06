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


def rate(work: Callable[[], object], seconds: float) -> float:
    """How often a second something can be done."""
    count, end = 0, time.perf_counter() + seconds
    started = time.perf_counter()
    while time.perf_counter() < end:
        for _ in range(100):
            work()
        count += 100
    return count / (time.perf_counter() - started)


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
        print(f"{'in process, one thread':<44}{'a second':>12}")
        with agentgov.agent(str(PAYER), repo=world.work) as agent:
            lookup = rate(lambda: agent.act("orders.lookup", {"order": "AC-1", "line": 1}), seconds)
            print(f"{'act, allowed, no schema':<44}{lookup:>12,.0f}")
            print(f"{'act, refused by CEL, schema checked':<44}{rate(lambda: denied(agent), seconds):>12,.0f}")
            prompt = rate(lambda: agent.prompt(customer="Ada", most=3, vip=True), seconds)
            print(f"{'prompt with an untrusted variable':<44}{prompt:>12,.0f}")
        with agentgov.agent(str(PAYER), repo=world.work, store=store) as agent:
            durable = rate(lambda: agent.act("orders.lookup", {"order": "AC-1", "line": 1}), seconds)
            print(f"{'act, allowed, recorded first (SQLite FULL)':<44}{durable:>12,.0f}")


if __name__ == "__main__":
    main()
