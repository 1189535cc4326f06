"""What every store does the same way: hands works to the thread that writes or to those that look, and tells topics."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

from agentgov.store.group import Engine, GroupWriter
from agentgov.store.listeners import Listeners
from agentgov.store.port import Answer, Item, T, Transaction
from agentgov.store.readers import Readers


class Front:
    """A store that is open; `store.port.Store` says what its methods do. `engine` writes, `look` does one of so many
    works that look at a time, `opened` is closed at the end."""

    def __init__(
        self,
        engine: Engine,
        look: Callable[[Callable[[Transaction], Any]], Any],
        number: int,
        listeners: Listeners,
        opened: ExitStack,
    ) -> None:
        self._listeners, self._opened = listeners, opened
        self._writer = GroupWriter(engine, "agentgov-store-writes")
        self._readers = Readers(look, number)

    def write(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> "Future[T]":
        """Do some work and commit it together with what others ask for meanwhile."""
        return self._writer.ask(work, urgent)

    def together(self, work: Callable[[Transaction, Sequence[Item]], Sequence[Answer]], item: Item) -> "Future[Answer]":
        """The same for one item of a work that takes all items which wait at once."""
        return self._writer.ask_together(work, item)

    def read(self, work: Callable[[Transaction], T]) -> "Future[T]":
        """Look at what is committed."""
        return self._readers.ask(work)

    def listen(self, told: Callable[[str], None]) -> None:
        """Call a function with each topic that is told."""
        self._listeners.add(told)

    def close(self) -> None:
        """Commit what was asked for, and let go."""
        self._writer.close()
        self._readers.close()
        self._opened.close()
        self._listeners.close()  # after whoever hears of others: what was heard is told
