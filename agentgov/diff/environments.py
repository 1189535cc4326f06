"""What differs in one environment: the overrides merged in (RFC 7396), then compared like any other values.

Never validates an override: one that does not fit the types is told as a whole, and loosens.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.fields import OVERRIDABLE, OVERRIDE
from agentgov.diff.free import same_value
from agentgov.diff.limits import budget, connections, labels, lease, quotas, same_amount, schedule
from agentgov.model.agent import Agent, Budget, Lease, Quota, Schedule, Secret
from agentgov.model.document import ENVIRONMENTS, Document, Environment
from agentgov.model.merge import merge_patch


class Limits(Document, frozen=True):
    """Every field that may differ between environments, with its value in one of them."""

    budget: Budget = Budget()
    quotas: tuple[Quota, ...] = ()
    connections: Mapping[str, Secret] = msgspec.field(default_factory=dict)
    schedule: Schedule | None = None
    lease: Lease = Lease()
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)


def limits_of(agent: Agent) -> Limits:
    """The limits as they stand in the spec, before any override."""
    spec = agent.spec
    return Limits(
        budget=spec.budget,
        quotas=spec.quotas,
        connections=spec.connections,
        schedule=spec.schedule,
        lease=spec.lease,
        labels=agent.metadata.labels,
    )


def limits(base: Limits, head: Limits, spec: Place, metadata: Place) -> Iterator[FieldChange]:
    """Changes of everything that may differ between environments; labels stand below `metadata`."""
    yield from budget(base.budget, head.budget, spec.to("budget"))
    yield from quotas(base.quotas, head.quotas, spec.to("quotas"))
    yield from connections(base.connections, head.connections, spec.to("connections"))
    yield from schedule(base.schedule, head.schedule, spec.to("schedule"))
    yield from lease(base.lease, head.lease, spec.to("lease"))
    yield from labels(base.labels, head.labels, metadata.to("labels"))


def limits_and_overrides(base: Agent, head: Agent, file: str) -> Iterator[FieldChange]:
    """Changes of the limits in the spec with the environments they reach, then what differs in one environment only.

    A change that an override brings has the field `environments.<field>`, the override's pointer, and its environment.
    """
    spec, metadata = Place(file, "/spec"), Place(file, "/metadata")
    plain = list(limits(limits_of(base), limits_of(head), spec, metadata))
    reached: dict[tuple[object, ...], list[Environment]] = {_key(found): [] for found in plain}
    special: list[FieldChange] = []
    for environment in ENVIRONMENTS:
        for found in _in_environment(base, head, environment, spec.to("environments", environment)):
            if _key(found) in reached:
                reached[_key(found)].append(environment)
            else:
                special.append(_overridden(found, environment))
    for found in plain:
        environments = tuple(reached[_key(found)])
        note = "" if environments == ENVIRONMENTS else _reach(base, head, found, environments)
        yield replace(found, environments=environments, note=note)
    yield from special


def _reach(base: Agent, head: Agent, found: FieldChange, environments: tuple[Environment, ...]) -> str:
    """Where a change of the spec arrives, and what stands in its way elsewhere."""
    name = ".".join(found.pointer.split("/")[2:])
    said = f"in {', '.join(environments)}" if environments else "in no environment"
    for environment in ENVIRONMENTS:
        before, after = effective(base, environment), effective(head, environment)
        if environment in environments or before is None or after is None:
            continue
        old, new = values(before).get(name), values(after).get(name)
        if same_amount(old, new):
            said += f"; {environment} unchanged ({f'{short(new)} override' if new is not None else 'override'})"
    return said


def values(limits: Limits) -> Mapping[str, Any]:
    """Limits as single values by dotted names (`budget.day`), quotas by their tool; nothing for what is not set."""
    plain: dict[str, Any] = msgspec.to_builtins(limits)
    flat = (item for part in OVERRIDABLE for item in _flat(part, plain.get(part)))
    return {name: value for name, value in flat if value not in (None, "")}


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if name == "quotas":
        yield from _flat_quotas(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(name if key == "secretRef" else f"{name}.{key}", item)
    else:
        yield name, list(value) if isinstance(value, tuple) else value


def _flat_quotas(quotas: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    seen: Counter[str] = Counter()
    for quota in quotas:
        key = ".".join(part for part in ("quotas", quota["tool"], quota["sum"]) if part)
        seen[key] += 1
        turn = f" ({seen[key]})" if seen[key] > 1 else ""
        yield f"{key}{turn}", f"{quota['max']} per {quota['per']}"


def _in_environment(base: Agent, head: Agent, environment: Environment, place: Place) -> Iterator[FieldChange]:
    old, new = base.spec.environments.get(environment, {}), head.spec.environments.get(environment, {})
    before, after = effective(base, environment), effective(head, environment)
    judged = before is not None and after is not None
    if before is not None and after is not None:
        yield from limits(before, after, place, place)
    for name in sorted(old.keys() | new.keys()):
        if name.startswith("x-") or (name in old) == (name in new) == same_value(old.get(name), new.get(name)):
            continue  # what x- keys hold is compared with all others of the file
        values = old.get(name), new.get(name)
        if not judged or name not in OVERRIDABLE:
            summary = f"override of {short(name)} {short(values[0])} -> {short(values[1])}"
            yield change("environments.changed", place.to(name), *values, summary)
        elif getattr(before, name) == getattr(after, name):
            summary = f"override of {name} written otherwise, with the same result"
            yield change("environments.rewritten", place.to(name), *values, summary)


def _overridden(found: FieldChange, environment: Environment) -> FieldChange:
    name = found.field if found.field.startswith(OVERRIDE) else OVERRIDE + found.field
    return replace(found, field=name, summary=f"in {environment}: {found.summary}", environments=(environment,))


def _key(found: FieldChange) -> tuple[object, ...]:
    return (found.field, repr(found.before), repr(found.after), found.summary)


def effective(agent: Agent, environment: Environment) -> Limits | None:
    """The limits in one environment, its override merged in; None where the override does not fit the types."""
    plain = msgspec.to_builtins(limits_of(agent))
    override = agent.spec.environments.get(environment, {})
    merged = merge_patch(plain, {name: value for name, value in override.items() if name in OVERRIDABLE})
    try:
        return msgspec.convert({name: value for name, value in merged.items() if value is not None}, Limits)
    except (msgspec.ValidationError, RecursionError):
        return None


def resolved(agent: Agent, environment: Environment) -> Agent | None:
    """The agent as it is in one environment, without overrides; None where its override does not fit the types."""
    limits = effective(agent, environment)
    if limits is None:
        return None
    spec = msgspec.structs.replace(
        agent.spec,
        budget=limits.budget,
        quotas=limits.quotas,
        connections=limits.connections,
        schedule=limits.schedule,
        lease=limits.lease,
        environments={},
    )
    metadata = msgspec.structs.replace(agent.metadata, labels=limits.labels)
    return msgspec.structs.replace(agent, spec=spec, metadata=metadata)
