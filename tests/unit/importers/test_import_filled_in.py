"""The worklist is complete: an imported agent of which every line is filled in has no finding left."""

import re
from collections.abc import Mapping

import pytest
from unit.importers.imports import import_all, source

from agentgov.importers.registry import NAMES
from agentgov.model.finding import order
from agentgov.model.names import AgentId
from agentgov.model.snapshot import MemorySnapshot
from agentgov.repo.snapshot import WorkTreeSnapshot
from agentgov.resources import folder
from agentgov.validate.run import validate

# An agent of each format that calls get_ticket and think.
_SOURCES: Mapping[str, str] = {
    "agentspec": """component_type: Agent
id: g
name: greeter
system_prompt: Greet {{name}}.
inputs: [{title: name, type: string, description: Who}]
llm_config: {component_type: OpenAiConfig, id: l, name: l, model_id: gpt-4o}
tools:
  - {component_type: ServerTool, id: t, name: get_ticket, inputs: [{title: id, type: string}]}
  - {component_type: ServerTool, id: u, name: think}
  - {$component_ref: gone}
""",
    "cagent": """agents:
  root:
    model: fast
    instruction: Greet {{name}}.
    toolsets: [{type: mcp, ref: "docker:x", tools: [get_ticket]}, {type: think}]
models:
  fast: {provider: openai, model: gpt-4o}
""",
    "claude": """---
name: greeter
tools: get_ticket, think
skills: x
model: opus
---
Greet {{name}}.
""",
    "crewai": """greeter:
  role: A greeter
  goal: Greet {name}
  llm: openai/gpt-4o
  tools: [think]
""",
    "dotprompt": """---
model: openai/gpt-4o
tools: [get_ticket, think]
input: {schema: {name: string}}
---
{{role "system"}}Greet {{name}}. {{#if late}}Late{{else}}Early{{/if}} {{#each them}}{{this}}{{/each}}
{{> bye}}{{> gone}}
""",
    "gitagent": """spec_version: "1"
name: greeter
model: openai/gpt-4o
tools: [get_ticket, think]
skills: [smile]
""",
    "kagent": """apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: greeter, namespace: n}
spec:
  declarative:
    modelConfig: m
    systemMessage: Greet {{name}}.
    tools: [{type: McpServer, mcpServer: {name: x, toolNames: [get_ticket, think]}}]
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: m, namespace: n}
spec: {provider: OpenAI, model: gpt-4o, apiKeySecret: s, apiKeySecretKey: k}
""",
    "prompty": """---
name: greeter
model: {id: gpt-4o, provider: openai, connection: {apiKey: "${env:API_KEY}"}}
inputs: {name: {kind: string}}
tools:
  - {name: get_ticket, kind: function, parameters: [{name: id, kind: string}]}
  - {name: think, kind: own}
---
system:
Greet.
user:
{% if x %}{{name}}{% endif %}
""",
}
_BESIDE: Mapping[str, dict[str, str]] = {
    "crewai": {"tasks__yaml": "greet: {description: 'Greet {name} now', agent: greeter, tools: [get_ticket]}\n"},
    "dotprompt": {"_bye__prompt": "Bye {{name}}, {{json late}}."},
    "gitagent": {"SOUL__md": "Greet {{name}}.", "RULES__md": "Never {{swear}}.", "skills/smile/SKILL__md": "Smile."},
}
_ANSWERS = {
    "description": "A greeter",
    "owner": "team:customer-care",
    "risk": "low",
    "classification": "internal",
    "primary": "openai/gpt-4o",
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
    """Every line answered; one that tells what is settled elsewhere is taken away."""
    text = re.sub(r"(\w+): \S.* # agentgov: fill in: .*", lambda match: f"{match[1]}: {_ANSWERS[match[1]]}", text)
    return re.sub(r"# agentgov: fill in: (\w+).*", lambda match: _LINES.get(match[1], ""), text)


@pytest.fixture(scope="module")
def acme() -> dict[str, bytes]:
    snapshot = WorkTreeSnapshot(folder("examples/acme"))
    files = {path: snapshot.read(path) for path, entry in snapshot.entries().items() if entry.is_file}
    playbook = files["playbooks/ticket-triage.yaml"]
    return files | {"playbooks/ticket-triage.yaml": playbook.replace(b"[support/ticket-triage]", b'["support/*"]')}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_filled_in_validates_in_a_fleet(name: str, acme: dict[str, bytes]) -> None:
    title = "greeter.prompt" if name == "dotprompt" else "greeter.yaml"
    (item,), failures = import_all(name, [source(title, _SOURCES[name], **_BESIDE.get(name, {}))], "support")
    assert failures == []
    assert item.agent == AgentId("support", "greeter")
    before = [one for one in validate(MemorySnapshot(acme | dict(item.files))) if one.code == "import.fill-in"]
    assert before == sorted((one for one in item.findings if one.code == "import.fill-in"), key=order)
    filled = _filled_in(item.files[item.agent.file].decode())
    assert "fill in" not in filled
    assert validate(MemorySnapshot(acme | dict(item.files) | {item.agent.file: filled.encode()})) == ()
