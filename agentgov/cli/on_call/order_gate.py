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
from agentgov.cli.order import Done, append_orders, plain_act, tell
from agentgov.errors import IncompleteError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.draft_text import document
from agentgov.journal.view import View
from agentgov.report.page import Page, Span

Write = Callable[[View, Actor], Draft]
WriteAll = Callable[[View, Actor], list[Draft]]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a gate took, and what it says became of the last of it."""

    drafts: list[Draft]
    url: str
    told: dict[str, Any]


def order(
    command: str, output: str, repo: str, write: Write, about: str | None, more: Callable[[View], list[str]]
) -> int:
    """Give an order through the gate, else to the journal; prints what was done, returns the exit code."""
    return orders(command, output, repo, lambda view, actor: [write(view, actor)], about, more)


def orders(
    command: str, output: str, repo: str, write: WriteAll, about: str | None, more: Callable[[View], list[str]]
) -> int:
    """The same of several acts, one after the other. Where the gate keeps one for a journal that is away, those after
    it, which rest on it, are not sent, and the notes say so."""
    context = open_context(repo)
    taken = _through_gate(context, write, about)
    if isinstance(taken, _Taken):
        return _tell(command, output, taken, more(_afterwards(context, taken)))
    done: Done = append_orders(repo, write, about=about)
    return tell(command, output, done, *taken, *more(done.after))


def _through_gate(context: Context, write: WriteAll, about: str | None) -> _Taken | list[str]:
    """What the gate took; else what there is to say about it."""
    try:
        view = context.view(fetch=True)
    except IncompleteError:
        view = context.view()
        if not has_gate(view):
            raise
    if not has_gate(view):
        return []
    if about is not None:
        require_selected(view, about)
    drafts, url = write(view, context.person(view)), address_of(view)
    try:
        return _sent(GateClient(url, None), drafts)
    except IncompleteError as error:
        return [f"{error.message}: it obeys as soon as it reads the journal"]


def _sent(gate: GateClient, drafts: list[Draft]) -> _Taken:
    told: dict[str, Any] = {}
    for number, draft in enumerate(drafts):
        if number and told.get("journal") != "landed":
            return _Taken(drafts[:number], gate.url, told)
        told = gate.ask("POST", "/v1/acts", document(draft))
    return _Taken(drafts, gate.url, told)


def _afterwards(context: Context, taken: _Taken) -> View:
    """The journal with what the gate brought there, so that whoever looks next, in this clone, sees it. What the remote
    does not tell now is told by the next look: the order is obeyed."""
    try:
        return context.view(fetch=taken.told.get("journal") == "landed")
    except IncompleteError:
        return context.view()


def _tell(command: str, output: str, taken: _Taken, more: list[str]) -> int:
    act, told = taken.drafts[0].act, taken.told
    landed = told.get("journal") == "landed"
    page = Page()
    for draft in taken.drafts:
        page.line(Span("done ", "good"), draft.act.subject)
    where = f"act {told['seq']} in the journal" if landed else "on its way to the journal, which the gate brings it to"
    page.line(Span(f"  obeyed by {taken.url} now; {where}", "dim"))
    for line in more:
        page.line(f"  {line}")
    gate = {"url": taken.url, "journal": told.get("journal"), **({"seq": told["seq"]} if landed else {})}
    answer(output, page, {"schema": f"agentgov.{command}/1", "act": plain_act(act), "gate": gate, "notes": more})
    return 0
