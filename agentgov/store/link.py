"""Connections to PostgreSQL: made from a URL, made again when they break, and never waited for without end.

Values travel as the port says: whole numbers as 64 bits, so that a statement has one plan; sums and quotients come back
as plain numbers. What the server cannot say in time counts as a broken connection.
"""

import re
import time
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg import Connection, conninfo
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import Loader
from psycopg.types.numeric import Int8Dumper, NumericBinaryLoader

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError
from agentgov.store.port import ClashError, Row

ANSWER = 30.0  # seconds that a server may take to answer one statement, more than it allows itself
_SETTINGS = (
    "SET statement_timeout = '10s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s'; "
    "SET client_min_messages = 'error'"
)
_DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
_DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "agentgov",
    "target_session_attrs": "read-write",
    "client_encoding": "UTF8",
}
_BACKOFF = (0.1, 2.0)  # seconds: first and longest
_HINT = "give postgresql://USER@HOST/DATABASE, and the password in PGPASSWORD or ~/.pgpass"
_PLACEHOLDER = re.compile(r"'[^']*'|\"[^\"]*\"|\?|%")
RV = TypeVar("RV")


class Link(Connection[Row]):
    """A connection that waits for no answer without end."""

    patience = ANSWER

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        return super().wait(gen, interval, self.patience if timeout is None else timeout)


class _Number(Loader):
    """What PostgreSQL computes beyond 64 bits or in fractions, as SQLite would say it."""

    def load(self, data: Buffer) -> Any:
        text = bytes(data).decode()
        return float(text) if "." in text or "N" in text else int(text)


class _BinaryNumber(NumericBinaryLoader):
    """The same in binary."""

    def load(self, data: Buffer) -> Any:
        found = super().load(data)
        exponent = found.as_tuple().exponent
        return int(found) if isinstance(exponent, int) and exponent >= 0 else float(found)


class _Flag(Int8Dumper):
    """True is 1 and false is 0."""

    def dump(self, obj: Any) -> Buffer | None:
        return b"1" if obj else b"0"


def read_url(url: str) -> dict[str, str]:
    """What a URL says, with what is not said about waiting. Raises ConfigurationError, which repeats nothing of it."""
    before = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if url.count("@") > 1 or ("@" in url and "@" not in before):  # a part of it would be taken for a host
        raise ConfigurationError("the URL of the store has an @, / or ? in a password", "write it as %40, %2F or %3F")
    try:
        found = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise ConfigurationError("the URL of the store cannot be read", _HINT) from None
    return _DEFAULTS | {name: str(value) for name, value in found.items() if value is not None}


def connect(settings: dict[str, str], more: str = "") -> Link:
    """A connection that commits to the disk and keeps time; with more settings, as SQL. Raises ConfigurationError."""
    try:
        link = Link.connect(**settings, autocommit=True)  # type: ignore[arg-type]
        try:
            link.execute(f"{_SETTINGS}; {more}", prepare=False)
            link.execute(_DURABLE, prepare=False)
        except BaseException:
            link.close()
            raise
    except (psycopg.Error, ValueError, UnicodeError) as error:
        said = " ".join(str(error).split())
        if password := settings.get("password"):
            said = said.replace(password, "***")
        raise ConfigurationError(f"the store in PostgreSQL cannot be opened: {said}", _HINT) from None
    link.prepare_threshold = 2
    link.adapters.register_dumper(int, Int8Dumper)
    link.adapters.register_dumper(bool, _Flag)
    link.adapters.register_loader("numeric", _Number)
    link.adapters.register_loader("numeric", _BinaryNumber)
    return link


class Lasting:
    """A connection that is made again when it is asked for after it broke, at first at once, then more and more slowly.
    One thread uses it at a time."""

    def __init__(self, settings: dict[str, str], more: str = "") -> None:
        self._settings, self._more = settings, more
        self._link: Link | None = connect(settings, more)
        self._wait, self._until = 0.0, 0.0

    def get(self) -> Link:
        """The connection. Raises IncompleteError where there is none now."""
        if self._link is not None and not self._link.closed:
            return self._link
        if time.monotonic() < self._until:
            raise IncompleteError("the store in PostgreSQL is not there", "try again in a moment")
        try:
            self._link = connect(self._settings, self._more)
        except ConfigurationError as error:
            self._wait = min(max(self._wait * 2, _BACKOFF[0]), _BACKOFF[1])
            self._until = time.monotonic() + self._wait
            raise IncompleteError(error.message, "try again in a moment") from None
        self._wait = 0.0
        return self._link

    @property
    def patience(self) -> float:
        """How many seconds from now the connection is not made again."""
        return max(self._until - time.monotonic(), 0.0)

    def drop(self) -> None:
        """Do not use this connection again."""
        if self._link is not None:
            self._link.close()
            self._link = None


@lru_cache(maxsize=2048)
def placeholders(sql: str) -> str:
    """SQL with `?` for values, as the driver takes it; what stands in quotes is left alone."""
    return _PLACEHOLDER.sub(lambda found: "%s" if found[0] == "?" else found[0].replace("%", "%%"), sql)


def broke(error: Exception) -> bool:
    """Whether an error says that the transaction may be tried again: a deadlock, a lock that took too long, a server
    that went away; not a statement that took too long."""
    broken = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return broken and not isinstance(error, psycopg.errors.QueryCanceled)


def unknown(error: psycopg.Error) -> bool:
    """Whether it stays open what came of a commit that failed so: the server did not say that it undid it."""
    state = error.sqlstate or ""
    return not state or state.startswith(("08", "57P", "58", "XX")) or state == "40003"


def said(error: Exception) -> Exception:
    """What the driver raised, in words of the store's; never a value of a row."""
    if isinstance(error, ClashError | AgentgovError):
        return error
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    message = " ".join((primary or str(error)).split())
    if isinstance(error, psycopg.IntegrityError | psycopg.DataError | OverflowError | UnicodeEncodeError):
        return ClashError(message)
    return IncompleteError(f"the store in PostgreSQL does not answer ({message})", "try again")
