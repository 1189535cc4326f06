"""Each environment makes sense by itself: what an override breaks is found at the override, and once."""

import pytest
from unit.validate.fleet_sample import AGENT, FILES, findings

ENVIRONMENTS = '  environments: {staging: {budget: {day: "1.00 USD"}}}\n'
LINE = FILES[AGENT][: FILES[AGENT].index(ENVIRONMENTS)].count("\n") + 1  # of `environments:`


def told(overrides: str, *more: tuple[str, str]) -> list[tuple[str, int | None, str]]:
    """What is said of the sample agent with these lines as its environments, and with other edits of it."""
    text = FILES[AGENT].replace(ENVIRONMENTS, "  environments:\n" + overrides)
    for old, new in more:
        assert old in text
        text = text.replace(old, new)
    return [(one.code, one.where.line, one.message) for one in findings({AGENT: text})]


@pytest.mark.parametrize(
    ("override", "code", "words"),
    [
        ('budget: {run: "5.00 USD"}', "content.budget-order", "in staging, the budget of a run (5.00 USD)"),
        ('budget: {day: "0.50 USD"}', "content.budget-order", "in staging, the budget of a run (1.00 USD)"),
        ('budget: {month: "3.00 USD"}', "content.budget-order", "in staging, the budget of a day (4.00 USD)"),
        (
            "quotas: [{tool: gone, per: 1h, max: 1}]",
            "content.quota-without-tool",
            "in staging, the quota is about gone",
        ),
        ("lease: {ttl: 5m, hardExpiry: 2m}", "content.lease-order", "in staging, the config expires after 2m"),
        ('schedule: {cron: "0 8 * * *", tz: Moon/Base}', "content.unknown-zone", "there is no time zone Moon/Base"),
    ],
)
def test_an_override_that_makes_no_sense_is_found_where_it_stands(override: str, code: str, words: str) -> None:
    ((found, line, message),) = told(f"    production: {{}}\n    staging:\n      {override}\n")
    assert (found, line) == (code, LINE + 3)
    assert message.startswith(words)


def test_half_a_pair_that_is_overridden_is_compared_with_what_the_agent_says() -> None:
    lease = ("  playbook:", "  lease: {ttl: 30s, hardExpiry: 2m}\n  playbook:")
    ((code, line, message),) = told("    production:\n      lease: {ttl: 3m}\n", lease)
    assert (code, line) == ("content.lease-order", LINE + 2)
    assert message == "in production, the config expires after 2m, before it is refreshed after 3m"


def test_each_environment_is_told_of_by_itself() -> None:
    found = told('    staging: {budget: {run: "5.00 USD"}}\n    production: {budget: {run: "6.00 USD"}}\n')
    assert [(code, line) for code, line, _ in found] == [("content.budget-order", LINE + n) for n in (1, 2)]


def test_what_is_wrong_without_the_environment_is_told_once() -> None:
    wrong = ('run: "1.00 USD"', 'run: "5.00 USD"')
    found = told("    staging: {labels: {tier: test}}\n", wrong)
    assert [(code, line) for code, line, _ in found] == [("content.budget-order", LINE - 1)]


def test_what_is_wrong_without_it_and_written_once_more_is_told_of_both() -> None:
    wrong = ("quotas: [{tool: refund.create", "quotas: [{tool: old")
    found = told("    staging: {quotas: [{tool: gone, per: 1h, max: 1}]}\n    production: {labels: {a: b}}\n", wrong)
    assert [(code, line) for code, line, _ in found] == [("content.quota-without-tool", LINE + n) for n in (-2, 1)]


def test_an_environment_may_mend_what_is_wrong_elsewhere() -> None:
    wrong = ('run: "1.00 USD"', 'run: "5.00 USD"')
    found = told('    staging: {budget: {run: "0.90 USD"}}\n    production: {budget: {day: "9.00 USD"}}\n', wrong)
    assert len(found) == 1
    assert "in " not in found[0][2].split(",")[0]


@pytest.mark.parametrize(
    "override",
    [
        '{budget: {run: null, day: "0.50 USD"}}',
        "{budget: {day: null}, quotas: null}",
        "{quotas: []}",
        "{lease: {ttl: 1m, hardExpiry: 2m}}",
        "{labels: {tier: test, gone: null}}",
        "{labels: null}",
        "{}",
    ],
)
def test_deleting_and_adding_in_an_environment_is_in_order(override: str) -> None:
    assert told(f"    staging: {override}\n") == []
