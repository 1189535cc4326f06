"""One process of the gate from its start to its end: control state first, then the port, and at the end all is kept."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agentgov.gate.access_log import AccessLog
from agentgov.gate.app import App
from agentgov.gate.following import Follower
from agentgov.gate.gate import Gate, Settings
from agentgov.gate.hooks import receiver
from agentgov.gate.routes import pagerduty_hook
from agentgov.gate.routes.table import ROUTES
from agentgov.gate.self_test import SelfTest
from agentgov.gate.server import GRACE, Listen, serve
from agentgov.gate.watches.alert import AlertWatch
from agentgov.gate.watches.budget import BudgetWatch
from agentgov.gate.watches.incident import IncidentWatch
from agentgov.gate.watches.ledger import LedgerWatch
from agentgov.gate.watches.outcome import OutcomeWatch
from agentgov.gate.watches.partition import PartitionWatch
from agentgov.gate.watches.permit import PermitWatch
from agentgov.gate.watches.restore import RestoreWatch
from agentgov.gate.watches.retention import RetentionWatch
from agentgov.gate.watches.sense import SenseWatch
from agentgov.gate.watches.store import StoreWatch
from agentgov.gate.watches.telemetry import TelemetryWatch
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor
from agentgov.journal.view import View
from agentgov.runtime import tokens
from agentgov.runtime.fleet import Fleet
from agentgov.store.port import Store
from agentgov.trust.file_lock import held

_log = logging.getLogger("agentgov.gate")
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

    def join(self, seconds: float) -> bool:
        """Wait for the end, no longer than so; whether it came."""


class Watch(Protocol):
    """Looks after one thing as long as the gate serves."""

    async def run(self) -> None:
        """Go on until cancelled."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process of the gate is made of. `actor` is the bot whose key signs leases and acts; `poll` is in seconds;
    `hooks` are variables that name secrets of webhooks; `beside` runs as long as the gate does; `started` is told the
    port once it listens; `where` says where the store lies, `seen` is a file for what was seen of its ledger."""

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
    where: Callable[[], str]
    seen: Path


def run(parts: Parts) -> int:
    """Serve until a signal ends it; the exit code. Raises ConfigurationError where it cannot begin."""
    import uvloop

    sys.setswitchinterval(_SWITCH)
    with held(parts.seen, 0) as problem, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(parts, alone=not problem))


async def _run(parts: Parts, *, alone: bool) -> int:
    fleet = Fleet(parts.view, None)
    gate = Gate(parts.store, fleet, parts.actor, settings=parts.settings)
    restores = RestoreWatch(gate, parts.where, parts.seen, alone=alone)
    await restores.begin()
    await gate.control.refresh()
    log = AccessLog() if parts.settings.access_log else None
    follower = Follower(parts.journal, gate, parts.poll)
    gate.wake, gate.hooks = follower.wake, receiver(parts.hooks, follower.wake)
    gate.pagerduty_secrets = pagerduty_hook.secrets_from(parts.hooks)

    def listening(port: int) -> None:
        gate.local = parts.listen.local(port)
        parts.started(port)

    for moving in parts.beside:
        moving.moved = follower.wake
    threads: tuple[Beside | Follower, ...] = (follower, *parts.beside)
    for one in threads:
        one.start()
    ledger = LedgerWatch(gate, restores)
    watches = _watches(gate, parts, ledger)
    beside = [asyncio.create_task(work) for work in (_keep_used(gate), *(one.run() for one in watches))]
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
        ended = [await asyncio.to_thread(one.join, GRACE) for one in threads]
        if all(ended) and asyncio.all_tasks() == {asyncio.current_task()}:  # nobody is left who could write
            await _close(ledger)


def _watches(gate: Gate, parts: Parts, ledger: LedgerWatch) -> list[Watch]:
    """All that runs beside the requests, on the event loop."""
    return [
        gate.control,
        StoreWatch(gate),
        PermitWatch(gate),
        BudgetWatch(gate),
        TelemetryWatch(gate),
        PartitionWatch(gate),
        ledger,
        RetentionWatch(gate),
        OutcomeWatch(gate),
        IncidentWatch(gate),
        SenseWatch(gate),
        gate.rehearsals,
        AlertWatch(gate, parts.hooks),
        *([SelfTest(gate, parts.settings.self_test)] if parts.settings.self_test else ()),
    ]


async def _close(ledger: LedgerWatch) -> None:
    """The last look at the ledger. Where it fails, it was not the last, and the next start knows that."""
    try:
        async with asyncio.timeout(GRACE):
            await ledger.close()
    except Exception as error:
        _log.warning("the ledger could not be looked at once more: %s", error)


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
