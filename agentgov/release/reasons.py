"""The ids of what the reconciler tells beside the law: why an agent, a source or a receiver is behind.

So that whoever tells one of these and whoever looks for it say the same (docs/rules.md has the words). Decides nothing.
"""

from agentgov.model.verdict import Reason, note

BAKE_FAILED = "release.bake-failed"
LEFT_OUT = "reconcile.left-out"
QUEUE = "reconcile.queue"
COUNTS_SOURCE = "counts.source"
NO_DATA = "counts.no-data"
RENDERED_FOREIGN = "rendered.foreign"
RENDERED_DIFFERS = "rendered.differs"
RENDERED_UNSIGNED = "rendered.unsigned"
RENDERED_STALE = "rendered.stale"
RENDERED_REFUSED = "rendered.refused"
WEBHOOK = "delivery.webhook"
FOLDER = "delivery.folder"
ADVISORY = "delivery.advisory"


def bake_failed(agent: str, why: str) -> Reason:
    """Production is bad and no rollback comes by itself: people are needed at once."""
    return note(BAKE_FAILED, f"{agent}: {why}")


def left_out(agent: str, why: str) -> Reason:
    """An agent that goes nowhere in this tick, while the others do."""
    return note(LEFT_OUT, f"{agent} is left out, and tried again later: {why}")
