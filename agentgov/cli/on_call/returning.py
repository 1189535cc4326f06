"""The steps of `agentgov rollback`: show and ask, append or keep, send what was kept, say what came of it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from agentgov.cli.context import open_context
from agentgov.cli.known import require_selected
from agentgov.cli.on_call import unsent
from agentgov.cli.options import answer, show
from agentgov.cli.order import Done, append_order, tell
from agentgov.errors import IncompleteError, RefusedError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.query import view_at_act
from agentgov.journal.view import View, view_at
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Release
from agentgov.release.orders import by_tag, order_rollback, recorded, running
from agentgov.release.returning import content_of, returning
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.report.rollback import denied_lines, rollback_json, rollback_page


@dataclass(slots=True)
class Order:
    """What somebody asks for. `leaves` is what they saw running, whoever else rolls back meanwhile."""

    repo: str
    agent: AgentId
    wanted: ReleaseName | None
    reason: str
    leaves: Release | None = None
    _written: list[Draft] = field(default_factory=list)

    def write(self, view: View, actor: Actor) -> Draft:
        """The act on this view, signed. RefusedError where there is nothing to return to."""
        if self.wanted is not None:
            recorded(view, self.wanted)
        self.leaves = self.leaves or running(view, self.agent)
        now = clock.now()
        made = order_rollback(view, actor, self.agent, self.wanted, leaves=self.leaves, now=now, reason=self.reason)
        self._written.append(made)
        return made

    def append(self) -> Done:
        """Append it; IncompleteError where the remote is away, and the order is kept then."""
        try:
            return append_order(self.repo, self.write, about=self.agent)
        except IncompleteError as error:
            self._keep()
            raise unsent.not_sent(error, f"agentgov rollback {self.agent} --reason ...") from error

    def _keep(self) -> None:
        context = open_context(self.repo)
        view = context.view()
        actor = context.person(view)
        unsent.keep(context, view, actor, self._written[-1] if self._written else self.write(view, actor))


def dry_run_of(order: Order, output: str) -> int:
    """Say what the order would do: 0, or 1 where the law refuses it even of two people."""
    view, actor = _present(order)
    one = returning(view, actor, order.agent, order.write(view, actor), clock.now())
    content = content_of(view, one.agent, one.leaves, one.target)
    document = {"schema": "agentgov.rollback-preview/1", **rollback_json(one, content)}
    answer(output, rollback_page(one, content).line(Span("nothing was done", "dim")), document)
    return 1 if one.refusal is not None and not one.takes_two else 0


def ask(order: Order) -> bool:
    """On a terminal: show what the order would do, and ask; True where nobody is there to be asked.

    What is confirmed is what is done: the order keeps what it leaves and where it returns to.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    try:
        view, actor = _present(order)
    except IncompleteError:
        return True  # the remote is away: what can be done is to keep the order
    one = returning(view, actor, order.agent, order.write(view, actor), clock.now())
    show(rollback_page(one, content_of(view, one.agent, one.leaves, one.target)), err=True)
    order.wanted = one.target.release_name if order.wanted is None else order.wanted
    if click.confirm("Roll back?", err=True):
        return True
    show(Page().line("nothing was done"), err=True)
    return False


def send_kept(order: Order) -> Done | None:
    """Send an order of before that could not be sent; None where there is none that still means something.

    It means nothing any more where the wish is another one, or where production runs something newer by now.
    """
    context = open_context(order.repo)
    kept = list(unsent.unsent(context, "rollback", str(order.agent)))
    if not kept:
        return None
    view = context.view(fetch=True)
    for one in kept:
        done = _sent(order, one, view) if _still_meant(order, one, view) else None
        unsent.forget(context, one)
        if done is not None:
            return done
    return None


def _sent(order: Order, one: unsent.Unsent, view: View) -> Done | None:
    landed = one.stands(view)
    if landed is not None:  # and only the answer got lost
        after = view_at(view.repo, landed, view)
        return Done(one.draft.act, view_at_act(view, after.state.head.seq - 1), after)
    try:
        return append_order(order.repo, lambda _view, _actor: one.draft, about=order.agent)
    except RefusedError as error:
        words = f"the order kept before does not hold any more: {error.message}"
        show(Page().line(Span("dropped ", "warn"), words), err=True)
        return None


def _still_meant(order: Order, one: unsent.Unsent, view: View) -> bool:
    """Whether it leads where this order leads, and production runs nothing newer than what it leaves."""
    act = one.draft.act
    if order.wanted is not None and str(order.wanted) != act.get("Release").partition(" ")[0]:
        return False
    if one.stands(view) is not None:
        return True
    left, here = by_tag(view, order.agent, act.get("Leaves")), running(view, order.agent)
    return left is not None and here is not None and here.release_name.precedence <= left.release_name.precedence


def tell_returned(order: Order, output: str, done: Done, *first: str) -> int:
    """What was done, what it took along, and what today's rules deny of it."""
    return tell("rollback", output, done, *first, *_consequences(order.agent, done))


def _consequences(agent: AgentId, done: Done) -> Iterator[str]:
    before, after = done.before.state.deployment(agent), done.after.state.deployment(agent)
    if before == after:
        yield "production had left that release already: nothing changed"
        return
    now_running = by_tag(done.after, agent, after.production.release)
    was_running = by_tag(done.before, agent, before.production.release)
    yield f"production now runs {now_running.name if now_running else after.production.release}"
    if was_running is not None and was_running.closure in after.bad:
        yield f"{was_running.name} is marked bad and never returns by itself"
    if before.canary.state in ("RAMP", "INCONCLUSIVE"):
        yield "the canary that was running is gone"
    if after.hold is not None:
        yield f"a hold is set; when it is fixed: agentgov hold {agent} --lift"
    if now_running is not None and was_running is not None:
        yield from denied_lines(content_of(done.after, agent, was_running, now_running))


def _present(order: Order) -> tuple[View, Actor]:
    context = open_context(order.repo)
    view = context.view(fetch=True)
    require_selected(view, str(order.agent))
    return view, context.person(view)
