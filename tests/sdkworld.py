"""A fleet whose agents run by the SDK: one that answers, one that pays, released and ready for a gate or a clone."""

import json
from pathlib import Path

from pipelineworld import PipelineWorld
from simulator import agent_file

from agentgov.model.names import AgentId

PAYER = AgentId("support", "payer")
SYSTEM, TONE = "You pay {{customer}}, at most {{most}} a day.\n", "Be kind.{{#vip}} They are important.{{/vip}}\n"
SCHEMA = {
    "type": "object",
    "required": ["amount"],
    "additionalProperties": False,
    "properties": {"amount": {"type": "integer", "minimum": 1}, "note": {"type": "string"}},
}
RULES = """  tools:
    - {name: orders.lookup, effect: read}
    - {name: refund.create, effect: irreversible, args: {file: tools/refund.schema.json}}
  actions:
    - {match: {tools: ["*.lookup"]}, then: allow}
    - {match: {tools: [refund.create]}, when: "args.amount <= 50", then: allow}
    - match: {tools: [refund.create]}
      when: "args.amount <= 500"
      then: {ask: {who: ["team:support", dave], count: 1, within: 30m, show: [args, subject]}}
  quotas: [{tool: refund.create, sum: args.amount, per: 24h, max: 1000}]
  budget: {day: "5.00 USD"}
  lease: {ttl: 5s, hardExpiry: 60s}
  oncall: {escalate: [team:support]}
"""
PRICES = """apiVersion: agentgov.dev/v1
kind: PriceList
currency: USD
asOf: 2026-11-01
models:
  anthropic/claude-sonnet-4-5: {input: "3.00", output: "15.00", per: 1M}
"""
PROMPTS = """  prompts:
    system: {file: prompts/system.md}
    partials: [prompts/tone.md]
    variables:
      customer: {type: string, maxLength: 40, untrusted: true}
      most: {type: integer}
      vip: {type: boolean}
"""


def payer_world(place: Path, **more: str) -> PipelineWorld:
    """The world, with the payer in production. `more` are lines of its spec."""
    spec = agent_file(PAYER, team="support").partition("  tools:")[0]
    spec = spec.replace("  prompts: {system: {file: prompts/system.md}}\n", PROMPTS)
    assert "variables" in spec
    files = {
        PAYER.file: spec + RULES + "".join(f"  {name}: {value}\n" for name, value in more.items()),
        f"{PAYER.folder}/prompts/system.md": SYSTEM,
        f"{PAYER.folder}/prompts/tone.md": TONE,
        f"{PAYER.folder}/tools/refund.schema.json": json.dumps(SCHEMA),
        "governance/prices.yaml": PRICES,
    }
    world = PipelineWorld(place, files=files)
    world.ship("1.0.0", PAYER, SYSTEM)
    return world
