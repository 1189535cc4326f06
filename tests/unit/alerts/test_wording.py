"""What an alert tells people to run next is a command that there is."""

from typing import get_args

import pytest

from agentgov.alerts.conditions import Found
from agentgov.alerts.defaults import effective
from agentgov.alerts.wording import fleet_alerts, next_command
from agentgov.model.command_line import Command, read_command
from agentgov.model.policies import AgentMatch, AlertPolicy, AlertRule, Off, Signal
from agentgov.validate.command_lines import grammar

LABELS = {"agent": "support/refunds", "permit": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
RELEASE = "support/refunds/v1.4.0"


@pytest.mark.parametrize("signal", get_args(Signal))
def test_the_next_command_of_every_signal_parses(signal: Signal) -> None:
    text = next_command(signal, LABELS, RELEASE)
    assert isinstance(read_command(text, grammar()), Command), text
    assert "{" not in text


@pytest.mark.parametrize("metric", ["journal", "budgets", "ledger support"])
def test_what_does_not_verify_names_its_own_command(metric: str) -> None:
    text = next_command("verification", {"metric": metric})
    assert isinstance(read_command(text, grammar()), Command), text
    assert metric.split(maxsplit=1)[0].removesuffix("s") in text


def test_a_budget_of_no_agent_has_a_command_too() -> None:
    assert next_command("exhaustion", {"workspace": "support"}) == "agentgov budget show"


def test_a_rule_for_some_labels_is_about_no_others() -> None:
    rule = AlertRule(name="ours", signal="unpriced", match=AgentMatch(labels={"team": "a"}), severity="page")
    rules = effective(AlertPolicy(rules=(rule,), off=()))
    found = [Found("unpriced", {"agent": f"support/{name}"}, "so", 0, 1) for name in ("one", "two")]

    def labels(agent: object) -> dict[str, str]:
        return {"team": "a", "drill": "true"} if str(agent) == "support/one" else {}

    alerts = [one for one in fleet_alerts(rules, "f", found, labels) if one.label("alertname") == "ours"]
    assert [(one.label("agent"), one.drill) for one in alerts] == [("support/one", True)]


def test_a_rule_for_some_agents_is_about_no_other_and_about_nothing_that_is_of_no_agent() -> None:
    ours = AlertRule("ours", "unpriced", "page", match=AgentMatch(agents=("finance/*", "support/*")))
    every = AlertRule("every", "unpriced", "page", match=AgentMatch(agents=("**",)))
    found = [Found("unpriced", about, "so", 0, 1) for about in ({"agent": "support/b"}, {"agent": "legal/c"}, {})]
    alerts = fleet_alerts(effective(AlertPolicy(rules=(ours, every))), "f", found)
    assert sorted((one.label("alertname"), one.label("agent")) for one in alerts) == [
        ("every", "legal/c"),
        ("every", "support/b"),
        ("ours", "support/b"),
        ("unpriced", ""),
        ("unpriced", "legal/c"),
        ("unpriced", "support/b"),
    ]


def test_a_rule_of_the_fleet_stands_instead_of_the_default_of_its_name_and_one_may_be_off() -> None:
    policy = AlertPolicy(rules=(AlertRule("errors", "errors", "ticket"),), off=(Off("loop", "It loops."),))
    found = {watch.name: watch for watch in effective(policy)}
    assert len(effective(policy)) == len(found) == len(effective(None)) - 1
    assert (found["errors"].rule.severity, found["errors"].default, found["cost"].default) == ("ticket", False, True)
    assert "loop" not in found


@pytest.mark.parametrize(
    ("about", "said", "summary"),
    [
        ({"agent": "support/b", "environment": "staging"}, "it is so", "support/b in staging: it is so."),
        ({"agent": "support/b"}, "it is so", "support/b: it is so."),
        ({"agent": "support/b", "environment": "staging"}, "support/b is so", "support/b is so."),
        ({"workspace": "support"}, "it is so", "it is so."),
    ],
)
def test_a_sentence_says_about_whom_it_is_once(about: dict[str, str], said: str, summary: str) -> None:
    (alert,) = fleet_alerts(effective(None), "f", [Found("unpriced", about, said, 0, 1)])
    assert alert.summary == summary
