"""A visit to the store of a gate on this machine, beside the gate or without one: what its keeper may do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from agentgov.cli.context import open_context
from agentgov.cli.known import require_agent
from agentgov.errors import UsageError
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.store.open import file_of
from agentgov.store.port import Store, Transaction
from agentgov.trust.places import state_path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Visit:
    """The store, and the journal as this clone knows it."""

    view: View
    store: Store

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Some work, once it is on disk."""
        return self.store.write(work).result()

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


def seen_path(fleet: str, url: str) -> Path:
    """Where a gate keeps what it saw of the ledger: beside a file, else in this user's state folder."""
    path = file_of(url)
    if path is not None:
        return path.with_name(f"{path.name}.seen")
    return state_path("gate", fleet).with_name(f"{fleet}.{sha256(url.encode()).hexdigest()[:16]}.seen")


@contextmanager
def visiting(repo: str, store: str | None) -> Iterator[Visit]:
    """The store that is named, or the one that `agentgov serve` uses unless told."""
    from agentgov.store.open import open_store

    view = open_context(repo).view()
    opened = open_store(store or store_url(view.state.head.fleet), serving=False)
    try:
        yield Visit(view, opened)
    finally:
        opened.close()
