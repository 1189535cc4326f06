"""Where a store really lies, so that one that was brought back from a backup can tell: it finds itself somewhere else.

A file is its inode. A database is the cluster, its timeline (another one after every recovery to an earlier point, and
after a standby took over) and its table of marks, which a restored dump makes anew.
"""

from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.store.open import file_of

_MAY = "SELECT has_function_privilege('pg_control_system()', 'execute') "
_MAY += "AND has_function_privilege('pg_control_checkpoint()', 'execute')"
_CLUSTER = "SELECT system_identifier, timeline_id FROM pg_control_system(), pg_control_checkpoint()"


def whereabouts(url: str) -> str:
    """A word for the place, which stays the same until the store is another one. Raises ConfigurationError."""
    path = file_of(url)
    return _of_file(path) if path is not None else _of_database(url)


def _of_file(path: Path) -> str:
    try:
        return f"inode {path.stat().st_ino}"
    except OSError as error:
        raise ConfigurationError(f"the store {path} cannot be opened ({error.strerror})") from error


def _of_database(url: str) -> str:
    import psycopg

    from agentgov.store.link import connect, read_url

    link = connect(read_url(url))
    try:
        ((table,),) = link.execute("SELECT to_regclass('marks')::oid").fetchall()
        ((may,),) = link.execute(_MAY).fetchall()
        # Some providers of PostgreSQL let nobody ask; then a restored dump is still found by its table.
        ((cluster, timeline),) = link.execute(_CLUSTER).fetchall() if may else [("", "")]
    except psycopg.Error as error:
        raise ConfigurationError(f"the store does not say where it lies ({error})") from error
    finally:
        link.close()
    return f"cluster {cluster} timeline {timeline} table {table}"
