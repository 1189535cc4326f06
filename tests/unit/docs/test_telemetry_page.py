"""docs/telemetry.md shows the table of dialects as the code has it."""

import os
from pathlib import Path

from agentgov.runtime.telemetry.dialects import KINDS, NAMES, VERSION

PAGE = Path(__file__).resolve().parents[3] / "docs" / "telemetry.md"
MARK = "<!-- dialects: written by GOLDEN=write pytest tests/unit/docs/test_telemetry_page.py -->\n"
_SAYS = {
    "operation": "what the span is",
    "kind": "what the span is",
    "task": "what the span is",
    "entity": "what the span is",
    "provider": "the provider",
    "asked": "the model that was asked for",
    "model": "the model that answered",
    "input": "tokens of input",
    "output": "tokens of output",
    "cached": "of the input, from a cache",
    "written": "of the input, into a cache",
    "reasoning": "of the output, reasoning",
    "tool": "the tool",
    "call": "the id of its call",
    "response": "the id of the response",
    "finish": "why it ended",
    "error": "the kind of error",
    "session": "the session",
    "release": "the release that runs",
    "subject": "whom it is about",
    "purpose": "what it is for",
    "rate": "the share of traces that is sent",
}


def _table() -> str:
    rows = [f"Version {VERSION}.\n", "| what | dialect | attribute |", "|---|---|---|"]
    rows += [f"| {_SAYS[one.field]} | {one.dialect} | `{one.name}` |" for one in NAMES]
    rows += ["", "| attribute | value | taken for |", "|---|---|---|"]
    first = {one.field: one.name for one in reversed(NAMES)}
    for field, kinds in KINDS.items():
        rows += [f"| `{first[field]}` | `{value}` | {kind or 'neither'} |" for value, kind in kinds.items()]
    return "\n".join([*rows, ""])


def test_the_page_shows_the_table() -> None:
    head, mark, told = PAGE.read_text("utf-8").partition(MARK)
    assert mark, "the page has a place for the table"
    if os.environ.get("GOLDEN") == "write":
        PAGE.write_text(head + mark + _table(), "utf-8")
    else:
        assert told == _table(), "GOLDEN=write pytest tests/unit/docs"
