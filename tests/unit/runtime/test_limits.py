"""What a workspace's limits leave of an agent, in the words of `agentgov validate`."""

from typing import Any

import msgspec
import pytest

from agentgov.model.agent import Agent
from agentgov.model.fleet import AllowDeny, DataCeiling, RiskFloor, SharedBudget, Workspace
from agentgov.model.verdict import Effect
from agentgov.runtime.limits import Narrowed, narrowed

SPEC: dict[str, Any] = {
    "description": "Helps.",
    "owner": "team:support",
    "risk": "medium",
    "data": {"classification": "confidential"},
    "model": {"primary": "acme/big", "fallback": ["acme/small", "other/one"], "params": {"max_output_tokens": 5}},
    "prompts": {"system": {"file": "prompts/system.md"}},
    "tools": [{"name": "shell.run", "effect": "write"}, {"name": "orders.read", "effect": "read"}],
    "budget": {"day": "5.00 USD", "run": "1.00 USD"},
    "lease": {"ttl": "1h", "hardExpiry": "2h"},
}


def left(spec: dict[str, Any] | None = None, **limits: Any) -> Narrowed:
    """What is left of an agent with some other fields, in a workspace with these limits."""
    config = {"metadata": {"name": "helper"}, "spec": {**SPEC, **(spec or {})}, "x-team": "blue"}
    agent = msgspec.convert({**config, "x-": {"/x-team": "blue"}}, Agent)
    found = narrowed(agent, config, Workspace(name="support", owner="team:support", **limits))
    assert msgspec.to_builtins(found.agent.spec.model)["primary"] == found.config["spec"]["model"]["primary"]
    assert [tool.name for tool in found.agent.spec.tools] == [one["name"] for one in found.config["spec"]["tools"]]
    assert found.agent.extensions == {"/x-team": "blue"}
    assert found.config["x-team"] == "blue"
    assert config["spec"] == {**SPEC, **(spec or {})}, "what was given is not changed"
    return found


def rules(found: Narrowed) -> list[tuple[str, Effect]]:
    return [(one.rule, one.effect) for one in found.reasons]


def test_within_its_limits_an_agent_stays_as_it_is() -> None:
    found = left(models=AllowDeny(allow=("acme/*", "other/*")), risk=RiskFloor("medium"))
    assert found.reasons == ()
    assert found.config["spec"] == SPEC


def test_an_agent_of_a_workspace_without_a_file_has_no_limits() -> None:
    config = {"metadata": {"name": "helper"}, "spec": SPEC}
    agent = msgspec.convert(config, Agent)
    assert narrowed(agent, config, None) == Narrowed(agent, config, ())


def test_a_primary_that_is_not_allowed_gives_way_to_the_first_fallback_that_is() -> None:
    found = left(models=AllowDeny(deny=("acme/big", "acme/small")))
    assert found.config["spec"]["model"] == {**SPEC["model"], "primary": "other/one", "fallback": []}
    assert rules(found) == [("runtime.limit-model", Effect.NOTE)] * 2
    assert "acme/big is not allowed in support: acme/big is denied; other/one takes its place" in (
        found.reasons[0].message
    )


def test_a_fallback_that_is_not_allowed_goes() -> None:
    found = left(models=AllowDeny(allow=("acme/*",)))
    assert found.config["spec"]["model"] == {**SPEC["model"], "fallback": ["acme/small"]}
    assert rules(found) == [("runtime.limit-model", Effect.NOTE)]


def test_an_agent_without_an_allowed_model_may_not_run() -> None:
    found = left(models=AllowDeny(allow=("third/*",)))
    assert rules(found) == [("runtime.limit-model", Effect.DENY)] * 3


def test_a_denied_tool_is_listed_no_more() -> None:
    found = left(tools=AllowDeny(deny=("shell.*",)))
    assert [tool["name"] for tool in found.config["spec"]["tools"]] == ["orders.read"]
    assert rules(found) == [("runtime.limit-tool", Effect.NOTE)]


def test_below_the_floor_of_risk_the_floor_holds_and_its_lease_with_it() -> None:
    found = left(risk=RiskFloor("high"))
    assert found.config["spec"]["risk"] == found.agent.spec.risk == "high"
    assert found.agent.spec.lease.hard_expiry == ""
    assert rules(found) == [("runtime.limit-risk", Effect.NOTE)]


def test_a_lease_that_is_short_enough_for_the_floor_stays() -> None:
    assert rules(left({"lease": {}}, risk=RiskFloor("high"))) == [("runtime.limit-risk", Effect.NOTE)]
    found = left({"lease": {"hardExpiry": "10m"}}, risk=RiskFloor("high"))
    assert found.agent.spec.lease.hard_expiry == "10m"


def test_above_the_ceiling_of_data_an_agent_may_not_run() -> None:
    assert rules(left(data=DataCeiling("internal"))) == [("runtime.limit-data", Effect.DENY)]
    assert rules(left(data=DataCeiling("confidential"))) == []


@pytest.mark.parametrize(
    ("own", "most", "expected"),
    [("5.00 USD", "9.00 USD", "5.00 USD"), ("5.00 USD", "4 USD", "4 USD"), ("", "9.00 USD", "9.00 USD")],
)
def test_the_tighter_budget_holds(own: str, most: str, expected: str) -> None:
    spec = {"budget": {"day": own} if own else {}}
    assert left(spec, budget=SharedBudget(day=most)).agent.spec.budget.day == expected


def test_a_budget_as_large_as_the_limit_is_left_as_it_is_written() -> None:
    assert left(budget=SharedBudget(day="5 USD")).reasons == ()


def test_budgets_in_two_currencies_cannot_be_compared() -> None:
    assert rules(left(budget=SharedBudget(day="4.00 EUR"))) == [("runtime.limit-budget", Effect.UNKNOWN)]


@pytest.mark.parametrize("state", ["draft", "retired"])
def test_only_active_agents_run(state: str) -> None:
    assert rules(left({"lifecycle": {"state": state}})) == [("runtime.lifecycle", Effect.DENY)]
