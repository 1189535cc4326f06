"""Restores a dump of PostgreSQL's into a database that is empty, to be verified there, and takes it out again.

The database is whoever's names it: one in which there is any table already is refused, so that nothing is ever mixed,
and only what was restored is dropped.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from agentgov.errors import UsageError
from agentgov.store.client_program import quoted, said_by, tellable

_THERE = (
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname <> 'information_schema' "
    "AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2"
)
_MARKS = re.compile(r"^\d+; \d+ \d+ TABLE (\S+) marks ", re.MULTILINE)  # of the list that pg_restore makes


def is_dump(file: Path) -> bool:
    """Whether a file is a dump that pg_restore reads."""
    with file.open("rb") as opened:
        return opened.read(5) == b"PGDMP"


@contextmanager
def restored(dump: Path, scratch: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The URL of what was restored, without a password, and the environment that has it, for as long as it is there.
    Raises UsageError where the database is not empty, ConfigurationError, IncompleteError."""
    from agentgov.store.link import read_url
    from agentgov.store.open import file_of

    if file_of(scratch) is not None:
        raise UsageError("the scratch place of a dump is a database", "--scratch postgresql://USER@HOST/DATABASE")
    settings, password = tellable(read_url(scratch))
    schema, listed = _contents(dump)
    made = _begin(scratch, schema)
    try:
        _restore(dump, listed, settings, password)
        place = settings | {"options": f"-csearch_path={quoted(schema)}"}
        yield f"postgresql://?{urlencode(place, quote_via=quote)}", {"PGPASSWORD": password} if password else {}
    finally:
        _end(scratch, schema, made)


def _contents(dump: Path) -> tuple[str, str]:
    """The schema of the tables in a dump, and what is in it but for the making of that schema: one may be there."""
    listed = said_by(["pg_restore", "--list", str(dump)])
    found = _MARKS.search(listed)
    if found is None:
        raise UsageError(f"{dump.name} is no dump of a store", "make one: agentgov store backup FILE")
    lines = (line for line in listed.splitlines() if not re.match(r"\d+; \d+ \d+ (SCHEMA|COMMENT - SCHEMA) ", line))
    return found[1], "\n".join(lines) + "\n"


def _begin(scratch: str, schema: str) -> bool:
    """See that nothing is there, and make the schema; whether it had to be made."""
    from agentgov.store.link import connect, read_url

    link = connect(read_url(scratch))
    try:
        there = link.execute(_THERE).fetchall()
        if there:
            many = f"{len(there)} tables and the like, {there[0][0]}.{there[0][1]} among them"
            raise UsageError(f"the scratch database is not empty: it has {many}", "make a new one: createdb NAME")
        known = link.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchall()
        if not known:
            link.execute(f"CREATE SCHEMA {quoted(schema)}".encode())
        return not known
    finally:
        link.close()


def _restore(dump: Path, listed: str, settings: dict[str, str], password: str) -> None:
    from psycopg.conninfo import make_conninfo

    with tempfile.NamedTemporaryFile("w", suffix=".list") as use:
        use.write(listed)
        use.flush()
        told = {name: value for name, value in settings.items() if name != "options"}
        command = ["pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        said_by([*command, f"--use-list={use.name}", f"--dbname={make_conninfo('', **told)}", str(dump)], password)


def _end(scratch: str, schema: str, made: bool) -> None:
    """Take out what was restored: the database was empty, so all tables of the schema are it."""
    from agentgov.store.link import connect, read_url

    link = connect(read_url(scratch))
    try:
        if made:
            link.execute(f"DROP SCHEMA {quoted(schema)} CASCADE".encode())
            return
        tables = link.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
        names = [f"{quoted(schema)}.{quoted(str(name))}" for (name,) in tables]
        if names:
            link.execute(f"DROP TABLE {', '.join(names)} CASCADE".encode())
    finally:
        link.close()
