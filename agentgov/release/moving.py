"""The second half of a tick: agents that may move observed, planned, and moved by one transition, many in one push.

What was observed is kept before anything is written that rests on it. Planning is `plan`'s, the law the journal's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from agentgov.journal.draft import Draft, draft
from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.transitions import Refusal
from agentgov.model.verdict import note, unknown
from agentgov.release.counts import CountSource
from agentgov.release.fleet import observe_all, plan_all, wanted_counts
from agentgov.release.index import FleetIndex
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import Memory
from agentgov.release.order import Turns
from agentgov.release.reasons import bake_failed, left_out
from agentgov.release.refs import Refs
from agentgov.release.stops import NoStops, Stops, obey
from agentgov.release.view import Decision
from agentgov.release.writing import Writing


@dataclass(frozen=True, slots=True)
class Senses:
    """What a tick knows beside the journal: its memory, where counts come from, who may move; and what its keeper
    allowed."""

    store: MemoryStore
    counts: CountSource
    index: FleetIndex
    accept_unreviewed: bool = False
    stops: Stops = field(default_factory=NoStops)


def move(
    writing: Writing, senses: Senses, turns: Turns, view: View, refs: Refs
) -> tuple[View, dict[AgentId, Decision]]:
    """Observe, plan and write; the view after it, and the decisions by agent, of those that may move."""
    active = senses.index.active(view, refs)
    now, memories = _observe(writing, senses, view, active)
    integrity = writing.journal.pins(view) is not None
    if not integrity:
        writing.notes.append(
            unknown("trust.first-use", "this machine has no pins for the fleet, so nothing is promoted")
        )

    def plan(present: View, agents: Iterable[AgentId]) -> dict[AgentId, Decision]:
        found = plan_all(present, memories, refs, now, integrity, senses.accept_unreviewed, agents)
        return obey(senses.stops, present, found)

    decisions = plan(view, agents=active)
    due = {agent: decision for agent, decision in decisions.items() if decision.act}
    failing = [(agent, wait) for agent, decision in decisions.items() for wait in decision.waits if wait.is_alarm]
    writing.notes += [bake_failed(str(agent), wait.message) for agent, wait in failing]
    writing.notes += writing.keep(refs, [_commit_of(one) for one in due.values() if one.act == "alarm"])
    for number, agents in enumerate(turns.take(due, now)):
        if number and writing.is_spent:
            writing.left += len(agents)
            continue
        view = _push(writing, turns, plan, view, {agent: due[agent] for agent in agents})
    return view, decisions


def _push(
    writing: Writing,
    turns: Turns,
    plan: Callable[..., Mapping[AgentId, Decision]],
    view: View,
    due: Mapping[AgentId, Decision],
) -> View:
    """The view after the acts of these agents. One that the journal refuses is left out, told once, and tried later."""
    waiting: dict[str, AgentId] = {}

    def propose(present: View) -> list[Draft]:
        """What was decided; decided again where somebody else wrote meanwhile."""
        found = due if present.tip == view.tip else plan(present, agents=due)
        drafts = {agent: _transition(writing, present, one) for agent, one in found.items() if one.act}
        waiting.clear()
        waiting.update((one.act.id, agent) for agent, one in drafts.items())
        return list(drafts.values())

    def leave_out(refused: Draft, refusal: Refusal) -> bool:
        agent = waiting.pop(refused.act.id)
        if turns.refuse(agent):
            writing.notes.append(left_out(str(agent), f"{refusal.message} ({refusal.code})"))
        return True

    view = writing.append(view, propose, leave_out)
    for agent in waiting.values():
        turns.done(agent)
    return view


def _observe(
    writing: Writing, senses: Senses, view: View, active: tuple[AgentId, ...]
) -> tuple[int, dict[str, Memory]]:
    """When this tick looked, and what is remembered after it: kept before anything is written that rests on it.

    The clock is read, and counts are asked for, while no other process can remember a later look.
    """
    store = senses.store
    with store.held(writing.stopped) as away:
        now = writing.clock()
        before, problem = store.load()
        reading = senses.counts.read(wanted_counts(view, before, now, active), partial(pipeline_of, view), now)
        memories = observe_all(view, before, reading, now, {*active, *senses.index.unseen(before)})
        if memories != before:
            problem = away or _saved(store, memories) or problem
    if problem:
        writing.notes.append(note("reconcile.memory", problem))
    return now, memories


def _saved(store: MemoryStore, memories: Mapping[str, Memory]) -> str:
    """Keep them; one sentence where that does not work."""
    try:
        store.save(memories)
    except OSError as error:
        return f"{store.path} cannot be written ({error.strerror}): soak and counts do not add up"
    return ""


def _transition(writing: Writing, view: View, decision: Decision) -> Draft:
    assert decision.act is not None
    return draft(
        view,
        writing.actor,
        decision.act,
        decision.subject,
        decision.fields,
        now=writing.clock(),
        reason=decision.reason,
    )


def _commit_of(decision: Decision) -> str:
    """The commit of the release that an act names."""
    return dict(decision.fields)["Release"].split(" ")[2]
