"""One process of the gate from its start to its end: control state first, then the port, and at the end all is kept."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agentgov.gate.access_log import AccessLog
from agentgov.gate.app import App
from agentgov.gate.budget_watch import BudgetWatch
from agentgov.gate.following import Follower
from agentgov.gate.gate import Gate, Settings
from agentgov.gate.hooks import receiver
from agentgov.gate.ledger_watch import LedgerWatch
from agentgov.gate.outcome_watch import OutcomeWatch
from agentgov.gate.permit_watch import PermitWatch
from agentgov.gate.restore_watch import RestoreWatch
from agentgov.gate.retention_watch import RetentionWatch
from agentgov.gate.routes import ROUTES
from agentgov.gate.self_test import SelfTest
from agentgov.gate.server import GRACE, Listen, serve
from agentgov.gate.telemetry_watch import TelemetryWatch
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor
from agentgov.journal.view import View
from agentgov.runtime import tokens
from agentgov.runtime.fleet import Fleet
from agentgov.store.port import Store

_COARSE_MS = 300_000  # how exactly it is kept when a token was used last
_SWITCH = (
    0.0005  # seconds that the event loop may keep the thread waiting that holds the turn of all gates at the store
)
_EVERY = 60.0  # seconds between two times that it is written down


class Beside(Protocol):
    """What runs beside the gate in a thread of its own; `moved` is called when it wrote to the journal."""

    moved: Callable[[], None]

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End soon."""

    def join(self, seconds: float) -> None:
        """Wait for the end, no longer than so."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process of the gate is made of. `actor` is the bot whose key signs leases and acts; `poll` is in seconds;
    `hooks` are variables that name secrets of webhooks; `beside` runs as long as the gate does; `started` is told the
    port once it listens; `place` is where the store lies, `seen` a file for what was seen of its ledger."""

    journal: Journal
    view: View
    actor: Actor
    store: Store
    listen: Listen
    settings: Settings
    poll: float
    hooks: Mapping[str, str]
    beside: tuple[Beside, ...]
    started: Callable[[int], None]
    place: str = ""
    seen: Path | None = None


def run(parts: Parts) -> int:
    """Serve until a signal ends it; the exit code. Raises ConfigurationError where it cannot begin."""
    import uvloop

    sys.setswitchinterval(_SWITCH)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(parts))


async def _run(parts: Parts) -> int:
    fleet = Fleet(parts.view, None)
    gate = Gate(parts.store, fleet, parts.actor, settings=parts.settings)
    restores = RestoreWatch(gate, parts.place, parts.seen)
    await restores.begin()
    await gate.control.refresh()
    log = AccessLog() if parts.settings.access_log else None
    follower = Follower(parts.journal, gate, parts.poll)
    gate.wake, gate.hooks = follower.wake, receiver(parts.hooks, follower.wake)

    def listening(port: int) -> None:
        gate.local = parts.listen.local(port)
        parts.started(port)

    for moving in parts.beside:
        moving.moved = follower.wake
    threads: tuple[Beside | Follower, ...] = (follower, *parts.beside)
    for one in threads:
        one.start()
    beside = [asyncio.create_task(gate.control.run()), asyncio.create_task(_keep_used(gate))]
    beside.append(asyncio.create_task(PermitWatch(gate).run()))
    beside.append(asyncio.create_task(BudgetWatch(gate).run()))
    beside.append(asyncio.create_task(TelemetryWatch(gate).run()))
    beside.append(asyncio.create_task(LedgerWatch(gate, restores).run()))
    beside.append(asyncio.create_task(RetentionWatch(gate).run()))
    beside.append(asyncio.create_task(OutcomeWatch(gate).run()))
    if parts.settings.self_test:
        beside.append(asyncio.create_task(SelfTest(gate, parts.settings.self_test).run()))
    try:
        return await serve(gate, App(gate, ROUTES, log), parts.listen, listening)
    finally:
        for one in threads:
            one.stop()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await _write_used(gate)
        if log is not None:
            log.flush()
        for one in threads:
            await asyncio.to_thread(one.join, GRACE)


async def _keep_used(gate: Gate) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        await _write_used(gate)


async def _write_used(gate: Gate) -> None:
    """Write down, coarsely, which tokens were used; that is only told to people, so a failure stops nothing."""
    used, gate.used = gate.used, {}
    if used:
        rows = [(token, at - at % _COARSE_MS) for token, at in used.items()]
        with contextlib.suppress(Exception):
            await gate.write(lambda tx: tokens.note_used(tx, rows))
