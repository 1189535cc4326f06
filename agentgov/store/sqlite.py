"""A store in one file: SQLite in write-ahead mode with synchronous FULL, one thread that writes, a few that read.

One process serves a file; others (a command beside a running gate) may visit it, and then those who listen in the
serving process are told "" within about a second.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError
from agentgov.store.arrays import Many, in_rows, in_turn, inserts, listed, paged
from agentgov.store.front import Front
from agentgov.store.group import Asked, LostError
from agentgov.store.listeners import Listeners
from agentgov.store.migrate import STANDS, Migration, known, pending, require_same, steps_of, upgrade
from agentgov.store.place import Held, Original, is_held, prepare
from agentgov.store.port import ClashError, Row, T, Transaction, Value

_OLDEST = (3, 37)  # strict tables; RETURNING came before
_BUSY = 5.0  # seconds that another process may keep the file
_READERS = 2
_LOOKED_AT = 0.2  # seconds for which whoever looks at the lock may seem to keep it
_MIGRATING = 30.0  # seconds that another process may take to bring the tables up to date
_CLASHES = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeEncodeError)
_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA wal_autocheckpoint = 4000",  # pages: fewer waits, since most of what is written is the same pages again
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -32768",  # KiB: 2 MB, as is usual, is less than the newest rows of all tables and indexes
)


class SqliteTransaction:
    """What works see of the one connection that writes, or of one that reads."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._saved = True  # whether what a work changes can be undone by itself
        self._failed: Exception | None = None
        self.topics: list[str] = []
        self._kept = 0

    def all(self, sql: str, *values: Value) -> Sequence[Row]:
        """Every row of an answer."""
        return self._execute(sql, values).fetchall()

    def one(self, sql: str, *values: Value) -> Row | None:
        """The first row of an answer, None where there is none."""
        cursor = self._execute(sql, values)
        row: Row | None = cursor.fetchone()
        cursor.close()
        return row

    def run(self, sql: str, *values: Value) -> int:
        """How many rows a statement changed."""
        return self._execute(sql, values).rowcount

    def among(self, sql: str, values: Many) -> Sequence[Row]:
        """Every row of an answer about many values."""
        return [row for page in paged(values) for row in self._execute(*listed(sql, page)).fetchall()]

    def many(self, sql: str, rows: Sequence[tuple[Value, ...]]) -> None:
        """Run a statement once for each row of values."""
        if inserts(sql):
            for statement, values in in_rows(sql, rows):
                self._execute(statement, values)
        else:
            self._execute(sql, rows, many=True)

    def tell(self, topic: str) -> None:
        """Have a topic told once this is committed."""
        self.topics.append(topic)

    def _execute(self, sql: str, values: Sequence[Any], many: bool = False) -> sqlite3.Cursor:
        if not self._saved and not sql.startswith("SELECT"):
            self._connection.execute("SAVEPOINT work")
            self._saved = True
        try:
            if any(map(_has_nul, zip(*values, strict=True) if many else (values,))):
                raise ClashError("a text in the store cannot have NUL in it")
            if many:
                return self._connection.executemany(*in_turn(sql, values))
            return self._connection.execute(sql, values)
        except (sqlite3.Error, OverflowError, UnicodeEncodeError, ClashError) as error:
            self._failed = _said(error, self._path)
            raise self._failed from error

    def start(self) -> None:
        """Begin with a work of a group."""
        self._saved, self._failed, self._kept = False, None, len(self.topics)

    def keep(self) -> None:
        """End a work. Raises what a statement of it failed with: a work does not go on after that."""
        if self._failed is not None:
            raise self._failed
        if self._saved:
            self._connection.execute("RELEASE work")

    def undo(self) -> None:
        """Undo a work. Raises LostError where SQLite has undone the whole transaction already."""
        del self.topics[self._kept :]
        if not self._connection.in_transaction:
            raise LostError(str(self._failed or "it was rolled back"))
        if self._saved:
            try:
                self._connection.execute("ROLLBACK TO work")
                self._connection.execute("RELEASE work")
            except sqlite3.Error as error:
                raise LostError(str(error)) from error


class _Writer:
    """The engine of the thread that writes."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        original: Original,
        listeners: Listeners,
        steps: Sequence[Migration],
    ) -> None:
        self._connection, self._path, self._original, self._steps = connection, path, original, steps
        self._tell = listeners.tell
        self._transaction = SqliteTransaction(connection, path)
        self._version = self._data_version()

    def begin(self) -> None:
        self._transaction.topics.clear()
        self._original.check()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            stands = self._connection.execute(STANDS).fetchone()
        except sqlite3.Error as error:
            raise _said(error, self._path) from error
        require_same(stands, self._steps, "sqlite")

    def attempt(self, asked: Asked) -> None:
        transaction = self._transaction
        transaction.start()
        try:
            asked.answer = asked.work(transaction)
            transaction.keep()
        except BaseException as error:
            asked.answer, asked.error = None, error
            transaction.undo()

    def commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            message = f"it cannot be told whether the store {self._path} has it ({error})"
            raise IncompleteError(message, "ask again with the same key") from error
        for topic in self._transaction.topics:
            self._tell(topic)

    def rollback(self) -> None:
        _roll_back(self._connection)

    def idle(self) -> None:
        version = self._data_version()
        if version != self._version:
            self._version = version
            self._tell("")

    def _data_version(self) -> int:
        """A number that changes with each commit of another process."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)


class SqliteStore(Front):
    """The store in a file. Raises ConfigurationError where it cannot be opened, or where another process serves it."""

    def __init__(self, path: Path, *, serving: bool = True, steps: Sequence[Migration] | None = None) -> None:
        if sqlite3.sqlite_version_info < _OLDEST:
            raise ConfigurationError(
                f"SQLite {sqlite3.sqlite_version} is too old for a store",
                "use a Python that is built with SQLite 3.37 or later",
            )
        prepare(path)
        steps = known() if steps is None else steps
        with ExitStack() as opened:
            if serving:
                opened.callback(Held(path, _LOOKED_AT).release)
            connection = _connect(path)
            opened.callback(connection.close)
            _upgrade(connection, path, steps, serving)
            self._free: list[sqlite3.Connection] = []  # the last is the one that has looked most recently
            for _ in range(_READERS):
                reader = _connect(path)
                opened.callback(reader.close)
                reader.execute("PRAGMA query_only = ON")
                self._free.append(reader)
            self._serving = serving
            self._path, self._original, held = path, Original(path), opened.pop_all()
        listeners = Listeners()
        engine = _Writer(connection, path, self._original, listeners, steps)
        super().__init__(engine, self._look, _READERS, listeners, held)

    def is_served(self) -> bool:
        """Whether another process serves the file now."""
        return not self._serving and is_held(self._path)

    def _look(self, work: Callable[[Transaction], T]) -> T:
        self._original.check()
        connection = self._free.pop()  # there are as many as threads that look
        try:
            connection.execute("BEGIN")
            return work(SqliteTransaction(connection, self._path))
        except sqlite3.Error as error:
            raise _said(error, self._path) from error
        finally:
            _roll_back(connection)
            self._free.append(connection)


def _has_nul(values: Sequence[Value]) -> bool:
    """Whether NUL is in a text: PostgreSQL cannot hold that. Most often all values are texts, or none is."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return "\0" in "".join(cast("Sequence[str]", values))
    return str in kinds and "\0" in "".join([value for value in values if isinstance(value, str)])


def _roll_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):  # what cannot be rolled back cannot be committed either
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path, timeout=_BUSY, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        _write_ahead(connection, path)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except sqlite3.Error as error:
        raise ConfigurationError(f"the store {path} cannot be opened ({error})") from error
    return connection


def _write_ahead(connection: sqlite3.Connection, path: Path) -> None:
    """Switch the file over, unless it is: another process that does the same moment may be in the way."""
    until = time.monotonic() + _BUSY
    found = None
    while found is None:
        try:
            found = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
    if found != ("wal",):
        raise ConfigurationError(f"the store {path} cannot be written ahead there", "keep it on a local disk")


def _upgrade(connection: sqlite3.Connection, path: Path, steps: Sequence[Migration], serving: bool) -> None:
    """Bring the tables up to date. A visitor takes the right to serve for it, so that no older gate runs on."""

    @contextmanager
    def transaction() -> Iterator[Transaction]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield SqliteTransaction(connection, path)
            connection.execute("COMMIT")
        finally:
            _roll_back(connection)

    try:
        if not serving and not _missing(connection, steps):
            return
        with ExitStack() as held:
            if not serving:
                held.callback(Held(path, _MIGRATING).release)
            upgrade(transaction, "sqlite", steps)
    except (sqlite3.Error, IncompleteError) as error:
        raise ConfigurationError(f"the tables of the store {path} cannot be brought up to date ({error})") from error


def _missing(connection: sqlite3.Connection, steps: Sequence[Migration]) -> bool:
    try:
        rows = connection.execute("SELECT number, sha256 FROM migrations").fetchall()
    except sqlite3.OperationalError:  # no such table
        return True
    return bool(pending(steps_of(steps, "sqlite"), rows))


def _said(error: Exception, path: Path) -> Exception:
    """What the driver raised, in words of the store's."""
    if isinstance(error, ClashError | AgentgovError):
        return error
    if isinstance(error, _CLASHES):
        return ClashError(str(error))
    if isinstance(error, sqlite3.ProgrammingError):  # wrong use of the store
        return error
    return IncompleteError(f"the store {path} does not answer ({error})", "try again; see whether its disk is full")
