"""Many agents at once: what every agent's tick saw, and what is due for it. Reads the journal, writes nothing.

One agent never waits for another: each is observed and planned by itself, from its own records.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from agentgov.errors import AgentgovError
from agentgov.journal.clock import stale_words
from agentgov.journal.evidence import awaited_for
from agentgov.journal.overriding import overdue_of
from agentgov.journal.owed import overdue_words
from agentgov.journal.pausing import pause_of
from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.practised import overdue_drill
from agentgov.journal.released_agent import agent_of
from agentgov.journal.revoked import revoked_tags
from agentgov.journal.view import View, day_of
from agentgov.journal.votes import still_promotes
from agentgov.model.names import AgentId
from agentgov.model.state import Deployment, Release
from agentgov.model.transitions import candidate
from agentgov.release.counts import Reading, Wanted
from agentgov.release.freeze import freeze_end, frozen_by
from agentgov.release.observations import Memory, Tick, observe_tick, observed, wanted
from agentgov.release.plan import plan_agent
from agentgov.release.refs import Refs, moved_tags
from agentgov.release.view import TO_PRODUCTION, AgentView, Decision, Moved, Wait
from agentgov.validate.content import is_date

UNREADABLE = "P0"  # the rule of an agent whose own records cannot be read; the others go on


def wanted_counts(
    view: View, memories: Mapping[str, Memory], now: int, agents: Iterable[AgentId]
) -> tuple[Wanted, ...]:
    """Whose units a tick needs: of every one of these agents whose canary is judged, or whose release bakes."""
    found = []
    for agent in agents:
        with suppress(AgentgovError):  # planning tells of it
            memory = memories.get(str(agent), Memory())
            found.append(wanted(memory, agent, view.state.deployment(agent), _tick(view, agent, now)))
    return tuple(one for one in found if one is not None)


def observe_all(
    view: View, memories: Mapping[str, Memory], reading: Reading, now: int, agents: Iterable[AgentId]
) -> dict[str, Memory]:
    """The memories after a tick that looked at these agents; of one whose records cannot be read, what it was."""
    found = dict(memories)
    time = max(now, view.state.head.time)
    for agent in agents:
        found[str(agent)] = before = memories.get(str(agent), Memory())
        with suppress(AgentgovError):
            tick = _tick(view, agent, now)
            tick = replace(tick, paused=pause_of(view, agent, time) is not None, problem=reading.why_not(str(agent)))
            found[str(agent)] = observe_tick(before, view.state.deployment(agent), reading.of(str(agent)), tick)
    return found


def _tick(view: View, agent: AgentId, now: int) -> Tick:
    releases = {release.tag: release for release in view.state.releases(agent)}
    return Tick(now=now, pipeline=pipeline_of(view, agent), release_of=releases.get)


def plan_all(
    view: View,
    memories: Mapping[str, Memory],
    refs: Refs,
    now: int,
    integrity: bool,
    accept_unreviewed: bool = False,
    agents: Iterable[AgentId] | None = None,
) -> dict[AgentId, Decision]:
    """The decision for every agent that has a release, or for these; one that cannot be read waits for a repair."""
    unreviewed = len(view.governance.access.people) == 1 and not accept_unreviewed
    time = view.time_of_bots(now)
    freezes = view.governance.pipeline.freezes
    frozen = _broken(view) or frozen_by(freezes, time)
    sky = _Sky(
        now=time,
        frozen=frozen,
        frozen_until=0 if not frozen or view.stretch is not None else freeze_end(freezes, time) or 0,
        integrity=integrity,
        stale=stale_words(view) if view.is_stale(now) else "",
    )
    decisions = {}
    for agent in view.state.released() if agents is None else agents:
        try:
            decision = plan_agent(_seen(view, memories.get(str(agent), Memory()), refs, sky, agent))
        except AgentgovError as error:
            decision = Decision(UNREADABLE, None, waits=(Wait(UNREADABLE, error.in_one_line, gate="people"),))
        decisions[agent] = _without_eyes(decision) if unreviewed and decision.act in TO_PRODUCTION else decision
    return decisions


@dataclass(frozen=True, slots=True)
class _Sky:
    """What is the same for all agents in one tick, as `AgentView` has it."""

    now: int
    frozen: str
    frozen_until: int
    integrity: bool
    stale: str


def _seen(view: View, memory: Memory, refs: Refs, sky: _Sky, agent: AgentId) -> AgentView:
    at, releases = view.state.deployment(agent), view.state.releases(agent)
    moved, revoked = moved_tags(releases, refs), revoked_tags(view, releases)
    pipeline = pipeline_of(view, agent)
    return AgentView(
        deployment=at,
        releases=releases,
        pipeline=pipeline,
        observed=observed(memory, pipeline),
        now=sky.now,
        may_promote=partial(still_promotes, view, agent),
        owed=partial(overdue_words, view, agent, sky.now),
        unpractised=partial(overdue_drill, view, agent, sky.now),
        missing_evidence=partial(awaited_for, view),
        ineligible={**_lapsed(view, at, releases, day_of(sky.now)), **_ineligible(at, moved, revoked)},
        revoked=revoked,
        moved=moved,
        paused=pause_of(view, agent, sky.now) is not None,
        overdue=overdue_of(view, agent, sky.now) is not None,
        frozen=sky.frozen,
        frozen_until=sky.frozen_until,
        integrity=sky.integrity,
        stale=sky.stale,
    )


def _broken(view: View) -> str:
    """Why nothing may raise risk, where the journal holds what is no act."""
    stretch = view.stretch
    return f"the journal is broken at {stretch.first[:12]} until administrators waive it" if stretch is not None else ""


def _without_eyes(decision: Decision) -> Decision:
    wait = Wait(
        decision.rule, "nobody but its author has seen it: agentgov reconcile --accept-unreviewed", gate="people"
    )
    return Decision(decision.rule, None, waits=(*decision.waits, wait))


def _lapsed(view: View, at: Deployment, releases: Iterable[Release], today: date) -> dict[str, str]:
    """A candidate whose content was to be looked at again by a day that has passed meanwhile."""
    found = next((release for release in releases if release.tag == candidate(at)), None)
    agent = agent_of(view, found) if found is not None else None
    by = agent.spec.lifecycle.review_by if agent is not None else ""
    if found is None or not by or (is_date(by) and today <= date.fromisoformat(by)):
        return {}
    return {found.tag: f"the agent is overdue: it was to be looked at again by {by} (lifecycle.reviewBy)"}


def _ineligible(at: Deployment, moved: tuple[Moved, ...], revoked: frozenset[str]) -> dict[str, str]:
    found = {one.release.tag: "its tag moved or is gone" for one in moved}
    found |= dict.fromkeys(revoked, "it rests on a revoked key")
    return {**dict.fromkeys(at.withdrawn, "it is withdrawn"), **found}
