"""Asks, before a release is brought to real traffic, who is paused elsewhere than in the journal: port and rule.

A pause at a gate may not be in the journal yet. Where the fleet declares a gate, it is asked, and no answer counts as
paused: "cannot tell" is never a yes. What lowers risk never asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from agentgov.errors import IncompleteError
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.release.view import TO_PRODUCTION, Decision, Wait


class Stops(Protocol):
    """Whoever may have stopped agents."""

    def stopped(self, view: View, agents: Sequence[AgentId]) -> Mapping[AgentId, str]:
        """Those of these agents that are paused, and why. IncompleteError where that cannot be told."""


class NoStops:
    """Nobody beside the journal."""

    def stopped(self, view: View, agents: Sequence[AgentId]) -> Mapping[AgentId, str]:
        """None of them."""
        return {}


def obey(stops: Stops, view: View, decisions: dict[AgentId, Decision]) -> dict[AgentId, Decision]:
    """The same decisions, but for agents that are paused elsewhere: these wait."""
    asked = [agent for agent, decision in decisions.items() if decision.act in TO_PRODUCTION]
    if not asked:
        return decisions
    try:
        found = stops.stopped(view, asked)
    except IncompleteError as error:
        found = dict.fromkeys(asked, f"{error.message}; silence counts as paused")
    return {
        agent: _waits(decision, found[agent]) if agent in found and agent in asked else decision
        for agent, decision in decisions.items()
    }


def _waits(decision: Decision, why: str) -> Decision:
    return replace(Decision("P5", None), waits=(*decision.waits, Wait("P5", why, gate="gate")))
