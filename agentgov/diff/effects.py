"""What a change of limits comes to in each environment, where that is not the same in all: resolved values.

An override hides a change of the spec, or makes one of its own; here stands what is in force before and after. Decides
no class. Values are what the merge patch leaves (`environments`), one row for each value, in the words of agent.yaml.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentgov.diff.environments import effective, limits_of, values
from agentgov.diff.fields import OVERRIDABLE
from agentgov.diff.limits import same_amount
from agentgov.model.agent import Agent
from agentgov.model.document import ENVIRONMENTS, Environment


@dataclass(frozen=True, slots=True)
class Resolved:
    """One value in one environment; `overridden` where the result has it from an override. None: there is nothing."""

    environment: Environment
    before: Any
    after: Any
    overridden: bool

    @property
    def differs(self) -> bool:
        """Whether it is another value now."""
        return not same_amount(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Effect:
    """One value, such as `budget.day`, in every environment."""

    name: str
    values: tuple[Resolved, ...]


def effects(base: Agent, head: Agent) -> tuple[Effect, ...]:
    """The values that changed in an environment and not in the same way in all; none where a side does not resolve."""
    if not base.spec.environments and not head.spec.environments:
        return ()
    sides: list[tuple[Environment, Mapping[str, Any], Mapping[str, Any]]] = []
    for environment in ENVIRONMENTS:
        before, after = effective(base, environment), effective(head, environment)
        if before is None or after is None:
            return ()
        sides.append((environment, values(before), values(after)))
    plain = values(limits_of(head))
    found = []
    for name in sorted({name for _, before, after in sides for name in (*before, *after)}, key=_order):
        found_in = tuple(
            Resolved(environment, before.get(name), after.get(name), after.get(name) != plain.get(name))
            for environment, before, after in sides
        )
        alike = len({(repr(value.before), repr(value.after)) for value in found_in}) == 1
        if not alike and any(value.differs for value in found_in):
            found.append(Effect(name, found_in))
    return tuple(found)


def _order(name: str) -> tuple[int, str]:
    return OVERRIDABLE.index(name.partition(".")[0]), name
