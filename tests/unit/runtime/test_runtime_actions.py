"""What is decided about a call: the order of the checks, the stricter of two rules, and that an error is a no."""

from collections.abc import Mapping
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
import rfc8785
from actionworld import NOW, REFUNDS, policy, refund, release, rulebook

from agentgov.model.verdict import Reason, deny, note, unknown
from agentgov.runtime.actions import decide_action, running
from agentgov.runtime.calls import ActionVerdict, Call, Question
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.rules import Rulebook, Rulebooks

STOP = SimpleNamespace(mode="stop", by="carol", reason="it pays twice")
READ_ONLY = SimpleNamespace(mode="read-only", by="carol", reason="audit")
LOOKUP = Call("orders.lookup", {"order_id": "AC-12345678"})


def _decide(call: Call, book: Rulebook | None = None, **options: Any) -> ActionVerdict:
    return decide_action(book or rulebook(), call, **{"paused": None, "now_ms": NOW, **options})


def _refund(book: Rulebook | None = None, **changes: Any) -> ActionVerdict:
    return _decide(Call("refund.create", refund(**changes)), book)


def _rules(verdict: ActionVerdict) -> list[str]:
    return [reason.rule for reason in verdict.reasons]


def test_the_first_rule_that_matches_decides() -> None:
    assert _refund(amount_minor=5000).decision == "allow"
    asked = _refund(amount_minor=5001)
    assert asked.decision == "ask"
    assert asked.needs is not None
    assert asked.needs.questions == (Question(("team:payments-leads",), 1),)
    assert (asked.needs.four_eyes, asked.needs.within, asked.needs.show) == (True, 1800, ("args",))
    assert asked.facts["ask"] == {
        "questions": ({"who": ("team:payments-leads",), "count": 1},),
        "fourEyes": True,
        "within": 1800,
        "show": ("args",),
    }


def test_no_rule_is_a_no() -> None:
    verdict = _decide(LOOKUP, rulebook({"actions": [{"match": {"tools": ["refund.*"]}, "then": "allow"}]}))
    assert (verdict.decision, _rules(verdict)) == ("deny", ["action.no-rule"])


def test_a_tool_that_is_not_listed_is_refused_whatever_the_rules_say() -> None:
    verdict = _decide(Call("shell.run", {}), rulebook({"actions": [{"match": {"tools": ["*"]}, "then": "allow"}]}))
    assert (verdict.decision, _rules(verdict)) == ("deny", ["action.tool-unlisted"])


@pytest.mark.parametrize("tool", ["refund.create ", "REFUND.CREATE", "refund\u2024create", "refund.create\0", ""])
def test_a_name_that_looks_alike_is_not_listed(tool: str) -> None:
    assert _rules(_decide(Call(tool, refund()))) == ["action.tool-unlisted"]


@pytest.mark.parametrize(
    "arguments",
    [
        refund(amount_minor="4200"),
        refund(amount_minor=-1),
        refund(amount_minor=None),
        refund(more=1),
        refund(amount_minor=2**60),
        refund(reason="x" * 70_000),
        [refund()],
        "text",
        None,
    ],
)
def test_arguments_that_are_not_in_the_shape_of_the_tool_are_refused_before_any_rule(arguments: Any) -> None:
    verdict = _decide(Call("refund.create", arguments))
    assert verdict.decision == "deny"
    assert set(_rules(verdict)) == {"action.arguments"}


def test_a_schema_that_cannot_be_read_refuses_every_call() -> None:
    path = f"{REFUNDS.folder}/tools/refund.create.schema.json"
    verdict = _refund(rulebook(files={path: '{"$ref": "https://example.com/any"}'}))
    assert (verdict.decision, _rules(verdict)) == ("deny", ["action.schema"])


def test_a_paused_agent_does_nothing_and_a_read_only_one_reads() -> None:
    assert _rules(_decide(LOOKUP, paused=STOP))[0] == "action.paused"
    assert _decide(LOOKUP, paused=STOP).decision == "deny"
    assert _decide(LOOKUP, paused=READ_ONLY).decision == "allow"
    verdict = _decide(Call("refund.create", refund()), paused=READ_ONLY)
    assert (verdict.decision, _rules(verdict)[0]) == ("deny", "action.read-only")
    assert _decide(Call("unknown", {}), paused=READ_ONLY).decision == "deny"


def test_an_ask_does_not_lift_a_pause() -> None:
    assert _decide(Call("refund.create", refund(amount_minor=6000)), paused=STOP).decision == "deny"


def test_outside_its_schedule_an_agent_does_nothing() -> None:
    never = {"schedule": {"cron": "0 0 1 1 *", "tz": "Europe/Paris"}}
    verdict = _decide(LOOKUP, rulebook(never))
    assert (verdict.decision, _rules(verdict)) == ("deny", ["action.schedule", "action.rule"])
    assert _decide(LOOKUP, rulebook({"schedule": {"cron": "* * * * *"}})).decision == "allow"
    assert _decide(LOOKUP, rulebook({"schedule": {"cron": "0 0 31 2 *"}})).decision == "deny"


def test_every_reason_is_told_at_once() -> None:
    book = rulebook({"schedule": {"cron": "0 0 1 1 *"}, "quotas": [{"tool": "refund.create", "per": "1h", "max": 0}]})
    verdict = decide_action(
        book, Call("refund.create", refund()), paused=STOP, now_ms=NOW, refused=(deny("lease.retired", "retired"),)
    )
    expected = ["lease.retired", "action.paused", "action.schedule", "action.quota", "action.rule"]
    assert _rules(verdict) == expected
    assert verdict.decision == "deny"


def _fleet(*rules: Mapping[str, Any], patch: Mapping[str, Any] | None = None) -> Rulebook:
    return rulebook(patch, policy(*rules))


REFUNDS_RULE = {"match": {"tools": ["refund.*"]}}


def test_every_rule_of_the_fleet_that_matches_holds() -> None:
    book = _fleet(
        {**REFUNDS_RULE, "then": "deny", "when": "args.amount_minor > 4000", "name": "large", "reason": "by hand"},
        {**REFUNDS_RULE, "then": "deny", "when": "args.line == 1"},
    )
    verdict = _refund(book)
    assert (verdict.decision, _rules(verdict)) == ("deny", ["action.fleet-rule", "action.fleet-rule", "action.rule"])
    assert verdict.reasons[0].message == "the fleet's rule large denies refund.create: by hand"
    assert _refund(book, amount_minor=4000, line=2).decision == "allow"


@pytest.mark.parametrize(
    ("agents", "decision"),
    [
        ([], "deny"),
        (["**"], "deny"),
        (["support/*"], "deny"),
        (["*/refund-assistant"], "deny"),
        (["finance/*"], "allow"),
        (["support"], "allow"),
    ],
)
def test_a_rule_of_the_fleet_is_about_the_agents_that_it_names(agents: list[str], decision: str) -> None:
    match = {"tools": ["refund.create"]} | ({"agents": agents} if agents else {})
    assert _refund(_fleet({"match": match, "then": "deny"})).decision == decision


def test_the_fleet_asks_where_the_agent_allows() -> None:
    book = _fleet({**REFUNDS_RULE, "then": {"ask": {"who": ["team:security"], "count": 2, "fourEyes": False}}})
    verdict = _refund(book)
    assert verdict.decision == "ask"
    assert verdict.needs is not None
    assert verdict.needs.questions == (Question(("team:security",), 2),)
    assert verdict.needs.four_eyes is False


def test_of_two_asks_the_stricter_holds_in_each_part() -> None:
    ask = {"who": ["team:security"], "count": 2, "fourEyes": False, "within": "5m", "show": ["tool", "args"]}
    verdict = _refund(_fleet({**REFUNDS_RULE, "then": {"ask": ask}}), amount_minor=6000)
    assert verdict.needs is not None
    assert verdict.needs.questions == (Question(("team:security",), 2), Question(("team:payments-leads",), 1))
    assert (verdict.needs.four_eyes, verdict.needs.within, verdict.needs.show) == (True, 300, ("tool", "args"))


def test_two_asks_of_the_same_people_take_the_larger_number_of_them() -> None:
    ask = {"who": ["team:payments-leads"], "count": 3}
    verdict = _refund(_fleet({**REFUNDS_RULE, "then": {"ask": ask}}), amount_minor=6000)
    assert verdict.needs is not None
    assert verdict.needs.questions == (Question(("team:payments-leads",), 3),)


def test_an_ask_of_the_fleet_saves_no_call_that_the_agent_denies() -> None:
    book = _fleet(
        {**REFUNDS_RULE, "then": {"ask": {"who": ["team:security"]}}},
        patch={"actions": [{"match": {"tools": ["*"]}, "then": "deny"}]},
    )
    assert _refund(book).decision == "deny"


@pytest.mark.parametrize("when", ["args.nothing > 1", "args.reason > 1", "args.line / 0 == 1", "1 +", "args.line"])
def test_a_condition_that_cannot_be_decided_denies_and_no_later_rule_saves_it(when: str) -> None:
    allow = {"match": {"tools": ["*"]}, "then": "allow"}
    for then in ("allow", "deny", {"ask": {"who": ["alice"]}}):
        verdict = _refund(rulebook({"actions": [{"match": {"tools": ["*"]}, "when": when, "then": then}, allow]}))
        assert (verdict.decision, _rules(verdict)) == ("deny", ["action.condition"])
    verdict = _refund(_fleet({**REFUNDS_RULE, "when": when, "then": "deny"}))
    assert (verdict.decision, _rules(verdict)) == ("deny", ["action.condition", "action.rule"])


def test_a_condition_sees_the_labels_of_the_environment() -> None:
    patch = {
        "actions": [{"match": {"tools": ["*"]}, "when": 'labels.tier == "gold" && risk == "medium"', "then": "allow"}],
        "environments": {"production": {"labels": {"tier": "gold"}}},
    }
    assert _decide(LOOKUP, rulebook(patch)).decision == "allow"
    staging = Rulebook(REFUNDS, "staging", release(patch, environment="staging"), None)
    assert _decide(LOOKUP, staging).decision == "deny"


def test_quotas_are_counted_in_whole_units() -> None:
    demand = _refund(amount_minor=4200).demands[0]
    assert (demand.amount, demand.limit, demand.window_ms) == (4200, 500_000, 86_400_000)
    used = {(demand.meter, demand.window_ms): 500_000 - 4200}
    call = Call("refund.create", refund())
    assert _decide(call, used=used).decision == "allow"
    verdict = _decide(call, used={key: value + 1 for key, value in used.items()})
    assert (verdict.decision, _rules(verdict)) == ("deny", ["action.quota", "action.rule"])
    said = "the quota of 500000 of args.amount_minor in 24h has 4199 left, and this takes 4200"
    assert verdict.reasons[0].message == said


@pytest.mark.parametrize("value", [-1, 1.5, 3.0, "3", True, None, [1], {"a": 1}])
def test_what_no_quota_can_count_is_refused(value: Any) -> None:
    patch = {
        "tools": [{"name": "refund.create", "effect": "write"}],
        "quotas": [{"tool": "refund.create", "sum": "args.to.units", "per": "1h", "max": 10}],
        "actions": [{"match": {"tools": ["*"]}, "then": "allow"}],
    }
    book = rulebook(patch)
    assert _decide(Call("refund.create", {"to": {"units": 3}}), book).decision == "allow"
    for arguments in ({"to": {"units": value}}, {"to": value}, {}):
        verdict = _decide(Call("refund.create", arguments), book)
        assert (verdict.decision, _rules(verdict)[0]) == ("deny", "action.quota-amount")


def test_the_binding_is_the_digest_of_exactly_the_call() -> None:
    book, call = rulebook(), Call("refund.create", refund(), "alice")
    rules = book.of("refund.create")
    assert rules is not None
    schema = book.release.files[f"{REFUNDS.folder}/tools/refund.create.schema.json"]["text"]
    whole: dict[str, Any] = {
        "agent": str(REFUNDS),
        "args": refund(),
        "release": book.release.closure,
        "schema": sha256(schema.encode()).hexdigest(),
        "subject": "alice",
        "tool": "refund.create",
    }
    assert _decide(call).binding == sha256(rfc8785.dumps(whole)).hexdigest()


def test_another_call_has_another_binding() -> None:
    calls = [
        Call("refund.create", refund()),
        Call("refund.create", refund(amount_minor=4201)),
        Call("refund.create", refund(), "alice"),
        Call("refund.create", refund(idempotency_key="0123456789abcdeF")),
    ]
    bindings = {_decide(call).binding for call in calls}
    bindings.add(_decide(calls[0], Rulebook(REFUNDS, "production", release(version="1.0.1"), None)).binding)
    assert len(bindings) == 5
    assert "" not in bindings


def test_what_cannot_be_told_is_no_question_to_people() -> None:
    verdict = _decide(LOOKUP, refused=(unknown("runtime.incomplete", "who knows"),))
    assert (verdict.decision, verdict.allowed) == ("deny", False)


def test_arguments_are_an_object_also_without_a_schema() -> None:
    patch = {"tools": [{"name": "x", "effect": "read"}], "actions": [{"match": {"tools": ["*"]}, "then": "allow"}]}
    assert _decide(Call("x", {}), rulebook(patch)).decision == "allow"
    others: list[Any] = [[], "x", None, 1]
    for arguments in others:
        verdict = _decide(Call("x", arguments), rulebook(patch))
        assert (verdict.decision, _rules(verdict)) == ("deny", ["action.arguments"])


def test_nothing_of_an_effect_is_an_amount_and_an_empty_quota_has_nothing_left() -> None:
    patch = {
        "tools": [{"name": "pay", "effect": "write"}],
        "quotas": [{"tool": "pay", "sum": "args.units", "per": "1h", "max": 0}],
        "actions": [{"match": {"tools": ["*"]}, "then": "allow"}],
    }
    book = rulebook(patch)
    assert _decide(Call("pay", {"units": 0}), book).decision == "allow"
    verdict = _decide(Call("pay", {"units": 1}), book)
    assert verdict.reasons[0].message == "the quota of 0 of args.units in 1h has 0 left, and this takes 1"
    used = {(demand.meter, demand.window_ms): 5 for demand in verdict.demands}
    assert "has 0 left" in _decide(Call("pay", {"units": 1}), book, used=used).reasons[0].message


def test_quotas_that_count_calls_and_that_add_up_are_told_apart() -> None:
    quotas = [
        {"tool": "refund.create", "per": "1h", "max": 3},
        {"tool": "refund.create", "sum": "args.line", "per": "1h", "max": 3},
    ]
    calls, lines = _refund(rulebook({"quotas": quotas})).demands
    assert calls.meter != lines.meter
    assert calls.said == "3 of calls in 1h"


def test_somebody_has_to_agree_where_people_are_asked() -> None:
    verdict = _refund(_fleet({**REFUNDS_RULE, "then": {"ask": {"who": ["alice"], "count": 0}}}))
    assert verdict.needs is not None
    assert verdict.needs.questions == (Question(("alice",), 1),)


def test_a_rule_of_the_fleet_is_about_the_tools_that_it_names() -> None:
    rule = {"match": {"tools": ["payment.*", "refund"]}, "then": "deny"}
    assert _rules(_refund(_fleet(rule))) == ["action.rule"]
    denied = _refund(_fleet(rule, {**REFUNDS_RULE, "then": "deny"}))
    assert denied.reasons[0].message == "the fleet's rule 2 denies refund.create"


def test_an_agent_acts_under_a_release_that_runs() -> None:
    stable, canary = release(version="1.0.0"), release(version="1.1.0")
    deployed = Deployed(REFUNDS, "production", stable, canary, 5000)
    assert running(deployed, "") is stable
    for one in (stable, canary):
        assert running(deployed, one.name) is one
        assert running(deployed, one.closure) is one
    for named in ("x", stable.tag, f"{REFUNDS}/v0.9.0"):
        found = running(deployed, named)
        assert isinstance(found, Reason)
        assert found.rule == "action.release"
    nothing = running(Deployed(REFUNDS, "production"), "")
    assert isinstance(nothing, Reason)
    assert (nothing.rule, nothing.message[:7]) == ("action.release", "nothing")
    retired = deny("runtime.retired", "it was retired")
    assert running(Deployed(REFUNDS, "production", stable, refused=(retired,)), "") is retired


def test_what_the_limits_of_the_fleet_took_away_denies() -> None:
    from dataclasses import replace

    book = Rulebook(REFUNDS, "production", replace(release(), limits=(deny("limit.model", "no such model"),)), None)
    assert _rules(_decide(LOOKUP, book)) == ["limit.model", "action.rule"]
    told = Rulebook(REFUNDS, "production", replace(release(), limits=(note("limit.tool", "left out"),)), None)
    assert _rules(_decide(LOOKUP, told)) == ["action.rule"]
    assert _decide(LOOKUP, book).decision == "deny"


def test_a_rulebook_is_kept_as_long_as_nothing_changes() -> None:
    books, one, rules = Rulebooks(), release(), policy()
    kept = books.of(REFUNDS, "production", one, rules)
    assert books.of(REFUNDS, "production", one, rules) is kept
    assert books.of(REFUNDS, "production", release(), rules) is not kept
    kept = books.of(REFUNDS, "production", one, rules)
    assert books.of(REFUNDS, "staging", one, rules) is not kept
    assert books.of(REFUNDS, "production", one, policy({**REFUNDS_RULE, "then": "deny"})) is not kept
    assert books.of(REFUNDS, "production", release(), rules) is not kept


def test_the_digest_of_a_policy_is_that_of_its_rules() -> None:
    denies = {**REFUNDS_RULE, "then": "deny"}
    books = [_fleet(), _fleet(denies), _fleet({**denies, "when": "true"})]
    assert len({book.policy for book in books}) == 3
    assert rulebook().policy == _fleet().policy


def test_what_a_quota_counts_is_named_and_its_window_is_no_longer_than_a_century() -> None:
    book = rulebook({"quotas": [{"tool": "refund.create", "per": "999999d", "max": 5}]})
    found = book.of("refund.create")
    assert found is not None
    (limit,) = found.limits
    assert (limit.meter, limit.window_ms) == (f"{REFUNDS} production refund.create calls", 36_500 * 86_400_000)
