"""Names that are looked up and not there: the fix asks for the one that was probably meant."""

import pytest
from unit.validate.fleet_sample import ACCESS, AGENT, FILES, PROMPT, SHARED, WORKSPACE, Edit, findings

PRICES = "governance/prices.yaml"
PRICED = (
    "apiVersion: agentgov.dev/v1\nkind: PriceList\ncurrency: USD\nasOf: 2026-11-01\nmodels:\n"
    '  openai/gpt-4o-mini: {input: "0.15", output: "0.60"}\n'
)

MEANT: dict[str, tuple[dict[str, Edit], str, str]] = {
    "a tool of a quota": (
        {AGENT: ("{tool: refund.create, per", "{tool: refund.craete, per")},
        "content.quota-without-tool",
        "refund.create",
    ),
    "a tool of a rule": (
        {AGENT: ('["*.lookup"]', '["*.lookup", order.lookup]')},
        "content.rule-matches-nothing",
        "orders.lookup",
    ),
    "a variable": ({PROMPT: "You help {{customer}}, {{custommer}}.\n"}, "prompt.undeclared-variable", "customer"),
    "a model with a price": (
        {PRICES: PRICED, AGENT: ("primary: openai/gpt-4o-mini", "primary: opennai/gpt-4o-mini")},
        "limit.model",
        "openai/gpt-4o-mini",
    ),
    "a model of the list": (
        {WORKSPACE: ('["openai/*"]', "[openai/gpt-4o-mini]"), AGENT: ("openai/gpt-4o-mini", "openai/gpt-4o-mni")},
        "limit.model",
        "openai/gpt-4o-mini",
    ),
    "a role": ({AGENT: ("role:administrator", "role:administrater")}, "reference.unknown-role", "role:administrator"),
    "a role of a binding": ({ACCESS: ("role: operator", "role: operater")}, "access.unknown-role", "operator"),
    "an environment": (
        {AGENT: ("environments: {staging:", "environments: {stagin:")},
        "schema.unknown-field",
        "staging",
    ),
    "an environment of a binding": ({ACCESS: ("[staging]", "[stagin]")}, "schema.not-one-of", "staging"),
}


@pytest.mark.parametrize("case", MEANT)
def test_what_was_probably_meant_is_asked(case: str) -> None:
    edits, code, name = MEANT[case]
    assert f'did you mean "{name}"?' in [found.fix for found in findings(edits) if found.code == code]


def test_a_pattern_and_a_name_unlike_all_others_are_not_guessed() -> None:
    found = findings({AGENT: ('["*.lookup"]', '["*.lookup", "orders.*x"]')})
    assert [one.fix for one in found] == ["list the tool, or remove this"]
    found = findings({SHARED: "{{zzzz}}\n"})
    assert [one.fix for one in found] == ["declare it: variables: {zzzz: {type: string}}"]


def test_a_model_that_is_denied_is_no_guess() -> None:
    found = findings({AGENT: ("primary: openai/gpt-4o-mini", "primary: openai/o1")})
    assert [(one.code, one.fix) for one in found] == [("limit.model", "allowed: openai/*")]
    assert FILES[WORKSPACE].count("openai/o1") == 1


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('day: "4.00 USD"', 'day: "4.0000000001 USD"', "at most 9 decimals, nothing is rounded"),
        ('day: "4.00 USD"', 'day: "4000000000000 USD"', "too large, at most 12 digits before the point"),
        ("per: 24h", "per: 1.5h", "a duration is a whole number; write a smaller unit"),
        ("per: 24h", "per: 9999999999s", "too large, at most 9 digits"),
    ],
)
def test_an_amount_says_which_limit_it_is_beyond(old: str, new: str, why: str) -> None:
    [found] = findings({AGENT: (old, new)})
    assert found.code == "schema.wrong-form"
    assert found.message.endswith(f": {why}")


@pytest.mark.parametrize(
    ("share", "why"),
    [("0.0001%", "at most 3 decimals, nothing is rounded"), ("101%", "too large, a share is at most 100%")],
)
def test_a_share_says_which_limit_it_is_beyond(share: str, why: str) -> None:
    pipeline = FILES["governance/pipeline.yaml"].replace("share: 5%", f"share: {share}")
    [found] = findings({"governance/pipeline.yaml": pipeline})
    assert found.message.endswith(f": {why}")


def test_a_price_says_which_limit_it_is_beyond() -> None:
    [found] = findings({PRICES: PRICED.replace("0.15", "0.1500000001")})
    assert found.message.endswith(": at most 9 decimals, nothing is rounded")
    [found] = findings({PRICES: PRICED.replace("0.15", "$1")})
    assert "is no valid" in found.message
