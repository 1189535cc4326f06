"""Many values in one statement, spelled as each database takes them best.

`(?)` in a statement stands for many values: `IN (?)` for a list of them, `FROM (?) AS asked` for a table whose columns
are `column1`, `column2`. `VALUES (?, ?)` stands for a row of many. SQLite is told each value, in texts of a few
lengths: what is looked for, and rows to insert. Any other change it makes for one row after the other, in which the
values stand where they are used, since a table of one row takes it longer than the change. PostgreSQL makes a plan for
each text, so it always gets the same one, with an array for each column.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec

from agentgov.store.port import ClashError, Value

PAGE = 512  # values that SQLite looks for in one statement
_ROWS = 64  # the most that SQLite inserts in one statement: longer ones are no faster
_ALONE = re.compile(r"FROM (\w+) WHERE (\w+) IN \(\?\)$")  # a table takes SQLite less time than a list
_LIST, _TABLE = re.compile(r"IN \(\?\)"), re.compile(r"FROM \(\?\)")
_ROW = re.compile(r"\(VALUES \(\?(?:, \?)*\)\)|VALUES \(\?(?:, \?)*\)")
_INSERT = re.compile(r"(INSERT INTO \w+ \([^)]*\) VALUES )(\(\?(?:, \?)*\))")
_PLAIN = re.compile(r"INSERT INTO (\w+ \([^)]*\)) VALUES \(\?(?:, \?)*\)")
_GIVEN = re.compile(r" FROM \(VALUES \(\?(?:, \?)+\)\) AS (\w+)(?= WHERE )")  # a table of one row, in an UPDATE
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"'})
_JSON = msgspec.json.Encoder()
Many = Sequence[Value] | Sequence[tuple[Value, ...]]


def paged(values: Many) -> Iterator[Many]:
    """Values for one statement after the other; what is looked for in a list is looked for once. For SQLite."""
    each: Any = values if values and isinstance(values[0], tuple) else list(dict.fromkeys(values))
    return (each[start : start + PAGE] for start in range(0, len(each), PAGE))


def listed(sql: str, values: Many) -> tuple[str, list[Any]]:
    """A statement about at most PAGE values, one by one, filled up with NULL to one of a few lengths: two of each
    power of two; for SQLite."""
    wide = isinstance(values[0], tuple)
    flat: list[Any] = [value for row in values for value in row] if wide else list(values)  # type: ignore[union-attr]
    step = 1 << max((len(values) - 1).bit_length() - 2, 0)
    count, width = -(-len(values) // step) * step, len(values[0]) if wide else 1  # type: ignore[arg-type]
    return _listed(sql, count, width if wide else 0), flat + [None] * (count * width - len(flat))


@lru_cache(maxsize=512)
def _listed(sql: str, count: int, width: int) -> str:
    if not width:
        rows = ", ".join(["(?)"] * count)
        sql = _ALONE.sub(rf"FROM (VALUES {rows}) AS given CROSS JOIN \1 WHERE \2 = given.column1", sql)
        return _LIST.sub(f"IN ({', '.join('?' * count)})", sql)
    rows = ", ".join([f"({', '.join('?' * width)})"] * count)
    return _TABLE.sub(f"FROM (VALUES {rows})", sql)


def in_rows(sql: str, rows: Sequence[tuple[Value, ...]]) -> Iterator[tuple[str, list[Value]]]:
    """Statements that insert many rows together, powers of two at a time; for SQLite, where `inserts` says so."""
    start = 0
    while start < len(rows):
        count = min(1 << (len(rows) - start).bit_length() - 1, _ROWS)
        yield _in_rows(sql, count), list(chain.from_iterable(rows[start : start + count]))
        start += count


@lru_cache(maxsize=512)
def _in_rows(sql: str, count: int) -> str:
    return _INSERT.sub(lambda found: found[1] + ", ".join([found[2]] * count), sql)


@lru_cache
def inserts(sql: str) -> bool:
    """Whether a statement inserts a row of values, and uses no others."""
    found = _INSERT.match(sql)
    return found is not None and found[2].count("?") == sql.count("?")


def in_turn(sql: str, rows: Sequence[tuple[Value, ...]]) -> tuple[str, Iterable[tuple[Value, ...]]]:
    """A statement for each of many rows, with the values of one in the order in which they are used; for SQLite."""
    changed, order = _in_turn(sql)
    return changed, map(order, rows) if order is not None else rows


@lru_cache
def _in_turn(sql: str) -> tuple[str, Callable[[tuple[Value, ...]], tuple[Value, ...]] | None]:
    found = _GIVEN.search(sql)
    if found is None:
        return sql, None
    used = re.compile(rf"\b{found[1]}\.column(\d+)")
    bare = sql[: found.start()] + sql[found.end() :]
    return used.sub("?", bare), itemgetter(*(int(number) - 1 for number in used.findall(bare)))


def looked_for(sql: str, values: Many) -> tuple[str, tuple[str, ...]]:
    """A statement about any number of values, with an array for each column; for PostgreSQL. Raises ClashError for a
    value that it cannot hold."""
    columns: list[Any] = list(zip(*values, strict=True)) if isinstance(values[0], tuple) else [values]
    return _looked_for(sql, tuple(map(_type_of, columns))), tuple(map(_array, columns))


@lru_cache
def _looked_for(sql: str, types: tuple[str, ...]) -> str:
    return _TABLE.sub(f"FROM ({_unnest(types)})", _LIST.sub(f"= ANY(?::{types[0]}[])", sql))


def unnested(sql: str, rows: Sequence[tuple[Value, ...]]) -> tuple[str, tuple[str, ...]] | None:
    """A statement for each of many rows as one, with an array for each column; for PostgreSQL. None where it is not
    spelled with `VALUES`. Raises ClashError for a value that it cannot hold."""
    columns = list(zip(*rows, strict=True))
    changed = _unnested(sql, tuple(map(_type_of, columns)))
    return (changed, tuple(map(_array, columns))) if changed else None


@lru_cache
def _unnested(sql: str, types: tuple[str, ...]) -> str:
    found = _ROW.search(sql)
    if found is None:
        return ""
    table = _unnest(types)
    return sql[: found.start()] + (f"({table})" if found[0].startswith("(") else table) + sql[found.end() :]


@lru_cache
def copied(sql: str) -> str:
    """A plain insert as PostgreSQL's COPY, "" for another statement."""
    found = _PLAIN.fullmatch(sql)
    return f"COPY {found[1]} FROM STDIN" if found else ""


def _unnest(types: Sequence[str]) -> str:
    arrays = ", ".join(f"?::{one}[]" for one in types)
    names = ", ".join(f"column{number}" for number in range(1, len(types) + 1))
    return f"SELECT * FROM unnest({arrays}) AS given({names})"  # noqa: S608 - names of types


def _type_of(column: Sequence[Value]) -> str:
    first = next((one for one in column if one is not None), None)
    return {str: "text", bytes: "bytea", float: "float8"}.get(type(first), "int8")


def _array(column: Sequence[Any]) -> str:
    """A column as PostgreSQL reads an array: as JSON spells it, where nothing has to be escaped in another way."""
    kinds = set(map(type, column))
    if kinds == {int} or (kinds == {str} and "".join(column).isprintable()):
        return f"{{{_JSON.encode(column)[1:-1].decode()}}}"
    return "{" + ",".join(map(_element, column)) + "}"


def _element(value: Value) -> str:
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, str):
        if "\0" in value:
            raise ClashError("a text in the store cannot have NUL in it")
        return f'"{value.translate(_QUOTED)}"'
    if value is None:
        return "NULL"
    return repr(value) if isinstance(value, float) else str(int(value))
