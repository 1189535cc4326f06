"""What differs in one environment only is found by merging the override in and comparing what comes out."""

from dataclasses import replace
from typing import Any

import msgspec
from unit.diff.diff_sample import fields, spec_diff, version

from agentgov.diff.change import matches
from agentgov.diff.compare import compare
from agentgov.diff.version import AgentVersion


def overridden(environments: dict[str, Any]) -> AgentVersion:
    """The sample with exactly these overrides; a merge patch could not write the nulls in them."""
    found = version()
    spec = msgspec.structs.replace(found.agent.spec, environments=environments)
    return replace(found, agent=msgspec.structs.replace(found.agent, spec=spec))


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    diff = compare(overridden(before), overridden(after))
    return [(found.field, found.summary) for found in diff.changes]


def test_an_override_that_raises_is_named_with_its_environment() -> None:
    day = {"budget": {"day": "50.00 USD"}}
    assert changed({}, {"production": day}) == [
        ("environments.budget.raised", "in production: budget 40.00 USD/day -> 50.00 USD/day")
    ]
    (found,) = spec_diff({}, {"environments": {"production": day}}).changes
    assert found.pointer == "/spec/environments/production/budget/day"
    assert (found.environments, found.klass) == (("production",), "loosens")
    assert matches(found, "budget.raised")
    assert matches(found, "environments")


def test_an_override_that_lowers_tightens() -> None:
    assert [field for field, _ in changed({}, {"production": {"budget": {"day": "5.00 USD"}}})] == [
        "environments.budget.lowered"
    ]


def test_a_dropped_override_gives_the_spec_back() -> None:
    day = {"budget": {"day": "5.00 USD"}}
    assert [field for field, _ in changed({"staging": day}, {})] == ["environments.budget.raised"]


def test_null_in_an_override_removes_a_limit() -> None:
    assert [field for field, _ in changed({}, {"staging": {"budget": {"day": None}}})] == [
        "environments.budget.removed"
    ]
    assert [field for field, _ in changed({}, {"staging": {"quotas": []}})] == ["environments.quotas.removed"]
    assert [field for field, _ in changed({}, {"staging": {"schedule": None}})] == ["environments.schedule.removed"]


def test_every_field_that_may_differ_is_compared() -> None:
    override = {
        "connections": {"crm": {"secretRef": "vault:other"}},
        "lease": {"ttl": "5m"},
        "labels": {"tier": "silver"},
    }
    assert sorted(field for field, _ in changed({}, {"staging": override})) == [
        "environments.connections.changed",
        "environments.labels.changed",
        "environments.lease.ttl.raised",
    ]


def test_a_change_of_the_spec_says_which_environments_it_reaches() -> None:
    """Staging overrides the day's budget in the sample, so a new one reaches production only."""
    (found,) = spec_diff({}, {"budget": {"day": "80.00 USD"}}).changes
    assert (found.field, found.environments) == ("budget.raised", ("production",))
    (found,) = spec_diff({}, {"budget": {"run": "2.00 USD"}}).changes
    assert found.environments == ("staging", "production")
    (found,) = spec_diff({}, {"description": "x"}).changes
    assert found.environments == ("staging", "production")


def test_an_override_with_the_same_result_is_told_as_such() -> None:
    assert [field for field, _ in changed({}, {"staging": {"budget": {"day": "40.00 USD"}}})] == [
        "environments.rewritten"
    ]


def test_what_may_not_differ_or_cannot_be_merged_loosens() -> None:
    assert changed({}, {"staging": {"risk": "low"}}) == [
        ("environments.changed", "in staging: override of risk nothing -> low")
    ]
    assert [field for field, _ in changed({}, {"staging": {"budget": 5}})] == ["environments.changed"]
    assert [field for field, _ in changed({"staging": {"budget": 5}}, {})] == ["environments.changed"]


def test_the_same_overrides_are_no_change() -> None:
    assert changed({"staging": {"budget": {"day": None}}}, {"staging": {"budget": {"day": None}}}) == []
    assert fields(spec_diff({}, {"environments": {"staging": {"budget": {"day": "5 USD"}}}})) == []
