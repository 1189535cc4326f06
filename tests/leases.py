"""Releases and what is deployed of them, made of values: what tests of leases build on."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from agentgov.model.agent import Agent
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason
from agentgov.runtime.deployed import Deployed, Release
from agentgov.runtime.lease import Grounds

AGENT = AgentId("support", "helper")
GROUNDS = Grounds("6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001", "ab" * 32)
SPEC: dict[str, Any] = {
    "description": "Helps.",
    "owner": "team:support",
    "risk": "high",
    "model": {"primary": "acme/big", "params": {"max_output_tokens": 500, "temperature": 0.2}},
    "prompts": {"system": {"file": "prompts/system.md"}},
    "tools": [
        {"name": "orders.read", "effect": "read"},
        {"name": "orders.note", "effect": "write"},
        {"name": "refund.create", "effect": "irreversible"},
    ],
}


@dataclass(frozen=True, slots=True)
class Paused:
    """An order that pauses."""

    mode: Literal["stop", "read-only"] = "stop"
    id: str = "01jd0000000000000000000000"
    by: str = "alice"
    reason: str = "refunds look wrong"
    until: int = 0
    since: int = 1_764_433_200_000


def release(version: str = "1.0.0", *limits: Reason, **spec: Any) -> Release:
    """A release of the agent with some other fields."""
    config = {
        "apiVersion": "agentgov.dev/v1",
        "kind": "Agent",
        "metadata": {"name": AGENT.name},
        "spec": {**SPEC, **spec},
    }
    digit = str(len(version) + sum(map(ord, version)))[-1]
    files = {f"{AGENT.folder}/prompts/system.md": {"text": f"Be helpful, in version {version}.\n"}}
    agent = msgspec.convert(config, Agent)
    return Release(f"{AGENT}/v{version}", digit * 40, "c" * 40, digit * 64, agent, config, files, limits)


STABLE, CANARY = release("1.0.0"), release("1.1.0")
ALONE = Deployed(AGENT, "production", STABLE)
SPLIT = replace(ALONE, canary=CANARY, share=5000, rollout="f" * 40)
