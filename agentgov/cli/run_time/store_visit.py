"""A visit to the store of a gate on this machine, beside the gate or without one: what its keeper may do."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from agentgov.cli.context import open_context
from agentgov.cli.known import require_agent
from agentgov.errors import UsageError
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.repo import clock
from agentgov.runtime.ledger import SALT, Entry, append
from agentgov.runtime.seen import reopen_seen, seen_path
from agentgov.store.port import Store, Transaction
from agentgov.trust.places import state_path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Visit:
    """The store, and the journal as this clone knows it."""

    view: View
    store: Store
    url: str

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Some work, once it is on disk."""
        seen = seen_path(self.view.state.head.fleet, self.url)
        reopen_seen(seen)
        try:
            return self.store.write(work).result()
        finally:
            reopen_seen(seen)  # a gate may have been stopped meanwhile

    def note_read(self, what: Mapping[str, object]) -> None:
        """Record that the keeper read records, and which."""
        payload, now_ms, salt = msgspec.json.encode(what, order="sorted"), clock.now() * 1000, secrets.token_bytes(SALT)
        self.write(lambda tx: append(tx, Entry("read", "", "keeper", payload=payload), now_ms, salt))

    def read(self, work: Callable[[Transaction], T]) -> T:
        """What is committed."""
        return self.store.read(work).result()

    def require(self, agent: AgentId | None, person: str | None) -> None:
        """UsageError for an agent or a person that this clone knows nothing of."""
        if agent is not None:
            require_agent(self.view, agent)
        if person is not None and self.view.directory.person(person) is None:
            raise UsageError(f"{person} is not among the people of Access", "see governance/access.yaml")


def store_url(fleet: str) -> str:
    """Where the store of a fleet lies unless told: a file in this user's state folder."""
    return f"{state_path('gate', fleet)}.db"


@contextmanager
def visiting(repo: str, store: str | None, *, make: bool = False) -> Iterator[Visit]:
    """The store that is named, or the one that `agentgov serve` uses unless told; with `make` also one that is not
    there yet, which is then made. Raises ConfigurationError."""
    view = open_context(repo).view()
    with visit_at(view, store or store_url(view.state.head.fleet), make=make) as visit:
        yield visit


@contextmanager
def visit_at(view: View, url: str, *, make: bool = False) -> Iterator[Visit]:
    """The same, of a journal that was read already."""
    from agentgov.store.open import open_existing, open_store

    opened = open_store(url, serving=False) if make else open_existing(url)
    try:
        yield Visit(view, opened, url)
    finally:
        opened.close()
