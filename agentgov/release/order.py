"""Whose turn it is, in one tick and over many of them. Pure.

What takes risk away goes first, then whoever has waited longest. Ties are broken by a digest of the agent's name and a
salt that changes, so that no name is always first. Whose act the journal refused waits twice as long each time, so that
one agent that is wrong stops no other, and is not tried at every tick.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from agentgov.model.names import AgentId
from agentgov.release.view import Decision

MOST = 1000  # acts in one push
DAY = 86_400  # seconds after which ties are broken in another order
LONGEST = 64  # ticks that an agent is left out for, whose act was refused again and again
REDUCING = frozenset({"rollback", "fail", "abort", "alarm", "stall"})


def in_order(
    due: Mapping[AgentId, Decision], since: Mapping[AgentId, int], salt: int, most: int
) -> tuple[tuple[AgentId, ...], ...]:
    """The agents with something due, in pushes of at most so many. `since` says when each became due, epoch seconds;
    who is not in it became due just now."""

    def turn(agent: AgentId) -> tuple[bool, float, bytes]:
        return due[agent].act not in REDUCING, since.get(agent, float("inf")), tie(agent, salt)

    queue = sorted(due, key=turn)
    return tuple(tuple(queue[start : start + most]) for start in range(0, len(queue), most))


def tie(agent: AgentId, salt: int) -> bytes:
    """What orders agents of which none has waited longer; another salt, another order."""
    return hashlib.sha256(f"{salt} {agent}".encode()).digest()


@dataclass(slots=True)
class Turns:
    """What a reconciler remembers of the queue from tick to tick; losing it loses nothing but the order."""

    ticks: int = 0
    since: dict[AgentId, int] = field(default_factory=dict)  # when each agent became due, epoch seconds
    refused: dict[AgentId, tuple[int, int]] = field(default_factory=dict)  # (times, the tick of the next try)

    def take(self, due: Mapping[AgentId, Decision], now: int, most: int = 0) -> tuple[tuple[AgentId, ...], ...]:
        """The pushes of one tick: everybody who is due, without whom the journal refused a short while ago."""
        self.ticks += 1
        self.since = {agent: self.since.get(agent, now) for agent in due}
        self.refused = {agent: found for agent, found in self.refused.items() if agent in due}
        turn = {agent: one for agent, one in due.items() if self.refused.get(agent, (0, 0))[1] <= self.ticks}
        return in_order(turn, self.since, now // DAY, most or MOST)

    def refuse(self, agent: AgentId) -> bool:
        """The act of an agent was refused; whether that is news."""
        times = self.refused.get(agent, (0, 0))[0] + 1
        self.refused[agent] = (times, self.ticks + min(2**times, LONGEST))
        return times == 1

    def done(self, agent: AgentId) -> None:
        """The act of an agent was written."""
        self.since.pop(agent, None)
        self.refused.pop(agent, None)

    @property
    def oldest(self) -> int | None:
        """Since when the first of those is due that are still waiting, None where nobody is."""
        return min(self.since.values(), default=None)
