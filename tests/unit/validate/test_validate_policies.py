"""Actions, prices, retention, alerts, playbooks, drills: what is wrong with them, and what they ask of agents."""

from collections.abc import Mapping

import pytest
from unit.validate.fleet_sample import AGENT, FILES, REFUNDS, SECOND, WORKSPACE, Edit, findings, fleet, told

from agentgov.model.governed import ACTIONS_FILE, ALERTS_FILE, PRICES_FILE, RETENTION_FILE, Kind, kind_of
from agentgov.model.policies import ModelPrice
from agentgov.model.snapshot import MemorySnapshot
from agentgov.validate.load import load_governance, load_parts
from agentgov.validate.run import findings_of_agent

PLAYBOOK, DRILL = "playbooks/refunds.yaml", "drills/twice.yaml"


def head(kind: str) -> str:
    return f"apiVersion: agentgov.dev/v1\nkind: {kind}\n"


PRICES = head("PriceList") + (
    'currency: USD\nasOf: 2026-11-01\nmodels:\n  openai/gpt-4o-mini: {input: "0.15", output: "0.60"}\n'
)
RETENTION = head("Retention") + "classes:\n  usual: {payload: 30d, leaf: 1y}\n"
MAIL = '{to: email, url: "smtp://x.example", sender: a@x.example, recipients: [oncall, team:support, team:suport]}'
ALERTS = head("AlertPolicy") + (
    "rules:\n"
    "  - {name: burn, signal: spend, burn: [{factor: 6, windows: [6h, 30m]}], severity: page}\n"
    "routes:\n"
    '  - {to: pagerduty, keyFrom: "env:PD_KEY"}\n'
)
OFF = "off:\n  - {{rule: {}, reason: nobody waits for it}}\n"
ACTIONS = head("ActionPolicy") + (
    'rules:\n  - {name: shell, match: {tools: ["shell.*"]}, then: {ask: {who: [team:security], count: 2}}}\n'
)
TWICE = head("Drill") + (
    "name: twice\ntype: tabletop\nplaybook: playbooks/refunds.yaml\n"
    "objectives:\n  - {id: paused, metric: time-to-pause, target: 60s}\n"
)
ALL: dict[str, Edit] = {
    ACTIONS_FILE: ACTIONS,
    PRICES_FILE: PRICES,
    RETENTION_FILE: RETENTION,
    ALERTS_FILE: ALERTS,
    DRILL: TWICE,
}


def test_a_fleet_with_all_of_them_is_in_order_and_typed() -> None:
    assert findings(ALL) == ()
    governance, _ = load_governance(fleet(ALL))
    assert governance is not None
    assert governance.prices is not None
    assert governance.prices.models["openai/gpt-4o-mini"] == ModelPrice("0.15", "0.60")
    assert governance.alerts is not None
    assert governance.alerts.rules[0].burn[0].windows == ("6h", "30m")
    assert governance.actions is not None
    assert governance.retention is not None


def test_a_fleet_without_them_has_none() -> None:
    governance, found = load_governance(fleet())
    assert governance is not None
    assert found == ()
    assert (governance.actions, governance.prices, governance.retention, governance.alerts) == (None,) * 4


@pytest.mark.parametrize("path", [ACTIONS_FILE, PRICES_FILE, RETENTION_FILE, ALERTS_FILE])
@pytest.mark.parametrize("text", [b"", b"a: [", b"x: 1\n", b"\xff"], ids=["empty", "syntax", "schema", "bytes"])
def test_one_that_cannot_be_read_is_never_taken_for_none(path: str, text: bytes) -> None:
    snapshot = fleet({path: text})
    governance, found = load_governance(snapshot)
    assert governance is None
    assert {one.where.file for one in found} == {path}
    assert load_parts(snapshot).access is not None


@pytest.mark.parametrize("path", [ACTIONS_FILE, PRICES_FILE, RETENTION_FILE, ALERTS_FILE])
def test_a_folder_in_the_place_of_one_is_never_taken_for_none(path: str) -> None:
    governance, found = load_governance(MemorySnapshot({**fleet().files, f"{path}/x": b""}))
    assert governance is None
    assert [one.code for one in found] == ["layout.not-a-file"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (ACTIONS_FILE, "ActionPolicy"),
        (PLAYBOOK, "Playbook"),
        ("playbooks/support/refunds.yaml", "Playbook"),
        (DRILL, "Drill"),
        ("playbooks/README.md", None),
        ("governance/x/actions.yaml", None),
    ],
)
def test_the_path_tells_the_kind(path: str, kind: Kind | None) -> None:
    assert kind_of(path) == kind


def swap(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


CASES: dict[str, tuple[Mapping[str, Edit], list[tuple[str, str, int]]]] = {
    "a model without a price": (
        {PRICES_FILE: swap(PRICES, "gpt-4o-mini", "gpt-4o")},
        [("reference.no-price", SECOND, 8), ("reference.no-price", AGENT, 8)],
    ),
    "a fallback without a price": (
        {
            PRICES_FILE: PRICES,
            AGENT: ("max_output_tokens: 200}}", "max_output_tokens: 200}, fallback: [openai/gpt-4o]}"),
        },
        [("reference.no-price", AGENT, 8)],
    ),
    "prices in another currency": ({PRICES_FILE: swap(PRICES, "USD", "EUR")}, [("limit.currency", PRICES_FILE, 3)]),
    "prices decide where no workspace has a budget": (
        {WORKSPACE: ('budget: {month: "100.00 USD"}\n', ""), PRICES_FILE: swap(PRICES, "USD", "EUR")},
        [("limit.currency", AGENT, line) for line in (15, 20, 20, 21)],
    ),
    "prices of a day that is none": (
        {PRICES_FILE: swap(PRICES, "2026-11-01", "2026-11-31")},
        [("content.no-such-date", PRICES_FILE, 4)],
    ),
    "a tool whose name is none": (
        {PRICES_FILE: PRICES + 'tools:\n  "no tool": {call: "1"}\n'},
        [("schema.wrong-form", PRICES_FILE, 8)],
    ),
    "a class that nobody defines": (
        {RETENTION_FILE: RETENTION, AGENT: ("  playbook:", "  audit: {retention: usaul}\n  playbook:")},
        [("reference.unknown-retention", AGENT, 23)],
    ),
    "a hold by a stranger on nothing": (
        {RETENTION_FILE: RETENTION + 'holds:\n  - {id: a, match: {agents: ["x*/y"]}, by: mallory}\n'},
        [("content.agent-pattern", RETENTION_FILE, 6), ("reference.unknown-person", RETENTION_FILE, 6)],
    ),
    "a hold by a team": (
        {RETENTION_FILE: RETENTION + 'holds:\n  - {id: a, match: {agents: ["x/y"]}, by: "team:support"}\n'},
        [("schema.wrong-form", RETENTION_FILE, 6)],
    ),
    "a hold on a time that ends before it begins": (
        {RETENTION_FILE: RETENTION + "holds:\n  - {id: a, match: {from: 2026-07-01, to: 2026-06-30}, by: bob}\n"},
        [("content.hold-period", RETENTION_FILE, 6)],
    ),
    "a hold on a day that is none": (
        {RETENTION_FILE: RETENTION + "holds:\n  - {id: a, match: {tools: [x], to: 2026-02-30}, by: bob}\n"},
        [("content.no-such-date", RETENTION_FILE, 6)],
    ),
    "a hold on nothing at all": (
        {RETENTION_FILE: RETENTION + "holds:\n  - {id: a, match: {}, by: bob}\n"},
        [("schema.out-of-range", RETENTION_FILE, 6)],
    ),
    "holds with one name": (
        {RETENTION_FILE: RETENTION + 'holds:\n  - &h {id: a, match: {agents: ["x/y"]}, by: bob}\n  - *h\n'},
        [("content.duplicate-name", RETENTION_FILE, 7)],
    ),
    "a payload kept for longer": (
        {RETENTION_FILE: swap(RETENTION, "leaf: 1y", "leaf: 4w")},
        [("content.retention-order", RETENTION_FILE, 4)],
    ),
    "records that go too soon": (
        {RETENTION_FILE: swap(RETENTION, "leaf: 1y", "leaf: 6y, frameworks: [hipaa]")},
        [("content.retention-minimum", RETENTION_FILE, 4)],
    ),
    "a default that nobody defines": (
        {RETENTION_FILE: RETENTION + "default: usaul\n"},
        [("reference.unknown-retention", RETENTION_FILE, 5)],
    ),
    "readers whom nobody knows": (
        {RETENTION_FILE: swap(RETENTION, "leaf: 1y", "leaf: 1y, readers: [mallory]")},
        [("reference.unknown-person", RETENTION_FILE, 4)],
    ),
    "a rule that asks nobody": (
        {ACTIONS_FILE: swap(ACTIONS, "team:security", "team:secrity")},
        [("reference.unknown-team", ACTIONS_FILE, 4)],
    ),
    "a rule that asks too many": (
        {ACTIONS_FILE: swap(ACTIONS, "count: 2", "count: 3")},
        [("content.too-few-people", ACTIONS_FILE, 4)],
    ),
    "a rule that allows": (
        {ACTIONS_FILE: head("ActionPolicy") + 'rules:\n  - {match: {tools: ["a.b"]}, then: allow}\n'},
        [("schema.not-one-of", ACTIONS_FILE, 4)],
    ),
    "windows the wrong way round": (
        {ALERTS_FILE: swap(ALERTS, "[6h, 30m]", "[30m, 6h]")},
        [("content.alert-rule", ALERTS_FILE, 4)],
    ),
    "windows that nobody counts": (
        {ALERTS_FILE: swap(ALERTS, "[6h, 30m]", "[30d, 6h]")},
        [("content.alert-rule", ALERTS_FILE, 4)],
    ),
    "an allowance of money": (
        {ALERTS_FILE: swap(ALERTS, "severity: page}", "severity: page, allowance: 0.1}")},
        [("content.alert-rule", ALERTS_FILE, 4)],
    ),
    "deviations of money": (
        {ALERTS_FILE: swap(ALERTS, "severity: page}", "severity: page, limit: 8}")},
        [("content.alert-rule", ALERTS_FILE, 4)],
    ),
    "a rule for agents that are not there": (
        {ALERTS_FILE: swap(ALERTS, "severity: page}", "severity: page, match: {agents: [nowhere/nobody]}}")},
        [("content.alert-nobody", ALERTS_FILE, 4)],
    ),
    "a default that is switched off": ({ALERTS_FILE: ALERTS + OFF.format("silence")}, []),
    "a rule that is switched off and defined": (
        {ALERTS_FILE: ALERTS + OFF.format("burn")},
        [("content.alert-rule", ALERTS_FILE, 8)],
    ),
    "a rule that is switched off and never was": (
        {ALERTS_FILE: ALERTS + OFF.format("silense")},
        [("reference.unknown-alert", ALERTS_FILE, 8)],
    ),
    "a burn rate of silence": (
        {ALERTS_FILE: swap(ALERTS, "signal: spend", "signal: silence")},
        [("content.alert-rule", ALERTS_FILE, 4)],
    ),
    "a signal that is none": (
        {ALERTS_FILE: swap(ALERTS, "signal: spend", "signal: spent")},
        [("schema.not-one-of", ALERTS_FILE, 4)],
    ),
    "an act that is none": (
        {ALERTS_FILE: swap(ALERTS, "severity: page}", "severity: page, do: [stop]}")},
        [("schema.not-one-of", ALERTS_FILE, 4)],
    ),
    "a route with its secret": (
        {ALERTS_FILE: swap(ALERTS, "env:PD_KEY", "R03ABCDEFGHIJKLMNOPQ")},
        [("schema.wrong-form", ALERTS_FILE, 6)],
    ),
    "a route for another severity": (
        {ALERTS_FILE: swap(ALERTS, "{to:", "{match: {severity: [ticket]}, to:")},
        [("content.alert-unheard", ALERTS_FILE, 4)],
    ),
    "a webhook without a url": (
        {ALERTS_FILE: swap(ALERTS, "to: pagerduty", "to: webhook")},
        [("content.alert-route", ALERTS_FILE, 6)],
    ),
    "a webhook by http to another machine": (
        {ALERTS_FILE: swap(ALERTS, "to: pagerduty", "to: webhook, url: 'http://hooks.acme.example/x'")},
        [("content.alert-route", ALERTS_FILE, 6)],
    ),
    "a webhook by http to this machine": (
        {ALERTS_FILE: swap(ALERTS, "to: pagerduty", "to: webhook, url: 'http://127.0.0.1:9000/x'")},
        [],
    ),
    "letters to a team that is none": (
        {ALERTS_FILE: f"{ALERTS}  - {MAIL}\n"},
        [("reference.unknown-team", ALERTS_FILE, 7)],
    ),
    "a route for what is told somebody who has left": (
        {ALERTS_FILE: swap(ALERTS, "{to:", "{match: {to: [team:support, dan]}, to:")},
        [("reference.unknown-person", ALERTS_FILE, 6)],
    ),
    "a playbook for an alert that is none": (
        {ALERTS_FILE: ALERTS, PLAYBOOK: ('["support/*"]', '["support/*"], alerts: [brun, burn]')},
        [("reference.unknown-alert", PLAYBOOK, 5)],
    ),
    "a responder who has left": (
        {PLAYBOOK: ("responders: [team:support,", "responders: [team:support, dan,")},
        [("reference.unknown-person", PLAYBOOK, 6)],
    ),
    "a playbook called otherwise": (
        {PLAYBOOK: ("name: refunds", "name: refund")},
        [("layout.name-mismatch", PLAYBOOK, 3)],
    ),
    "a playbook for other labels": (
        {PLAYBOOK: ('{agents: ["support/*"]}', "{labels: {domain: payments}}")},
        [("content.playbook-match", AGENT, 23)],
    ),
    "a playbook for nobody in particular": ({PLAYBOOK: ('match: {agents: ["support/*"]}\n', "")}, []),
    "a broken playbook is told once": (
        {PLAYBOOK: ("title: Refunds go wrong", "titel: Refunds go wrong")},
        [("schema.missing-field", PLAYBOOK, 1), ("schema.unknown-field", PLAYBOOK, 4)],
    ),
    "a drill of no playbook": (
        {DRILL: swap(TWICE, "playbooks/refunds.yaml", "playbooks/refnds.yaml")},
        [("reference.file-missing", DRILL, 5)],
    ),
    "a suite that is no JSON": (
        {
            "agents/support/refunds/evals/a.json": "{'a': 1}",
            AGENT: ("  playbook:", "  evals: [{suite: evals/a.json}]\n  playbook:"),
        },
        [("reference.not-a-suite", AGENT, 23)],
    ),
    "a suite with tags and merge keys": (
        {
            "agents/support/refunds/evals/a.yaml": "a: &a {x: 1}\nb: {<<: *a, c: !env TOKEN}\n",
            AGENT: ("  playbook:", "  evals: [{suite: evals/a.yaml}]\n  playbook:"),
        },
        [],
    ),
    "a suite that goes on for ever": (
        {
            "agents/support/refunds/evals/a.yaml": "[" * 100_000,
            AGENT: ("  playbook:", "  evals: [{suite: evals/a.yaml}]\n  playbook:"),
        },
        [("reference.not-a-suite", AGENT, 23)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_told_at_its_place(name: str) -> None:
    edits, expected = CASES[name]
    assert sorted(told(edits)) == sorted(expected)


@pytest.mark.parametrize(
    "field",
    ["keyFrom: 90123456789", "keyFrom: 0123456789abcdef", "keyFrom: env:PD_KEY, url: https://a:hunter22@b.example/"],
)
def test_what_may_be_a_secret_is_not_repeated(field: str) -> None:
    found = findings({ALERTS_FILE: swap(ALERTS, 'keyFrom: "env:PD_KEY"', field)})
    assert {one.code for one in found} & {"schema.wrong-form", "schema.wrong-type"}
    assert not any(word in one.message + one.fix for one in found for word in ("0123456789", "hunter22"))


def test_what_was_meant_is_asked() -> None:
    found = findings({PRICES_FILE: swap(PRICES, "gpt-4o-mini", "gpt-4o-mni")})
    assert {one.fix for one in found} == {'did you mean "openai/gpt-4o-mni"?'}


def test_a_release_is_judged_by_the_prices_and_classes_that_are_authorised() -> None:
    governance, _ = load_governance(fleet({PRICES_FILE: swap(PRICES, "gpt-4o-mini", "gpt-4o")}))
    assert governance is not None
    assert [one.code for one in findings_of_agent(fleet(), governance, REFUNDS)] == ["reference.no-price"]


def test_a_playbook_of_the_longest_agent_can_be_named() -> None:
    """`agentgov new` calls it <workspace>-<agent>, and either half may have 63 characters."""
    name = f"{'w' * 63}-{'a' * 63}"
    playbook = str(FILES[PLAYBOOK]).replace("name: refunds", f"name: {name}")
    assert findings({f"playbooks/{name}.yaml": playbook}) == ()
