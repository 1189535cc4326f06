"""One step of an incident by the person who sits here: found, signed, sent through the gate or to the journal."""

import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from agentgov.cli.context import Context, open_context
from agentgov.cli.gate_client import address_of, has_gate
from agentgov.cli.on_call.order_gate import order
from agentgov.cli.options import answer
from agentgov.cli.order import plain_act
from agentgov.cli.together import put_draft
from agentgov.errors import IncompleteError
from agentgov.incident.orders import incident_of, take_step
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.incident import Incident, is_incident_id
from agentgov.repo import clock
from agentgov.report.page import Page, Span

Command = TypeVar("Command", bound=Callable[..., Any])
Write = Callable[[View, Actor, Incident], Draft]


def incident_id(text: str) -> str:
    """The id of an incident, as an argument spells it."""
    if not is_incident_id(text.lower()):
        raise click.BadParameter(f"{text!r} is no incident's id; they look like 2026-1123-k7qd: agentgov incident list")
    return text.lower()


def incident_argument(command: Command) -> Command:
    """ID: the incident."""
    return click.argument("incident", type=incident_id, metavar="ID")(command)


def present(context: Context, incident: str, *, fetch: bool = False, over: bool = False) -> tuple[View, Incident]:
    """The journal and an incident in it, which a gate may have brought there a moment ago: where this clone does not
    know it, or with `over` not that it is over, the remote is asked.

    RefusedError where there is none, IncompleteError where nobody can tell.
    """
    view = context.view(fetch=fetch)
    known = view.state.incident(incident)
    if not fetch and (known is None or (over and known.is_standing)):
        try:
            view = context.view(fetch=True)
        except IncompleteError:
            if known is None:
                raise  # whether there is such an incident, nobody can tell
    return view, incident_of(view, incident)


def branch_option(command: Command) -> Command:
    """`--branch`: a commit instead of a file."""
    words = "Commit it to the branch incident/ID, signed, and leave the working tree alone."
    return click.option("--branch", "on_branch", is_flag=True, help=words)(command)


def reason_option(*, required: bool = False) -> Callable[[Command], Command]:
    """`-m`: words that stand in the act."""
    words = "Why; stands in the journal for ever."
    if required:
        return click.option("-m", "--reason", required=True, help=words)
    return click.option("-m", "--reason", default="", help=words)


def draft_option(command: Command) -> Command:
    """`--draft FILE`: the signed act as a file, for whoever sends it by HTTP."""
    words = "Write the signed act into FILE instead; POST /v1/acts of a gate takes it."
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option("--draft", type=kind, metavar="FILE", help=words)(command)


def step(name: str, output: str, repo: str, incident: str, write: Write, *more: str, file: Path | None = None) -> int:
    """Take one step, and say what can follow; `more` are lines about that. With a file it is only signed, into it."""

    def draft(view: View, actor: Actor) -> Draft:
        return write(view, actor, incident_of(view, incident))

    if file is not None:
        return _signed(f"incident-{name}", output, repo, draft, file)
    lines = [one.format(id=incident) for one in more]
    return order(f"incident-{name}", output, repo, draft, None, lambda _: lines)


def afterwards(incident: str, paused: Iterable[object], held: Iterable[object] = ()) -> list[str]:
    """What ends an incident, the pauses of its agents, and the holds on those that went back."""
    resumes = (f"when it may go on: agentgov resume {agent}" for agent in paused)
    lifts = (f"a hold is set; when it is fixed: agentgov hold {agent} --lift" for agent in held)
    return [f"when it is over: agentgov incident resolve {incident}", *resumes, *lifts]


def _signed(command: str, output: str, repo: str, write: Callable[[View, Actor], Draft], file: Path) -> int:
    context = open_context(repo)
    view = context.view(fetch=True)
    draft = write(view, context.person(view))
    put_draft(file, draft)
    url = address_of(view) if has_gate(view) else "https://GATE"
    body = shlex.quote(f"@{file}")
    todo = f"nothing is in the journal yet: curl -H content-type:application/json -d {body} {url}/v1/acts"
    page = Page().line(Span("signed ", "good"), draft.act.subject).line(f"  {todo}")
    answer(output, page, {"schema": f"agentgov.{command}/1", "act": plain_act(draft.act), "notes": [todo]})
    return 0


def plain(name: str, said: str, reason: str, fields: Iterable[tuple[str, str]] = ()) -> Write:
    """A step that says no more than its fields and why."""
    given = tuple(fields)
    return lambda view, actor, found: take_step(view, actor, found, name, said, given, now=clock.now(), reason=reason)
