"""Changes of action policy, prices, retention and alerts: each told once, by its name, and what loosens called so."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from unit.diff.test_diff_governance import DOCUMENT, governance, names

from agentgov.diff.governance import compare_governance, typed_files
from agentgov.diff.governance_fields import class_of
from agentgov.diff.policy_fields import (
    DOCUMENTS,
    EMPTY_IS_ALL,
    POLICY_ENTRIES,
    POLICY_ITEMS,
    POLICY_NEUTRAL,
    POLICY_SCALES,
    POLICY_TIGHTENS,
)
from agentgov.model.fleet import Governance
from agentgov.model.merge import merge_patch
from agentgov.model.playbook import Drill, Playbook

ASK = {"ask": {"who": ["team:security"], "count": 2}}
ASKED = "{ask: {who: team:security, count: 2, fourEyes: true, within: 30m, show: nothi..."
SHELL = {"name": "shell", "match": {"tools": ["shell.*"]}, "then": ASK}
PAYMENTS = {"match": {"tools": ["payments.*"], "agents": ["finance/*"]}, "when": "args.x > 1", "then": "deny"}
PRICE = {"input": "3.00", "cachedInput": "0.30", "cacheWrite": "3.75", "output": "15.00", "per": "1M"}
HOLD = {"id": "case-17", "match": {"agents": ["finance/*"]}, "by": "carol"}
BURN = {"factor": 14.4, "windows": ["1h", "5m"]}
RULE = {"name": "burn", "signal": "spend", "burn": [BURN], "severity": "page"}
ROUTE = {"match": {"severity": ["page"]}, "to": "pagerduty", "keyFrom": "env:PD_KEY"}
POLICIES: dict[str, Any] = {
    "actions": {"rules": [SHELL, PAYMENTS]},
    "prices": {"currency": "USD", "asOf": "2026-11-01", "models": {"a/b": PRICE}, "tools": {"t": {"call": "0.5"}}},
    "retention": {"classes": {"usual": {"payload": "30d", "leaf": "1y", "basis": "law"}}, "holds": [HOLD]},
    "alerts": {"rules": [RULE], "routes": [ROUTE]},
}


def told(patch: dict[str, Any]) -> list[tuple[str, str, str]]:
    base = governance(POLICIES)
    head = msgspec.convert(merge_patch(merge_patch(DOCUMENT, POLICIES), patch), Governance)
    return [(found.field, found.klass, found.summary) for found in compare_governance(base, head)]


CASES: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"actions": {"rules": [PAYMENTS]}},
        "actions.rules.removed",
        "loosens",
        "action rule shell removed",
    ),
    (
        {"actions": {"rules": [{**SHELL, "then": "deny"}, PAYMENTS]}},
        "actions.rules.then.raised",
        "tightens",
        f"action rule shell: then {ASKED} -> deny",
    ),
    (
        {"actions": {"rules": [{**SHELL, "then": {"ask": {**ASK["ask"], "count": 1}}}, PAYMENTS]}},
        "actions.rules.then.ask.count.lowered",
        "loosens",
        "action rule shell: then ask count 2 -> 1",
    ),
    (
        {"actions": {"rules": [{**SHELL, "match": {"tools": ["shell.*"], "agents": ["a/*"]}}, PAYMENTS]}},
        "actions.rules.match.agents.closed",
        "loosens",
        "action rule shell: match agents everything -> a/*",
    ),
    ({"actions": None}, "actions.removed", "loosens", "action policy removed"),
    (
        {"prices": {"models": {"a/b": {"input": "2.5"}}}},
        "prices.models.input.lowered",
        "loosens",
        "price of model a/b: input 3.00 -> 2.5",
    ),
    (
        {"prices": {"models": {"a/b": {"output": "15.01"}}}},
        "prices.models.output.raised",
        "tightens",
        "price of model a/b: output 15.00 -> 15.01",
    ),
    (
        {"prices": {"models": {"a/b": {"per": "1K"}}}},
        "prices.models.per.lowered",
        "tightens",
        "price of model a/b: per 1M -> 1K",
    ),
    ({"prices": {"models": {"c/d": PRICE}}}, "prices.models.added", "loosens", "price of model c/d added"),
    ({"prices": {"tools": {"t": None}}}, "prices.tools.removed", "loosens", "price of tool t removed"),
    ({"prices": {"asOf": "2026-12-01"}}, "prices.asOf.changed", "neutral", "asOf 2026-11-01 -> 2026-12-01"),
    ({"prices": {"currency": "EUR"}}, "prices.currency.changed", "loosens", "currency USD -> EUR"),
    (
        {"retention": {"classes": {"usual": {"leaf": "6w"}}}},
        "retention.classes.leaf.lowered",
        "loosens",
        "class usual: leaf 1y -> 6w",
    ),
    (
        {"retention": {"classes": {"usual": {"payload": "90d"}}}},
        "retention.classes.payload.raised",
        "tightens",
        "class usual: payload 30d -> 90d",
    ),
    ({"retention": {"holds": []}}, "retention.holds.removed", "loosens", "legal hold case-17 removed"),
    (
        {"retention": {"holds": [{**HOLD, "match": {"agents": ["finance/*"], "tools": ["refund"]}}]}},
        "retention.holds.match.tools.closed",
        "loosens",
        "legal hold case-17: match tools everything -> refund",
    ),
    ({"retention": {"classes": {"usual": None}}}, "retention.classes.removed", "loosens", "class usual removed"),
    ({"alerts": {"rules": []}}, "alerts.rules.removed", "loosens", "alert rule burn removed"),
    ({"alerts": {"routes": []}}, "alerts.routes.removed", "loosens", "route pagerduty removed"),
    (
        {"alerts": {"rules": [{**RULE, "severity": "ticket"}]}},
        "alerts.rules.severity.lowered",
        "loosens",
        "alert rule burn: severity page -> ticket",
    ),
    (
        {"alerts": {"rules": [{**RULE, "burn": [{**BURN, "factor": 20}]}]}},
        "alerts.rules.burn.factor.raised",
        "loosens",
        "alert rule burn, burn rate 1: factor 14.4 -> 20.0",
    ),
    (
        {"alerts": {"rules": [{**RULE, "do": ["alert", "pause"]}]}},
        "alerts.rules.do.added",
        "tightens",
        "alert rule burn, act pause added",
    ),
]


@pytest.mark.parametrize(("patch", "field", "klass", "summary"), CASES, ids=[case[1] for case in CASES])
def test_a_change_of_a_policy(patch: dict[str, Any], field: str, klass: str, summary: str) -> None:
    assert [(name, kind) for name, kind, _ in told(patch)] == [(field, klass)]
    assert [said for *_, said in told(patch)] == [summary]


def test_a_file_that_comes_or_goes_is_told_as_a_whole() -> None:
    without, with_all = governance(), governance(POLICIES)
    assert [found.field for found in compare_governance(without, with_all)] == [f"{name}.added" for name in DOCUMENTS]
    assert {found.klass for found in compare_governance(with_all, without)} == {"loosens"}
    assert {file for file, _ in DOCUMENTS.values()} == typed_files(with_all) - typed_files(without)


def test_order_and_spelling_are_no_change() -> None:
    assert told({}) == []
    assert told({"actions": {"rules": [PAYMENTS, SHELL]}}) == []
    assert told({"prices": {"models": {"a/b": {"input": "3"}}}}) == []
    assert told({"retention": {"classes": {"usual": {"leaf": "365d"}}}}) == []


def test_places_name_the_entry() -> None:
    changed = governance(merge_patch(POLICIES, {"prices": {"models": {"a/b": {"input": "4"}}}}))
    (found,) = compare_governance(governance(POLICIES), changed)
    assert (found.path, found.pointer) == ("governance/prices.yaml", "/models/a~1b/input")


def fields() -> Iterator[str]:
    for name in names(msgspec.inspect.type_info(Governance)):
        if name.partition(".")[0] in DOCUMENTS:
            yield name
    yield from names(msgspec.inspect.type_info(Playbook), "playbooks")
    yield from names(msgspec.inspect.type_info(Drill), "drills")


def test_the_tables_speak_of_fields_that_there_are() -> None:
    known = set(fields())
    assert {*POLICY_ITEMS, *POLICY_ENTRIES, *EMPTY_IS_ALL, *POLICY_SCALES} <= known
    for row in POLICY_TIGHTENS | POLICY_NEUTRAL:
        assert row.rpartition(".")[0] in known, row


def test_a_list_that_means_everything_when_it_is_empty_is_known_as_such() -> None:
    """Every list of patterns in a `match` that need not be given."""
    optional = {name for name in fields() if re.search(r"\.match\.(agents|severity|rules)$", name)}
    # Changes of playbooks are neutral either way.
    assert optional - EMPTY_IS_ALL == {"playbooks.match.agents"}


def test_the_page_lists_every_name_that_does_not_loosen() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/fields.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| `([\w.]+)` \|", page, re.MULTILINE)
    assert {name: klass for klass, name in rows} == {
        name: class_of(name) for name in sorted(POLICY_TIGHTENS | POLICY_NEUTRAL)
    }
