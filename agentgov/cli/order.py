"""One act by the person who sits here: read the present, sign, append, say what came of it. Used by every order."""

from collections.abc import Callable
from dataclasses import dataclass

from agentgov.cli.context import Context, open_context
from agentgov.cli.known import require_selected
from agentgov.cli.options import answer
from agentgov.errors import RefusedError
from agentgov.journal.authority import who_may
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import AgentId, agent_id
from agentgov.release.orders import TAKES_TWO
from agentgov.repo import clock
from agentgov.report.page import Page, Span


@dataclass(frozen=True, slots=True)
class Done:
    """An act that landed, the journal before and after it, and what followed it at once."""

    act: Act
    before: View
    after: View
    others: tuple[Act, ...] = ()


def append_order(
    repo: str,
    write: Callable[[View, Actor], Draft],
    *,
    about: AgentId | str | None = None,
    who: Callable[[Context, View], Actor] = Context.person,
) -> Done:
    """Append what `write` makes of the present; it is called again after a lost race.

    `about` is the agent, or the selector, that the order speaks of: UsageError where there is none such. `who` finds
    whoever acts.
    """
    return append_orders(repo, lambda view, actor: [write(view, actor)], about=about, who=who)


def append_orders(
    repo: str,
    write: Callable[[View, Actor], list[Draft]],
    *,
    about: AgentId | str | None = None,
    who: Callable[[Context, View], Actor] = Context.person,
) -> Done:
    """The same of several acts that land together."""
    context: Context = open_context(repo)
    view = context.view(fetch=True)
    if about is not None:
        require_selected(view, str(about))
    actor = who(context, view)
    written: list[tuple[View, list[Draft]]] = []

    def propose(view: View) -> list[Draft]:
        drafts = write(view, actor)
        written.append((view, drafts))
        return drafts

    try:
        after = context.journal.append(propose, actor.appender, clock.now)
    except RefusedError as error:
        if error.hint or not written or (about is None and written[-1][1][0].act.kind != "incident"):
            raise
        view, drafts = written[-1]
        raise _with_hint(error, view, drafts[0].act, about) from error
    before, (first, *others) = written[-1]
    return Done(first.act, before, after, tuple(draft.act for draft in others))


def _with_hint(error: RefusedError, view: View, act: Act, about: AgentId | str | None) -> RefusedError:
    """What to do where the law said no."""
    agent = agent_id(str(about or act.get("Agent")))
    if act.kind == "incident" and "(authority." not in error.message:
        where = "list" if act.get("Step") == "open" else f"show {act.get('Incident')}"
        return RefusedError(error.message, f"see where it stands: agentgov incident {where}")
    if act.kind == "rollback" and any(f"({code})" in error.message for code in TAKES_TWO):
        return RefusedError(error.message, "add --draft FILE, and the second person runs: agentgov cosign FILE")
    if "(authority." in error.message:
        return RefusedError(error.message, who_may(view, act))
    return RefusedError(error.message, f"see where it stands: agentgov status{f' {agent}' if agent else ''}")


def tell(command: str, output: str, done: Done, *more: str) -> int:
    """Print what was done, with what follows from it; returns exit code 0."""
    page = done_page(done)
    for line in more:
        page.line(f"  {line}")
    answer(output, page, {"schema": f"agentgov.{command}/1", "act": act_json(done), "notes": list(more)})
    return 0


def done_page(done: Done) -> Page:
    """That an act landed, where, and by whom."""
    page = Page().line(Span("done ", "good"), done.act.subject)
    for other in done.others:
        page.line(Span("done ", "good"), other.subject)
    where = f"act {done.after.state.head.seq} in the journal, {done.after.tip[:12]}, by {done.act.actor_id}"
    return page.line(Span(f"  {where}", "dim"))


def act_json(done: Done) -> dict[str, object]:
    """The same as every document carries it."""
    return {**plain_act(done.act), "seq": done.after.state.head.seq, "commit": done.after.tip}


def plain_act(act: Act) -> dict[str, object]:
    """An act that may not be in the journal yet, as every document carries it."""
    about = {"incident": act.get("Incident")} if act.kind == "incident" else {}
    return {"kind": act.kind, "id": act.id, "actor": act.actor, "subject": act.subject, **about}
