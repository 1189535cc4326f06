"""The worklist is complete: an imported agent of which every line is filled in has no finding left."""

import re

from unit.importers.imports import import_all

from agentgov.importers.result import Source
from agentgov.model.names import AgentId
from agentgov.model.snapshot import MemorySnapshot
from agentgov.repo.snapshot import WorkTreeSnapshot
from agentgov.resources import folder
from agentgov.validate.run import validate

_FILE = """agents:
  root:
    model: fast
    instruction: Greet {{name}}.
    toolsets: [{type: mcp, ref: "docker:x", tools: [get_ticket]}, {type: think}]
models:
  fast: {provider: openai, model: gpt-4o}
"""
_ANSWERS = {
    "description": "A greeter",
    "owner": "team:customer-care",
    "risk": "low",
    "classification": "internal",
    "max_output_tokens": "500",
    "untrusted": "true",
    "effect": "read",
}
_LINES = {
    "actions": "actions: [{match: {tools: [get_ticket, think]}, then: allow}]",
    "budget": 'budget: {day: "5.00 USD"}',
    "oncall": "oncall: {escalate: [alice]}",
    "playbook": "playbook: playbooks/ticket-triage.yaml",
}


def _filled_in(text: str) -> str:
    text = re.sub(r"(\w+): \S.* # agentgov: fill in: .*", lambda match: f"{match[1]}: {_ANSWERS[match[1]]}", text)
    return re.sub(r"# agentgov: fill in: (\w+).*", lambda match: _LINES[match[1]], text)


def test_what_is_filled_in_validates_in_a_fleet() -> None:
    (item,), failures = import_all("cagent", [Source("greeter.yaml", "greeter.yaml", _FILE.encode())], "support")
    assert failures == []
    assert item.agent == AgentId("support", "greeter")
    acme = WorkTreeSnapshot(folder("examples/acme"))
    files = {path: acme.read(path) for path, entry in acme.entries().items() if entry.is_file}
    playbook = files["playbooks/ticket-triage.yaml"]
    files["playbooks/ticket-triage.yaml"] = playbook.replace(b"[support/ticket-triage]", b'["support/*"]')
    before = validate(MemorySnapshot(files | dict(item.files)))
    assert len([found for found in before if found.code == "import.fill-in"]) == len(item.findings)
    text = _filled_in(item.files[item.agent.file].decode())
    assert "fill in" not in text
    assert validate(MemorySnapshot(files | dict(item.files) | {item.agent.file: text.encode()})) == ()
