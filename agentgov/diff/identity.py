"""Who an agent is and who answers for it: id, former id, description, owner, on-call, playbook, lifecycle."""

import re
from collections.abc import Iterator

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.limits import ranked, span
from agentgov.diff.sequence import in_order, keyed
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import AgentSpec, Lifecycle, OnCall

_STATES = ("retired", "draft", "active")  # how much an agent may do: not run, run what was released, be released
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


def identity(base: AgentVersion, head: AgentVersion) -> Iterator[FieldChange]:
    """Changes of what names an agent: a move to another id, the former id, the description."""
    root = Place(head.agent_id.file)
    before, after = base.agent, head.agent
    if (base.agent_id, before.metadata.name) != (head.agent_id, after.metadata.name):
        old, new = str(base.agent_id), str(head.agent_id)
        said = f"moved from {old} to {new}"
        if base.agent_id != head.agent_id and after.metadata.formerly != old:
            said += "; it does not say so by formerly, so pauses, holds and bad marks stay behind"
        yield change("agent.moved", root.to("metadata", "name"), old, new, said)
    old, new = before.metadata.formerly, after.metadata.formerly
    if old != new:
        summary = f"formerly {short(old or None)} -> {short(new or None)}"
        yield change("formerly.changed", root.to("metadata", "formerly"), old, new, summary)
    old, new = before.spec.description, after.spec.description
    if old != new:
        yield change("description.changed", root.to("spec", "description"), old, new, "description reworded")


def accountability(base: AgentSpec, head: AgentSpec, place: Place) -> Iterator[FieldChange]:
    """Changes of who answers for an agent, and until when somebody has to look at it again."""
    if base.owner != head.owner:
        summary = f"owner {short(base.owner)} -> {short(head.owner)}"
        yield change("owner.changed", place.to("owner"), base.owner, head.owner, summary)
    yield from _oncall(base.oncall, head.oncall, place.to("oncall"))
    yield from named("playbook", "playbook", base.playbook, head.playbook, place.to("playbook"))
    yield from _lifecycle(base.lifecycle, head.lifecycle, place.to("lifecycle"))


def named(field: str, what: str, base: str, head: str, place: Place) -> Iterator[FieldChange]:
    """A text that may be empty and only names something: added, removed, or changed to another name."""
    if base == head:
        return
    direction = "changed" if base and head else "added" if head else "removed"
    said = f"{short(base)} -> {short(head)}" if base and head else f"{short(base or head)} {direction}"
    yield change(f"{field}.{direction}", place, base or None, head or None, f"{what} {said}")


def _oncall(base: OnCall, head: OnCall, place: Place) -> Iterator[FieldChange]:
    before, after = keyed(base.escalate, str), keyed(head.escalate, str)
    for key, (index, who) in before.items():
        if key not in after:
            summary = f"on call: {short(who)} is not called any more"
            yield change("oncall.escalate.removed", place.to("escalate", index), who, None, summary)
    for key, (index, who) in after.items():
        if key not in before:
            yield change(
                "oncall.escalate.added", place.to("escalate", index), None, who, f"on call: {short(who)} added"
            )
    if not in_order(before[key][0] for key in after if key in before):
        old, new = list(base.escalate), list(head.escalate)
        summary = f"on call: order {short(old)} -> {short(new)}"
        yield change("oncall.escalate.reordered", place.to("escalate"), old, new, summary)
    yield from span(
        "oncall.ackWithin", "on call: answer within", base.ack_within, head.ack_within, place.to("ackWithin")
    )


def _lifecycle(base: Lifecycle, head: Lifecycle, place: Place) -> Iterator[FieldChange]:
    fields = ("lifecycle.state.loosened", "lifecycle.state.tightened")
    yield from ranked(fields, "lifecycle", _STATES, base.state, head.state, place.to("state"))
    old, new = base.review_by, head.review_by
    if old == new:
        return
    sooner = bool(_DATE.match(new)) and (not old or (bool(_DATE.match(old)) and new < old))
    field = "lifecycle.reviewBy.tightened" if sooner else "lifecycle.reviewBy.loosened"
    summary = f"review due {short(old or None)} -> {short(new or None)}"
    yield change(field, place.to("reviewBy"), old or None, new or None, summary)
