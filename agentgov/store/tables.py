"""Whether the tables of a store are those of this program, told without touching them."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from urllib.parse import quote

from agentgov.errors import ConfigurationError
from agentgov.store.migrate import known, pending, steps_of
from agentgov.store.open import file_of

_APPLIED = "SELECT number, sha256 FROM migrations ORDER BY number"


def steps_behind(url: str) -> int:
    """How many steps the tables of a store lack. ConfigurationError where it is not there, is none, or was made by a
    newer program."""
    path = file_of(url)
    if path is None:
        return len(pending(steps_of(known(), "postgresql"), _in_postgresql(url)))
    if not path.is_file():
        raise ConfigurationError(f"there is no store {path}", "name the one that the gate serves with --store")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            rows = database.execute(_APPLIED).fetchall()
    except sqlite3.Error as error:
        raise ConfigurationError(f"{path} cannot be read as a store ({error})", "name another with --store") from error
    return len(pending(steps_of(known(), "sqlite"), rows))


def _in_postgresql(url: str) -> Sequence[tuple[int, str]]:
    try:
        import psycopg
    except ImportError:
        raise ConfigurationError("PostgreSQL's driver is not installed", "pip install 'agentgov[postgresql]'") from None
    from agentgov.store.link import connect, read_url

    link = connect(read_url(url))
    try:
        return [(int(number), str(digest)) for number, digest in link.execute(_APPLIED).fetchall()]
    except psycopg.Error as error:
        raise ConfigurationError(f"the database holds no store ({error})", "name another with --store") from error
    finally:
        link.close()
