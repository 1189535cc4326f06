"""What differs in one environment: the overrides merged in (RFC 7396), then compared like any other values.

Never validates an override: one that does not fit the types is told as a whole, and loosens.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.fields import OVERRIDABLE, OVERRIDE
from agentgov.diff.free import same_value
from agentgov.diff.limits import budget, connections, labels, lease, quotas, schedule
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
        yield replace(found, environments=tuple(reached[_key(found)]))
    yield from special


def _in_environment(base: Agent, head: Agent, environment: Environment, place: Place) -> Iterator[FieldChange]:
    old, new = base.spec.environments.get(environment, {}), head.spec.environments.get(environment, {})
    before, after = _effective(base, old), _effective(head, new)
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


def _effective(agent: Agent, override: Mapping[str, Any]) -> Limits | None:
    plain = msgspec.to_builtins(limits_of(agent))
    merged = merge_patch(plain, {name: value for name, value in override.items() if name in OVERRIDABLE})
    try:
        return msgspec.convert({name: value for name, value in merged.items() if value is not None}, Limits)
    except (msgspec.ValidationError, RecursionError):
        return None
