"""Checkpoints are a second or 256 leaves behind: a tile that is full is signed at once, whoever filled it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from patience import PATIENCE
from simulator import FleetSimulator

from agentgov.gate.gate import Gate
from agentgov.gate.watches import ledger as ledger_watch
from agentgov.gate.watches.ledger import LedgerWatch
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.ledger import Entry, append, append_all
from agentgov.runtime.sequencing import standings
from agentgov.runtime.tiles import WIDTH
from agentgov.store.open import open_store
from agentgov.store.port import Store


def fill(store: Store, agent: str, count: int) -> None:
    """Record something so often, the last by itself."""
    entries, salts = [Entry("action", agent, "token:1")] * (count - 1), secrets.token_bytes(16 * count)
    store.write(lambda tx: append_all(tx, entries, 5, salts)).result(PATIENCE)
    store.write(lambda tx: append(tx, Entry("action", agent, "token:1"), 5, salts[:16])).result(PATIENCE)


@asynccontextmanager
async def watched(gate: Gate) -> AsyncIterator[LedgerWatch]:
    """A gate that looks after its ledger, once it has looked at every tree."""
    watch = LedgerWatch(gate)
    task = asyncio.create_task(watch.run())
    try:
        await until(lambda: gate.ledger.since > 0)
        yield watch
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(come: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not come():
            await asyncio.sleep(0.005)


def signed(store: Store) -> dict[str, int]:
    """How many records of each tree are under a checkpoint, by the store."""
    return {one.tree: one.size for one in store.read(standings).result(PATIENCE)}


def test_a_full_tile_is_signed_at_once_and_the_rest_when_it_is_time(
    world: FleetSimulator, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_watch, "EVERY", 3600.0)
    store = open_store(store_url)
    other = open_store(store_url, serving=False) if store_url.startswith("postgresql") else store

    async def live() -> None:
        gate = Gate(store, Fleet(world.view()), world.actor("gate"))
        async with watched(gate) as watch:
            await asyncio.to_thread(fill, store, "finance/books", 3)
            await asyncio.to_thread(fill, store, "support/triage", WIDTH)
            await until(lambda: gate.ledger.signed.get("support") == WIDTH)
            assert signed(store) == {"finance": 0, "support": WIDTH}, "what has no full tile waits for its time"
            assert gate.ledger.behind == 3
            await asyncio.to_thread(fill, other, "support/triage", WIDTH + 44)  # by another process, where there may be
            await until(lambda: gate.ledger.signed["support"] >= 2 * WIDTH)
            assert await watch.look() is False
            assert signed(store) == {"finance": 3, "support": 2 * WIDTH + 44}

    try:
        asyncio.run(live())
    finally:
        if other is not store:
            other.close()
        store.close()
