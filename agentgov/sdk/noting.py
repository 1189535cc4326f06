"""Writes events of agents without a server down in their store, as a gate does."""

import secrets
from collections.abc import Sequence
from concurrent.futures import Future

from agentgov.model.told import EventTell
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.ledger import SALT
from agentgov.runtime.telemetry import sessions
from agentgov.runtime.telemetry.attributing import kept_of, scope_of
from agentgov.runtime.telemetry.events import taken_down, tell
from agentgov.runtime.vault import Vault, seal_of
from agentgov.store.port import Store, Transaction

_QUIET = 300_000  # milliseconds without a word, after which a session is over


def note(
    store: Store, fleet: Fleet, deployed: Deployed, told: Sequence[EventTell], now_ms: int, vault: Vault | None
) -> "Future[None]":
    """Take events down, and count sessions that are over: nobody else may be there to do so."""
    ran = [kept_of(deployed, one.release, fleet.governance.prices) for one in told]
    seals = [seal_of(vault, by.audit) if by.audit is not None else None for by in ran]
    known = zip(told, ran, seals, strict=True)
    events = [taken_down(one, by, secrets.token_bytes(SALT), seal) for one, by, seal in known]
    where = str(deployed.agent), deployed.environment
    actor = f"agent:{deployed.agent}@{deployed.environment}"

    def write(tx: Transaction) -> None:
        tell(tx, where, scope_of(*where), actor, events, now_ms)
        sessions.end(tx, now_ms - _QUIET)

    return store.write(write)
