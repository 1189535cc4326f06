"""What was probably meant: slips of the pen, other ways to write a name, fields that stand on the wrong level."""

import pytest
from unit.validate.fleet_sample import AGENT, FLEET, PIPELINE, WORKSPACE, Edit, findings

from agentgov.model.guess import closest

SPEC = ["description", "owner", "risk", "data", "model", "prompts", "tools", "actions", "quotas", "budget", "oncall"]
LEASE = ["ttl", "hardExpiry"]
BUDGET = ["day", "month", "run", "alertAt", "onLimit"]


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("onwer", SPEC, "owner"),
        ("bugdet", SPEC, "budget"),
        ("dya", BUDGET, "day"),
        ("tlt", LEASE, "ttl"),
        ("Budget", SPEC, "budget"),
        ("OWNER", SPEC, "owner"),
        ("budgets", SPEC, "budget"),
        ("tool", SPEC, "tools"),
        ("prompt", SPEC, "prompts"),
        ("quota", SPEC, "quotas"),
        ("hard_expiry", LEASE, "hardExpiry"),
        ("hard-expiry", LEASE, "hardExpiry"),
        ("HardExpiry", LEASE, "hardExpiry"),
        ("alert_at", BUDGET, "alertAt"),
        ("on_call", SPEC, "oncall"),
        ("onCall", SPEC, "oncall"),
        ("desciption", SPEC, "description"),
        ("colour", SPEC, None),
        ("x", BUDGET, None),
        ("", BUDGET, None),
        ("weekend", BUDGET, None),
    ],
)
def test_a_slip_is_recognised_and_another_word_is_not(name: str, known: list[str], meant: str | None) -> None:
    assert closest(name, known) == meant


@pytest.mark.parametrize(
    ("file", "edit", "fix"),
    [
        (AGENT, ("  risk: medium\n", '  risk: medium\n  day: "4.00 USD"\n'), '"day" belongs in spec.budget'),
        (
            AGENT,
            ("  risk: medium\n", "  risk: medium\n  temperature: 0.2\n"),
            '"temperature" belongs in spec.model.params',
        ),
        (AGENT, ("  risk: medium\n", "  risk: medium\n  labels: {a: b}\n"), '"labels" belongs in metadata'),
        (AGENT, ("{name: refunds}", "{name: refunds, owner: alice}"), '"owner" belongs in spec'),
        (AGENT, ("kind: Agent\n", "kind: Agent\nname: refunds\n"), '"name" belongs in metadata'),
        (AGENT, ("kind: Agent\n", "kind: Agent\nreview_by: 2027-01-01\n"), '"reviewBy" belongs in spec.lifecycle'),
        (AGENT, ('{day: "4.00 USD", run', "{owner: alice, run"), '"owner" belongs in spec'),
        (
            AGENT,
            ("max_output_tokens: 200}", "max_output_tokens: 200, fallback: [a/b]}"),
            '"fallback" belongs in spec.model',
        ),
        (AGENT, ("staging: {budget: {day", "staging: {day: '1.00 USD', budget: {run"), None),
        (FLEET, ("name: sample\n", "name: sample\nstale: any-push\n"), '"stale" belongs in reviews'),
        (FLEET, ("name: sample\n", "name: sample\nrules: []\n"), '"rules" belongs in reviews'),
        (WORKSPACE, ("name: support\n", "name: support\nmonth: '1.00 USD'\n"), '"month" belongs in budget'),
        (PIPELINE, ("kind: Pipeline\n", "kind: Pipeline\nshare: 5%\n"), "allowed here: "),
    ],
)
def test_a_field_of_another_level_is_told_where_it_belongs(file: str, edit: Edit, fix: str | None) -> None:
    told = [one.fix for one in findings({file: edit}) if one.code == "schema.unknown-field"]
    assert len(told) == 1
    assert told[0].startswith(fix or '"day" belongs in spec.environments.staging.budget')
