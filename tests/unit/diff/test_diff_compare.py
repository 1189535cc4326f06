"""What each change of an agent is called, and whether it loosens."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from unit.diff.diff_sample import DOCUMENT, FOLDER, ID, TEXTS, copy, fields, spec_diff, version

from agentgov.diff.change import matches
from agentgov.diff.compare import AgentDiff, compare, riskiest_agents_first
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import Agent
from agentgov.model.names import AgentId
from agentgov.model.policies import Retention, RetentionClass
from agentgov.model.snapshot import EXECUTABLE, FILE, SYMLINK

LOOKUP, REFUND = DOCUMENT["spec"]["tools"]
QUOTA = DOCUMENT["spec"]["quotas"][0]
EVAL = DOCUMENT["spec"]["evals"][0]
SYSTEM = f"{FOLDER}/prompts/system.md"
RULES = f"{FOLDER}/prompts/rules.md"

# (what the spec is changed to, the fields and classes that follow)
CASES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"risk": "medium"}, {"risk.lowered": "loosens"}),
    ({"risk": "critical"}, {"risk.raised": "tightens"}),
    ({"data": {"classification": "internal"}}, {"data.classification.lowered": "loosens"}),
    ({"data": {"classification": "restricted"}}, {"data.classification.raised": "loosens"}),
    ({"data": {"categories": ["pii", "health"]}}, {"data.categories.added": "loosens"}),
    ({"data": {"categories": []}}, {"data.categories.removed": "loosens"}),
    ({"model": {"primary": "openai/gpt-4o"}}, {"model.changed": "loosens"}),
    ({"model": {"fallback": ["openai/gpt-4o"]}}, {"model.fallback.removed": "tightens"}),
    ({"model": {"fallback": ["openai/gpt-4o", "mistral/large", "x/y"]}}, {"model.fallback.added": "loosens"}),
    ({"model": {"fallback": ["mistral/large", "openai/gpt-4o"]}}, {"model.fallback.reordered": "loosens"}),
    ({"model": {"params": {"max_output_tokens": 1501}}}, {"model.params.raised": "loosens"}),
    ({"model": {"params": {"max_output_tokens": 1499}}}, {"model.params.lowered": "tightens"}),
    ({"model": {"params": {"temperature": 0.1}}}, {"model.params.changed": "loosens"}),
    ({"model": {"params": {"temperature": None}}}, {"model.params.changed": "loosens"}),
    ({"model": {"params": {"top_p": True}}}, {"model.params.changed": "loosens"}),
    ({"tools": [LOOKUP]}, {"tools.removed": "tightens"}),
    ({"tools": [REFUND, LOOKUP]}, {"tools.reordered": "neutral"}),
    ({"tools": [LOOKUP, REFUND, {"name": "mail", "effect": "read"}]}, {"tools.added": "loosens"}),
    ({"tools": [LOOKUP, REFUND, REFUND]}, {"tools.added": "loosens"}),
    ({"tools": [{**LOOKUP, "effect": "write"}, REFUND]}, {"tools.effect.raised": "loosens"}),
    ({"tools": [LOOKUP, {**REFUND, "effect": "read"}]}, {"tools.effect.lowered": "loosens"}),
    ({"tools": [LOOKUP, {**REFUND, "cost": "0.03 USD"}]}, {"tools.cost.raised": "tightens"}),
    ({"tools": [LOOKUP, {**REFUND, "cost": "0.01 USD"}]}, {"tools.cost.lowered": "loosens"}),
    ({"tools": [LOOKUP, {**REFUND, "cost": ""}]}, {"tools.cost.removed": "loosens"}),
    ({"tools": [{**LOOKUP, "cost": "1 USD"}, REFUND]}, {"tools.cost.added": "tightens"}),
    ({"tools": [LOOKUP, {**REFUND, "cost": "0.02 EUR"}]}, {"tools.cost.changed": "loosens"}),
    ({"tools": [LOOKUP, {**REFUND, "args": None}]}, {"tools.args.removed": "loosens"}),
    ({"tools": [{**LOOKUP, "args": {"file": "a.json"}}, REFUND]}, {"tools.args.added": "tightens"}),
    ({"tools": [LOOKUP, {**REFUND, "args": {"file": "a.json"}}]}, {"tools.args.changed": "loosens"}),
    ({"tools": [{**LOOKUP, "description": "Send money."}, REFUND]}, {"tools.description.changed": "loosens"}),
    ({"connections": {"erp": {"secretRef": "vault:x"}}}, {"connections.added": "loosens"}),
    ({"connections": {"crm": {"secretRef": "vault:kv/root#token"}}}, {"connections.changed": "loosens"}),
    ({"connections": {"crm": None}}, {"connections.removed": "tightens"}),
    ({"quotas": []}, {"quotas.removed": "loosens"}),
    ({"quotas": [QUOTA, {"tool": "mail", "per": "1h", "max": 3}]}, {"quotas.added": "tightens"}),
    ({"quotas": [{**QUOTA, "max": 5001}]}, {"quotas.raised": "loosens"}),
    ({"quotas": [{**QUOTA, "max": 4999}]}, {"quotas.lowered": "tightens"}),
    ({"quotas": [{**QUOTA, "per": "1h"}]}, {"quotas.raised": "loosens"}),
    ({"quotas": [{**QUOTA, "per": "2d"}]}, {"quotas.lowered": "tightens"}),
    ({"quotas": [{**QUOTA, "per": "2d", "max": 6000}]}, {"quotas.raised": "loosens"}),
    ({"quotas": [{**QUOTA, "sum": "args.other"}]}, {"quotas.removed": "loosens", "quotas.added": "tightens"}),
    ({"budget": {"day": "40.01 USD"}}, {"budget.raised": "loosens"}),
    ({"budget": {"day": "39.999999999 USD"}}, {"budget.lowered": "tightens"}),
    ({"budget": {"day": None}}, {"budget.removed": "loosens"}),
    ({"budget": {"day": "40.00 JPY"}}, {"budget.changed": "loosens"}),
    ({"budget": {"rolling": {"1h": "9.00 USD"}}}, {"budget.lowered": "tightens"}),
    ({"budget": {"rolling": {"24h": "30.00 USD"}}}, {"budget.added": "tightens"}),
    ({"budget": {"rolling": {"1h": None}}}, {"budget.removed": "loosens"}),
    ({"budget": {"zone": "Europe/London"}}, {"budget.zone.changed": "loosens"}),
    ({"budget": {"onLimit": "alert"}}, {"budget.onLimit.loosened": "loosens"}),
    ({"budget": {"onLimit": "pause"}}, {"budget.onLimit.tightened": "tightens"}),
    ({"budget": {"alertAt": [0.8]}}, {"budget.alertAt.loosened": "loosens"}),
    ({"budget": {"alertAt": [0.5, 0.9]}}, {"budget.alertAt.loosened": "loosens"}),
    ({"budget": {"alertAt": [0.2, 0.5, 0.8]}}, {"budget.alertAt.tightened": "tightens"}),
    ({"schedule": None}, {"schedule.removed": "loosens"}),
    ({"schedule": {"cron": "0 9 * * 1-5"}}, {"schedule.changed": "loosens"}),
    ({"schedule": {"tz": "UTC"}}, {"schedule.changed": "loosens"}),
    ({"lease": {"ttl": "1m"}}, {"lease.ttl.raised": "loosens"}),
    ({"lease": {"hardExpiry": "119s"}}, {"lease.hardExpiry.lowered": "tightens"}),
    ({"lease": {"hardExpiry": None}}, {"lease.hardExpiry.raised": "loosens"}),
    ({"evals": []}, {"evals.removed": "loosens"}),
    ({"evals": [EVAL, {"suite": "evals/other.yaml"}]}, {"evals.added": "tightens"}),
    ({"evals": [{**EVAL, "min": {"pass_rate": 0.9}}]}, {"evals.min.lowered": "loosens"}),
    ({"evals": [{**EVAL, "min": {"pass_rate": 0.98}}]}, {"evals.min.raised": "tightens"}),
    ({"evals": [{**EVAL, "min": {}}]}, {"evals.min.removed": "loosens"}),
    ({"evals": [{**EVAL, "min": {"pass_rate": 0.97, "recall": 0.5}}]}, {"evals.min.added": "tightens"}),
    ({"evals": [{**EVAL, "before": ["canary"]}]}, {"evals.before.removed": "loosens"}),
    ({"evals": [{**EVAL, "before": ["staging", "canary", "production"]}]}, {"evals.before.added": "tightens"}),
    ({"audit": {"mode": "async"}}, {"audit.mode.loosened": "loosens"}),
    ({"audit": {"payloads": "none"}}, {"audit.payloads.loosened": "loosens"}),
    ({"audit": {"payloads": "encrypted"}}, {"audit.payloads.tightened": "tightens"}),
    ({"audit": {"payloads": "full"}}, {"audit.payloads.loosened": "loosens"}),
    ({"audit": {"retention": "short"}}, {"audit.retention.changed": "loosens"}),
    ({"audit": {"retention": None}}, {"audit.retention.removed": "loosens"}),
    ({"oncall": {"escalate": ["team:oncall"]}}, {"oncall.escalate.removed": "loosens"}),
    ({"oncall": {"escalate": ["role:administrator", "team:oncall"]}}, {"oncall.escalate.reordered": "loosens"}),
    ({"oncall": {"escalate": ["team:oncall", "role:administrator", "bo"]}}, {"oncall.escalate.added": "tightens"}),
    ({"oncall": {"ackWithin": "1h"}}, {"oncall.ackWithin.raised": "loosens"}),
    ({"oncall": {"ackWithin": "5m"}}, {"oncall.ackWithin.lowered": "tightens"}),
    ({"playbook": None}, {"playbook.removed": "loosens"}),
    ({"playbook": "playbooks/other.yaml"}, {"playbook.changed": "loosens"}),
    ({"lifecycle": {"state": "retired"}}, {"lifecycle.state.tightened": "tightens"}),
    ({"lifecycle": {"state": "draft"}}, {"lifecycle.state.tightened": "tightens"}),
    ({"lifecycle": {"reviewBy": "2027-04-01"}}, {"lifecycle.reviewBy.loosened": "loosens"}),
    ({"lifecycle": {"reviewBy": None}}, {"lifecycle.reviewBy.loosened": "loosens"}),
    ({"lifecycle": {"reviewBy": "2027-03-30"}}, {"lifecycle.reviewBy.tightened": "tightens"}),
    ({"owner": "team:other"}, {"owner.changed": "loosens"}),
    ({"description": "Does something else."}, {"description.changed": "neutral"}),
    ({"prompts": {"variables": {"name": {"untrusted": False}}}}, {"variables.untrusted.removed": "loosens"}),
    ({"prompts": {"variables": {"name": {"maxLength": 81}}}}, {"variables.maxLength.raised": "loosens"}),
    ({"prompts": {"variables": {"name": {"maxLength": None}}}}, {"variables.maxLength.raised": "loosens"}),
    ({"prompts": {"variables": {"name": {"maxLength": 79}}}}, {"variables.maxLength.lowered": "tightens"}),
    ({"prompts": {"variables": {"name": {"type": "integer"}}}}, {"variables.type.changed": "loosens"}),
    ({"prompts": {"variables": {"name": {"description": "x"}}}}, {"variables.description.changed": "neutral"}),
    ({"prompts": {"variables": {"other": {}}}}, {"variables.added": "loosens"}),
    ({"prompts": {"variables": {"name": None}}}, {"variables.removed": "tightens"}),
    ({"prompts": {"partials": ["prompts/rules.md", "../shared/tone.md"]}}, {"prompt.reordered": "loosens"}),
    ({"runtime": {"graph": {"nodes": ["a", "c"]}}}, {"runtime.changed": "loosens"}),
    ({"runtime": {"__hidden": 1}}, {"runtime.changed": "loosens"}),
]


@pytest.mark.parametrize(("patch", "expected"), CASES)
def test_a_change_has_its_name_and_class(patch: dict[str, Any], expected: dict[str, str]) -> None:
    diff = spec_diff({}, patch)
    assert {found.field: found.klass for found in diff.changes} == expected
    assert len(diff.changes) == len(expected)
    assert all(found.summary for found in diff.changes)


SAME: list[dict[str, Any]] = [
    {"budget": {"day": "40 USD"}},
    {"budget": {"rolling": {"1h": None, "60m": "10 USD"}}},
    {"lease": {"hardExpiry": "120s"}},
    {"quotas": [{**QUOTA, "per": "1d"}]},
    {"budget": {"alertAt": [0.8, 0.5]}},
    {"data": {"categories": ["pii", "pii"]}},
    {"oncall": {"ackWithin": "600s"}},
    {"tools": [LOOKUP, {**REFUND, "cost": "0.020 USD"}]},
]


@pytest.mark.parametrize("patch", SAME)
def test_what_means_the_same_is_no_change(patch: dict[str, Any]) -> None:
    assert spec_diff({}, patch).status == "unchanged"
    assert spec_diff(patch, {}).status == "unchanged"


def test_the_order_of_keys_is_no_change() -> None:
    backwards = {key: copy(DOCUMENT)[key] for key in reversed(DOCUMENT)}
    backwards["spec"] = {key: backwards["spec"][key] for key in reversed(backwards["spec"])}
    assert compare(version(), AgentVersion(ID, msgspec.convert(backwards, Agent), TEXTS)).changes == ()


def test_a_sentence_says_what_changed() -> None:
    diff = spec_diff(
        {"tools": [LOOKUP]}, {"tools": [LOOKUP, {**REFUND, "effect": "irreversible"}], "budget": {"day": "80.00 USD"}}
    )
    said = [found.summary for found in diff.changes]
    assert said == ["tool refund.create added (irreversible)", "budget 40.00 USD/day -> 80.00 USD/day"]
    tool, budget = diff.changes
    assert (tool.path, tool.pointer) == (f"{FOLDER}/agent.yaml", "/spec/tools/1")
    assert (budget.pointer, budget.before, budget.after) == ("/spec/budget/day", "40.00 USD", "80.00 USD")


def test_a_reworded_prompt_stands_at_its_file_with_both_texts() -> None:
    diff = compare(version(), version(texts={SYSTEM: b"You answer all questions.\nBe kind.\n"}))
    (found,) = diff.changes
    assert (found.field, found.klass, found.path, found.also) == ("prompt.changed", "loosens", SYSTEM, ())
    assert found.summary == "prompt prompts/system.md reworded (+1 -1 words)"
    assert found.before.startswith("You answer refund")
    assert found.after.startswith("You answer all")


def test_a_rewrapped_prompt_is_a_change_that_says_so() -> None:
    (found,) = compare(version(), version(texts={SYSTEM: b"You answer refund questions. Be kind.\n"})).changes
    assert "reworded (only line breaks)" in found.summary


def test_a_moved_prompt_with_the_same_text_is_no_change() -> None:
    moved = version(
        {"prompts": {"system": {"file": "prompts/main.md"}, "partials": ["../shared/tone.md", "texts/rules.md"]}},
        texts={
            SYSTEM: None,
            f"{FOLDER}/prompts/main.md": TEXTS[SYSTEM],
            RULES: None,
            f"{FOLDER}/texts/rules.md": TEXTS[RULES],
        },
    )
    assert compare(version(), moved).status == "unchanged"


def test_another_file_with_another_text_concerns_the_file_and_agent_yaml() -> None:
    """A rule about prompts must ask at agent.yaml too: the file that it names now may not be part of the change."""
    other = version(
        {"prompts": {"system": {"file": "../shared/evil.md"}}}, texts={"agents/support/shared/evil.md": b"Obey."}
    )
    found = next(found for found in compare(version(), other).changes if found.field == "prompt.changed")
    assert found.stands_at("agents/support/shared/evil.md")
    assert found.stands_at(f"{FOLDER}/agent.yaml")
    assert not found.stands_at(RULES)


def test_partials_come_and_go() -> None:
    extra = {f"{FOLDER}/more.md": b"More."}
    added = compare(
        version(texts=dict(extra)),
        version({"prompts": {"partials": ["../shared/tone.md", "prompts/rules.md", "more.md"]}}, texts=dict(extra)),
    )
    assert fields(added) == ["prompt.added"]
    assert added.changes[0].stands_at(f"{FOLDER}/agent.yaml")
    removed = compare(version(), version({"prompts": {"partials": ["../shared/tone.md"]}}, texts={RULES: None}))
    assert [(found.field, found.path) for found in removed.changes] == [("prompt.removed", RULES)]


def test_a_partial_that_moved_and_was_rewritten_is_one_change() -> None:
    after = version(
        {"prompts": {"partials": ["../shared/tone.md", "b.md"]}},
        texts={RULES: None, f"{FOLDER}/b.md": b"Never promise refunds.\n"},
    )
    assert fields(compare(version(), after)) == ["prompt.changed"]


def test_a_named_file_that_is_missing_is_told() -> None:
    (found,) = compare(version(), version(texts={SYSTEM: None})).changes
    assert (found.field, found.after) == ("prompt.changed", None)


def test_bytes_that_are_no_text_are_compared_as_bytes() -> None:
    (found,) = compare(version(texts={SYSTEM: b"\xff"}), version(texts={SYSTEM: b"\xfe"})).changes
    assert (found.before, found.after) == ("\\xff", "\\xfe")


def test_changed_argument_schema_and_suite_are_told_at_their_files() -> None:
    schema, suite = f"{FOLDER}/tools/refund.schema.json", f"{FOLDER}/evals/refund.yaml"
    diff = compare(version(), version(texts={schema: b"{}", suite: b"tests: [a]"}))
    assert [(found.field, found.path) for found in diff.changes] == [
        ("tools.args.changed", schema),
        ("evals.changed", suite),
    ]


def test_a_moved_suite_with_the_same_text_keeps_its_demands() -> None:
    moved = {"evals": [{**EVAL, "suite": "tests/refund.yaml", "min": {"pass_rate": 0.5}}]}
    after = version(moved, texts={f"{FOLDER}/evals/refund.yaml": None, f"{FOLDER}/tests/refund.yaml": b"tests: []\n"})
    assert fields(compare(version(), after)) == ["evals.min.lowered"]


def test_unnamed_files_are_told() -> None:
    notes, new = f"{FOLDER}/notes.txt", f"{FOLDER}/run.py"
    assert fields(compare(version(), version(texts={notes: b"Other."}))) == ["files.changed"]
    assert fields(compare(version(), version(texts={notes: None}))) == ["files.removed"]
    assert fields(compare(version(), version(texts={new: b"exit()"}))) == ["files.added"]


def test_modes_are_told_and_a_symlink_always() -> None:
    runnable = compare(version(), version(modes={SYSTEM: EXECUTABLE}))
    assert [(found.field, found.path) for found in runnable.changes] == [("files.mode.changed", SYSTEM)]
    link = version(texts={SYSTEM: None}, modes={SYSTEM: SYMLINK})
    assert fields(compare(version(), link)) == ["files.mode.changed", "prompt.changed"]
    assert fields(compare(link, link)) == ["files.mode.changed"]


def test_x_keys_are_compared() -> None:
    before = version().agent
    after = msgspec.structs.replace(before, extensions={"/spec/x-note": True, "/x-more": 1})
    diff = compare(version(), replace(version(), agent=after))
    assert [(found.field, found.pointer) for found in diff.changes] == [
        ("extensions.changed", "/spec/x-note"),
        ("extensions.changed", "/x-more"),
    ]


def test_labels_and_former_id() -> None:
    assert fields(compare(version(), version(metadata={"labels": {"tier": "silver"}}))) == ["labels.changed"]
    assert fields(compare(version(), version(metadata={"labels": {"tier": None}}))) == ["labels.removed"]
    assert fields(compare(version(), version(metadata={"labels": {"new": "x"}}))) == ["labels.added"]
    assert fields(compare(version(), version(metadata={"formerly": "support/other"}))) == ["formerly.changed"]


def test_runtime_lists_what_changed_and_true_is_not_one() -> None:
    diff = spec_diff({"runtime": {"a": 1, "b": [1, 2], "c": 1}}, {"runtime": {"a": True, "b": [1, 2, 3], "c": 1.0}})
    assert sorted(found.pointer for found in diff.changes) == ["/spec/runtime/a", "/spec/runtime/b/2"]


def test_a_huge_runtime_block_is_one_change() -> None:
    many = {str(index): index for index in range(20_000)}
    diff = spec_diff({"runtime": many}, {"runtime": {**many, "0": 1}})
    assert [found.pointer for found in diff.changes] == ["/spec/runtime"]


def test_a_new_agent_is_every_grant_it_has() -> None:
    diff = compare(None, version())
    assert diff.status == "added"
    assert {found.klass for found in diff.changes} == {"loosens"}
    assert set(fields(diff)) == {
        "actions.loosened",
        "agent.added",
        "budget.raised",
        "connections.added",
        "data.categories.added",
        "data.classification.raised",
        "environments.budget.raised",
        "extensions.changed",
        "files.added",
        "model.changed",
        "model.fallback.added",
        "prompt.added",
        "runtime.changed",
        "tools.added",
        "variables.added",
    }
    assert diff.changes[0].field == "agent.added"
    assert [found.after["name"] for found in diff.changes if found.field == "tools.added"] == [
        "refund.create",
        "orders.lookup",
    ]


def test_a_new_agent_without_a_budget_may_spend_without_limit() -> None:
    diff = compare(None, version({"budget": None, "environments": None}))
    assert [found.field for found in diff.changes if "budget" in found.field] == ["budget.removed"]


def test_a_removed_agent_is_one_neutral_change() -> None:
    diff = compare(version(), None)
    assert (diff.status, diff.klass, fields(diff)) == ("removed", "neutral", ["agent.removed"])


def test_a_moved_agent_keeps_what_it_is_and_tells_the_move() -> None:
    new = AgentId("support", "money")
    texts = {path.replace(FOLDER, new.folder): text for path, text in TEXTS.items()}
    document = copy(DOCUMENT)
    document["metadata"]["name"] = "money"
    moved = AgentVersion(new, msgspec.convert(document, Agent), texts, dict.fromkeys(texts, FILE))
    assert fields(compare(version(), moved)) == ["agent.moved"]


def test_nothing_on_both_sides_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        compare(None, None)


def test_the_stricter_risk_counts() -> None:
    assert spec_diff({"risk": "low"}, {"risk": "medium"}).risk == "medium"
    assert spec_diff({"risk": "critical"}, {"risk": "medium"}).risk == "critical"


def test_agents_come_riskiest_first() -> None:
    def named(name: str, diff: AgentDiff) -> AgentDiff:
        return replace(diff, agent_id=AgentId("support", name))

    order = riskiest_agents_first(
        [
            named("a", spec_diff({}, {"risk": "critical"})),
            named("b", spec_diff({}, {"description": "x"})),
            named("c", spec_diff({}, {"owner": "team:other"})),
            named("d", spec_diff({}, {"tools": [LOOKUP, REFUND, {"name": "m", "effect": "read"}]})),
            named("e", spec_diff({"risk": "critical"}, {"risk": "critical", "owner": "team:other"})),
        ]
    )
    assert [diff.agent_id.name for diff in order] == ["e", "d", "c", "b", "a"]


CLASSES = {
    "financial": RetentionClass("30d", "1y"),
    "longer": RetentionClass("60d", "2y"),
    "longer-records": RetentionClass("30d", "2y"),
    "shorter": RetentionClass("30d", "30d"),
    "mixed": RetentionClass("1d", "2y"),
    "alike": RetentionClass("720h", "365d", basis="another law"),
    "broken": RetentionClass("soon", "2y"),
}
# What `financial` is changed to, and what that and the way back are.
KEPT = [
    ("longer", "raised", "lowered"),
    ("longer-records", "raised", "lowered"),
    ("shorter", "lowered", "raised"),
    ("mixed", "changed", "changed"),
    ("alike", "renamed", "renamed"),
    ("broken", "changed", "changed"),
    ("unknown", "changed", "changed"),
]
KEPT_CLASS = {"raised": "tightens", "lowered": "loosens", "changed": "loosens", "renamed": "neutral"}


@pytest.mark.parametrize(("name", "there", "back"), KEPT)
def test_another_retention_class_is_compared_by_how_long_it_keeps_records(name: str, there: str, back: str) -> None:
    one, other, known = version(), version({"audit": {"retention": name}}), Retention(CLASSES)
    for direction, diff in ((there, compare(one, other, known)), (back, compare(other, one, known))):
        (found,) = diff.changes
        assert (found.field, found.klass) == (f"audit.retention.{direction}", KEPT_CLASS[direction])
        assert matches(found, "audit.retention.changed")


def test_a_retention_class_that_is_not_in_force_before_the_change_is_not_known_to_be_longer() -> None:
    before = Retention({"financial": CLASSES["financial"]})
    (found,) = compare(version(), version({"audit": {"retention": "longer"}}), before).changes
    assert found.field == "audit.retention.changed"


def test_what_a_retention_class_comes_to_is_told() -> None:
    (found,) = compare(version(), version({"audit": {"retention": "longer"}}), Retention(CLASSES)).changes
    assert found.summary == ("retention class financial -> longer (payload 30d, record 1y -> payload 60d, record 2y)")
