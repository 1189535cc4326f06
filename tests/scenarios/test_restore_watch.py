"""Of a copy it is said that nothing is missing only where that is so, whatever came before."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from patience import PATIENCE
from simulator import FleetSimulator

from agentgov.cli.run_time.store_visit import Visit
from agentgov.gate.gate import Gate
from agentgov.gate.watches.ledger import LedgerWatch
from agentgov.gate.watches.restore import RestoreWatch
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.ledger import Entry, append
from agentgov.runtime.restoring import SEVERAL, WRITER, examine, share
from agentgov.runtime.seen import reopen_seen, seen_path
from agentgov.store.backup import back_up
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

EVENTS = st.lists(
    st.sampled_from(["answer", "look", "copy", "stop", "kill", "keeper", "embedded", "decided"]), max_size=8
)


def record(tx: Transaction) -> None:
    append(tx, Entry("action", "finance/books", "token:1"), 5, secrets.token_bytes(16))


def records(store: Store) -> int:
    return sum(store.read(examine).result(PATIENCE).now.trees.values())


async def live(gates: Callable[[Store], Gate], store: Store, url: str, copy: Path, events: list[str]) -> None:
    """Let all that happen to a store, which a gate serves whenever it answers."""
    gate = gates(store)
    seen = seen_path("", url)
    running: LedgerWatch | None = None
    for event in ["answer", "copy", *events]:
        if running is None and event in ("answer", "look"):
            restores = RestoreWatch(gate, lambda: "here", seen)
            await restores.begin()
            running = LedgerWatch(gate, restores)
            await running.look()
        if event == "look" and running is not None:
            await running.look()
        elif event == "stop" and running is not None:
            await running.close()
            running = None
        elif event == "kill":
            running = None
        elif event == "copy":
            copy.unlink(missing_ok=True)
            back_up(url, copy, 5)
        elif event == "answer":
            gate.store.write(record).result(PATIENCE)
        elif event == "keeper":  # as a command does, beside a gate or without one
            Visit(gate.fleet.view, gate.store, url).note_read({})
        elif event == "embedded":  # an agent begins that decides in its own process, as `agentgov.agent` has it
            gate.store.write(share).result(PATIENCE)
            reopen_seen(seen)
        elif event == "decided" and "embedded" in events[: events.index(event)]:  # and goes on, whatever the gate does
            gate.store.write(record).result(PATIENCE)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS)
@example(["look", "copy", "answer", "kill"])
@example(["answer", "stop", "copy"])
@example(["stop", "copy", "keeper"])
@example(["copy", "embedded", "stop", "decided"])
@example(["stop", "copy", "embedded", "decided"])
def test_a_copy_is_called_complete_only_where_it_is(world: FleetSimulator, tmp_path: Path, events: list[str]) -> None:
    view, actor = world.view(), world.actor("gate")

    def gates(store: Store) -> Gate:
        return Gate(store, Fleet(view), actor)

    async def begin(store: Store, seen: Path) -> None:
        await RestoreWatch(gates(store), lambda: "there", seen).begin()

    with TemporaryDirectory(dir=tmp_path) as folder:
        url, copy = f"sqlite:///{folder}/gate.db", Path(folder) / "copy"
        store = open_store(url)
        asyncio.run(live(gates, store, url, copy, events))
        restored = open_store(str(copy))
        had, complete = records(restored), records(store) == records(restored)
        asyncio.run(begin(restored, seen_path("", url)))
        held = restored.read(examine).result(PATIENCE).held
        store.close()
        restored.close()
    assert held or complete, f"nobody said that records are missing, of which it had {had}"
    if events[-2:] == ["stop", "copy"] and "embedded" not in events and "answer" in events[-3:]:
        assert not held, "a store that was moved goes on by itself"


def test_what_cannot_be_kept_outside_is_said_in_the_store(world: FleetSimulator, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = open_store(str(tmp_path / "gate.db"))

    async def serve() -> None:
        gate = Gate(store, Fleet(world.view()), world.actor("gate"))
        await RestoreWatch(gate, lambda: "here", tmp_path / "file" / "seen").begin()

    asyncio.run(serve())
    assert store.read(examine).result(PATIENCE).marks[WRITER] == SEVERAL
    store.close()
