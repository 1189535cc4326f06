"""Whom an order means: one agent, a workspace, or every agent with a label, a tool or a model. Pure.

Five spellings, and nothing else is a selector: `workspace/agent`, `workspace/*`, `key=value` (a label of metadata),
`tool:NAME`, `model:NAME`. Names are exact: no patterns, so that who is meant can be read off the order.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from agentgov.model.names import AgentId, agent_id, is_label

Kind = Literal["agent", "workspace", "label", "tool", "model"]

_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?\Z")  # as schemas/agent.schema.json has it
_VALUE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,100}\Z")
_NAME = re.compile(r"[!-~]{1,200}\Z")  # of tools and models: what may stand there is the schemas'


@dataclass(frozen=True, slots=True)
class Traits:
    """What selectors look at in an agent, beside its id: of everything that it is today, in whatever stage."""

    labels: frozenset[tuple[str, str]] = frozenset()
    tools: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    known: bool = True  # False where some of it cannot be read: then it may have any of them

    def __or__(self, other: "Traits") -> "Traits":
        return Traits(
            self.labels | other.labels,
            self.tools | other.tools,
            self.models | other.models,
            self.known and other.known,
        )


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector, taken apart: `name` is the agent, the workspace, the key of a label, the tool, the model."""

    kind: Kind
    name: str
    value: str = ""  # of a label

    @property
    def needs_traits(self) -> bool:
        """Whether an agent has to be read to know if it is meant."""
        return self.kind not in ("agent", "workspace")

    def means(self, agent: AgentId, traits: Traits = Traits()) -> bool:
        """Whether an agent is meant. Where its traits are not known, it is: "cannot tell" stops an agent."""
        match self.kind:
            case "agent":
                return self.name == str(agent)
            case "workspace":
                return self.name == agent.workspace
            case "label":
                return not traits.known or (self.name, self.value) in traits.labels
            case "tool":
                return not traits.known or self.name in traits.tools
            case "model":
                return not traits.known or self.name in traits.models


@lru_cache(maxsize=4096)
def parse_selector(text: str) -> Selector | None:
    """The selector that a text spells; None where it spells none."""
    for kind in ("tool", "model"):
        if text.startswith(f"{kind}:"):
            name = text[len(kind) + 1 :]
            return Selector(kind, name) if _NAME.match(name) else None
    key, equals, value = text.partition("=")
    if equals:
        return Selector("label", key, value) if _KEY.match(key) and _VALUE.match(value) else None
    if agent_id(text) is not None:
        return Selector("agent", text)
    workspace, _, name = text.partition("/")
    return Selector("workspace", workspace) if name == "*" and is_label(workspace) else None


def by_name(selector: str, agent: AgentId) -> bool:
    """Whether a selector means an agent by its id alone: itself, or its workspace."""
    parsed = parse_selector(selector)
    return parsed is not None and not parsed.needs_traits and parsed.means(agent)
