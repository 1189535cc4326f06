"""`agentgov status`: what runs where, at what share, since when, and what it waits for."""

from typing import Any

import click

from agentgov.cli import parameters
from agentgov.cli.context import Context, journal_json, journal_line, open_context, override_json
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.journal.clock import STALE_HINT, stale_words
from agentgov.journal.overriding import overrides_of
from agentgov.journal.pausing import pause_of
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.state import Deployment, Pause, Release, Revoked
from agentgov.model.transitions import is_ramping
from agentgov.model.units import format_share
from agentgov.release.fleet import plan_all
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import Memory, fingerprint
from agentgov.release.refs import Refs
from agentgov.release.view import Wait
from agentgov.repo import clock
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.report.phrases import UNREVIEWED
from agentgov.trust.places import state_path


@click.command()
@parameters.agent_argument(required=False)
@click.option("--fetch/--no-fetch", default=False, help="Ask the remote for the journal first.")
@repo_option
@format_option()
def status(agent: AgentId | None, fetch: bool, repo: str, output: str) -> int:
    """Where every agent stands (or AGENT alone), by the journal as this clone knows it."""
    context = open_context(repo)
    view = context.view(fetch=fetch)
    waits = _waits(context, view, agent)
    agents = sorted({*view.agents(), *view.state.released()})
    if agent is not None:
        require_agent(view, agent)
    rows = [_Row(view, one, waits.get(one, ())) for one in agents if agent in (None, one)]
    page = Page().table(("agent", "staging", "canary", "production", "since", ""), [row.cells() for row in rows])
    for row in rows:
        row.tell_why(page)
        for wait in row.waits:
            page.line(Span("waits ", "dim"), f"{row.agent}: {in_words(wait)}")
    if not agents:
        page = Page().line("the fleet has no authorised agent yet: agentgov new WORKSPACE/AGENT")
    for dead in _revoked(view):
        page.line(Span("revoked ", "warn"), _what_rested(dead))
    if view.state.pending:
        count = len(view.state.pending)
        page.line(Span("pending ", "warn"), f"{count} path{'s' if count > 1 else ''} of main: agentgov check")
    overrides = overrides_of(view, agent, clock.now())
    for one in overrides:
        page.line(Span("overridden ", "bad" if one.overdue else "warn"), one.words)
    if len(view.governance.access.people) == 1:
        page.line(Span("unreviewed ", "warn"), UNREVIEWED)
    stale = view.is_stale(clock.now())
    if stale:
        page.line(Span("stale ", "bad"), f"{stale_words(view)}; {_refresh(context, fetch)}")
    pinned = context.journal.pins(view) is not None
    if not pinned:
        page.line(Span("unpinned ", "warn"), "trust on first use: agentgov trust pin LINE")
    page.line(journal_line(view))
    told = {"stale": stale, "overrides": [override_json(one) for one in overrides]}
    answer(output, page, {**_document(view, rows, pinned), **told})
    return 0


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


def _waits(context: Context, view: View, only: AgentId | None) -> dict[AgentId, tuple[Wait, ...]]:
    """What agents wait for, as far as this machine can tell: soak and counts only the reconciler's machine knows."""
    memories, _ = MemoryStore(state_path("reconciler", view.state.head.fleet)).load()
    known = [
        agent
        for agent in view.state.released()
        if only in (None, agent) and memories.get(str(agent), Memory()).of == fingerprint(view.state.deployment(agent))
    ]
    tags = {release.name: release.tag for agent in known for release in view.state.releases(agent)}  # as recorded
    pinned = context.journal.pins(view) is not None
    decisions = plan_all(view, memories, Refs("", tags), clock.now(), pinned, agents=known)
    return {agent: decision.waits for agent, decision in decisions.items()}


def in_words(wait: Wait) -> str:
    """What is waited for, and how much of it is left."""
    return f"{wait.message} ({wait.remaining} to go)" if wait.remaining else wait.message


class _Row:
    def __init__(self, view: View, agent: AgentId, waits: tuple[Wait, ...]) -> None:
        self.agent, self.waits = agent, waits
        self.at: Deployment = view.state.deployment(agent)
        self.pause = pause_of(view, agent, max(clock.now(), view.state.head.time))
        self._releases: dict[str, Release] = {one.tag: one for one in view.state.releases(agent)}

    def cells(self) -> tuple[str | Span, ...]:
        at = self.at
        staging = f"{self._version(at.staging.release)} {at.staging.state.lower()}" if at.staging.release else "-"
        canary = "-"
        if is_ramping(at):
            stalled = " inconclusive" if at.canary.state == "INCONCLUSIVE" else ""
            canary = f"{self._version(at.canary.release)} at {format_share(at.canary.share)}{stalled}"
        production = self._version(at.production.release) if at.production.release else "-"
        if at.production.state in ("BAKING", "ROLLED_BACK", "RETIRED"):
            production += f" {at.production.state.lower().replace('_', ' ')}"
        return (str(self.agent), staging, canary, production, stamp(at.production.since), self._mark())

    def tell_why(self, page: Page) -> None:
        """Who paused or holds it, and why."""
        if self.pause is not None:
            until = f", until {stamp(self.pause.until)}" if self.pause.until else ""
            what = f"{self.agent} by {self.pause.by}{until}: {_first_line(self.pause.reason)}"
            page.line(Span("paused ", "bad"), what)
        if self.at.hold is not None:
            page.line(Span("held ", "warn"), f"{self.agent} by {self.at.hold.by}: {_first_line(self.at.hold.reason)}")

    def _mark(self) -> Span:
        if self.pause is not None:
            return Span("PAUSED" if self.pause.mode == "stop" else "READ-ONLY", "bad")
        return Span("hold", "warn") if self.at.hold is not None else Span("")

    def _version(self, tag: str) -> str:
        release = self._releases.get(tag)
        return f"v{release.release_name.version}" if release is not None else tag[:9]

    def document(self) -> dict[str, Any]:
        at = self.at
        return {
            "agent": str(self.agent),
            "stages": {
                "staging": {
                    **self._release(at.staging.release),
                    "state": at.staging.state,
                    "since": at.staging.since or None,
                },
                "canary": {
                    **self._release(at.canary.release),
                    "share": at.canary.share / 100_000 if is_ramping(at) else 0,
                    "state": at.canary.state,
                    "since": at.canary.since or None,
                },
                "production": {
                    **self._release(at.production.release),
                    "state": at.production.state,
                    "since": at.production.since or None,
                },
            },
            "paused": self.pause is not None,
            "pauseMode": self.pause.mode if self.pause is not None else None,
            "pause": _pause_json(self.pause) if self.pause is not None else None,
            "hold": at.hold is not None,
            "holding": {"by": at.hold.by, "reason": at.hold.reason} if at.hold is not None else None,
            "waits": [{"rule": wait.rule, "message": wait.message, "remaining": wait.remaining} for wait in self.waits],
        }

    def _release(self, tag: str) -> dict[str, str | None]:
        release = self._releases.get(tag)
        if release is None:
            return {"release": None, "tag": tag or None, "commit": None, "closure": None}
        return {"release": release.name, "tag": release.tag, "commit": release.commit, "closure": release.closure}


def _first_line(text: str) -> str:
    return text.partition("\n")[0] or "no reason was given"


def _pause_json(pause: Pause) -> dict[str, Any]:
    return {
        "selector": pause.selector,
        "mode": pause.mode,
        "by": pause.by,
        "reason": pause.reason,
        "until": pause.until or None,
    }


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


def _document(view: View, rows: list[_Row], pinned: bool) -> dict[str, Any]:
    return {
        "schema": "agentgov.status/1",
        "agents": [row.document() for row in rows],
        "pending": sorted(view.state.pending),
        "unreviewed": len(view.governance.access.people) == 1,
        "pinned": pinned,
        "revoked": [revoked_json(one) for one in _revoked(view)],
        "journal": journal_json(view),
    }
