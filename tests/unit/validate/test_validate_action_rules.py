"""Action rules that decide nothing: behind an earlier one in an agent, beside a denying one in the ActionPolicy."""

import pytest
from unit.validate.fleet_sample import AGENT, findings

from agentgov.model.finding import Finding
from agentgov.model.governed import ACTIONS_FILE

OLD = """\
    - {match: {tools: ["*.lookup"]}, then: allow}
    - {match: {tools: [refund.create]}, then: {ask: {who: [team:support], count: 2}}}
"""
ASK = "{ask: {who: [team:support]}}"
LIMIT = "'args.amount > 5'"


def rule(tools: str, then: str, when: str = "") -> str:
    names = ", ".join(f'"{name}"' for name in tools.split())
    condition = f"when: {when}, " if when else ""
    return f"    - {{match: {{tools: [{names}]}}, {condition}then: {then}}}\n"


def of_agent(*rules: str) -> list[Finding]:
    return [one for one in findings({AGENT: (OLD, "".join(rules))}) if one.code == "content.rule-shadowed"]


def of_fleet(*rules: str) -> list[Finding]:
    text = "apiVersion: agentgov.dev/v1\nkind: ActionPolicy\nrules:\n" + "".join(rules)
    return [one for one in findings({ACTIONS_FILE: text}) if one.code == "content.rule-shadowed"]


SHADOWED = {
    "the same tool": (rule("*.lookup refund.create", ASK), rule("refund.create", "deny")),
    "a wider pattern": (rule("*.lookup", "allow"), rule("refund.*", ASK), rule("refund.create", "deny", LIMIT)),
    "everything": (rule("*", ASK), rule("*.lookup", "allow")),
    "by several": (rule("*.lookup", "allow"), rule("refund.create", ASK), rule("*.lookup refund.create", "deny")),
    "the same condition": (
        rule("refund.*", "allow", LIMIT),
        rule("refund.create", ASK, LIMIT),
        rule("*.lookup refund.create", ASK),
    ),
    "a condition that always holds": (rule("*", ASK, "'true'"), rule("refund.create", "deny", LIMIT)),
}


@pytest.mark.parametrize("rules", SHADOWED.values(), ids=SHADOWED)
def test_a_rule_behind_one_that_always_matches_first_is_told(rules: tuple[str, ...]) -> None:
    (found,) = of_agent(*rules)
    assert "never decides" in found.message
    assert found.where.pointer.endswith("/match")


def test_a_tool_of_a_rule_that_is_decided_before_is_told_by_itself() -> None:
    (found,) = of_agent(rule("refund.create", ASK), rule("*.lookup refund.create", "allow"))
    assert found.where.pointer == "/spec/actions/1/match/tools/1"
    assert found.message == "rule 2 never decides about refund.create: rule 1 (ask) matches it first"


REACHED = {
    "another condition": (rule("refund.create", "allow", LIMIT), rule("*.lookup refund.create", ASK, "'args.a > 7'")),
    "a condition before": (rule("refund.create", "allow", LIMIT), rule("*", ASK)),
    "a narrower pattern": (rule("*.lookup", "allow"), rule("refund.create", ASK), rule("*", "deny")),
    "an overlap": (rule("*.lookup", "allow"), rule("orders.* refund.create", ASK)),
}


@pytest.mark.parametrize("rules", REACHED.values(), ids=REACHED)
def test_a_rule_that_decides_about_some_calls_is_left_alone(rules: tuple[str, ...]) -> None:
    assert of_agent(*rules) == []


def test_in_the_action_policy_a_rule_beside_one_that_denies_is_told_in_any_order() -> None:
    deny, special = rule("payments.*", "deny"), rule("payments.send", ASK, LIMIT)
    assert [one.where.pointer for one in of_fleet(deny, special)] == ["/rules/1/match"]
    assert [one.where.pointer for one in of_fleet(special, deny)] == ["/rules/0/match"]


def test_of_two_rules_of_the_action_policy_that_say_the_same_the_later_is_told() -> None:
    for then in (ASK, "deny"):
        assert [one.where.pointer for one in of_fleet(*[rule("a.b", then)] * 2)] == ["/rules/1/match"]


def test_in_the_action_policy_rules_that_add_up_are_left_alone() -> None:
    everywhere, there = rule("a.*", ASK), '    - {match: {tools: ["a.*"], agents: ["x/*"]}, then: deny}\n'
    assert of_fleet(everywhere, rule("a.b", "deny")) == []
    assert of_fleet(there, everywhere) == []
    assert of_fleet(rule("a.*", "deny", LIMIT), rule("a.b", ASK)) == []


def test_many_patterns_are_compared_in_bounded_time() -> None:
    many = [rule(" ".join(f"a{turn}.{n}*" for n in range(64)), "deny") for turn in range(250)]
    assert of_agent(*many) == []
