"""How fast money is set aside and settled, durably, and what looking first and charging later costs instead.

    python benchmarks/bench_budgets.py [SECONDS] [CLIENTS] [gates]

Pairs of reserve and settle, each of the two answered once it is on disk (/var/tmp; SQLite with synchronous FULL), with
their records in the ledger: of one agent, where all take from the same rows, of as many agents as clients in one hot
workspace, and of agents that each have a workspace (the fleet is always one), which is a tree of the ledger each.
`core/s` is how many pairs one second of a core is good for (of this process, not of PostgreSQL), which says more than
the clock where others use the machine as well.

With `gates`, instead, how one hot workspace in PostgreSQL is shared by one, two and three gates: processes of their own
over one database, the clients divided among them, in alternating rounds of which the medians are shown. `core/s` counts
all of those processes.

Beside it, over the same store, what gateways do that charge after the call: read what was spent, call the model, then
add what it was. A model takes 5 ms here, and each call costs one unit of a budget of 1,000. `budget_peers.py` does the
same over HTTP, at a gate and at LiteLLM's proxy.
"""

import asyncio
import gc
import multiprocessing
import os
import secrets
import statistics
import sys
import tempfile
import time
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import uvloop

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests", ".")]

from budgetworld import PRICE  # noqa: E402
from postgres import serving  # noqa: E402

from agentgov.model.names import AgentId  # noqa: E402
from agentgov.runtime import budgets  # noqa: E402
from agentgov.runtime.buckets import ENDLESS, Limits, agent_buckets, levels  # noqa: E402
from agentgov.runtime.budget_replay import differences  # noqa: E402
from agentgov.runtime.reservations import RANDOM, Found, Reserve, Settle, Spending, Wanted, fresh_id  # noqa: E402
from agentgov.runtime.windows import day_of  # noqa: E402
from agentgov.store.awaiting import answered  # noqa: E402
from agentgov.store.open import open_store  # noqa: E402
from agentgov.store.port import Store, Transaction  # noqa: E402

MODEL = 0.005  # seconds that a model takes, for the loop that charges afterwards
BUDGET = 1000
_WIDE: Limits = {("agent", "day"): ENDLESS, ("workspace", "month"): ENDLESS}
_numbers, _ROUNDS = count(), 5
gc.set_threshold(500_000)  # as the program does before anything else (agentgov.cli.start)


def main(seconds: float, clients: int) -> None:
    """Two tables."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {clients} clients")
    print(f"\n{'reserve and settle':<36} {'pairs/s':>8} {'core/s':>8} {'p50 ms':>7} {'p99 ms':>7}")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        store = open_store(f"sqlite:///{folder}/store.db")
        in_store("sqlite", store, seconds, clients)
        with serving(durable="/var/tmp") as server:
            other = open_store(server.database())
            in_store("postgresql", other, seconds, clients)
            other.close()
        print(f"\n{'a budget of 1,000 calls':<36} {'calls':>8} {'over':>8}")
        for name, spend in (("look first, charge later", _charge), ("reserve and settle", _spend)):
            spent = uvloop.run(_race(store, spend, clients))
            print(f"{name:<36} {spent:>8,} {max(spent - BUDGET, 0) / BUDGET:>8.1%}")
        store.close()


def of_gates(seconds: float, clients: int) -> None:
    """One hot workspace of as many agents as clients, by one gate and by several."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {clients} clients, one hot workspace in PostgreSQL")
    print(f"\n{'gates':<36} {'pairs/s':>8} {'core/s':>8} {'p50 ms':>7} {'p99 ms':>7}")
    processes = multiprocessing.get_context("spawn")
    with serving(durable="/var/tmp") as server:
        url = server.database()
        open_store(url).close()
        rounds: dict[int, list[tuple[float, ...]]] = {1: [], 2: [], 3: []}
        for _ in range(_ROUNDS):
            for gates, found in rounds.items():
                shares = [clients // gates + (number < clients % gates) for number in range(gates)]
                with processes.Pool(gates) as pool:
                    parts = pool.starmap(_gate, [(url, number, share, seconds) for number, share in enumerate(shares)])
                took = sorted(one for part, _ in parts for one in part)
                pairs, spent = len(took) / 2, sum(cpu for _, cpu in parts)
                late = took[int(len(took) * 0.99)] * 1e3
                found.append((pairs / seconds, pairs / spent, took[len(took) // 2] * 1e3, late))
        for gates, found in rounds.items():
            rate, core, middle, late = (statistics.median(one[part] for one in found) for part in range(4))
            print(f"{gates:<36} {rate:>8,.0f} {core:>8,.0f} {middle:>7.2f} {late:>7.2f}", flush=True)
        store = open_store(url)
        assert store.read(lambda tx: differences(tx, 0)).result() == ()
        store.close()


def _gate(url: str, number: int, clients: int, seconds: float) -> tuple[list[float], float]:
    """What one gate's share of the clients saw, and the time of a core that it took."""
    store = open_store(url)
    agents = [AgentId("space-0", f"agent-{number}-{one}") for one in range(clients)]
    uvloop.run(_pairs(store, agents, clients, seconds / 4))
    before = time.process_time()
    took = uvloop.run(_pairs(store, agents, clients, seconds))
    spent = time.process_time() - before
    store.close()
    return took, spent


def in_store(name: str, store: Store, seconds: float, clients: int) -> None:
    """Pairs a second: of one agent, of as many as there are clients in one workspace, and each in its own."""
    for label, many, spaces in (
        ("one agent", 1, 1),
        (f"{clients} agents, one workspace", clients, 1),
        (f"{clients} workspaces", clients, clients),
    ):
        agents = [AgentId(f"space-{number % spaces}", f"agent-{number}") for number in range(many)]
        uvloop.run(_pairs(store, agents, clients, seconds / 4))
        started, before = time.perf_counter(), time.process_time()
        took = sorted(uvloop.run(_pairs(store, agents, clients, seconds)))
        wall, spent = time.perf_counter() - started, time.process_time() - before
        middle, late = took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3
        rates = f"{len(took) / 2 / wall:>8,.0f} {len(took) / 2 / spent:>8,.0f}"
        print(f"{f'{name}, {label}':<36} {rates} {middle:>7.2f} {late:>7.2f}", flush=True)
    assert store.read(lambda tx: differences(tx, 0)).result() == ()


async def _pairs(store: Store, agents: list[AgentId], clients: int, seconds: float) -> list[float]:
    """How long each half of a pair took."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client(agent: AgentId) -> None:
        while (started := time.perf_counter()) < end:
            found = await _reserve(store, agent, PRICE.estimate(1200, 500), _WIDE)
            took.append(time.perf_counter() - started)
            started = time.perf_counter()
            await _settle(store, agent, found, Spending(1180, 1000, 212))
            took.append(time.perf_counter() - started)

    await asyncio.gather(*(client(agents[number % len(agents)]) for number in range(clients)))
    return took


async def _reserve(store: Store, agent: AgentId, amount: int, limits: Limits) -> Found:
    now, number = time.time_ns() // 1_000_000, f"{os.getpid()}-{next(_numbers)}"
    wanted = Wanted(
        id=fresh_id(now, secrets.token_bytes(RANDOM)),
        key=number,
        agent=agent,
        environment="production",
        closure="c" * 64,
        request="1200 500",
        run="",
        day=day_of(now),
        currency="USD",
        amount=amount,
        price=PRICE,
        limits=limits,
        details={"model": "anthropic/claude-sonnet-4-5", "input": "1200", "output": "500"},
    )
    request = Reserve(wanted, lambda orders: next(iter(orders), None), now)
    return await answered(partial(store.together, budgets.decide), request)


async def _settle(store: Store, agent: AgentId, found: Found, spending: Spending) -> None:
    assert found[0] is not None
    id_, caller = found[0].id, (str(agent), "production")
    now = time.time_ns() // 1_000_000
    request = Settle(id_, caller, spending, now)
    settled: Found = await answered(partial(store.together, budgets.decide), request)
    assert settled[1].allowed


async def _race(store: Store, spend: Any, clients: int) -> int:
    """How many calls are made of a budget, by clients that go on until they are told to stop."""
    agent = AgentId("support", secrets.token_hex(8))
    calls = 0

    async def client() -> None:
        nonlocal calls
        while await spend(store, agent):
            calls += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    return calls


async def _spend(store: Store, agent: AgentId) -> bool:
    found = await _reserve(store, agent, 1, {("agent", "day"): BUDGET})
    if found[0] is None:
        return False
    await asyncio.sleep(MODEL)
    await _settle(store, agent, found, Spending(amount=1, currency="USD"))
    return True


async def _charge(store: Store, agent: AgentId) -> bool:
    bucket = agent_buckets(agent, "production", day_of(time.time_ns() // 1_000_000), "USD")[0]
    read = await answered(store.read, lambda tx: levels(tx, [bucket.name]))
    if bucket.name in read and read[bucket.name].spent >= BUDGET:
        return False
    await asyncio.sleep(MODEL)

    def charge(tx: Transaction) -> None:
        tx.run(
            "INSERT INTO budgets (bucket, spent, reserved, overrun) VALUES (?, 1, 0, 0) "
            "ON CONFLICT (bucket) DO UPDATE SET spent = budgets.spent + 1",
            bucket.name,
        )

    await answered(store.write, charge)
    return True


if __name__ == "__main__":
    measured = of_gates if sys.argv[3:] == ["gates"] else main
    measured(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0, int(sys.argv[2]) if len(sys.argv) > 2 else 32)
