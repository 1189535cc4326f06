"""An agent's lease as flags of OpenFeature: which flag says what. Values only.

The flags of `support/refund-assistant` are the id itself (an object: the whole lease), `<id>/prompt` (a string: the
system prompt), `<id>/model` (a string: the primary model) and `<id>/params` (an object: the model's parameters).
"""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from agentgov.model.closure import resolve
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime.lease import Lease

Part = Literal["lease", "prompt", "model", "params"]
PARTS: tuple[Part, ...] = ("lease", "prompt", "model", "params")


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: an agent, and which part of its lease."""

    agent: AgentId
    part: Part

    @property
    def key(self) -> str:
        """How the flag is spelled."""
        return str(self.agent) if self.part == "lease" else f"{self.agent}/{self.part}"


def flag_of(key: str) -> Flag | None:
    """The flag that a key spells; None where it spells none."""
    found = agent_id(key)
    if found is not None:
        return Flag(found, "lease")
    name, _, last = key.rpartition("/")
    part = next((one for one in PARTS[1:] if one == last), None)
    found = agent_id(name)
    return Flag(found, part) if found is not None and part is not None else None


def flags_of(agent: AgentId) -> tuple[Flag, ...]:
    """Every flag of an agent."""
    return tuple(Flag(agent, part) for part in PARTS)


def value_of(lease: Lease, part: Part) -> Any:
    """What a flag says under a lease; None for a prompt that is no text."""
    spec = lease.terms.release.agent.spec
    match part:
        case "lease":
            return msgspec.Raw(lease.body)  # spelled already
        case "prompt":
            path = resolve(lease.terms.agent, spec.prompts.system.file) or ""
            return lease.terms.release.files.get(path, {}).get("text")
        case "model":
            return spec.model.primary
        case "params":
            return spec.model.params
