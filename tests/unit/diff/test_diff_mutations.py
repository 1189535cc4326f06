"""Any valid agent equals itself, no single change goes unseen, and what loosens one way tightens the other way."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from unit.diff.diff_sample import DOCUMENT, FOLDER, ID, TEXTS, copy
from unit.diff.test_diff_fields import OTHER

from agentgov.diff.compare import compare
from agentgov.diff.fields import FIELDS, leaf
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import Agent
from agentgov.model.snapshot import MemorySnapshot
from agentgov.validate.load import load_agent

# More of what lists and maps may hold, so that random agents differ from the sample in every part.
MORE: dict[str, list[Any]] = {
    "/metadata/labels": [{}, {"domain": "payments", "tier": "silver"}],
    "/spec/data": [{"classification": "public"}, {"classification": "restricted", "categories": ["pii", "health"]}],
    "/spec/model/fallback": [[], ["openai/gpt-4o-mini", "openai/gpt-4o"]],
    "/spec/model/params": [{"max_output_tokens": 10}, {"temperature": 1, "max_output_tokens": 9, "x-note": [1]}],
    "/spec/prompts/partials": [[], ["prompts/rules.md"], ["prompts/rules.md", "../shared/tone.md"]],
    "/spec/prompts/variables": [{}, {"a": {"type": "number"}, "b": {"type": "string", "maxLength": 5}}],
    "/spec/tools": [
        [],
        [{"name": "a.b", "effect": "irreversible", "cost": "1.00 USD"}, {"name": "c", "effect": "read"}],
    ],
    "/spec/connections": [{}, {"a": {"secretRef": "vault:kv/a#b"}, "b": {"secretRef": "env:B"}}],
    "/spec/actions": [
        [],
        [{"match": {"tools": ["*"]}, "then": "deny"}],
        [
            {"match": {"tools": ["a.*", "b"]}, "when": "args.x <= 5", "then": "allow"},
            {"match": {"tools": ["a.*"]}, "then": {"ask": {"who": ["bob"]}}},
            {"match": {"tools": ["c"]}, "then": "deny"},
        ],
    ],
    "/spec/quotas": [
        [],
        [{"tool": "a.b", "per": "1h", "max": 3}, {"tool": "a.b", "sum": "args.x", "per": "1d", "max": 9}],
    ],
    "/spec/budget": [{"day": "1.00 USD"}, {"run": "0.10 USD", "onLimit": "pause"}, {"rolling": {"24h": "3.00 USD"}}],
    "/spec/evals": [[], [{"suite": "evals/refund.yaml"}, {"suite": "evals/other.yaml", "min": {"a": 1, "b": 0.5}}]],
    "/spec/environments": [
        {},
        {"staging": {"quotas": [], "labels": {"tier": None}}, "production": {"lease": {"ttl": "5s"}}},
        {"production": {"schedule": {"cron": "0 0 * * *"}, "connections": {"crm": {"secretRef": "vault:kv/x#y"}}}},
    ],
    "/spec/oncall": [{"escalate": ["alice"]}, {"escalate": ["alice", "team:oncall"], "ackWithin": "1h"}],
    "/spec/runtime": [{}, {"a": [1, 2.5, "x", None, True], "b": {"c": {}}}],
    "/spec/risk": ["low", "critical"],
}


def at(document: Any, pointer: str) -> tuple[Any, Any]:
    """The container of a value and its key in there."""
    *steps, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    for step in steps:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document, int(last) if isinstance(document, list) else last


def places(value: Any, pointer: str = "") -> Iterator[str]:
    """The pointer of everything below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        here = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        yield here
        yield from places(item, here)


def typed(document: dict[str, Any]) -> Agent | None:
    """The agent that a document says, read as from a repository; None where it is not valid."""
    text = json.dumps({"apiVersion": "agentgov.dev/v1", "kind": "Agent", **document})  # JSON is YAML too
    return load_agent(MemorySnapshot({ID.file: text.encode()}), ID)[0]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A valid document: the sample with parts of it replaced or left out."""
    document = copy(DOCUMENT)
    del document["x-"]
    for pointer, values in MORE.items():
        container, key = at(document, pointer)
        choice = draw(st.integers(-1, len(values) - 1))
        if choice >= 0:
            container[key] = json.loads(json.dumps(values[choice]))
    for pointer in draw(st.lists(st.sampled_from(sorted(places(document))), max_size=4)):
        smaller = copy(document)
        try:
            container, key = at(smaller, pointer)
            del container[key]
        except (KeyError, IndexError, TypeError, ValueError):
            continue  # what was left out before has taken the place along, or moved another kind of value there
        document = smaller if typed(smaller) is not None else document
    assume(typed(document) is not None)
    return document


def changed_value(draw: st.DrawFn, value: Any) -> Any:
    """Something else that may stand in the place of a value."""
    if value is None or isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return draw(st.sampled_from([value + 1, value / 2, value * 2]))
    if isinstance(value, str):
        return draw(st.sampled_from([OTHER.get(value, f"{value}-other"), f"{value}x", "low", "none", "draft"]))
    if isinstance(value, list):
        return draw(st.sampled_from([value[:-1], value[1:], [*value, *value[:1]], [*value, "more"]]))
    return {**value, "other": draw(st.sampled_from(["one", 1, {"type": "string"}, {"secretRef": "env:X"}]))}


@st.composite
def mutations(draw: st.DrawFn) -> tuple[AgentVersion, AgentVersion]:
    """A valid agent, and the same with one value changed, added or removed."""
    document = draw(documents())
    after = copy(document)
    container, key = at(after, draw(st.sampled_from(sorted(places(document)))))
    if draw(st.booleans()):
        del container[key]
    else:
        container[key] = changed_value(draw, container[key])
    old, new = typed(document), typed(after)
    assume(old is not None and new is not None and old != new)
    assert old is not None
    assert new is not None
    return AgentVersion(ID, old, TEXTS), AgentVersion(ID, new, TEXTS)


@given(documents())
@settings(max_examples=60)
def test_an_agent_equals_itself(document: dict[str, Any]) -> None:
    agent, again = typed(document), typed(copy(document))
    assert agent is not None
    assert again is not None
    one, other = AgentVersion(ID, agent, TEXTS), AgentVersion(ID, again, dict(TEXTS))
    diff = compare(one, other)
    assert (diff.status, diff.changes, diff.effects) == ("unchanged", (), ())


OPPOSITE = {"raised": "lowered", "added": "removed", "loosened": "tightened"}
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}
# Where both directions may loosen, because only what is certain tightens.
UNCERTAIN = ("actions.", "budget.alertAt.", "audit.payloads.", "quotas.", "environments.")


@given(mutations())
@settings(max_examples=250)
def test_no_single_change_goes_unseen_and_what_loosens_tightens_the_other_way(
    pair: tuple[AgentVersion, AgentVersion],
) -> None:
    before, after = pair
    there, back = compare(before, after).changes, compare(after, before).changes
    assert there
    assert back
    assert all(leaf(found.field) in FIELDS and found.summary for found in (*there, *back))
    names = {found.field for found in back}
    for found in there:
        name, _, direction = found.field.rpartition(".")
        opposite = f"{name}.{OPPOSITE.get(direction, '')}"
        if opposite not in FIELDS or found.field.startswith(UNCERTAIN):
            continue
        if found.field.startswith("lease.") and None in (found.before, found.after):
            continue  # the default of a risk is not known here
        assert opposite in names, f"{found.field}, but back {sorted(names)}"


def test_a_text_of_the_closure_is_seen_wherever_it_stands() -> None:
    agent = typed({name: part for name, part in copy(DOCUMENT).items() if name != "x-"})
    assert agent is not None
    for path in TEXTS:
        diff = compare(AgentVersion(ID, agent, TEXTS), AgentVersion(ID, agent, {**TEXTS, path: b"Other.\n"}))
        assert path.startswith((FOLDER, "agents/support/shared/"))
        assert [found.path for found in diff.changes] == [path]
