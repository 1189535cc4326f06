"""`agentgov status`: what runs where, at what share, since when, and what it waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import Any

import click

from agentgov.cli import parameters
from agentgov.cli.context import Context, journal_json, journal_line, open_context, override_json
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.journal.clock import STALE_HINT, stale_words
from agentgov.journal.overriding import overrides_of
from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.view import View
from agentgov.model.incident import Incident
from agentgov.model.names import AgentId
from agentgov.model.state import Deployment, Revoked
from agentgov.release.fleet import plan_all
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import Memory, fingerprint, observed
from agentgov.release.refs import Refs
from agentgov.release.view import Wait
from agentgov.repo import clock
from agentgov.report.incidents import STYLES, incident_json
from agentgov.report.judge import Judged, judged_of, judged_stage
from agentgov.report.page import Page, Span
from agentgov.report.phrases import UNREVIEWED
from agentgov.report.standing import COLUMNS, Standing, standing_of
from agentgov.report.standings import Standings
from agentgov.trust.places import state_path

_SECONDS = "5"  # between two looks, where nobody says how many


class _Status(click.Command):
    """The command, whose `--watch` takes a number where one follows, and never an agent."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        alone = [one == "--watch" and "/" in following for one, following in pairwise(args)]
        told = [f"--watch={_SECONDS}" if by_itself else one for one, by_itself in zip_longest(args, alone)]
        return super().parse_args(ctx, told)


@click.command(cls=_Status)
@parameters.agent_argument(required=False)
@click.option("--fetch/--no-fetch", default=None, help="Ask the remote for the journal first (with --watch: always).")
@click.option(
    "--watch",
    is_flag=False,
    flag_value=_SECONDS,
    type=click.IntRange(1, 3600),
    metavar="[SECONDS]",
    help=f"Stay, look again every {_SECONDS} (or so many) seconds, and show what moves. Ended by q or Ctrl-C.",
)
@repo_option
@format_option()
def status(agent: AgentId | None, fetch: bool | None, watch: int | None, repo: str, output: str) -> int:
    """Where every agent stands (or AGENT alone), by the journal as this clone knows it.

    With --watch on a terminal, a board of what moves, waits or is stopped; elsewhere one line for each new act, and
    with --json one document a line: first all agents, then those that changed.
    """
    context = open_context(repo)
    if watch is not None:
        from agentgov.cli.release.status_watch import watch_status

        return watch_status(context, agent, watch, fetch is not False, output)
    view = context.view(fetch=bool(fetch))
    if agent is not None:
        require_agent(view, agent)
    fleet = Looks(context, agent).look(view)
    answer(output, _page(context, fleet, bool(fetch)), fleet.document())
    return 0


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """Agents by id, or one alone, with what is told of the fleet beside them."""

    view: View
    only: AgentId | None
    rows: tuple[Standing, ...]
    memories: Mapping[AgentId, Memory]  # what the reconciler of this machine observed, of deployments as they are now
    pinned: bool
    now: int

    def document(self, rows: Sequence[Standing] | None = None) -> dict[str, Any]:
        """All of it as a document, or with these agents only."""
        view = self.view
        return {
            "schema": "agentgov.status/1",
            "agents": [row.document() for row in (self.rows if rows is None else rows)],
            "pending": sorted(view.state.pending),
            "unreviewed": len(view.governance.access.people) == 1,
            "pinned": self.pinned,
            "revoked": [revoked_json(one) for one in _revoked(view)],
            "journal": journal_json(view),
            "stale": view.is_stale(self.now),
            "incidents": [incident_json(one) for one in _going(view, self.only)],
            "overrides": [override_json(one) for one in overrides_of(view, self.only, self.now)],
        }


@dataclass(slots=True)
class Looks:
    """Looks at a whole fleet, or at one agent of it, one after the other: what did not change is not read again."""

    context: Context
    only: AgentId | None = None
    _standings: Standings = field(default_factory=Standings)
    _store: MemoryStore | None = None

    def look(self, view: View) -> FleetStatus:
        """Where all agents stand, or the one; nothing is read of the others then."""
        now, only, pinned = clock.now(), self.only, self.context.journal.pins(view) is not None
        if only is not None:
            known = self._observed(view, {only: view.state.deployment(only)})
            waits = _waits(view, known, pinned, now)
            row = standing_of(view, only, now, waits.get(only, ()), _judged(view, known).get(only))
            return FleetStatus(view, only, (row,), known, pinned, now)
        self._standings.look(view)
        known = self._observed(view, self._standings.moving())
        waits, judged = _waits(view, known, pinned, now), _judged(view, known)
        rows = self._standings.rows(max(now, view.state.head.time), waits, judged)
        return FleetStatus(view, None, rows, known, pinned, now)

    def _observed(self, view: View, at: Mapping[AgentId, Deployment]) -> dict[AgentId, Memory]:
        """What the reconciler of this machine observed of agents, as far as it speaks of where they stand now."""
        self._store = self._store or MemoryStore(state_path("reconciler", view.state.head.fleet))
        memories, _ = self._store.load()
        found = ((agent, one, memories.get(str(agent))) for agent, one in at.items())
        return {agent: memory for agent, one, memory in found if memory is not None and memory.of == fingerprint(one)}


def _waits(view: View, known: Mapping[AgentId, Memory], pinned: bool, now: int) -> dict[AgentId, tuple[Wait, ...]]:
    """What agents wait for, as far as this machine can tell: soak and counts only the reconciler's machine knows."""
    agents = [agent for agent in known if view.state.releases(agent)]
    tags = {release.name: release.tag for agent in agents for release in view.state.releases(agent)}  # as recorded
    memories = {str(agent): memory for agent, memory in known.items()}
    decisions = plan_all(view, memories, Refs("", tags), now, pinned, agents=agents)
    return {agent: decision.waits for agent, decision in decisions.items()}


def _judged(view: View, known: Mapping[AgentId, Memory]) -> dict[AgentId, Judged]:
    """What is judged of agents, and on which counts."""
    found = dict[AgentId, Judged]()
    for agent, memory in known.items():
        at = view.state.deployment(agent)
        if judged_stage(at) is not None:
            pipeline = pipeline_of(view, agent)
            judged = judged_of(at, pipeline, observed(memory, pipeline))
            found |= {agent: judged} if judged is not None else {}
    return found


def _page(context: Context, fleet: FleetStatus, fetched: bool) -> Page:
    view, rows = fleet.view, fleet.rows
    page = Page().table(COLUMNS, [row.cells() for row in rows])
    for row in rows:
        row.tell_why(page)
        row.tell_waits(page)
    if not rows:
        page = Page().line("the fleet has no authorised agent yet: agentgov new WORKSPACE/AGENT")
    for going in _going(view, fleet.only):
        lead = f"led by {going.lead}" if going.lead else f"nobody leads: agentgov incident ack {going.id}"
        page.line(
            Span("incident ", STYLES[going.state]), f"{going.id} {going.state}, severity {going.severity}, {lead}"
        )
        page.line(f"  {', '.join(going.agents)}: {going.title}")
    for dead in _revoked(view):
        page.line(Span("revoked ", "warn"), _what_rested(dead))
    if view.state.pending:
        count = len(view.state.pending)
        page.line(Span("pending ", "warn"), f"{count} path{'s' if count > 1 else ''} of main: agentgov check")
    for one in overrides_of(view, fleet.only, fleet.now):
        page.line(Span("overridden ", "bad" if one.overdue else "warn"), one.words)
    if len(view.governance.access.people) == 1:
        page.line(Span("unreviewed ", "warn"), UNREVIEWED)
    if view.is_stale(fleet.now):
        page.line(Span("stale ", "bad"), f"{stale_words(view)}; {_refresh(context, fetched)}")
    if not fleet.pinned:
        page.line(Span("unpinned ", "warn"), "trust on first use: agentgov trust pin LINE")
    return page.line(journal_line(view))


def _going(view: View, only: AgentId | None) -> list[Incident]:
    """The incidents that are not over, the worst first; of one agent, or of all."""
    found = (one for one in view.state.incidents().values() if one.is_standing)
    mine = (one for one in found if only is None or str(only) in one.agents)
    return sorted(mine, key=lambda one: (one.severity, one.opened.seq))


def _revoked(view: View) -> list[Revoked]:
    """Revoked keys in the order of their acts."""
    return sorted(view.state.revoked().values(), key=lambda one: one.seq)


def _what_rested(dead: Revoked) -> str:
    rest = [f"releases {', '.join(dead.releases)} advance no more" if dead.releases else ""]
    rest.append(f"{len(dead.paths)} path{'s' if len(dead.paths) != 1 else ''} went back" if dead.paths else "")
    return f"{dead.key} by {dead.by} in act {dead.seq}: {'; '.join(filter(None, rest)) or 'nothing rests on it'}"


def _refresh(context: Context, fetched: bool) -> str:
    """Of a clone that did not ask the remote it cannot be told whose fault its age is."""
    if fetched or context.journal.remote is None:
        return STALE_HINT
    return f"look at the remote: agentgov status --fetch; if it is as old, {STALE_HINT}"


def revoked_json(one: Revoked) -> dict[str, Any]:
    """A revoked key, and what stood on it."""
    return {
        "key": one.key,
        "by": one.by,
        "act": one.seq,
        "since": one.since or None,
        "paths": sorted(one.paths),
        "releases": list(one.releases),
    }
