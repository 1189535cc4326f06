"""Many values in one statement, for both databases: rows to insert, and values to look for.

PostgreSQL makes a plan for each text of a statement, so the text must not change with how many there are: what is
inserted travels as one array for each column, and what is looked for is filled up with NULL to a power of two.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from agentgov.store.port import ClashError, Row, Transaction, Value

_PAGE = 512  # values of one statement
_LEAST, _MOST = -(2**63), 2**63 - 1
_ROW = re.compile(r"VALUES \(\?(?:, \?)*\)")
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"'})


def among(tx: Transaction, sql: str, values: Sequence[Value] | Sequence[tuple[Value, ...]]) -> list[Row]:
    """Every row of an answer about many values: `(?)` stands for all of them, as in `WHERE name IN (?)`; where those
    are tuples, for a table of them, as in `FROM (?) AS asked CROSS JOIN things WHERE name = asked.column1`."""
    found: list[Row] = []
    for start in range(0, len(values), _PAGE):
        page: list[Any] = list(values[start : start + _PAGE])
        width = len(page[0]) if isinstance(page[0], tuple) else 0
        flat = [value for row in page for value in row] if width else page
        count = 1 << (len(page) - 1).bit_length()
        flat += [None] * (count * (width or 1) - len(flat))
        found += tx.all(_spelled(sql, count, width), *flat)
    return found


@lru_cache
def _spelled(sql: str, count: int, width: int) -> str:
    row = f"({', '.join('?' * width)})" if width else "?"
    rows = ", ".join([row] * count)
    return sql.replace("(?)", f"(VALUES {rows})" if width else f"({rows})", 1)


def unnested(sql: str, rows: Sequence[tuple[Value, ...]]) -> tuple[str, tuple[str, ...]] | None:
    """An `INSERT ... VALUES (?, ...)` of many rows as PostgreSQL takes it, with an array for each column; None where it
    is another statement. Raises ClashError for a value that PostgreSQL cannot hold."""
    columns = list(zip(*rows, strict=True))
    changed = _changed(sql, tuple(map(_type_of, columns)))
    return (changed, tuple(map(_array, columns))) if changed else None


@lru_cache
def _changed(sql: str, types: tuple[str, ...]) -> str:
    columns = ", ".join(f"?::{one}[]" for one in types)
    changed, count = _ROW.subn(f"SELECT * FROM unnest({columns})", sql)  # noqa: S608 - names of types
    return changed if count == 1 else ""


def _type_of(column: Sequence[Value]) -> str:
    first = next((one for one in column if one is not None), None)
    return {str: "text", bytes: "bytea", float: "float8"}.get(type(first), "int8")


def _array(column: Sequence[Value]) -> str:
    return "{" + ",".join(map(_element, column)) + "}"


def _element(value: Value) -> str:
    if isinstance(value, str):
        if "\0" in value:
            raise ClashError("a text in the store cannot have NUL in it")
        return f'"{value.translate(_QUOTED)}"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, float):
        return repr(value)
    if value is None:
        return "NULL"
    if not _LEAST <= value <= _MOST:
        raise ClashError("a number in the store has 64 bits")
    return str(int(value))
