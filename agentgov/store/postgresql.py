"""A store in PostgreSQL, which several gates share: one connection that writes, a few that read, one that listens.

All that write take turns: a group begins with one advisory lock and holds it until its commit, so that PostgreSQL has
one writer at a time as SQLite has. Groups of several works would otherwise meet each other's rows in any order and
deadlock; taking turns, they never do, nothing has to be serialised again, and the ledger's places come in the order of
commits. A turn is bounded by the period of a group; reads need none. Where the turns of one database are no longer
enough, a sequencer that orders records after their commit can take the place of the lock.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue

import psycopg
from psycopg.pq import TransactionStatus

from agentgov.errors import ConfigurationError, IncompleteError
from agentgov.store.front import Front
from agentgov.store.group import Asked, LostError
from agentgov.store.link import Lasting, Link, broke, read_url, said, unknown
from agentgov.store.listeners import Listeners
from agentgov.store.migrate import STANDS, Migration, known, require_same, upgrade
from agentgov.store.port import T, Transaction
from agentgov.store.postgresql_transaction import CHANNEL, PostgresqlTransaction

_TURN = 0x6167656E74676F76  # "agentgov"
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({_TURN}); {STANDS}"
_UPGRADE = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; "
    f"SELECT pg_advisory_xact_lock({_TURN})"
)
_LOOK = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_BY_INDEX = "SET enable_seqscan = off"  # a plan is kept that was made when a table was small enough to read all of it
_READERS = 4
_CAREFUL = 5000  # works
_PERIOD, _HEARTBEAT = 0.2, 5  # seconds, and how many of those until a silent connection is asked whether it is there
_OLDEST = 120000
_UPGRADING = 3600.0  # seconds that a large table may take


class _Writer:
    """The engine of the thread that writes. Works that fail after they changed something are rare, so a savepoint for
    each would be a round trip for nothing; after one that did, there is a savepoint for each of the next thousands."""

    def __init__(self, link: Lasting, steps: Sequence[Migration]) -> None:
        self._lasting, self._steps = link, steps
        self._link = link.get()
        self._transaction = PostgresqlTransaction(self._link)
        self._careful = 0

    def begin(self) -> None:
        try:
            self._open()
        except psycopg.Error:  # it may have broken since it was used last: once more, with a new one
            self._lasting.drop()
            try:
                self._open()
            except psycopg.Error as error:
                self._lasting.drop()
                raise said(error) from error

    def _open(self) -> None:
        self._link = self._lasting.get()
        answers = self._link.execute(_BEGIN, prepare=False)
        while answers.nextset():
            pass
        require_same(answers.fetchone() or (), self._steps, "postgresql")
        self._transaction = PostgresqlTransaction(self._link, self._careful > 0)

    def attempt(self, asked: Asked) -> None:
        transaction = self._transaction
        transaction.start()
        self._careful -= 1
        try:
            asked.answer = asked.work(transaction)
            transaction.keep()
        except BaseException as error:
            asked.answer, asked.error = None, error
            self._undo()

    def _undo(self) -> None:
        try:
            self._transaction.undo()
        except psycopg.Error as lost:
            raise LostError(str(said(lost))) from lost
        except LostError:
            self._careful = _CAREFUL
            raise

    def commit(self) -> None:
        try:
            outcome = self._link.execute("COMMIT", prepare=False).statusmessage
        except psycopg.Error as error:
            if not unknown(error):
                raise LostError(str(said(error))) from error
            self._lasting.drop()
            message = f"it cannot be told whether the store has it ({said(error)})"
            raise IncompleteError(message, "ask again with the same key") from error
        if outcome != "COMMIT":  # a transaction that had failed is rolled back by it
            raise LostError("the transaction had failed")

    def rollback(self) -> None:
        try:
            if self._link.closed or self._link.info.transaction_status == TransactionStatus.ACTIVE:
                self._lasting.drop()
            elif self._link.info.transaction_status != TransactionStatus.IDLE:
                self._link.execute("ROLLBACK", prepare=False)
        except psycopg.Error:
            self._lasting.drop()

    def idle(self) -> None:
        """Nothing: a connection that broke is found when it is used."""


class PostgresqlStore(Front):
    """The store in a database. Raises ConfigurationError where it cannot be opened."""

    def __init__(self, url: str, *, steps: Sequence[Migration] | None = None) -> None:
        settings = read_url(url)
        steps = known() if steps is None else steps
        with ExitStack() as opened:
            writer, ear = self._lasting(settings, opened, _BY_INDEX), self._lasting(settings, opened)
            _upgrade(writer.get(), steps)
            ear.get().execute(f"LISTEN {CHANNEL}")
            self._free: SimpleQueue[Lasting] = SimpleQueue()
            for _ in range(_READERS):
                self._free.put(self._lasting(settings, opened))
            held = opened.pop_all()
        super().__init__(_Writer(writer, steps), self._look, _READERS, Listeners(), held)
        self._closed = threading.Event()
        self._hearing = threading.Thread(target=self._hear, args=(ear,), name="agentgov-store-hears", daemon=True)
        self._hearing.start()
        held.callback(self._hear_no_more)  # before the connections go

    def is_served(self) -> bool:
        """Nobody can tell: gates come and go, and any may be on another machine."""
        return True

    def _hear_no_more(self) -> None:
        self._closed.set()
        self._hearing.join()

    @staticmethod
    def _lasting(settings: dict[str, str], opened: ExitStack, more: str = "") -> Lasting:
        link = Lasting(settings, more)
        opened.callback(link.drop)
        return link

    def _look(self, work: Callable[[Transaction], T]) -> T:
        lasting = self._free.get()
        try:
            try:
                return _looked(lasting, work)
            except LostError:  # it looked only, so it may do so again
                return _looked(lasting, work)
        except LostError as error:
            raise IncompleteError(f"the store in PostgreSQL does not answer ({error})", "try again") from error
        finally:
            self._free.put(lasting)

    def _hear(self, ear: Lasting) -> None:
        """Tell what is told, and "" where something may have been missed because the connection broke."""
        whole = True
        while not self._closed.is_set():
            try:
                link = ear.get()
                if not whole:
                    link.execute(f"LISTEN {CHANNEL}")
                    self._listeners.tell("")
                    whole = True
                for _ in range(_HEARTBEAT):
                    for note in link.notifies(timeout=_PERIOD):
                        self._listeners.tell(note.payload)
                    if self._closed.is_set():
                        return
                link.execute("SELECT 1")
            except (psycopg.Error, IncompleteError) as error:
                if whole:
                    logging.getLogger(__name__).warning("the store is out of hearing: %s", error)
                whole = False
                ear.drop()
                self._closed.wait(ear.patience)


def _looked(lasting: Lasting, work: Callable[[Transaction], T]) -> T:
    """Look once. Raises LostError where the connection broke, and drops it."""
    link = lasting.get()
    transaction = PostgresqlTransaction(link)
    try:
        link.execute(_LOOK, prepare=False)
        answer = work(transaction)
        transaction.keep()
        link.execute("COMMIT", prepare=False)
    except BaseException as error:
        cause = transaction.failed or error
        try:
            link.execute("ROLLBACK", prepare=False)
        except psycopg.Error:
            lasting.drop()
        if isinstance(cause, psycopg.Error) and (broke(cause) or link.closed):
            lasting.drop()
            raise LostError(str(said(cause))) from cause
        raise
    return answer


def _upgrade(link: Link, steps: Sequence[Migration]) -> None:
    if link.info.server_version < _OLDEST:
        raise ConfigurationError("this PostgreSQL is too old for a store", "use version 12 or later")

    @contextmanager
    def transaction() -> Iterator[Transaction]:
        link.execute(_UPGRADE, prepare=False)
        try:
            yield PostgresqlTransaction(link)
            link.execute("COMMIT", prepare=False)
        finally:
            if not link.closed and link.info.transaction_status != TransactionStatus.IDLE:
                link.execute("ROLLBACK", prepare=False)

    try:
        usual, link.patience = link.patience, _UPGRADING
        upgrade(transaction, "postgresql", steps)
        link.patience = usual
    except (psycopg.Error, IncompleteError) as error:
        raise ConfigurationError(f"the tables of the store cannot be brought up to date ({said(error)})") from error
