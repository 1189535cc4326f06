"""An act as receivers of events are told of it: `agentgov.event/1`, schemas/events/event.schema.json. Pure.

What people wrote as a reason stays in the journal: receivers get names, numbers and stages.
"""

from typing import Any

from agentgov.delivery.document import canonical
from agentgov.journal.query import Logged
from agentgov.model.document import Document

KINDS = frozenset(
    {
        *("stage", "pass", "canary", "share", "graduate", "settle", "fail", "stall", "abort", "withdraw", "rollback"),
        *("retire", "promote", "hold", "clear", "alarm", "release-seen", "evidence", "pause", "resume"),
    }
)
_WORDS = ("agent", "stage", "share", "leaves", "selector", "mode", "until", "state", "kind", "suite", "result")


class Sent(Document, frozen=True):
    """One event: the id of its act, and the bytes of its body."""

    id: str
    body: bytes


def event(logged: Logged, seq: int) -> Sent:
    """The event of one act of the journal."""
    act, head = logged.act, logged.head
    said = {name: value for name in _WORDS if (value := act.get(name.title()))}
    if act.kind == "fail":
        said["metric"] = act.get("Metric")
    release = act.get("Release").split(" ")
    if release[0]:
        said |= dict(zip(("release", "tag", "commit", "closure"), release, strict=False))
    document: dict[str, Any] = {
        "schema": "agentgov.event/1",
        "type": act.kind,
        "timestamp": logged.moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fleet": head.fleet,
        "act": {"id": act.id, "seq": seq, "commit": logged.commit, "by": act.actor},
        "data": said,
    }
    return Sent(id=act.id, body=canonical(document))
