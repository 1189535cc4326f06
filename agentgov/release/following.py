"""Who follows a tick: whatever brings what the journal says now to somebody else. The port only.

A follower runs after a tick has pushed what it had to push. The journal is the truth; what follows may be late.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from agentgov.journal.view import View
from agentgov.model.verdict import Reason


class Follower(Protocol):
    """Something that is told of every tick."""

    @property
    def name(self) -> str:
        """What it is called in words to people and in metrics."""

    @property
    def lag(self) -> Mapping[str, int]:
        """How many acts each target was behind when it followed last, by the target's name in metrics."""

    @property
    def busy(self) -> bool:
        """Whether it has more to do that waits for nothing, and did not do it so as not to keep the tick waiting."""

    def follow(self, view: View, acts: Sequence[str], now: int) -> tuple[Reason, ...]:
        """Bring the present to wherever it goes, after a tick that wrote acts with these subjects; what there is to
        say. Never raises an AgentgovError: what did not work now is tried again after the next tick."""
