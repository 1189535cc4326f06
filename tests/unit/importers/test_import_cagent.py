"""docker cagent files become agents: what both formats say, everything else verbatim, what is unknown as findings."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.importers.imports import import_all

from agentgov.importers.result import Failure, Imported, Source
from agentgov.validate import schema
from agentgov.validate.yaml_reader import read


def _source(text: str | bytes, name: str = "pirate.yaml") -> Source:
    return Source(name, name, text if isinstance(text, bytes) else text.encode())


def _import(text: str, name: str = "pirate.yaml") -> list[Imported]:
    imported, failures = import_all("cagent", [_source(text, name)], "sea")
    assert failures == []
    return imported


def _document(item: Imported) -> Any:
    data = item.files[item.agent.file]
    document = read(data, item.agent.file)
    assert document.findings == ()
    assert list(schema.check("Agent", document.value, data, item.agent.file)) == []
    return document.value


def _spec(text: str) -> Any:
    return _document(_import(text)[0])["spec"]


def _words(text: str) -> list[str]:
    return [finding.message for finding in _import(text)[0].findings]


_PIRATE = """#!/usr/bin/env docker agent run
version: "2"
agents:
  root:
    model: openai/gpt-4o
    description: Talks like a pirate
    instruction: |
      Talk like a pirate.
    welcome_message: Ahoy 🏴‍☠️
    commands: {demo: "Sing for $USER"}
    hooks: {session_start: [{type: command, command: "echo ${env.HOME}"}]}
"""


def test_an_agent_becomes_a_folder_that_follows_the_schema() -> None:
    (item,) = _import(_PIRATE)
    assert str(item.agent) == "sea/pirate"
    assert item.files["agents/sea/pirate/prompts/system.md"] == b"Talk like a pirate.\n"
    document = _document(item)
    assert document["metadata"] == {"name": "pirate"}
    assert document["spec"]["description"] == "Talks like a pirate"
    assert document["spec"]["model"]["primary"] == "openai/gpt-4o"
    assert document["spec"]["lifecycle"] == {"state": "draft"}


def test_everything_else_is_kept_verbatim() -> None:
    cagent = _spec(_PIRATE)["runtime"]["cagent"]
    assert cagent["agent"] == {
        "model": "openai/gpt-4o",
        "welcome_message": "Ahoy 🏴‍☠️",
        "commands": {"demo": "Sing for $USER"},
        "hooks": {"session_start": [{"type": "command", "command": "echo ${env.HOME}"}]},
    }
    assert cagent["file"] == {"version": "2"}
    assert (cagent["source"], cagent["name"]) == ("pirate.yaml", "root")


def test_what_the_format_cannot_say_is_strictest_and_told_with_its_line() -> None:
    (item,) = _import(_PIRATE)
    spec = _document(item)["spec"]
    assert (spec["owner"], spec["risk"], spec["data"]) == ("team:fill-in", "critical", {"classification": "restricted"})
    assert spec["model"]["params"] == {"max_output_tokens": 1}
    assert "budget" not in spec
    text = item.files[item.agent.file].decode().splitlines()
    unknown = ["owner", "risk", "data", "max_output_tokens", "budget", "oncall", "playbook"]
    assert [finding.message.split(":")[0] for finding in item.findings] == unknown
    for finding in item.findings:
        assert finding.code == "import.fill-in"
        assert finding.message in text[finding.where.line - 1]


_MODELS = """
models:
  fast: {provider: anthropic, model: claude-haiku-4-5, temperature: 0.5, max_tokens: 4000, thinking_budget: 1024}
  slow: {provider: openai, model: gpt-5, top_p: 0.9, thinking_budget: high, token_key: MY_KEY}
  own: {provider: openai, model: gpt-5, base_url: "https://models.example/v1"}
  local: {provider: dmr, model: "ai/qwen3:0.6B-Q4", max_tokens: 8192}
  router: {provider: openai, model: gpt-4o, routing: [{model: fast, examples: [hi]}]}
  odd: {provider: openai, model: gpt-4o, temperature: 3, thinking_budget: -1}
  empty: {}
agents:
  root: {instruction: Hi, model: MODEL, FALLBACK}
"""


def _with_model(model: str, more: str = "add_date: true") -> str:
    return _MODELS.replace("MODEL", json.dumps(model)).replace("FALLBACK", more)


@pytest.mark.parametrize(
    ("model", "primary", "params"),
    [
        ("openai/gpt-4o", "openai/gpt-4o", {"max_output_tokens": 1}),
        (
            "fast",
            "anthropic/claude-haiku-4-5",
            {"max_output_tokens": 4000, "temperature": 0.5, "reasoning_tokens": 1024},
        ),
        ("slow", "openai/gpt-5", {"max_output_tokens": 1, "top_p": 0.9, "reasoning_effort": "high"}),
        ("local", "dmr/ai/qwen3:0.6B-Q4", {"max_output_tokens": 1}),
        ("odd", "openai/gpt-4o", {"max_output_tokens": 1}),
        ("auto", "fill-in/model", {"max_output_tokens": 1}),
        ("claude", "fill-in/model", {"max_output_tokens": 1}),
        ("empty", "fill-in/model", {"max_output_tokens": 1}),
        ("${env.MODEL}/x", "fill-in/model", {"max_output_tokens": 1}),
        ("", "fill-in/model", {"max_output_tokens": 1}),
    ],
)
def test_model_references(model: str, primary: str, params: dict[str, Any]) -> None:
    spec = _spec(_with_model(model))
    assert spec["model"] == {"primary": primary, "params": params}


def test_an_alloy_is_a_first_model_and_fallbacks_to_settle() -> None:
    text = _with_model("fast, openai/gpt-4o,slow")
    assert _spec(text)["model"]["primary"] == "anthropic/claude-haiku-4-5"
    assert _spec(text)["model"]["fallback"] == ["openai/gpt-4o", "openai/gpt-5"]
    assert any("alternates" in words for words in _words(text))


def test_fallbacks_are_resolved_and_named_once() -> None:
    text = _with_model("fast", "fallback: {models: [slow, openai/gpt-5, nowhere, fast], retries: 3}")
    assert _spec(text)["model"]["fallback"] == ["openai/gpt-5"]
    assert any("'nowhere'" in words for words in _words(text))


@pytest.mark.parametrize(
    ("model", "more", "expected"),
    [
        ("router", "add_date: true", "anthropic/claude-haiku-4-5 (routing)"),
        ("slow", "toolsets: [{type: shell, model: fast}]", "anthropic/claude-haiku-4-5 (toolset shell)"),
        ("slow", "toolsets: [{type: model_picker, models: [xai/grok-3]}]", "xai/grok-3 (model_picker)"),
        ("own", "add_date: true", "base_url"),
        ("odd", "add_date: true", "temperature is not between 0 and 2"),
        ("odd", "add_date: true", "thinking_budget has no equal"),
    ],
)
def test_what_a_model_does_besides_is_told(model: str, more: str, expected: str) -> None:
    assert any(expected in words for words in _words(_with_model(model, more)))


def test_keys_of_models_and_toolsets_become_references() -> None:
    more = 'toolsets: [{type: openapi, url: "https://x.example", headers: {Authorization: "Bearer ${env.API_TOKEN}"}}]'
    spec = _spec(_with_model("slow", more))
    assert spec["connections"] == {"MY_KEY": {"secretRef": "env:MY_KEY"}, "API_TOKEN": {"secretRef": "env:API_TOKEN"}}
    assert spec["runtime"]["cagent"]["agent"]["toolsets"][0]["headers"] == {"Authorization": "Bearer ${env.API_TOKEN}"}


_TOOLS = """
mcps: {tickets: {remote: {url: "https://mcp.example"}, tools: [get_ticket]}}
rag: {handbook: {tool: {name: search_handbook, description: The handbook}, strategies: [{type: bm25}]}}
agents:
  root:
    model: openai/gpt-4o
    instruction: Hi
    code_mode_tools: true
    rag: [handbook, other]
    sub_agents: [helper, agentcatalog/pirate]
    handoffs: [helper]
    toolsets:
      - {type: filesystem}
      - {type: memory, tools: [get_memories, search_memories]}
      - {type: think}
      - {type: mcp, ref: "docker:github", tools: [list_issues]}
      - {type: mcp, ref: tickets}
      - {type: mcp, ref: "docker:duckduckgo"}
      - {type: mcp, command: docker, args: [mcp, run]}
      - {type: a2a, url: "http://localhost:8080/"}
      - type: script
        shell:
          greet: {cmd: "echo $who", description: Greets, args: {who: {type: string}}, required: [who, ghost]}
          broken: {cmd: x, args: {who: {type: 7}}}
          "no name": {cmd: x}
      - type: api
        api_config: {name: weather, endpoint: "https://x.example/${city}", method: GET, args: {city: {type: string}}}
      - not a mapping
  helper: {model: openai/gpt-4o, instruction: Help}
"""


def test_tools_that_the_file_names_are_listed() -> None:
    tools = {tool["name"]: tool for tool in _spec(_TOOLS)["tools"]}
    expected = {"read_file", "write_file", "think", "list_issues", "get_ticket", "greet", "broken", "weather"}
    assert expected | {"get_memories", "search_memories", "search_handbook", "other"} <= set(tools)
    assert {"transfer_task", "handoff"} <= set(tools)
    assert "add_memory" not in tools
    assert tools["search_handbook"]["description"] == "The handbook"


def test_an_effect_is_read_only_where_cagent_says_so() -> None:
    effects = {tool["name"]: tool["effect"] for tool in _spec(_TOOLS)["tools"]}
    reads = {"directory_tree", "list_directory", "read_file", "read_multiple_files", "search_files_content", "think"}
    reads |= {"get_memories", "search_handbook", "other"}
    assert {name for name, effect in effects.items() if effect == "read"} == reads
    assert set(effects.values()) == {"read", "irreversible"}
    assert "effect of list_issues: read, write or irreversible" in _words(_TOOLS)


def test_arguments_of_scripts_and_apis_become_json_schemas() -> None:
    item = _import(_TOOLS)[0]
    tools = {tool["name"]: tool for tool in _document(item)["spec"]["tools"]}
    assert tools["greet"]["args"] == {"file": "tools/greet.schema.json"}
    schema_of = json.loads(item.files["agents/sea/pirate/tools/greet.schema.json"])
    assert schema_of["properties"] == {"who": {"type": "string"}}
    assert schema_of["required"] == ["who"]
    assert "args" not in tools["broken"]
    assert "agents/sea/pirate/tools/weather.schema.json" in item.files


@pytest.mark.parametrize(
    "expected",
    [
        "the tools of mcp docker:duckduckgo",
        "the tools of mcp docker mcp run",
        "the tools of a2a http://localhost:8080/",
        "transfer_task also reaches agentcatalog/pirate",
        "it hands work to sea/pirate-helper",
        "in code mode",
        "'no name' is no name of a tool",
        "a toolset of the source is not a mapping",
        "actions: no rule yet",
    ],
)
def test_what_only_somebody_else_knows_about_tools_is_told(expected: str) -> None:
    assert any(expected in words for words in _words(_TOOLS))


def test_variables_in_an_instruction_are_declared_as_untrusted() -> None:
    text = 'agents: {root: {model: openai/gpt-4o, instruction: "Hi {{ name }} and {{name}}, {{#if}} {{ .Values.x }}"}}'
    spec = _spec(text)
    assert set(spec["prompts"]["variables"]) == {"name", "if"}
    assert spec["prompts"]["variables"]["name"] == {"type": "string", "untrusted": True}
    assert any("variable name" in words for words in _words(text))


def test_a_missing_instruction_or_description_is_told() -> None:
    text = "agents: {root: {model: openai/gpt-4o}}"
    (item,) = _import(text)
    assert item.files["agents/sea/pirate/prompts/system.md"] == b""
    assert {"description", "prompts"} <= {words.split(":")[0] for words in _words(text)}


def test_a_literal_secret_stays_behind_and_is_told_twice() -> None:
    text = "agents:\n  root:\n    model: openai/gpt-4o\n    instruction: Hi\n    toolsets:\n"
    text += "      - {type: mcp, ref: 'docker:x', env: {API_KEY: hunter2hunter2}}\n"
    (item,) = _import(text)
    assert all(b"hunter2" not in data for data in item.files.values())
    secret = [finding for finding in item.findings if finding.code == "import.secret"]
    assert [(finding.where.file, finding.where.line) for finding in secret] == [("pirate.yaml", 6)]
    assert any("a literal secret stood at /agents/root/toolsets/0/env/API_KEY" in f.message for f in item.findings)
    assert all("hunter2" not in finding.message for finding in item.findings)


_LETTERS = "abcdefghijklmnopqrstuvwx"
_BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in itertools.pairwise(_LETTERS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", "not a cagent file"),
        ("agents: []", "not a cagent file"),
        ("agents: {}", "not a cagent file"),
        ("agents: {root: text}", "not a cagent file"),
        ("apiVersion: kagent.dev/v1\nkind: Agent\nagents: {a: {}}", "not a cagent file"),
        ("spec_version: '1'\nagents: {a: {}}", "not a cagent file"),
        ("agents: {root: {a: 1", "line 2: a bracket"),
        ("", "empty"),
        ("a: 1\na: 2", "stands here twice"),
        ("agents: {root: {<<: {a: 1}}}", "merge keys"),
        (b"\xff\xfeagents", "not UTF-8"),
        (b"x" * (2 << 20), "bytes"),
        ("[" * 5000, "nesting"),
        (_BOMB, "values"),
    ],
)
def test_what_is_no_cagent_file_is_a_named_failure_and_the_others_are_imported(
    text: str | bytes, expected: str
) -> None:
    imported, failures = import_all("cagent", [_source(text, "bad.yaml"), _source(_PIRATE)], "sea")
    assert [str(item.agent) for item in imported] == ["sea/pirate"]
    (failure,) = failures
    assert failure.source == "bad.yaml"
    assert expected in failure.message


def test_copies_for_every_agent_are_bounded() -> None:
    agents = ", ".join(f"a{number}: {{model: openai/gpt-4o}}" for number in range(2000))
    imported, failures = import_all("cagent", [_source(f"agents: {{{agents}}}"), _source(_PIRATE)], "sea")
    assert [str(item.agent) for item in imported] == ["sea/pirate"]
    assert "too large" in failures[0].message


def test_a_hostile_name_fails_alone() -> None:
    text = 'agents: {"../../../etc/cron.d/x": {model: openai/gpt-4o}, "good one": {model: openai/gpt-4o}}'
    imported, failures = import_all("cagent", [_source(text)], "sea")
    assert [str(item.agent) for item in imported] == ["sea/pirate-good-one"]
    assert "looks like a path" in failures[0].message


def test_all_files_of_an_agent_lie_in_its_folder() -> None:
    script = '{"../../x": {cmd: x, args: {a: {type: string}}}, "/abs": {cmd: x}, "a/b": {cmd: x, args: {a: {}}}}'
    text = "agents: {root: {model: openai/gpt-4o, toolsets: [{type: script, shell: " + script + "}]}}"
    (item,) = _import(text)
    assert set(item.files) == {"agents/sea/pirate/agent.yaml", "agents/sea/pirate/prompts/system.md"}


def test_too_deep_to_be_wrapped_is_a_failure() -> None:
    text = "agents: {root: {model: openai/gpt-4o, x: " + "[" * 61 + "]" * 61 + "}}"
    imported, failures = import_all("cagent", [_source(text)], "sea")
    assert imported == []
    assert "cannot be written" in failures[0].message


def test_agents_of_several_files_never_clash() -> None:
    sources = [Source(f"{folder}/a.yaml", "a.yaml", _PIRATE.encode()) for folder in "xyz"]
    imported, failures = import_all("cagent", sources, "sea")
    assert [(item.agent.name, item.renamed) for item in imported] == [
        ("a", False),
        ("a-root", True),
        ("a-root-2", True),
    ]
    assert failures == []


def test_importing_twice_gives_the_same_bytes() -> None:
    assert _import(_TOOLS) == _import(_TOOLS)


_WORD = st.sampled_from(
    ["root", "openai/gpt-4o", "auto", "mcp", "script", "x", "${env.A}", "../x", "team:fill-in", "", "m"]
)
_JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | _WORD | st.just(1e300),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["model", "models", "type", "tools", "ref", "remote", "m", "tool"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
_FIELDS = ["model", "fallback", "toolsets", "sub_agents", "handoffs", "rag", "instruction", "description", "commands"]


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(["models", "rag", "mcps", "providers", "permissions"]), _JUNK, max_size=3),
    st.dictionaries(st.sampled_from(_FIELDS), _JUNK, max_size=6),
)
def test_junk_in_any_field_is_imported_or_refused_and_never_crashes(
    file: dict[str, Any], agent: dict[str, Any]
) -> None:
    text = json.dumps({**file, "agents": {"root": agent}})
    imported, failures = import_all("cagent", [_source(text)], "sea")
    assert len(imported) + len(failures) == 1
    for item in imported:
        assert _document(item)["spec"]["lifecycle"] == {"state": "draft"}
    assert all(isinstance(failure, Failure) for failure in failures)
