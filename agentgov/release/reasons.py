"""What the reconciler tells beside the law of one agent that needs people, or has to wait for another tick.

So that whoever tells it and whoever looks for it say the same (docs/rules.md has the words). Decides nothing.
"""

from agentgov.model.verdict import Reason, note

BAKE_FAILED = "release.bake-failed"
LEFT_OUT = "reconcile.left-out"


def bake_failed(agent: str, why: str) -> Reason:
    """Production is bad and no rollback comes by itself: people are needed at once."""
    return note(BAKE_FAILED, f"{agent}: {why}")


def left_out(agent: str, why: str) -> Reason:
    """An agent that goes nowhere in this tick, while the others do."""
    return note(LEFT_OUT, f"{agent} is left out, and tried again later: {why}")
