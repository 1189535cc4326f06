"""Sources that mean harm: no format crashes, hangs, writes elsewhere or takes a secret along."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.importers.imports import document, import_all, source

from agentgov.importers.registry import NAMES

_LETTERS = "abcdefghijklmnopqrstuvwx"
_BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in itertools.pairwise(_LETTERS))
_TOKEN = "ghp_" + "0123456789abcdefABCD0123456789abcdefABCD"
_FRONT = ("claude", "dotprompt", "prompty")

# One agent of each format; NAME, PROMPT and REST stand for what a test puts there, as JSON.
_ONE: Mapping[str, str] = {
    "agentspec": "component_type: Agent\nid: a\nname: NAME\nsystem_prompt: PROMPT\nmetadata: REST\n",
    "cagent": "agents: {NAME: {model: a/b, instruction: PROMPT, x: REST}}\n",
    "claude": "---\nname: NAME\nx: REST\n---\nPROMPT\n",
    "crewai": "NAME: {role: PROMPT, goal: y, x: REST}\n",
    "dotprompt": "---\nname: NAME\nx: REST\n---\nPROMPT\n",
    "gitagent": 'spec_version: "1"\nname: NAME\ndescription: PROMPT\nx: REST\n',
    "kagent": "apiVersion: kagent.dev/v1\nkind: Agent\nmetadata: {name: NAME}\n"
    "spec: {systemMessage: PROMPT, x: REST}\n",
    "prompty": "---\nname: NAME\nx: REST\n---\nPROMPT\n",
}


def _one(name: str, called: str = "good", said: str = "Hi", rest: str = "1") -> str:
    said = said if name in _FRONT else json.dumps(said)
    return _ONE[name].replace("NAME", json.dumps(called)).replace("PROMPT", said).replace("REST", rest)


def test_there_is_an_example_of_every_format() -> None:
    assert sorted(_ONE) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_agents(name: str) -> None:
    (item,), failures = import_all(name, [source("a.yaml", _one(name))], "sea")
    assert failures == []
    assert document(item)["spec"]["lifecycle"] == {"state": "draft"}
    again, _ = import_all(name, [source("a.yaml", _one(name))], "sea", {item.agent.name: item.origin})
    assert again == [item]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("called", ["../../etc/passwd", "a/b", "..", ".hidden", "~root", "a\nb", "a\u202eb", "x" * 300])
def test_a_name_that_looks_like_an_attack_is_refused(name: str, called: str) -> None:
    imported, failures = import_all(name, [source("a.yaml", _one(name, called)), source("b.yaml", _one(name))], "sea")
    assert len(failures) == 1
    assert [item.source for item in imported] == ["b.yaml"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text",
    [
        _BOMB,
        "[" * 5000,
        "x" * (2 << 20),
        b"\xff\xfe",
        b"\x00",
        "",
        "---\n" * 3000,
        "!!python/object:os.system {}",
        "{{" * 9000,
    ],
    ids=["bomb", "deep", "huge", "latin", "nul", "empty", "separators", "tag", "braces"],
)
def test_what_is_no_text_of_the_format_is_one_failure(name: str, text: str | bytes) -> None:
    inputs = [
        source("bad.yaml", text if name not in _FRONT or isinstance(text, bytes) else f"---\n{text}\n---\nHi {text}")
    ]
    imported, failures = import_all(name, [*inputs, source("b.yaml", _one(name))], "sea")
    assert [item.source for item in imported if item.source == "b.yaml"] == ["b.yaml"]
    assert all(failure.message for failure in failures)


@pytest.mark.parametrize("name", ["agentspec", "claude"])
def test_one_megabyte_of_front_matter_or_manifest_is_imported_or_refused(name: str) -> None:
    rest = json.dumps(["x" * 2000] * 500)
    imported, failures = import_all(name, [source("a.yaml", _one(name, rest=rest))], "sea")
    assert len(imported) + len(failures) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_never_comes_along(name: str) -> None:
    rest = json.dumps({"api_key": "hunter2hunter2", "headers": {"Authorization": f"Bearer {_TOKEN}"}, "note": _TOKEN})
    (item,), _ = import_all(name, [source("a.yaml", _one(name, said=f"Use {_TOKEN} now", rest=rest))], "sea")
    written = b"".join(item.files.values()) + repr(item.findings).encode()
    assert _TOKEN.encode() not in written
    assert b"hunter2" not in written
    assert len([one for one in item.findings if one.code == "import.secret"]) >= 4


@pytest.mark.parametrize("line", ["#\r\n", "# x\r\n", " \r\n", "\r\n", "#\n"])
def test_many_lines_before_the_front_matter_do_not_hang(line: str) -> None:
    """What ends a comment was read in two ways once: thirty lines took an hour."""
    for name in _FRONT:
        sources = [source("a.yaml", line * 3000 + "no front matter"), source("b.yaml", line * 3000 + _one(name))]
        imported, failures = import_all(name, sources, "sea")
        assert "b.yaml" in [one.source for one in imported]
        assert len(imported) + len(failures) == len(sources)


@pytest.mark.parametrize(
    "piece", [" ", "-", "--a-", "{{ ", "{%", "://a", "?a_", "A_TOKEN", "(a,", "\n", "{{!--", "a: "]
)
def test_a_long_text_of_one_piece_does_not_hang(piece: str) -> None:
    long = piece * (100_000 // len(piece))
    for name in _FRONT:
        sources = [
            source("a.yaml", _one(name, said="{{" + long)),
            source("b.yaml", f"---\nname: b\nx: {long}\n---\nHi"),
        ]
        imported, failures = import_all(name, sources, "sea")
        assert {item.source for item in imported} | {item.source for item in failures} == {"a.yaml", "b.yaml"}


_KEYS = [
    "name",
    "role",
    "goal",
    "backstory",
    "llm",
    "llm_config",
    "tools",
    "toolboxes",
    "model",
    "models",
    "agents",
    "type",
    "component_type",
    "id",
    "kind",
    "spec",
    "metadata",
    "declarative",
    "config",
    "mcpServer",
    "agent",
    "inputs",
    "parameters",
    "input",
    "schema",
    "skills",
    "compliance",
    "relationships",
    "nodes",
    "title",
    "items",
    "$component_ref",
    "$ref",
    "$referenced_components",
    "systemMessageFrom",
    "modelConfig",
    "connection",
    "options",
    "constraints",
    "description",
    "system_prompt",
    "prompt_template",
    "systemMessage",
    "documents",
    "path",
    "apiVersion",
    "data",
    "key",
    "allowedTools",
    "disallowedTools",
]
_WORDS = st.sampled_from(
    ["a", "Agent", "Flow", "Swarm", "kagent.dev/v1", "ModelConfig", "../x", "", "openai/gpt-4o", "mcp"]
)
_JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | _WORDS | st.just(1e300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(_KEYS), _JUNK, max_size=6))
def test_junk_in_any_field_is_imported_or_refused_and_never_crashes(name: str, junk: dict[str, Any]) -> None:
    text = _one(name, rest=json.dumps(junk))
    fields = "".join(f"{json.dumps(key)}: {json.dumps(value)}\n" for key, value in junk.items())
    mixed = _one(name).replace("\n---\n", f"\n{fields}---\n", 1) if name in _FRONT else _one(name) + fields
    inner = mixed if name != "crewai" else f"a: {json.dumps({'role': 'x', 'goal': 'y', **junk})}\n"
    inner = (
        inner
        if name != "kagent"
        else json.dumps({"apiVersion": "kagent.dev/v1", "kind": "Agent", "metadata": {"name": "a"}, "spec": junk})
    )
    sources = [source("a.yaml", text), source("b.yaml", inner), source("c.yaml", json.dumps(junk), tasks__yaml=fields)]
    imported, failures = import_all(name, sources, "sea")
    assert {item.source for item in imported} | {item.source for item in failures} == {"a.yaml", "b.yaml", "c.yaml"}
    for item in imported:
        assert document(item)["spec"]["lifecycle"] == {"state": "draft"}
        assert all(path.startswith(f"{item.agent.folder}/") for path in item.files)
