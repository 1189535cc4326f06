"""Two versions of an agent compared: every difference of their typed values and their files, named and classed.

What is written differently and means the same (key order, quoting, "40 USD" for "40.00 USD", a text that moved,
comments but for marks that suppress findings) is no change; nothing else goes unsaid. Never reads a repository, never
decides who has to review.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from agentgov.diff.actions import actions
from agentgov.diff.assurance import audit, evals, harm
from agentgov.diff.change import FieldChange, Place, change
from agentgov.diff.effects import Effect, effects
from agentgov.diff.environments import limits_and_overrides
from agentgov.diff.fields import CLASSES, FIELDS, Class, leaf
from agentgov.diff.files import files
from agentgov.diff.free import extensions, runtime
from agentgov.diff.identity import accountability, identity
from agentgov.diff.limits import PERIODS
from agentgov.diff.model import model
from agentgov.diff.prompts import prompts
from agentgov.diff.suppressions import suppressions
from agentgov.diff.tools import tools
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import Agent, Budget, Data, FileRef, Model, Prompts
from agentgov.model.document import RISKS, Risk
from agentgov.model.names import AgentId
from agentgov.model.policies import Retention
from agentgov.model.units import parse_money

Status = Literal["added", "removed", "modified", "unchanged"]

_ROW = {name: row for row, name in enumerate(FIELDS)}
_EFFECTS = ("irreversible", "write", "read")


@dataclass(frozen=True, slots=True)
class AgentDiff:
    """Everything that differs between two versions of an agent, riskiest first; `risk` is the stricter of both.

    `effects` are the values that come to something else in one environment than in the other.
    """

    agent_id: AgentId
    changes: tuple[FieldChange, ...]
    status: Status
    risk: Risk
    effects: tuple[Effect, ...] = ()

    @property
    def klass(self) -> Class:
        """The riskiest class of all changes; neutral where there is none."""
        return min((found.klass for found in self.changes), key=CLASSES.index, default="neutral")


def compare(base: AgentVersion | None, head: AgentVersion | None, retention: Retention | None = None) -> AgentDiff:
    """What changed between two versions of an agent; None where there is no agent. ValueError for no agent at all.

    A new agent is `agent.added` and every grant it has; one that is gone is `agent.removed` and nothing else. The ids
    may differ: then it moved, and what differs besides is told. `retention` is that of the governance that judges.
    """
    if base is None and head is None:
        raise ValueError("there is nothing to compare: neither side has the agent")
    if head is None:
        assert base is not None
        place = Place(base.agent_id.file)
        was = f"agent {base.agent_id} removed (it was {base.agent.spec.lifecycle.state})"
        gone = change("agent.removed", place, str(base.agent_id), None, was)
        return AgentDiff(base.agent_id, (gone,), "removed", base.agent.spec.risk)
    if base is None:
        return AgentDiff(head.agent_id, riskiest_first(_granted(head)), "added", head.agent.spec.risk)
    changes = riskiest_first(_changed(base, head, retention))
    risk = max(base.agent.spec.risk, head.agent.spec.risk, key=RISKS.index)
    status: Status = "modified" if changes else "unchanged"
    return AgentDiff(head.agent_id, changes, status, risk, effects(base.agent, head.agent) if changes else ())


def riskiest_first(changes: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    """Changes in the order of the table of fields; of added tools those first that can do most harm."""
    return tuple(sorted(changes, key=_weight))


def riskiest_agents_first(diffs: Iterable[AgentDiff]) -> tuple[AgentDiff, ...]:
    """Agents by their riskiest class, then their declared risk, then their riskiest change, then their id."""

    def weight(diff: AgentDiff) -> tuple[object, ...]:
        first = _weight(diff.changes[0]) if diff.changes else (len(_ROW), 0)
        return (CLASSES.index(diff.klass), -RISKS.index(diff.risk), first, diff.agent_id)

    return tuple(sorted(diffs, key=weight))


def _weight(found: FieldChange) -> tuple[int, int]:
    harm_done = 0
    if found.field == "tools.added":
        harm_done = _EFFECTS.index(found.after["effect"])
    row = _ROW.get(leaf(found.field), 0)
    return (row, harm_done)


def _changed(base: AgentVersion, head: AgentVersion, retention: Retention | None = None) -> Iterator[FieldChange]:
    yield from identity(base, head)
    if base.agent is not head.agent:  # one document read once differs from itself in nothing
        yield from _declared(base.agent, head.agent, head.agent_id.file, retention)
    yield from prompts(base, head)
    yield from tools(base, head)
    yield from evals(base, head)
    yield from files(base, head)
    yield from suppressions(base, head)


def _declared(base: Agent, head: Agent, file: str, retention: Retention | None) -> Iterator[FieldChange]:
    """What differs in agent.yaml alone, whatever the files hold that it names."""
    before, after, spec = base.spec, head.spec, Place(file, "/spec")
    yield from accountability(before, after, spec)
    yield from harm(before, after, spec)
    yield from model(before.model, after.model, spec.to("model"))
    yield from actions(before.actions, after.actions, spec.to("actions"))
    yield from limits_and_overrides(base, head, file)
    yield from audit(before.audit, after.audit, spec.to("audit"), retention)
    yield from runtime(before.runtime, after.runtime, spec.to("runtime"))
    yield from extensions(base.extensions, head.extensions, Place(file))


def _granted(head: AgentVersion) -> Iterator[FieldChange]:
    """Everything that a new agent may do, as the changes from an agent that may do nothing."""
    place = Place(head.agent_id.file)
    spec = head.agent.spec
    yield change("agent.added", place, None, str(head.agent_id), f"agent {head.agent_id} added ({spec.risk} risk)")
    at = place.to("spec", "data", "classification")
    summary = f"may see {spec.data.classification} data"
    yield change("data.classification.raised", at, None, spec.data.classification, summary)
    if not any((spec.budget.day, spec.budget.month, spec.budget.run, spec.budget.rolling)):
        yield change(
            "budget.removed", place.to("spec", "budget"), None, None, "no budget: nothing limits what it spends"
        )
    nothing = AgentVersion(head.agent_id, _nothing(head.agent))
    yield from (found for found in _changed(nothing, head) if found.klass == "loosens")


def _nothing(agent: Agent) -> Agent:
    """An agent that is accounted for and limited like this one, and may do nothing."""
    spec = agent.spec
    bare = msgspec.structs.replace(
        spec,
        model=Model(primary="", params=spec.model.params),
        prompts=Prompts(system=FileRef(file="")),
        data=Data(classification=spec.data.classification),
        tools=(),
        connections={},
        actions=(),
        budget=_spent(spec.budget),
        evals=(),
        environments={},
        runtime={},
    )
    return msgspec.structs.replace(agent, spec=bare, extensions={})


def _spent(budget: Budget) -> Budget:
    """The same budget with nothing in it."""
    empty = {period: _zero(getattr(budget, period)) for period in PERIODS}
    rolling = {window: _zero(amount) for window, amount in budget.rolling.items()}
    return msgspec.structs.replace(budget, **empty, rolling=rolling)


def _zero(amount: str) -> str:
    try:
        return f"0.00 {parse_money(amount)[1]}"
    except ValueError:
        return ""
