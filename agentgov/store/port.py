"""What run-time state asks of a database: short transactions of plain SQL, durable once they are answered.

Both databases understand the SQL that is written for them: `?` for values, `ON CONFLICT`, `RETURNING`, no dialect.
Times are epoch milliseconds, money is nano-units, both as whole numbers; digests are text in hexadecimal.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

Value = str | int | float | bytes | None
Row = tuple[Any, ...]
T = TypeVar("T")
Item = TypeVar("Item")
Answer = TypeVar("Answer")


class ClashError(Exception):
    """A statement that the database refuses for its values: a constraint of a table, a number beyond 64 bits, NUL in a
    text. The work that meets it is undone, whatever it makes of it."""


class Transaction(Protocol):
    """One transaction, while it is open: all of it happens, or nothing."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`: for what only one of them has."""

    def all(self, sql: str, *values: Value) -> Sequence[Row]:
        """Every row of an answer."""

    def one(self, sql: str, *values: Value) -> Row | None:
        """The first row of an answer, None where there is none."""

    def run(self, sql: str, *values: Value) -> int:
        """How many rows a statement changed."""

    def among(self, sql: str, values: Sequence[Value] | Sequence[tuple[Value, ...]]) -> Sequence[Row]:
        """Every row of an answer about many values, for which `(?)` stands: as in `WHERE name IN (?)`; where those are
        tuples, as a table of them: `FROM (?) AS asked CROSS JOIN things WHERE name = asked.column1`."""

    def many(self, sql: str, rows: Sequence[tuple[Value, ...]]) -> None:
        """Run a statement once for each row of values; several cost little more than one, where the statement has a
        `VALUES (?, ...)`, as in `UPDATE ... FROM (VALUES (?, ?)) AS now WHERE id = now.column1`. No two rows are about
        the same row of a table: that would be refused by one database, and not by the other."""

    def tell(self, topic: str) -> None:
        """Have every process that has this store open hear of a topic, once the transaction is committed."""


class Store(Protocol):
    """A database that is open. Work is a function of a transaction: it may run again, so it changes nothing else."""

    def write(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> "Future[T]":
        """Do some work and commit it together with what others ask for meanwhile. The future is resolved once it
        is on disk; an exception of the work undoes what it did, and nothing of the others'. IncompleteError where it
        cannot be told whether it was committed. What is urgent, such as a pause, goes before all that waits."""

    def together(self, work: Callable[[Transaction, Sequence[Item]], Sequence[Answer]], item: Item) -> "Future[Answer]":
        """The same for one item of a work that takes all items which wait at once, in the order that they were asked,
        and answers each. Where it raises, it is undone and done for each item by itself."""

    def read(self, work: Callable[[Transaction], T]) -> "Future[T]":
        """Look at what is committed."""

    def listen(self, told: Callable[[str], None]) -> None:
        """Call a function, in a thread of the store's, with each topic that is told; with "" where some may have been
        missed, as after a lost connection: whoever listens then reads again what it keeps in memory."""

    def is_served(self) -> bool:
        """Whether a gate serves this store now, in another process; yes where that cannot be told."""

    def close(self) -> None:
        """Commit what was asked for, and let go."""
