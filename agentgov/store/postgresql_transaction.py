"""What works see of a connection to PostgreSQL while a transaction is open on it.

Many rows travel as an array for each column. What is written so is not waited for until the next statement, or the end
of the work, which raises whatever any of it failed with. A thousand rows and more, which a round trip more costs
nothing, go by COPY.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from agentgov.store.arrays import Many, copied, looked_for, unnested
from agentgov.store.group import LostError
from agentgov.store.link import Link, broke, placeholders, said
from agentgov.store.port import ClashError, Row, Value

S = TypeVar("S")
CHANNEL = "agentgov"
COPIED = 1000  # rows from which on COPY is faster (benchmarks/bench_postgresql.py)


class PostgresqlTransaction:
    """What works see of a connection, while a transaction is open on it."""

    dialect = "postgresql"

    def __init__(self, link: Link, careful: bool = False) -> None:
        self._link, self._careful = link, careful
        self._cursor = link.cursor()
        self._wrote = False  # whether this work has changed something
        self._points = 0  # savepoints so far: one for each work that changes something
        self._sent: AbstractContextManager[object] | None = None  # what was written and not waited for
        self.failed: Exception | None = None

    def all(self, sql: str, *values: Value) -> Sequence[Row]:
        """Every row of an answer."""
        return self._execute(sql, values).fetchall()

    def one(self, sql: str, *values: Value) -> Row | None:
        """The first row of an answer, None where there is none."""
        return self._execute(sql, values).fetchone()

    def run(self, sql: str, *values: Value) -> int:
        """How many rows a statement changed."""
        return self._execute(sql, values).rowcount

    def among(self, sql: str, values: Many) -> Sequence[Row]:
        """Every row of an answer about many values."""
        return self._execute(*self._spelled(looked_for, sql, values)).fetchall() if values else ()

    def many(self, sql: str, rows: Sequence[tuple[Value, ...]]) -> None:
        """Run a statement once for each row of values: at once where that can be said, else without waiting in
        between."""
        if not rows:
            return
        copy = copied(sql) if len(rows) >= COPIED else ""
        if copy:
            self._copy(copy, rows)
            return
        arrays = self._spelled(unnested, sql, rows)
        if arrays is None:
            self._execute(sql, rows, writes=True, many=True)
        else:
            self._send(*arrays)

    def _copy(self, sql: str, rows: Sequence[tuple[Value, ...]]) -> None:
        self._await()
        try:
            if not self._wrote:
                self._save()
            with self._cursor.copy(sql) as copy:
                for row in rows:
                    copy.write_row(row)
        except (psycopg.Error, OverflowError, UnicodeEncodeError) as error:
            self.failed = error
            raise said(error) from error

    def tell(self, topic: str) -> None:
        """Have a topic told once this is committed."""
        self._execute("SELECT pg_notify(?, ?)", (CHANNEL, topic), writes=True)

    def _spelled(self, spell: Callable[[str, Any], S], sql: str, values: object) -> S:
        try:
            return spell(sql, values)
        except ClashError as error:
            self.failed = error
            raise

    def _send(self, sql: str, values: Sequence[Any]) -> None:
        """Write without waiting for the answer: the next statement does, or the end of the work."""
        try:
            if not self._wrote:
                self._save()
            if self._sent is None:
                sent = self._link.pipeline()
                sent.__enter__()
                self._sent = sent
            self._link.cursor().execute(placeholders(sql), values)
        except (psycopg.Error, UnicodeEncodeError) as error:
            self.failed = error
            raise said(error) from error

    def _await(self) -> None:
        """Wait for what was sent. Raises what any of it failed with."""
        sent, self._sent = self._sent, None
        if sent is not None:
            try:
                sent.__exit__(None, None, None)
            except psycopg.Error as error:
                self.failed = self.failed or error
                raise said(error) from error

    def _execute(
        self, sql: str, values: Sequence[Any], *, writes: bool = False, many: bool = False
    ) -> "psycopg.Cursor[Row]":
        self._await()
        try:
            if not self._wrote and (writes or not sql.startswith("SELECT")):
                self._save()
            if many:
                self._cursor.executemany(placeholders(sql), values)
                return self._cursor
            # A statement with values is a single one, so it can be answered in binary: bytes then take half the time.
            return self._cursor.execute(placeholders(sql), values, binary=bool(values) and sql.startswith("SELECT"))
        except (psycopg.Error, OverflowError, UnicodeEncodeError) as error:
            self.failed = error
            if isinstance(error, psycopg.errors.FeatureNotSupported):  # a table has changed under a prepared statement
                self._link.close()
            raise said(error) from error

    def _save(self) -> None:
        if self._careful:
            self._link.execute("RELEASE work; SAVEPOINT work" if self._points else "SAVEPOINT work", prepare=False)
            self._points += 1
        self._wrote = True

    def start(self) -> None:
        """Begin with a work of a group."""
        self._wrote, self.failed = False, None

    def keep(self) -> None:
        """End a work. Raises what a statement of it failed with: a work does not go on after that."""
        if self.failed is None:
            self._await()
        if self.failed is not None:
            raise said(self.failed) from self.failed

    def undo(self) -> None:
        """Undo a work. Raises LostError where that takes the whole transaction."""
        with suppress(Exception):  # what was sent is undone, whatever came of it
            self._await()
        if self.failed is not None and (broke(self.failed) or self._link.closed):
            raise LostError(str(said(self.failed))) from self.failed
        whole = self._link.info.transaction_status == TransactionStatus.INTRANS
        if self._wrote and self._careful:
            self._link.execute("ROLLBACK TO work", prepare=False)
        elif self._wrote or not whole:
            raise LostError("a work that cannot be undone by itself")
