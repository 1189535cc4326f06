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
from agentgov.store.port import Store, Transaction

_QUIET = 300_000  # milliseconds without a word, after which a session is over


def note(store: Store, fleet: Fleet, deployed: Deployed, told: Sequence[EventTell], now_ms: int) -> "Future[None]":
    """Take events down, and count sessions that are over: nobody else may be there to do so."""
    ran = [kept_of(deployed, one.release, fleet.governance.prices) for one in told]
    events = [taken_down(one, by, secrets.token_bytes(SALT)) for one, by in zip(told, ran, strict=True)]
    where = str(deployed.agent), deployed.environment
    actor = f"agent:{deployed.agent}@{deployed.environment}"

    def write(tx: Transaction) -> None:
        tell(tx, where, scope_of(*where), actor, events, now_ms)
        sessions.end(tx, now_ms - _QUIET)

    return store.write(write)
