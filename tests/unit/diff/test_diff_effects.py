"""What is in force in each environment, before and after, where that is not the same in all."""

from typing import Any

from unit.diff.diff_sample import spec_diff

from agentgov.diff.compare import AgentDiff

LOWER = {"environments": {"staging": {"budget": {"day": "6.00 USD"}}}}


def table(diff: AgentDiff) -> dict[str, list[tuple[str, Any, Any, bool]]]:
    return {
        effect.name: [(value.environment, value.before, value.after, value.overridden) for value in effect.values]
        for effect in diff.effects
    }


def test_a_change_that_an_override_hides_in_one_environment() -> None:
    diff = spec_diff({}, {"budget": {"day": "80.00 USD"}})
    assert table(diff) == {
        "budget.day": [
            ("staging", "5.00 USD", "5.00 USD", True),
            ("production", "40.00 USD", "80.00 USD", False),
        ]
    }
    (found,) = diff.changes
    assert found.sentence == (
        "budget 40.00 USD/day -> 80.00 USD/day in production; staging unchanged (5.00 USD override)"
    )


def test_a_change_of_an_override_alone() -> None:
    assert table(spec_diff({}, LOWER)) == {
        "budget.day": [
            ("staging", "5.00 USD", "6.00 USD", True),
            ("production", "40.00 USD", "40.00 USD", False),
        ]
    }


def test_both_at_once_are_told_each_where_it_arrives() -> None:
    diff = spec_diff({}, {**LOWER, "budget": {"day": "80.00 USD"}})
    assert [found.sentence for found in diff.changes] == [
        "budget 40.00 USD/day -> 80.00 USD/day in production",
        "in staging: budget 5.00 USD/day -> 6.00 USD/day",
    ]


def test_what_is_alike_everywhere_needs_no_table() -> None:
    assert spec_diff({}, {"budget": {"month": "1000.00 USD"}}).effects == ()
    assert spec_diff({}, {"budget": {"day": "40 USD"}}).effects == ()
    assert spec_diff({"environments": None}, {"environments": None, "budget": {"day": "1.00 USD"}}).effects == ()


def test_an_override_that_goes_lets_the_value_through() -> None:
    diff = spec_diff({}, {"environments": None})
    assert table(diff)["budget.day"][0] == ("staging", "5.00 USD", "40.00 USD", False)


def test_quotas_schedules_and_secrets_stand_by_their_names() -> None:
    override = {
        "quotas": [{"tool": "refund.create", "per": "1h", "max": 3}],
        "schedule": {"cron": "0 0 * * *", "tz": "UTC"},
        "connections": {"crm": {"secretRef": "vault:kv/staging#t"}},
        "labels": {"tier": "test"},
        "lease": {"ttl": "5s"},
    }
    found = table(spec_diff({}, {"environments": {"staging": override}}))
    assert {name: values[0][1:3] for name, values in found.items()} == {
        "quotas.refund.create": (None, "3 per 1h"),
        "quotas.refund.create.args.amount": ("5000 per 24h", None),
        "schedule.cron": ("0 8 * * 1-5", "0 0 * * *"),
        "schedule.tz": ("Europe/Paris", "UTC"),
        "connections.crm": ("vault:kv/crm#token", "vault:kv/staging#t"),
        "labels.tier": ("gold", "test"),
        "lease.ttl": ("30s", "5s"),
    }


def test_an_override_that_does_not_fit_is_told_and_not_tabled() -> None:
    diff = spec_diff({}, {"environments": {"staging": {"budget": {"day": 5}}}, "budget": {"day": "80.00 USD"}})
    assert diff.effects == ()
    assert "environments.changed" in [found.field for found in diff.changes]
