"""Records of the ledger as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span


def records_page(records: Sequence[Mapping[str, Any]], most: int) -> Page:
    """Records as `ledger log --json` has them, newest first; `most` is how many were asked for."""
    page = Page()
    for one in records:
        place = f"{one['tree']}/{one['seq']}"
        refs = "".join(f"  {name} {value}" for name, value in one["refs"].items())
        page.line(
            Span(f"{stamp(one['time'])}  {place}  ", "dim"),
            f"{one['type']:<18} {one['agent'] or '-'}  {one['actor']}",
            Span(refs, "dim"),
        )
        if one.get("payload") is not None:
            page.line(Span(f"{'':<32}{one['payload']}", "dim"))
    if not records:
        page.line("there is no such record")
    elif len(records) == most:
        page.line(Span(f"older ones: --before {records[-1]['tree']}/{records[-1]['seq']}", "dim"))
    return page
