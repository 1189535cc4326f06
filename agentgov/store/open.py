"""Opens the store that a URL names: a file of SQLite's, or a database of PostgreSQL's.

`sqlite:///NAME` is in the current folder and `sqlite:////NAME` is absolute; a path alone is a file as well.
`postgresql://USER@HOST/DATABASE` is what libpq takes: the password may come from PGPASSWORD or ~/.pgpass. No message
repeats a URL, since there may be a password in it.
"""

from pathlib import Path
from urllib.parse import unquote

from agentgov.errors import ConfigurationError
from agentgov.store.port import Store

_SCHEMES = "give a path, sqlite:///PATH or postgresql://USER@HOST/DATABASE"


def open_store(url: str, *, serving: bool = True) -> Store:
    """Open a store, make it where there is none yet, and bring its tables up to date. `serving` is False for who visits
    it beside a gate that may be running. Raises ConfigurationError."""
    path = file_of(url)
    if path is None:
        return _in_postgresql(url)
    from agentgov.store.sqlite import SqliteStore

    return SqliteStore(path, serving=serving)


def open_existing(url: str) -> Store:
    """Open a store for what it holds, beside a gate that may be running: one that is not there holds nothing, and to
    make it would answer for another one. Raises ConfigurationError."""
    path = file_of(url)
    if path is not None and not path.exists():
        raise ConfigurationError(f"there is no store {path}", "name the one that the gate serves with --store")
    return open_store(url, serving=False)


def file_of(url: str) -> Path | None:
    """The file that a URL names, None for a database of PostgreSQL's. Raises ConfigurationError."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme in ("postgresql", "postgres"):
        return None
    return Path(_path(scheme, rest) if separator else _plain(url)).expanduser().absolute()


def _in_postgresql(url: str) -> Store:
    try:
        from agentgov.store.postgresql import PostgresqlStore
    except ImportError:
        raise ConfigurationError("PostgreSQL's driver is not installed", "pip install 'agentgov[postgresql]'") from None
    return PostgresqlStore(url)


def _path(scheme: str, rest: str) -> str:
    if scheme != "sqlite":
        raise ConfigurationError(f"{scheme[:20]!r} is no kind of store", _SCHEMES)
    if not rest.startswith("/"):
        raise ConfigurationError("a store on another machine cannot be a file", "write three slashes: sqlite:///PATH")
    if "?" in rest or "#" in rest:
        raise ConfigurationError("a store in a file has no options", _SCHEMES)
    return _plain(unquote(rest[1:]))


def _plain(path: str) -> str:
    if not path or path.endswith("/") or "\0" in path:
        raise ConfigurationError("the store has no name", _SCHEMES)
    if path == ":memory:":
        raise ConfigurationError("a store in memory would forget every pause", _SCHEMES)
    return path
