"""An agent that fills every field there is, and versions of it with some fields changed."""

import json
from typing import Any

import msgspec

from agentgov.diff.compare import AgentDiff, compare
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import Agent
from agentgov.model.merge import merge_patch
from agentgov.model.names import AgentId
from agentgov.model.snapshot import FILE

ID = AgentId("support", "refunds")
FOLDER = ID.folder

DOCUMENT: dict[str, Any] = {
    "metadata": {"name": "refunds", "labels": {"tier": "gold"}, "formerly": "support/old"},
    "spec": {
        "description": "Answers refund questions.",
        "owner": "team:payments",
        "risk": "high",
        "data": {"classification": "confidential", "categories": ["pii"]},
        "model": {
            "primary": "anthropic/claude-sonnet-4-5",
            "params": {"temperature": 0.2, "max_output_tokens": 1500},
            "fallback": ["openai/gpt-4o", "mistral/large"],
        },
        "prompts": {
            "system": {"file": "prompts/system.md"},
            "partials": ["../shared/tone.md", "prompts/rules.md"],
            "variables": {"name": {"type": "string", "maxLength": 80, "untrusted": True, "description": "who asks"}},
        },
        "tools": [
            {"name": "orders.lookup", "effect": "read", "description": "Finds an order."},
            {
                "name": "refund.create",
                "effect": "write",
                "args": {"file": "tools/refund.schema.json"},
                "cost": "0.02 USD",
            },
        ],
        "connections": {"crm": {"secretRef": "vault:kv/crm#token"}},
        "actions": [
            {"match": {"tools": ["orders.lookup"]}, "then": "allow"},
            {
                "match": {"tools": ["refund.create"]},
                "when": "args.amount <= 500",
                "then": {
                    "ask": {
                        "who": ["team:leads", "alice"],
                        "count": 2,
                        "fourEyes": True,
                        "within": "30m",
                        "show": ["args"],
                    }
                },
            },
        ],
        "quotas": [{"tool": "refund.create", "sum": "args.amount", "per": "24h", "max": 5000}],
        "budget": {
            "day": "40.00 USD",
            "month": "900.00 USD",
            "run": "1.50 USD",
            "rolling": {"1h": "10.00 USD"},
            "zone": "Europe/Paris",
            "alertAt": [0.5, 0.8],
            "onLimit": "deny",
        },
        "schedule": {"cron": "0 8 * * 1-5", "tz": "Europe/Paris"},
        "evals": [{"suite": "evals/refund.yaml", "min": {"pass_rate": 0.97}, "before": ["canary", "production"]}],
        "environments": {"staging": {"budget": {"day": "5.00 USD"}}},
        "lease": {"ttl": "30s", "hardExpiry": "2m"},
        "audit": {"mode": "write-ahead", "payloads": "hashed", "retention": "financial"},
        "oncall": {"escalate": ["team:oncall", "role:administrator"], "ackWithin": "10m"},
        "playbook": "playbooks/refunds.yaml",
        "lifecycle": {"state": "active", "reviewBy": "2027-03-31"},
        "runtime": {"graph": {"nodes": ["a", "b"]}},
    },
    "x-": {"/spec/x-note": "seen"},
}

TEXTS = {
    f"{FOLDER}/prompts/system.md": b"You answer refund questions.\nBe kind.\n",
    f"{FOLDER}/prompts/rules.md": b"Never promise money.\n",
    "agents/support/shared/tone.md": b"Plain words.\n",
    f"{FOLDER}/tools/refund.schema.json": b'{"type": "object"}\n',
    f"{FOLDER}/evals/refund.yaml": b"tests: []\n",
    f"{FOLDER}/notes.txt": b"Read me.\n",
}


def copy(document: dict[str, Any]) -> dict[str, Any]:
    """A copy that shares nothing."""
    copied: dict[str, Any] = json.loads(json.dumps(document))
    return copied


def agent(patch: dict[str, Any] | None = None) -> Agent:
    """The sample with a merge patch applied to its document."""
    return msgspec.convert(merge_patch(DOCUMENT, patch or {}), Agent)


def version(
    spec: dict[str, Any] | None = None,
    *,
    metadata: dict[str, Any] | None = None,
    texts: dict[str, bytes | None] | None = None,
    modes: dict[str, int] | None = None,
    agent_id: AgentId = ID,
) -> AgentVersion:
    """The sample with merge patches of its spec and metadata, and with files replaced, added or (None) removed."""
    patch = {"spec": spec or {}, "metadata": metadata or {}}
    files = {path: text for path, text in {**TEXTS, **(texts or {})}.items() if text is not None}
    return AgentVersion(agent_id, agent(patch), files, {**dict.fromkeys(files, FILE), **(modes or {})})


def spec_diff(before: dict[str, Any], after: dict[str, Any]) -> AgentDiff:
    """What changed between two patches of the sample's spec."""
    return compare(version(before), version(after))


def fields(diff: AgentDiff) -> list[str]:
    """The fields that changed, sorted."""
    return sorted(found.field for found in diff.changes)
