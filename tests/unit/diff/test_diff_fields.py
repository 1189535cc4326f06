"""The table of fields is complete, closed, and what the comparison really says."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from unit.diff.diff_sample import DOCUMENT, ID, TEXTS, copy, version

from agentgov.diff.change import Place, change, is_name, matches, names
from agentgov.diff.compare import compare
from agentgov.diff.fields import CLASSES, FIELDS, OVERRIDE, leaf
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import Agent

COVERED = {pointer for field in FIELDS.values() for pointer in field.covers}


def leaves(kind: msgspec.inspect.Type, pointer: str = "") -> Iterator[str]:
    """The pointers of every value that a type can hold, with `*` for an index or a key."""
    match kind:
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from leaves(field.type, f"{pointer}/{field.encode_name}")
        case msgspec.inspect.VarTupleType(item_type=item):
            yield from leaves(item, f"{pointer}/*")
        case msgspec.inspect.DictType(value_type=value):
            yield from leaves(value, f"{pointer}/*")
        case msgspec.inspect.UnionType(types=types):
            for option in types:
                if not isinstance(option, msgspec.inspect.NoneType):
                    yield from leaves(option, pointer)
        case _:
            yield pointer


LEAVES = sorted(set(leaves(msgspec.inspect.type_info(Agent))))


def test_every_value_of_an_agent_is_covered_by_a_field() -> None:
    assert [pointer for pointer in LEAVES if pointer not in COVERED] == []


def test_the_table_covers_nothing_that_is_not_there() -> None:
    known = {*LEAVES, "/spec/prompts/variables/*"}
    assert sorted(COVERED - known) == []


def test_every_property_of_the_schema_is_a_value_of_the_types() -> None:
    schema = json.loads((Path(__file__).parents[3] / "schemas/agent.schema.json").read_text())
    tops = {f"/spec/{name}" for name in schema["properties"]["spec"]["properties"]}
    tops |= {f"/metadata/{name}" for name in schema["properties"]["metadata"]["properties"]}
    assert {"/".join(pointer.split("/")[:3]) for pointer in COVERED if not pointer.startswith("/x-")} == tops


def spots(value: Any, pattern: str, pointer: str = "", shape: str = "") -> Iterator[str]:
    """The pointers in the sample that a pattern with `*` means."""
    if shape == pattern:
        yield pointer
    elif isinstance(value, Mapping):
        for key, item in value.items():
            for step in (key, "*"):
                if pattern.startswith(f"{shape}/{step}"):
                    yield from spots(
                        item, pattern, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", f"{shape}/{step}"
                    )
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from spots(item, pattern, f"{pointer}/{index}", f"{shape}/*")


# Another valid value for what has a closed list of values or a grammar; everything else gets a suffix or one more.
OTHER: dict[Any, Any] = {
    "high": "low",
    "confidential": "public",
    "string": "number",
    "read": "write",
    "write": "irreversible",
    "allow": "deny",
    "30m": "31m",
    "24h": "23h",
    "deny": "alert",
    "canary": "staging",
    "production": "staging",
    "30s": "31s",
    "2m": "3m",
    "write-ahead": "async",
    "hashed": "full",
    "10m": "11m",
    "active": "retired",
    "2027-03-31": "2028-03-31",
    "5.00 USD": "6.00 USD",
    "40.00 USD": "41.00 USD",
    "900.00 USD": "901.00 USD",
    "1.50 USD": "1.60 USD",
    "0.02 USD": "0.03 USD",
}


def other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return OTHER.get(value, f"{value}-other")
        case dict():
            return {**value, "other": "one"} if "ask" not in value else "deny"
    return value


def mutated(pointer: str) -> AgentVersion:
    document = copy(DOCUMENT)
    *steps, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    node: Any = document
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]
    key: Any = int(last) if isinstance(node, list) else last
    node[key] = other(node[key])
    return AgentVersion(ID, msgspec.convert(document, Agent), TEXTS)


POINTERS = [(pattern, pointer) for pattern in LEAVES for pointer in spots(DOCUMENT, pattern)]


def test_the_sample_has_every_value_that_an_agent_can_have() -> None:
    assert sorted({pattern for pattern, _ in POINTERS}) == LEAVES


@pytest.mark.parametrize(("pattern", "pointer"), POINTERS)
def test_a_change_of_any_value_is_told_under_a_field_that_covers_it(pattern: str, pointer: str) -> None:
    diff = compare(AgentVersion(ID, version().agent, TEXTS), mutated(pointer))
    covering = [found for found in diff.changes if pattern in FIELDS[leaf(found.field)].covers]
    if pattern == "/spec/environments/*/*":
        covering = [found for found in diff.changes if found.field.startswith(OVERRIDE)]
    assert covering, f"{pointer}: {diff.changes}"
    assert diff.status == "modified"
    assert all(found.summary and found.path for found in diff.changes)


def test_classes_are_closed_and_the_table_is_in_their_order() -> None:
    rows = [CLASSES.index(field.klass) for field in FIELDS.values()]
    assert rows == sorted(rows)
    assert all(field.meaning for field in FIELDS.values())


def test_a_field_without_a_row_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        change("tools.repainted", Place("agent.yaml"), None, None, "")


@pytest.mark.parametrize(
    ("field", "name", "expected"),
    [
        ("tools.effect.raised", "tools", True),
        ("tools.effect.raised", "effect.raised", True),
        ("tools.effect.raised", "effect", True),
        ("tools.effect.raised", "effect.lowered", False),
        ("tools.added", "tools", True),
        ("tools.added", "effect.raised", True),
        ("tools.removed", "effect.raised", False),
        ("budget.raised", "budget.raised", True),
        ("budget.lowered", "budget.raised", False),
        ("budget.removed", "budget.raised", True),
        ("budget.changed", "budget.raised", True),
        ("budget.lowered", "budget", True),
        ("model.params.changed", "params", True),
        ("model.params.changed", "model", True),
        ("model.changed", "params", False),
        ("risk.lowered", "risk.lowered", True),
        ("risk.raised", "risk.lowered", False),
        ("prompt.changed", "prompt", True),
        ("prompt.changed", "prompts", True),
        ("extensions.changed", "x-", True),
        ("runtime.changed", "tools", False),
        ("environments.budget.raised", "budget.raised", True),
        ("environments.budget.raised", "environments", True),
        ("environments.budget.raised", "environments.budget", True),
        ("environments.budget.removed", "environments.budget.raised", True),
        ("environments.budget.raised", "budget.lowered", False),
        ("budget.raised", "environments", False),
    ],
)
def test_a_rule_name_finds_its_changes(field: str, name: str, expected: bool) -> None:
    found = change(leaf(field), Place("agent.yaml"), None, None, "")
    assert matches(replace(found, field=field), name) is expected
    assert is_name(name)


@pytest.mark.parametrize("name", ["tool", "", "raised", "budget.", "environments.tools", "tools.raised", "Tools"])
def test_a_name_that_no_field_has_finds_everything(name: str) -> None:
    assert not is_name(name)
    assert matches(change("description.changed", Place("agent.yaml"), None, None, ""), name)


def test_every_field_has_itself_as_a_name() -> None:
    assert all(field in names(field) and is_name(field) for field in FIELDS)


def test_pointers_are_escaped() -> None:
    assert Place("f").to("a/b", "c~d", 0).pointer == "/a~1b/c~0d/0"


def test_the_page_about_fields_is_the_table() -> None:
    page = (Path(__file__).parents[3] / "docs/fields.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{name}` | {', '.join(f'`{other}`' for other in field.also)} | {field.klass} | {field.meaning} |"
        for name, field in FIELDS.items()
    ]
