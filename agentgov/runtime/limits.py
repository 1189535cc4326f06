"""What the fleet's limits leave of an agent today: its release narrowed by the limits of its workspace, or why not.

Releases stay as they were reviewed; limits are those of the last authorised governance, so tightening one lands without
a release, and no rollback revives an old permission. The words mean what they mean to `agentgov validate`. Values only.

- models: a primary that is not allowed gives way to the first fallback that is; none left: the agent may not run.
- tools: what is not allowed is taken out of the list, and what is not listed is refused.
- risk: below the floor, the floor holds; the lease is then no longer than that of the floor.
- data: above the ceiling the agent may not run; there is nothing to take away.
- budget: of day and month, whichever is tighter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agentgov.model.agent import Agent
from agentgov.model.document import CLASSIFICATIONS, RISKS, Risk
from agentgov.model.fleet import Workspace
from agentgov.model.units import parse_duration, parse_money
from agentgov.model.verdict import Reason, deny, note, unknown
from agentgov.validate.limits import refusal
from agentgov.validate.load import convert

# The most stale config that an agent may run on, where it says nothing of its own; seconds.
HARD_EXPIRY: Mapping[Risk, int] = MappingProxyType({"low": 86_400, "medium": 3600, "high": 600, "critical": 120})
_Part = tuple[Mapping[str, Any], tuple[Reason, ...]]  # fields of `spec` that are new, and why


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left: the agent as a type and as plain JSON, and what was taken away (notes) or stands against it."""

    agent: Agent
    config: Mapping[str, Any]
    reasons: tuple[Reason, ...]


def narrowed(agent: Agent, config: Mapping[str, Any], workspace: Workspace | None) -> Narrowed:
    """An agent, as it is in one environment, within the limits of its workspace; `None` has no limits."""
    reasons = list(_lifecycle(agent))
    if workspace is None:
        return Narrowed(agent, config, tuple(reasons))
    spec = dict(config["spec"])
    parts = _model, _tools, _risk, _data, _budget
    for fields, found in (part(agent, spec, workspace) for part in parts):
        spec.update(fields)
        reasons += found
    if all(spec[name] is config["spec"].get(name) for name in spec):
        return Narrowed(agent, config, tuple(reasons))
    left = {**config, "spec": spec}
    return Narrowed(convert(Agent, {**left, "x-": agent.extensions}), left, tuple(reasons))


def _lifecycle(agent: Agent) -> Iterator[Reason]:
    state = agent.spec.lifecycle.state
    if state != "active":
        yield deny("runtime.lifecycle", f"its lifecycle says {state}")


def _model(agent: Agent, spec: Mapping[str, Any], workspace: Workspace) -> _Part:
    model = agent.spec.model
    why = {name: refusal(workspace.models, name) for name in (model.primary, *model.fallback)}
    left = [name for name in why if not why[name]]
    taken = [f"the model {name} is not allowed in {workspace.name}: {why[name]}" for name in why if why[name]]
    if not left:
        return {}, tuple(deny("runtime.limit-model", message) for message in taken)
    if not taken:
        return {}, ()
    if why[model.primary]:
        taken[0] = f"{taken[0]}; {left[0]} takes its place"
    value = {**spec["model"], "primary": left[0], "fallback": left[1:]}
    return {"model": value}, tuple(note("runtime.limit-model", message) for message in taken)


def _tools(agent: Agent, spec: Mapping[str, Any], workspace: Workspace) -> _Part:
    why = {tool.name: refusal(workspace.tools, tool.name) for tool in agent.spec.tools}
    taken = [name for name in why if why[name]]
    if not taken:
        return {}, ()
    left = [tool for tool in spec["tools"] if not why[tool["name"]]]
    said = (f"the tool {name} is not allowed in {workspace.name}: {why[name]}" for name in taken)
    return {"tools": left}, tuple(note("runtime.limit-tool", message) for message in said)


def _risk(agent: Agent, spec: Mapping[str, Any], workspace: Workspace) -> _Part:
    claimed, floor = agent.spec.risk, workspace.risk.floor
    if RISKS.index(claimed) >= RISKS.index(floor):
        return {}, ()
    fields: dict[str, Any] = {"risk": floor}
    own = agent.spec.lease.hard_expiry
    if own and parse_duration(own) > HARD_EXPIRY[floor]:
        fields["lease"] = {}
    message = f"risk {claimed} is below the floor of {workspace.name}: it runs as {floor}"
    return fields, (note("runtime.limit-risk", message),)


def _data(agent: Agent, spec: Mapping[str, Any], workspace: Workspace) -> _Part:
    claimed, ceiling = agent.spec.data.classification, workspace.data.ceiling
    if CLASSIFICATIONS.index(claimed) <= CLASSIFICATIONS.index(ceiling):
        return {}, ()
    return {}, (deny("runtime.limit-data", f"{claimed} data is above the ceiling of {workspace.name}, {ceiling}"),)


def _budget(agent: Agent, spec: Mapping[str, Any], workspace: Workspace) -> _Part:
    own, limits = agent.spec.budget, workspace.budget
    tighter: dict[str, str] = {}
    reasons: list[Reason] = []
    for window, mine, most in (("day", own.day, limits.day), ("month", own.month, limits.month)):
        found = _tighter(mine, most)
        if isinstance(found, Reason):
            reasons.append(found)
        elif found != mine:
            tighter[window] = found
            reasons.append(note("runtime.limit-budget", f"the {window} of {workspace.name} is limited to {most}"))
    return ({"budget": {**spec.get("budget", {}), **tighter}} if tighter else {}), tuple(reasons)


def _tighter(own: str, most: str) -> str | Reason:
    """The smaller of two amounts, of which either may be missing."""
    if not own or not most:
        return own or most
    (mine, currency), (limit, other) = parse_money(own), parse_money(most)
    if currency != other:
        return unknown("runtime.limit-budget", f"{own} cannot be compared with the limit, {most}")
    return own if mine <= limit else most
