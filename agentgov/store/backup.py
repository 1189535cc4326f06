"""Copies a store while it is served: SQLite by its own online backup, PostgreSQL by its own `pg_dump`.

A copy of a file is marked as one, so that a gate that finds itself in it knows. A dump cannot be: its tables are made
anew when it is restored, which is what is found there (`store.whereabouts`).
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from agentgov.errors import ConfigurationError, IncompleteError, UsageError
from agentgov.store.client_program import quoted, said_by, tellable
from agentgov.store.open import file_of

COPIED = "copied"  # the mark of a copy: when it was made, epoch milliseconds
_MARK = "INSERT INTO marks (name, said) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET said = excluded.said"
_HAS_MARKS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'marks'"


def back_up(url: str, target: Path, now_ms: int) -> None:
    """Write a copy to a file that is not there yet. What is committed when it begins is in it. Raises UsageError,
    ConfigurationError, IncompleteError; then nothing is left."""
    if target.exists():
        raise UsageError(f"{target} is there already", "name a new file for each backup")
    beside = target.with_name(f".{target.name}.part")
    try:
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        source = file_of(url)
        if source is None:
            _dump(url, beside)
        else:
            _copy(source, beside, now_ms)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def flaws_of(url: str) -> tuple[str, ...]:
    """What SQLite finds wrong with a file, beyond what tables say; nothing of PostgreSQL, which has `pg_amcheck`."""
    path = file_of(url)
    if path is None:
        return ()
    try:
        with closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True)) as database:
            found = [str(line) for (line,) in database.execute("PRAGMA integrity_check(5)")]
    except sqlite3.Error as error:
        return (str(error),)
    return () if found == ["ok"] else tuple(found)


def _copy(source: Path, target: Path, now_ms: int) -> None:
    if not source.is_file():
        raise ConfigurationError(f"there is no store {source}", "name the one that the gate serves with --store")
    try:
        with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(target)) as copy:
            database.backup(copy)  # in one step: whoever writes meanwhile waits for nothing, and is not in it
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
            copy.execute("PRAGMA synchronous = FULL")
            if copy.execute(_HAS_MARKS).fetchone():  # a store of an earlier version has none
                with copy:
                    copy.execute(_MARK, (COPIED, str(now_ms)))
    except sqlite3.Error as error:
        raise IncompleteError(
            f"the store {source} cannot be copied ({error})", "see whether the disk is full"
        ) from error


def _dump(url: str, target: Path) -> None:
    from psycopg.conninfo import make_conninfo

    from agentgov.store.link import read_url

    settings, password = tellable(read_url(url))
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--schema={_schema(url)}"]
    said_by([*command, f"--file={target}", f"--dbname={make_conninfo('', **settings)}"], password)


def _schema(url: str) -> str:
    """The schema that the tables are in, as pg_dump takes it."""
    from agentgov.store.link import connect, read_url

    link = connect(read_url(url))
    try:
        ((schema,),) = link.execute("SELECT current_schema()").fetchall()
    finally:
        link.close()
    return quoted(str(schema))


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
