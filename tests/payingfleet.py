"""A fleet in production that gates are tried and measured with: it sorts tickets, pays, and takes leases with care."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipelineworld import PipelineWorld
from simulator import TRIAGE, agent_file

from agentgov.model.names import AgentId
from templates import made

CAREFUL, PAYER = AgentId("support", "careful"), AgentId("support", "payer")
TEXT = "Sort tickets by urgency, and say why in one sentence.\n" * 16  # a lease of 2 kB
_RULES = """  tools:
    - {name: orders.lookup, effect: read}
    - {name: refund.create, effect: irreversible, args: {file: tools/refund.schema.json}}
  actions:
    - {match: {tools: [orders.lookup]}, then: allow}
    - {match: {tools: [refund.create]}, when: "args.amount <= 50", then: allow}
    - {match: {tools: [refund.create]}, then: {ask: {who: [dave], count: 1, within: 30m, show: [args]}}}
  budget: {day: "5.00 USD"}
  oncall: {escalate: [team:support]}
"""
_SHAPE = """{"type": "object", "required": ["amount"], "additionalProperties": false,
  "properties": {"amount": {"type": "integer", "minimum": 1}, "note": {"type": "string"}}}
"""


def shipped(folder: Path, payers: Sequence[AgentId] = (), auditor: str = "") -> PipelineWorld:
    """The fleet, with more agents that pay, made in a folder that is the home of its machine too."""

    def make(place: Path) -> PipelineWorld:
        files = {CAREFUL.file: agent_file(CAREFUL, team="support") + "  audit: {mode: write-ahead}\n"}
        for payer in (PAYER, *payers):
            files[payer.file] = agent_file(payer, team="support").partition("  tools:")[0] + _RULES
            files[f"{payer.folder}/tools/refund.schema.json"] = _SHAPE
        files |= {f"{agent.folder}/prompts/system.md": TEXT for agent in (CAREFUL, PAYER, *payers)}
        world = PipelineWorld(place, files=files)
        if auditor:
            access = (world.work / "governance/access.yaml").read_text("utf-8")
            audits = f'  - {{role: auditor, who: [{auditor}], agents: ["**"]}}\n'
            world.change("carol", {"governance/access.yaml": access + audits})
            world.review("dave")
            world.advance()
        for agent in (TRIAGE, CAREFUL, PAYER, *payers):
            world.ship("1.0.0", agent, text=TEXT)
        return world

    return made(folder, make)


def paying(folder: Path, rules: str, files: Mapping[str, str]) -> PipelineWorld:
    """A fleet whose one agent in production pays under rules of a test's own."""

    def make(place: Path) -> PipelineWorld:
        agent = agent_file(PAYER, team="support").partition("  tools:")[0] + rules
        world = PipelineWorld(place, files={PAYER.file: agent, f"{PAYER.folder}/prompts/system.md": "Pay.\n", **files})
        world.ship("1.0.0", PAYER)
        return world

    return made(folder, make)


def noon_zone() -> str:
    """The name of a time zone where it is noon now, give or take an hour: no day ends there while a test lasts."""
    noon = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-noon:+}" if noon else "Etc/GMT"
