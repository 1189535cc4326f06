"""The schemas as editors use them: every field is explained and shown, and every snippet is valid where it stands.

Snippets are put in by the YAML language server as they are written, their placeholders filled with what they say.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from unit.validate.test_validate_schemas import SCHEMAS, nodes

from agentgov.model.governed import Kind
from agentgov.validate.engine import KINDS
from agentgov.validate.yaml_reader import read

_PLACEHOLDER = re.compile(r"\$\{[0-9]+(?::([^}]*)|\|([^,}|]*)[^}]*\|)\}")

# Which lists and mappings offer snippets for what is put into them: the definition, and its kinds.
OFFERED: dict[Kind, set[str]] = {
    "Agent": {"tool", "actionRule", "quota", "eval", "secret"},
    "Access": {"person", "team", "bot", "binding", "role"},
    "Fleet": {"reviewRule", "webhook"},
    "Pipeline": {"step", "freeze", "namedPipeline"},
    "ActionPolicy": {"fleetRule"},
    "PriceList": {"modelPrice", "toolPrice"},
    "Retention": {"class", "hold"},
    "AlertPolicy": {"alertRule", "route"},
    "Playbook": {"playbookStep", "message"},
    "Drill": {"inject", "objective", "question"},
}


def resolved(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """A field with what it refers to written out: `null` beside one other thing is that thing."""
    for reference in node.get("allOf", ()):
        node = {**resolved(reference, root), **node}
    if "$ref" in node:
        node = {**resolved(root["definitions"][node["$ref"].rpartition("/")[2]], root), **node}
    others = [branch for branch in node.get("anyOf", ()) if branch != {"type": "null"}]
    if len(others) == 1:
        node = {**resolved(others[0], root), **node}
    return node


def fields(kind: Kind) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, node in nodes(SCHEMAS[kind]):
        for name, field in node.get("properties", {}).items():
            yield f"{path}/{name}", resolved(field, SCHEMAS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_title_and_a_description(kind: Kind) -> None:
    assert [path for path, field in fields(kind) if not field.get("description") or not field.get("title")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_shows_what_may_stand_there(kind: Kind) -> None:
    """By an example, its words, a default, or fields of its own; yes and no need none."""

    def shown(field: dict[str, Any]) -> bool:
        entry = field.get("items", field.get("additionalProperties"))
        return bool(
            field.keys() & {"examples", "enum", "const", "default", "properties", "defaultSnippets"}
            or field.get("type") == "boolean"
            or (isinstance(entry, list) and entry)
            or (isinstance(entry, dict) and entry and shown(resolved(entry, SCHEMAS[kind])))
            or any(shown(resolved(branch, SCHEMAS[kind])) for branch in field.get("anyOf", ()))
        )

    assert [path for path, field in fields(kind) if not shown(field) and not path.endswith("/spec/runtime")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_valid_where_they_stand(kind: Kind) -> None:
    for path, node in nodes(SCHEMAS[kind]):
        if "default" in node and not path.endswith("/properties"):
            whole = {**node, "definitions": SCHEMAS[kind]["definitions"]}
            assert jsonschema.Draft7Validator(whole).is_valid(node["default"]), path


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_often_has_snippets(kind: Kind) -> None:
    definitions = SCHEMAS[kind].get("definitions", {})
    assert {name for name, node in definitions.items() if "defaultSnippets" in node} == OFFERED.get(kind, set())


@pytest.mark.parametrize("kind", KINDS)
def test_every_snippet_is_valid_where_it_stands(kind: Kind) -> None:
    for path, node in nodes(SCHEMAS[kind]):
        for snippet in node.get("defaultSnippets", ()):
            assert snippet["label"], path
            assert snippet["description"], path
            document = read(written(snippet["body"]).encode(), "snippet.yaml")
            assert document.findings == (), (path, snippet["label"])
            whole = {**node, "definitions": SCHEMAS[kind]["definitions"]}
            problems = [error.message for error in jsonschema.Draft7Validator(whole).iter_errors(document.value)]
            assert problems == [], (path, snippet["label"])
        labels = [snippet["label"] for snippet in node.get("defaultSnippets", ())]
        assert len(labels) == len(set(labels)), path


def written(body: Any, indent: int = 0) -> str:
    """A snippet as the language server writes it: block style, texts as they are, placeholders filled."""
    pad = " " * indent
    if isinstance(body, dict):
        return "".join(f"{pad}{key}:{_below(value, indent)}" for key, value in body.items())
    if isinstance(body, list):
        return "".join(f"{pad}- {written(item, indent + 2).lstrip()}" for item in body)
    text = body if isinstance(body, str) else json.dumps(body)
    return _PLACEHOLDER.sub(lambda match: match[1] if match[1] is not None else match[2], text) + "\n"


def _below(value: Any, indent: int) -> str:
    return "\n" + written(value, indent + 2) if isinstance(value, dict | list) else " " + written(value)
