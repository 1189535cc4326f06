"""What is known of an incident beside its acts: from the gate where it can be asked, else from the journal alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from agentgov.cli.gate_client import GateClient, client_of, has_gate
from agentgov.errors import AgentgovError
from agentgov.incident.times import Times, times_of
from agentgov.journal.view import View
from agentgov.model.incident import Incident
from agentgov.model.names import agent_id
from agentgov.repo import clock

Answer = TypeVar("Answer")


def asked(
    view: View, gate: bool | None, what: str, ask: Callable[[GateClient], Answer], without: list[str]
) -> Answer | None:
    """What a gate answers; None where none is to be asked, or where it cannot be asked, and `without` says so then.
    `gate` True insists on it, None asks where anybody says where one is."""
    if gate is False or (gate is None and not has_gate(view)):
        return None
    try:
        return ask(client_of(view))
    except AgentgovError as error:
        if gate:
            raise
        without.append(f"{what}: {error.message}")
        return None


def times_at(view: View, incident: Incident, gate: bool | None) -> tuple[Times, list[str]]:
    """How long it took, which instances have not heard yet, and what could not be asked."""
    without: list[str] = []
    path, what = f"/v1/incidents/{incident.id}", "when it was first seen, and which instances obey"
    told = asked(view, gate, what, lambda one: one.ask("GET", path)["times"], without)
    known = times_of(incident)
    if told is None:
        return known, without
    return replace(known, detect=told["detect"], obeyed=told["obeyed"], waiting=tuple(told["waiting"])), without


def impact_at(view: View, incident: Incident, gate: bool | None, without: list[str]) -> list[str]:
    """What it did, in sentences with numbers; `without` says what could not be asked."""
    path, what = f"/v1/incidents/{incident.id}/impact", "its calls, errors, denials and money"
    failed: list[str] = []
    told = asked(view, gate, what, lambda one: one.ask("GET", path), failed)
    without += failed
    if told is None:
        without += [] if failed else [f"{what}: no gate was asked, and only a gate counts them"]
        return []
    if told["hidden"]:
        without.append(f"the numbers of {told['hidden']} of its agents: you may not view them")
    return _lines({one["agent"]: one["lines"] for one in told["agents"]})


def impact_in(view: View, incident: Incident, store: str) -> list[str]:
    """The same out of the store of a gate, for its keeper."""
    from agentgov.cli.run_time.store_visit import visit_at
    from agentgov.incident.impact import impact_lines, impacts_of

    agents = [one for one in map(agent_id, incident.agents) if one is not None]
    with visit_at(view, store) as visit:
        visit.note_read({"impact": incident.id})
        _, _, each = visit.read(lambda tx: impacts_of(tx, incident, agents, clock.now() * 1000))
    return _lines({one.agent: list(impact_lines(one)) for one in each})


def _lines(found: Mapping[str, Sequence[str]]) -> list[str]:
    """The sentences about each agent; of whom there is nothing to say, that is said."""
    silent = [agent for agent, lines in found.items() if not lines]
    told = [line for lines in found.values() for line in lines]
    return [*told, *(f"{agent}: nothing was counted while it went on, nor before" for agent in silent)]
