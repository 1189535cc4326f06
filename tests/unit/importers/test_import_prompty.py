"""Prompty, both versions: the text as it is, model, inputs and tools in words of agent.yaml, references told."""

import json

import pytest
from unit.importers.imports import import_one, prompt, spec, why_not, words

_TWO = """---
name: weather
displayName: Weather
description: Tells the weather
model:
  id: gpt-4o
  provider: openai
  apiType: chat
  connection: {kind: key, endpoint: "${env:ENDPOINT:https://x.example}", apiKey: "${env:OPENAI_API_KEY}"}
  options: {temperature: 0.5, maxOutputTokens: 512, additionalProperties: {stream: true}}
inputs:
  - {name: question, kind: string, description: What is asked, default: Paris?}
  - {name: days, kind: integer}
outputs: [{name: city, kind: string}]
tools:
  - name: get_weather
    kind: function
    description: The weather
    parameters:
      - {name: place, kind: string, required: true}
      - {name: unit, kind: string, enumValues: [c, f]}
  - {name: files, kind: mcp, serverName: fs}
  - {name: tickets, kind: mcp, allowedTools: [get_ticket]}
  - {name: api, kind: openapi, specification: ./api.json, connection: {kind: key, apiKey: "${env:API_KEY:demo}"}}
  - {name: own_tool, kind: my_provider}
template: {format: {kind: jinja2}, parser: {kind: prompty}}
---
system:
You tell the weather for {{days}} days.
{% if hint %}{{hint}}{% endif %}

user:
{{question}}
"""
_ONE = """---
name: Basic Prompt
authors: [a]
model:
  api: chat
  configuration: {type: azure_openai, azure_deployment: gpt-35-turbo, azure_endpoint: "${env:AZURE_OPENAI_ENDPOINT}"}
  parameters: {max_tokens: 128, temperature: 0.2}
inputs: {question: {type: string}, context: a sample}
sample: {question: Who?}
---
system:
Use {{context}}. {% include "tone.txt" %}
user:
{{question}}
"""


def test_version_two() -> None:
    item = import_one("prompty", "deep/weather.prompty", _TWO)
    assert str(item.agent) == "sea/weather"
    assert prompt(item) == _TWO.partition("\n---\n")[2]
    assert spec(item)["model"]["primary"] == "openai/gpt-4o"
    assert spec(item)["model"]["params"] == {"max_output_tokens": 512, "temperature": 0.5}
    variables = spec(item)["prompts"]["variables"]
    assert variables["question"] == {"type": "string", "untrusted": True, "description": "What is asked"}
    assert (variables["days"]["type"], variables["hint"]["type"]) == ("integer", "string")


def test_version_one() -> None:
    item = import_one("prompty", "basic.prompty", _ONE)
    assert str(item.agent) == "sea/basic-prompt"
    assert spec(item)["model"]["primary"] == "azure/gpt-35-turbo"
    assert spec(item)["model"]["params"] == {"max_output_tokens": 128, "temperature": 0.2}
    assert spec(item)["runtime"]["prompty"]["frontMatter"]["sample"] == {"question": "Who?"}
    assert words(item, "import.partial") == ["the source refers to tone.txt, which was not imported"]
    assert "a service of its own answers" in "\n".join(words(item))


def test_tools_that_are_named_are_listed_and_servers_told() -> None:
    item = import_one("prompty", "weather.prompty", _TWO)
    assert [tool["name"] for tool in spec(item)["tools"]] == ["get_weather", "get_ticket", "own_tool"]
    schema = json.loads(prompt(item, "tools/get_weather.schema.json"))
    assert schema["properties"] == {"place": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}}
    assert schema["required"] == ["place"]
    told = "\n".join(words(item))
    assert "does not list the tools of mcp fs" in told
    assert "lets it call the API api" in told


def test_credentials_become_references_and_a_default_stays_behind() -> None:
    item = import_one("prompty", "weather.prompty", _TWO)
    assert spec(item)["connections"] == {name: {"secretRef": f"env:{name}"} for name in ("OPENAI_API_KEY", "API_KEY")}
    kept = spec(item)["runtime"]["prompty"]["frontMatter"]
    assert kept["model"]["connection"]["apiKey"] == "${env:OPENAI_API_KEY}"
    assert kept["tools"][3]["connection"]["apiKey"] == "${env:API_KEY}"
    assert [one.where.line for one in item.findings if one.code == "import.secret"] == [24]


def test_a_literal_key_stays_behind() -> None:
    text = "---\nname: a\nmodel: {id: b, connection: {kind: key, apiKey: hunter2hunter2}}\n---\nHi\n"
    item = import_one("prompty", "a.prompty", text)
    assert all(b"hunter2" not in data for data in item.files.values())
    assert len(words(item, "import.secret")) == 1


def test_files_that_it_refers_to_are_told_and_not_read() -> None:
    text = (
        "---\nname: a\nmodel: {id: b, connection: '${file:../../etc/passwd}'}\ninputs: ${file:schema.json}\n---\nHi\n"
    )
    item = import_one("prompty", "a.prompty", text)
    told = words(item, "import.partial")
    assert [one.split()[4] for one in told] == ["../../etc/passwd,", "schema.json,"]
    assert {path.rpartition("/")[2] for path in item.files} == {"agent.yaml", "system.md"}


def test_what_agentgov_does_not_look_into_is_told() -> None:
    told = words(import_one("prompty", "weather.prompty", _TWO), "import.unsupported")
    assert told == [
        "outputs: agent.yaml has no word for it, it stays in runtime",
        "the text also speaks for the roles user; agentgov governs it as one text",
        "what the template decides (if) is not looked into for variables",
    ]


@pytest.mark.parametrize(
    ("model", "primary"),
    [("gpt-4o", "fill-in/model"), ("openai/gpt-4o", "openai/gpt-4o"), ("{id: gpt-4}", "fill-in/model")],
)
def test_short_forms_of_a_model(model: str, primary: str) -> None:
    item = import_one("prompty", "a.prompty", f"---\nname: a\nmodel: {model}\n---\nHi\n")
    assert spec(item)["model"]["primary"] == primary


def test_without_a_name_the_file_gives_it() -> None:
    assert str(import_one("prompty", "my_prompt.prompty", "---\n---\nsystem:\nHi\n").agent) == "sea/my-prompt"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello", "no front matter"),
        ("---\nname: a\n---\n\n", "a prompt without text"),
        ("---\nname: a\nname: b\n---\nHi", "line 3: "),
        (b"---\nname: a\n---\n\xff", "not UTF-8"),
    ],
)
def test_what_is_no_prompt_says_why(text: str | bytes, expected: str) -> None:
    assert expected in why_not("prompty", "a.prompty", text)
