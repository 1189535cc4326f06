"""Releases and rulebooks for tests of actions: an agent.yaml as text, patched, without a repository around it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentgov.model.agent import Agent
from agentgov.model.document import Environment
from agentgov.model.merge import merge_patch
from agentgov.model.names import AgentId
from agentgov.model.policies import ActionPolicy
from agentgov.runtime.deployed import Release
from agentgov.runtime.rules import Rulebook
from agentgov.validate.environment import resolve_environment
from agentgov.validate.load import convert
from agentgov.validate.yaml_reader import read

ACME = Path(__file__).resolve().parents[1] / "examples" / "acme"
REFUNDS = AgentId("support", "refund-assistant")
REFUND = {
    "order_id": "AC-12345678",
    "line": 1,
    "amount_minor": 4200,
    "currency": "USD",
    "reason": "damaged",
    "idempotency_key": "0123456789abcdef",
}
NOW = 1_796_000_000_000  # epoch milliseconds


def refund(**changes: Any) -> dict[str, Any]:
    """Arguments of refund.create, with some changed; None takes one away."""
    return {name: value for name, value in (REFUND | changes).items() if value is not None}


def release(
    patch: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
    agent: AgentId = REFUNDS,
    environment: Environment = "production",
    version: str = "1.0.0",
) -> Release:
    """A release of an agent of the example fleet, its spec patched (RFC 7396), some of its files replaced."""
    raw = read((ACME / agent.file).read_bytes(), agent.file).value
    assert isinstance(raw, dict)
    raw["spec"] = merge_patch(raw["spec"], patch or {})
    config = resolve_environment(raw, environment)
    folder = ACME / agent.folder
    texts = {str(path.relative_to(ACME)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    texts |= files or {}
    return Release(
        name=f"{agent}/v{version}",
        tag=version.encode().hex().ljust(40, "0"),
        commit="c" * 40,
        closure=version.encode().hex().ljust(64, "0"),
        agent=convert(Agent, config),
        config=config,
        files={path: {"text": text} for path, text in texts.items() if path != agent.file},
    )


def policy(*rules: Mapping[str, Any]) -> ActionPolicy:
    """An ActionPolicy of these rules."""
    return convert(ActionPolicy, {"apiVersion": "agentgov.dev/v1", "kind": "ActionPolicy", "rules": list(rules)})


def rulebook(
    patch: Mapping[str, Any] | None = None, fleet: ActionPolicy | None = None, files: Mapping[str, str] | None = None
) -> Rulebook:
    """The rulebook of the refund assistant in production."""
    return Rulebook(REFUNDS, "production", release(patch, files), fleet)
