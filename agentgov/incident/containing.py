"""Contain an incident by as few acts as it takes: open it where none stands, pause, abort or roll back, and say so."""

from agentgov.errors import RefusedError
from agentgov.incident.orders import Opening, mitigate, open_incident
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.incident import Incident
from agentgov.model.incident_steps import StepSetting, apply_to_incident
from agentgov.model.names import AgentId, agent_id
from agentgov.release.orders import candidate_of, order_abort, order_rollback

Containing = Incident | Opening


def contain(
    view: View, actor: Actor, what: Containing, *, mode: str, abort: bool = False, rollback: bool, now: int, reason: str
) -> list[Draft]:
    """The acts that contain it, in their order: what pauses comes first, and the act that opens pauses too.

    RefusedError where no agent has a release on its way to be aborted, or one has none to return to: nothing is written
    then.
    """
    found: list[Draft] = []
    if isinstance(what, Opening):
        opened = open_incident(view, actor, what, now=now, reason=reason)
        found.append(opened)
        incident, mode = _as_opened(view, opened.act), ""  # the first act has paused
    else:
        incident = what
    names, why = [one for one in map(agent_id, incident.agents) if one is not None], reason or incident.title
    changes = _aborts(view, actor, names, now, why) if abort else []
    changes += [order_rollback(view, actor, name, None, now=now, reason=why) for name in names if rollback]
    said: list[Draft] = []
    if incident.state in ("open", "acknowledged") or mode:
        said.append(mitigate(view, actor, incident, mode=mode, now=now, reason=reason))
    found += [*said, *changes] if mode else [*changes, *said]
    if not found:
        raise RefusedError(f"{incident.id} is {incident.state} already", f"agentgov incident show {incident.id}")
    return found


def _aborts(view: View, actor: Actor, names: list[AgentId], now: int, reason: str) -> list[Draft]:
    coming = [name for name in names if candidate_of(view, name) is not None]
    if not coming:
        said = f"no release of {', '.join(map(str, names))} is on its way: there is nothing to abort"
        raise RefusedError(said, "stop it, or go back: --pause, --rollback")
    return [order_abort(view, actor, name, now=now, reason=reason) for name in coming]


def _as_opened(view: View, act: Act) -> Incident:
    """The incident that an act opens, before the journal has it."""
    setting = StepSetting(view.state.head.time, view.state.head.seq + 1, lambda _: True)
    found = apply_to_incident(act, None, setting)
    if not isinstance(found, Incident):
        raise RefusedError(found.message)
    return found
