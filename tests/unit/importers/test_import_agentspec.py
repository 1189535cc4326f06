"""Open Agent Specification: agents wherever they stand, with what they refer to; flows are told and not imported."""

import json

import pytest
from unit.importers.imports import import_every, import_one, prompt, spec, why_not, words

_NOW = """component_type: Agent
id: a1
name: Weather Agent
description: Tells the weather
inputs:
  - {title: city, type: string, description: Where}
outputs: []
llm_config:
  component_type: OpenAiConfig
  id: l1
  name: gpt
  model_id: gpt-4o
  default_generation_parameters: {temperature: 0.4, max_tokens: 700}
system_prompt: Tell the weather of {{city}}.
tools:
  - component_type: ServerTool
    id: t1
    name: get_weather
    description: The weather
    inputs: [{title: place, type: string}, {title: unit, type: string, default: c}]
    requires_confirmation: true
  - $component_ref: t2
  - $component_ref: gone
toolboxes:
  - {component_type: MCPToolBox, id: b1, name: github, client_transport: {}, tool_filter: [list_issues, {name: get_pr}]}
  - {component_type: MCPToolBox, id: b2, name: everything}
human_in_the_loop: true
agentspec_version: 25.4.1
$referenced_components:
  t2: {component_type: ServerTool, id: t2, name: Send mail, inputs: []}
"""
_EARLY = """$referenced_components:
  llm: {id: l, type: OciGenAiLLM, name: LLM, model_id: command-r-08-2024}
  lookup: {id: t, type: ServerTool, name: lookup, inputs: [{title: id, type: string}]}
  flow: {id: f, type: Flow, name: Ship it}
  agent:
    id: a
    type: Agent
    name: Benefits Agent
    prompt_template: You know benefits.
    llm: [{$ref: llm}]
    tools: [{$ref: lookup}, {$ref: flow}]
agentspec_version: 25.4.1
"""
_TEAM = """component_type: Swarm
id: s
name: Clinic
first_agent: {$component_ref: doctor}
relationships:
  - [{$component_ref: doctor}, {$component_ref: pharmacist}]
$referenced_components:
  doctor: {component_type: Agent, id: doctor, name: Doctor, system_prompt: Heal, llm_config: {$component_ref: llm}}
  pharmacist: {component_type: Agent, id: pharmacist, name: Pharmacist, system_prompt: Sell}
  llm: {component_type: VllmConfig, id: llm, name: v, model_id: llama-4, url: "http://v.x", api_key: hunter2hunter2}
"""


def test_an_agent_becomes_one_of_ours() -> None:
    item = import_one("agentspec", "weather.yaml", _NOW)
    assert str(item.agent) == "sea/weather-agent"
    assert prompt(item) == "Tell the weather of {{city}}.\n"
    assert spec(item)["model"] == {
        "primary": "openai/gpt-4o",
        "params": {"max_output_tokens": 700, "temperature": 0.4},
    }
    assert spec(item)["prompts"]["variables"] == {"city": {"type": "string", "untrusted": True, "description": "Where"}}


def test_json_is_the_same() -> None:
    document = {"component_type": "Agent", "id": "a", "name": "x", "system_prompt": "Hi"}
    assert prompt(import_one("agentspec", "x.json", json.dumps(document))) == "Hi\n"


def test_tools_of_all_kinds() -> None:
    item = import_one("agentspec", "weather.yaml", _NOW)
    assert [tool["name"] for tool in spec(item)["tools"]] == ["get_weather", "list_issues", "get_pr"]
    schema = json.loads(prompt(item, "tools/get_weather.schema.json"))
    assert (schema["required"], set(schema["properties"])) == (["place"], {"place", "unit"})
    told = "\n".join(words(item))
    assert "effect of get_weather: read, write or irreversible; the source asks a person before it" in told
    assert "'Send mail' is no name of a tool here" in told
    assert "does not list the tools of everything" in told


def test_components_that_it_refers_to_are_kept_and_those_that_are_gone_are_told() -> None:
    item = import_one("agentspec", "weather.yaml", _NOW)
    kept = spec(item)["runtime"]["agentspec"]
    assert list(kept["components"]) == ["t2"]
    assert "system_prompt" not in kept["agent"]
    (told,) = [one for one in item.findings if one.code == "import.partial"]
    assert (told.message, told.where.line) == ("it refers to gone, which is not in the file", 1)
    assert len(words(item, "import.unsupported")) == 1  # human_in_the_loop


def test_the_early_form() -> None:
    item = import_one("agentspec", "early.yaml", _EARLY)
    assert str(item.agent) == "sea/benefits-agent"
    assert prompt(item) == "You know benefits.\n"
    assert spec(item)["model"]["primary"] == "oci/command-r-08-2024"
    assert [tool["name"] for tool in spec(item)["tools"]] == ["lookup"]
    assert "it calls the flow Ship it" in "\n".join(words(item))


def test_agents_of_a_team_know_to_whom_they_hand_work() -> None:
    doctor, pharmacist = import_every("agentspec", "team.yaml", _TEAM)
    assert "it hands work to sea/pharmacist (Swarm)" in "\n".join(words(doctor))
    assert "hands work" not in "\n".join(words(pharmacist))
    assert words(pharmacist, "import.unsupported") == ["the Swarm Clinic around it was not imported"]
    assert [len(words(one, "import.secret")) for one in (doctor, pharmacist)] == [1, 0]
    assert all(b"hunter2" not in data for one in (doctor, pharmacist) for data in one.files.values())


def test_components_in_a_circle_end() -> None:
    circle = ", ".join(
        f"n{one}: {{component_type: AgentNode, id: n{one}, a: [{{$component_ref: n{(one + 1) % 9}}}, "
        f"{{$component_ref: n{(one + 2) % 9}}}]}}"
        for one in range(9)
    )
    text = (
        f"component_type: Flow\nid: f\nname: F\nnodes: [{{$component_ref: n0}}]\n$referenced_components: {{{circle}, "
    )
    text += "a: {component_type: Agent, id: a, name: A, system_prompt: Hi, tools: [{$component_ref: n0}]}}\n"
    assert len(spec(import_one("agentspec", "a.yaml", text))["runtime"]["agentspec"]["components"]) == 9


def test_a_chain_of_very_many_components_does_no_harm() -> None:
    chain = ", ".join(
        f"c{one}: {{component_type: X, id: c{one}, next: {{$component_ref: c{one + 1}}}}}" for one in range(1100)
    )
    text = "component_type: Agent\nid: a\nname: A\nsystem_prompt: Hi\nllm_config: {$component_ref: c0}\n"
    item = import_one("agentspec", "a.yaml", f"{text}$referenced_components: {{{chain}}}\n")
    assert words(item, "import.partial") == ["it refers to c1100, which is not in the file"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("component_type: Flow\nid: f\nname: F\nnodes: []", "no Agent: it holds Flow"),
        ("component_type: OciAgent\nid: o\nname: O", "an agent that runs elsewhere (OciAgent)"),
        ("$referenced_components: {}", "it holds no component"),
        ("services: {}", "not a file of Agent Spec"),
        ("type: object\ntitle: A schema", "not a file of Agent Spec"),
        ("[]", "not a file of Agent Spec"),
        ("{", "line 2: "),
        ("component_type: Agent\nid: a", "the name is empty"),
    ],
)
def test_what_holds_no_agent_says_what_it_holds(text: str, expected: str) -> None:
    assert expected in why_not("agentspec", "a.yaml", text)
