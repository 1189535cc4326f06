"""Action rules that decide nothing: behind an earlier one in an agent, beside a denying one in the ActionPolicy; and
those that let an irreversible tool run in any case."""

import pytest
from unit.validate.fleet_sample import AGENT, Edit, findings

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


def unasked(*rules: str, policy: str = "") -> list[Finding]:
    edits: dict[str, Edit] = {AGENT: (OLD, rule("*.lookup", "allow") + "".join(rules))}
    if policy:
        edits[ACTIONS_FILE] = f"apiVersion: agentgov.dev/v1\nkind: ActionPolicy\nrules:\n{policy}"
    return [one for one in findings(edits) if one.code == "content.irreversible-unconditional"]


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
    "a narrower condition": (
        rule("*.lookup", "allow"),
        rule("refund.create", "allow", "'args.amount <= 5000'"),
        rule("refund.create", ASK, "'args.paid && args.amount <= 500'"),
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


UNASKED = {
    "allowed": (1, rule("refund.create", "allow")),
    "allowed by a pattern": (1, rule("refund.*", "allow")),
    "allowed beside a condition": (2, rule("refund.create", "allow", LIMIT) + rule("*", "allow")),
    "a condition that always holds": (1, rule("refund.create", "allow", "'true'")),
    "denied too late": (1, rule("refund.create", "allow") + rule("*", "deny", LIMIT)),
}


@pytest.mark.parametrize(("number", "rules"), UNASKED.values(), ids=UNASKED)
def test_an_irreversible_tool_that_runs_in_any_case_is_told_at_the_rule_that_lets_it(number: int, rules: str) -> None:
    (found,) = unasked(rules)
    assert found.message.endswith("with nobody asked: refund.create")
    assert found.where.pointer == f"/spec/actions/{number}/then"


KEPT_BACK = {
    "a condition": (rule("refund.create", "allow", LIMIT),),
    "somebody is asked": (rule("refund.create", ASK), rule("refund.create", "allow")),
    "some calls are denied before": (rule("refund.create", "deny", LIMIT), rule("refund.create", "allow")),
    "somebody is asked about some calls": (rule("refund.*", ASK, LIMIT), rule("refund.create", "allow")),
    "denied": (rule("refund.create", "deny"),),
}


@pytest.mark.parametrize("rules", KEPT_BACK.values(), ids=KEPT_BACK)
def test_an_irreversible_tool_of_which_some_calls_are_kept_back_is_left_alone(rules: tuple[str, ...]) -> None:
    assert unasked(*rules) == []


def test_a_rule_of_the_action_policy_about_the_tool_of_this_agent_keeps_calls_back() -> None:
    allow = rule("refund.create", "allow")
    assert unasked(allow, policy=rule("refund.*", ASK)) == []
    assert unasked(allow, policy=rule("refund.*", "deny", LIMIT)) == []
    assert len(unasked(allow, policy=rule("payout.*", "deny"))) == 1
    assert len(unasked(allow, policy='    - {match: {tools: ["*"], agents: ["hr/*"]}, then: deny}\n')) == 1
