"""Whose turn it is where more is due than one push takes. Pure.

What takes risk away goes first, then whoever has waited longest. Ties are broken by a digest of the agent's name and a
salt that changes, so that no name is always first.
"""

import hashlib
from collections.abc import Mapping

from agentgov.model.names import AgentId
from agentgov.release.view import Decision

MOST = 1000  # acts in one push
REDUCING = frozenset({"rollback", "fail", "abort", "alarm", "stall"})


def in_order(
    due: Mapping[AgentId, Decision], since: Mapping[AgentId, int], salt: int, most: int = MOST
) -> tuple[tuple[AgentId, ...], ...]:
    """The agents with something due, in pushes of at most so many. `since` says when each became due, epoch seconds;
    who is not in it became due just now."""

    def turn(agent: AgentId) -> tuple[bool, float, bytes]:
        tie = hashlib.sha256(f"{salt} {agent}".encode()).digest()
        return due[agent].act not in REDUCING, since.get(agent, float("inf")), tie

    queue = sorted(due, key=turn)
    return tuple(tuple(queue[start : start + most]) for start in range(0, len(queue), most))
