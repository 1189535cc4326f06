"""Exports as JSON Lines (schemas/export/record.schema.json), and as CSV (RFC 4180) that computes nothing."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from agentgov.audit.exported import Exported

SCHEMA = "agentgov.audit-record/1"
COLUMNS = (
    *("source", "place", "time", "type", "actor", "agent", "environment", "release", "purpose"),
    *("refs", "commitment", "hash", "text", "payload"),
)
# What spreadsheets take for the beginning of a formula, in the widths that they read (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def moment(time_ms: int) -> str:
    """Epoch milliseconds as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03}Z"


def json_lines(found: Iterable[Exported]) -> bytes:
    """One object a line; null is what it has not."""
    return b"".join(msgspec.json.encode(_object(one)) + b"\n" for one in found)


def csv_head() -> bytes:
    """The line of names."""
    return _csv([COLUMNS])


def csv_lines(found: Iterable[Exported]) -> bytes:
    """One record a line, every cell in quotes. A cell that a spreadsheet would compute begins with an apostrophe."""
    return _csv([inert(value) for value in _cells(one)] for one in found)


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _object(one: Exported) -> dict[str, object]:
    values = {name: value or None for name, value in msgspec.structs.asdict(one).items()}
    return {"schema": SCHEMA, **values, "time": moment(one.time), "refs": one.refs, "payload": one.payload}


def _cells(one: Exported) -> list[str]:
    refs = msgspec.json.encode(one.refs, order="sorted").decode() if one.refs else ""
    values = {**msgspec.structs.asdict(one), "time": moment(one.time), "refs": refs, "payload": one.payload or ""}
    return [str(values[name]) for name in COLUMNS]


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8", "replace")
