"""`agentgov history`: every act on an agent, who did it, when and why; on demand what each release changed."""

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any

import click

from agentgov.cli import parameters
from agentgov.cli.context import journal_json, journal_line, open_context
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.trust.journal import as_json
from agentgov.journal.entry import read_entry, signers_of
from agentgov.journal.query import Logged, acts_on
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.transitions import Refusal
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span


@click.command()
@parameters.agent_argument()
@click.option("-n", "--last", type=click.IntRange(1), default=50, show_default=True, help="How many acts.")
@click.option("--since", metavar="TIME", help="Only acts since then (2026-11-23T08:00Z).")
@click.option("--diff", "with_diff", is_flag=True, help="What each release and each rollback changed in the agent.")
@repo_option
@format_option()
def history(agent: AgentId, last: int, since: str | None, with_diff: bool, repo: str, output: str) -> int:
    """What happened to AGENT, newest first: reviews, releases, stages, pauses, rollbacks.

    With --diff, every release and every rollback shows what it changed, riskiest first.
    """
    context = open_context(repo)
    view = context.view()
    require_agent(view, agent)
    floor = parameters.instant(since) if since else 0
    recent = takewhile(lambda one: one.head.time >= floor, acts_on(context.repo, view.tip, agent))
    found = [_Told(view, agent, one, with_diff) for one in islice(recent, last)]
    page = Page()
    for each in found:
        each.tell(page)
    page.line(journal_line(view))
    acts = [each.document() for each in found]
    document = {"schema": "agentgov.history/1", "agent": str(agent), "acts": acts, "journal": journal_json(view)}
    answer(output, page, document)
    return 0


class _Told:
    """One act with who else signed it, and what it changed where that was asked for."""

    def __init__(self, view: View, agent: AgentId, logged: Logged, with_diff: bool) -> None:
        self._logged = logged
        self._with = tuple(_cosigners(view, logged))
        self._changed = None
        if with_diff:
            from agentgov.cli.release.history_diff import changed_by

            self._changed = changed_by(view, agent, logged.act)

    def tell(self, page: Page) -> None:
        """Add it to a page."""
        act = self._logged.act
        also = f", with {', '.join(self._with)}" if self._with else ""
        page.line(Span(f"{stamp(self._logged.head.time)}  ", "dim"), f"{act.actor_id:<12} ", f"{act.subject}{also}")
        for line in act.reason.splitlines():
            page.line(Span(f"{'':<35}{line}", "dim"))
        if self._changed is not None:
            page.then(self._changed.page(" " * 35))

    def document(self) -> dict[str, Any]:
        """The same as a document carries it."""
        more = {"changes": self._changed.document()} if self._changed is not None else {}
        return {**as_json(self._logged), "cosigners": list(self._with), **more}


def _cosigners(view: View, logged: Logged) -> Iterator[str]:
    """Who signed an act besides its actor, by the Access of today."""
    entry = read_entry(view.repo, logged.commit)
    if isinstance(entry, Refusal) or len(entry.signatures) < 2:
        return
    for one in entry.signatures:
        signers = signers_of(entry.text, (one,), view.directory)
        names = (
            ["somebody whom Access does not list today"]
            if isinstance(signers, Refusal)
            else [who.id for who in signers]
        )
        yield from (name for name in names if name != logged.act.actor_id)
