"""Orders that go through the gate where the fleet has one: obeyed there at once, and brought to the journal by it.

What is sent is the very act that would be appended from here, signed by the same key: the signature is the login. So it
takes no right to push, and works while the forge is away. Where the gate gives no answer, the journal is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentgov.cli.context import Context, open_context
from agentgov.cli.gate_client import GateClient, address_of, has_gate
from agentgov.cli.known import require_selected
from agentgov.cli.options import answer
from agentgov.cli.order import Done, append_order, tell
from agentgov.errors import IncompleteError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.draft_text import document
from agentgov.journal.view import View
from agentgov.report.page import Page, Span

Write = Callable[[View, Actor], Draft]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a gate took, and what it says became of it."""

    draft: Draft
    url: str
    told: dict[str, Any]


def order(command: str, output: str, repo: str, write: Write, about: str, more: Callable[[View], list[str]]) -> int:
    """Give an order through the gate, else to the journal; prints what was done, returns the exit code."""
    context = open_context(repo)
    taken = _through_gate(context, write, about)
    if isinstance(taken, _Taken):
        return _tell(command, output, taken, more(context.view()))
    done: Done = append_order(repo, write, about=about)
    return tell(command, output, done, *taken, *more(done.after))


def _through_gate(context: Context, write: Write, about: str) -> _Taken | list[str]:
    """What the gate took; else what there is to say about it."""
    try:
        view = context.view(fetch=True)
    except IncompleteError:
        view = context.view()
        if not has_gate(view):
            raise
    if not has_gate(view):
        return []
    require_selected(view, about)
    draft = write(view, context.person(view))
    url = address_of(view)
    try:
        return _Taken(draft, url, GateClient(url, None).ask("POST", "/v1/acts", document(draft)))
    except IncompleteError as error:
        return [f"{error.message}: it obeys as soon as it reads the journal"]


def _tell(command: str, output: str, taken: _Taken, more: list[str]) -> int:
    act, told = taken.draft.act, taken.told
    landed = told.get("journal") == "landed"
    page = Page().line(Span("done ", "good"), act.subject)
    where = f"act {told['seq']} in the journal" if landed else "on its way to the journal, which the gate brings it to"
    page.line(Span(f"  obeyed by {taken.url} now; {where}", "dim"))
    for line in more:
        page.line(f"  {line}")
    found = {"kind": act.kind, "id": act.id, "actor": act.actor, "subject": act.subject}
    gate = {"url": taken.url, "journal": told.get("journal"), **({"seq": told["seq"]} if landed else {})}
    answer(output, page, {"schema": f"agentgov.{command}/1", "act": found, "gate": gate, "notes": more})
    return 0
