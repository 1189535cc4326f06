"""What a change needs: owners, rules by risk, field and path, administrators; the stricter of base and result."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields
from unit.review.review_case import (
    FILE,
    PAY_PROMPT,
    PROMPT,
    TONE,
    TRIAGE,
    A,
    B,
    C,
    Case,
    agent,
    prompt_change,
    security,
    touched,
)

from agentgov.model.access import Administrators
from agentgov.model.fleet import ReviewRule, When
from agentgov.model.names import AgentId

HIGH = ReviewRule(approvals=2, when=When(risk=("high", "critical")))
ACCESS, WORKFLOW, PLAYBOOK = "governance/access.yaml", ".github/workflows/ci.yml", "playbooks/refund.yaml"
TOOL = "{name: refund.create, effect: irreversible}"


def file_change(before: dict[str, str | int], after: dict[str, str | int]) -> Case:
    """A change of agent.yaml alone."""
    return Case({FILE: (A, B)}, (touched(agent(**before), agent(**after), FILE),))  # type: ignore[arg-type]


def test_rule_adds_to_the_owners_and_one_review_serves_several() -> None:
    case = prompt_change().ruled(security(paths=("/agents/support/",)))
    assert case.approved("bob").state == "pending"
    assert case.approved("erin").state == "pending"
    assert case.approved("bob").approved("erin").state == "pass"
    twice = prompt_change().ruled(ReviewRule(sources=("bob",)))
    assert twice.approved("bob").state == "pass"


@pytest.mark.parametrize(("before", "after"), [("low", "high"), ("high", "low"), ("critical", "low"), ("high", "high")])
def test_risk_is_the_stricter_of_base_and_result(before: str, after: str) -> None:
    case = file_change({"risk": before}, {"risk": after, "tokens": 501}).ruled(HIGH)
    assert case.approved("bob", FILE).state == "pending"
    assert case.approved("bob", FILE).approved("alice", FILE).state == "pass"


def test_low_risk_needs_no_more_than_the_owners() -> None:
    assert file_change({}, {"tokens": 501}).ruled(HIGH).approved("bob", FILE).state == "pass"


def test_rule_by_changed_field() -> None:
    case = file_change({}, {"tools": TOOL}).ruled(security(changed=("tools",)))
    assert case.approved("bob", FILE).state == "pending"
    assert case.approved("bob", FILE).approved("erin", FILE).state == "pass"
    other = file_change({}, {"tokens": 501}).ruled(security(changed=("tools",)))
    assert other.approved("bob", FILE).state == "pass"


def test_rule_by_field_asks_where_the_field_stands_only() -> None:
    agents = (touched(agent(), agent(tools=TOOL, text="Be brief."), FILE, PROMPT),)
    case = Case({FILE: (A, B), PROMPT: (A, C)}, agents).ruled(security(changed=("tools",)))
    assert case.approved("bob", PROMPT, (A, C)).verdict.passing == {PROMPT}


def test_all_keys_of_a_rule_must_match() -> None:
    rule = security(changed=("tools",), risk=("critical",))
    assert file_change({}, {"tools": TOOL}).ruled(rule).approved("bob", FILE).state == "pass"
    critical = file_change({"risk": "critical"}, {"tools": TOOL, "risk": "critical"}).ruled(rule)
    assert critical.approved("bob", FILE).state == "pending"


def test_new_and_removed_agents_are_judged_by_their_one_side() -> None:
    for sides in ((None, agent(risk="high")), (agent(risk="high"), None)):
        case = Case({FILE: (A, B)}, (touched(*sides, FILE),)).ruled(HIGH)
        assert case.approved("bob", FILE).state == "pending"


def test_shared_text_is_judged_by_the_riskiest_agent_that_names_it() -> None:
    other = AgentId("support", "vip")
    agents = (
        touched(agent(tone="x"), agent(tone="y"), TONE),
        touched(agent(other, risk="critical", tone="x"), agent(other, risk="critical", tone="y"), TONE),
    )
    case = Case({TONE: (A, B)}, agents).ruled(HIGH)
    assert case.approved("bob", TONE).state == "pending"
    assert case.approved("bob", TONE).approved("alice", TONE).state == "pass"
    assert replace(case, agents=agents[:1]).approved("bob", TONE).state == "pass"


def test_agent_that_named_the_text_before_still_judges_it() -> None:
    agents = (touched(agent(risk="critical", tone="x"), agent(risk="low"), TONE, FILE),)
    assert Case({TONE: (A, B)}, agents).ruled(HIGH).approved("bob", TONE).state == "pending"


def test_broken_result_is_pending_whatever_was_reviewed() -> None:
    case = Case({PROMPT: (A, B)}, (touched(agent(), None, PROMPT, broken=True),))
    assert case.approved("bob").state == "pending"
    assert "agentgov validate" in case.verdict.paths[0].message


def test_new_agent_that_cannot_be_read_is_pending_and_nothing_fails() -> None:
    case = Case({FILE: ("-", B)}, (touched(None, None, FILE, broken=True, opaque=True),))
    assert case.approved("bob", FILE, ("-", B)).state == "pending"


def test_base_that_cannot_be_read_meets_every_rule() -> None:
    rules = (HIGH, security(changed=("tools",)))
    case = Case({FILE: (A, B)}, (touched(None, agent(), FILE, opaque=True),)).ruled(*rules)
    assert case.approved("bob", FILE).approved("alice", FILE).state == "pending"
    assert case.approved("bob", FILE).approved("alice", FILE).approved("erin", FILE).state == "pass"


def test_file_in_a_folder_without_agent_yaml_meets_every_rule() -> None:
    case = Case({PROMPT: (A, B)}, (touched(None, None, PROMPT, opaque=True),)).ruled(HIGH)
    assert case.approved("bob").state == "pending"
    assert case.approved("bob").approved("alice").state == "pass"


def test_mode_all_needs_one_of_each_group() -> None:
    both = ReviewRule(sources=("team:security", "team:finance"), mode="all")
    case = prompt_change().ruled(both)
    assert case.approved("bob").state == "pending"
    assert case.approved("erin").approved("bob").state == "pass"
    assert case.approved("erin").approved("frank").state == "pending"


def test_mode_all_of_owners_takes_every_owner_of_the_line() -> None:
    case = replace(prompt_change(), codeowners="* @acme/support @acme/finance\n")
    every = case.ruled(default=ReviewRule(mode="all"))
    assert every.approved("frank").state == "pending"
    assert every.approved("frank").approved("dave").state == "pass"
    assert every.approved("bob").state == "pass"  # in both teams


def test_source_that_means_nobody_is_met_by_nobody() -> None:
    case = prompt_change().ruled(ReviewRule(sources=("team:ghosts",)))
    assert case.approved("bob").approved("alice").approved("erin").state == "pending"
    assert "nobody who could give it" in case.approved("bob").verdict.paths[0].message


def test_owner_that_means_nobody_is_met_by_nobody() -> None:
    case = replace(prompt_change(), codeowners="* @somebody-else\n")
    assert case.approved("bob").approved("carol").state == "pending"


def test_unowned_path_needs_an_administrator_who_is_no_author() -> None:
    case = Case({PLAYBOOK: (A, B)})
    assert case.approved("bob", PLAYBOOK).state == "pending"
    assert case.approved("dave", PLAYBOOK).state == "pass"
    assert case.by("dave").approved("dave", PLAYBOOK).state == "pending"
    doubtful = case.by(doubt="nobody knows").approved("dave", PLAYBOOK)
    assert doubtful.state == "pending"
    assert doubtful.approved("carol", PLAYBOOK).state == "pass"


def test_governance_takes_the_threshold_and_its_author_may_be_one_of_them() -> None:
    case = Case({ACCESS: (A, B)}).by("carol")
    assert case.approved("carol", ACCESS).state == "pending"
    assert case.approved("carol", ACCESS).approved("bob", ACCESS).state == "pending"
    assert case.approved("carol", ACCESS).approved("carol", ACCESS).state == "pending"
    assert case.approved("carol", ACCESS).approved("dave", ACCESS).state == "pass"
    assert case.approved("bob", ACCESS).uncounted() == {("bob", "role")}


def test_administrators_may_be_named_by_their_team() -> None:
    case = Case({ACCESS: (A, B)})
    by_team = with_fields(case.access, administrators=Administrators(who=("team:platform",), threshold=2))
    found = replace(case, access=by_team)
    assert found.approved("carol", ACCESS).approved("dave", ACCESS).state == "pass"


def test_rules_of_owners_do_not_weaken_governance() -> None:
    case = replace(Case({WORKFLOW: (A, B)}), codeowners="* @acme/support\n").ruled(default=ReviewRule(approvals=1))
    assert case.approved("bob", WORKFLOW).state == "pending"


def test_governance_moves_as_one_unit() -> None:
    case = Case({ACCESS: (A, B), WORKFLOW: (A, C), PROMPT: (A, B)}, prompt_change().agents)
    some = case.approved("carol", ACCESS).approved("dave", ACCESS).approved("bob")
    assert some.verdict.passing == {PROMPT}
    assert "one unit" in some.verdict.paths[0].message
    whole = some.approved("carol", WORKFLOW, (A, C)).approved("dave", WORKFLOW, (A, C))
    assert whole.state == "pass"


def test_governance_that_cannot_be_used_is_pending() -> None:
    case = replace(Case({ACCESS: (A, B)}), problem="the key is listed for two").approved("carol", ACCESS)
    assert case.approved("dave", ACCESS).state == "pending"
    assert case.verdict.paths[0].message == "the key is listed for two"


def test_only_administrators_block_governance() -> None:
    case = Case({ACCESS: (A, B)}).approved("carol", ACCESS).approved("dave", ACCESS)
    assert case.objected("bob", ACCESS).state == "pass"  # or whoever is to lose a right could keep it
    assert case.objected("carol", ACCESS).state == "blocked"


def test_each_path_stands_for_itself() -> None:
    agents = (*prompt_change().agents, touched(agent(AgentId("finance", "payroll")), None, PAY_PROMPT))
    case = Case({PROMPT: (A, B), PAY_PROMPT: (A, C)}, agents).approved("frank")
    assert case.verdict.passing == {PROMPT}
    assert case.state == "pending"
    assert case.verdict.passes(PROMPT)
    assert not case.verdict.passes(PAY_PROMPT)


def test_reviewer_of_a_shared_text_needs_the_right_on_every_agent_that_names_it() -> None:
    other = AgentId("support", "vip")
    named = [(agent(name, tone="x"), agent(name, tone="y")) for name in (TRIAGE, other)]
    case = Case({TONE: (A, B)}, tuple(touched(before, after, TONE) for before, after in named))
    [everywhere, *others] = case.access.bindings
    only_triage = with_fields(everywhere, agents=(str(TRIAGE),))
    narrow = replace(case, access=with_fields(case.access, bindings=(only_triage, *others)))
    assert case.approved("bob", TONE).state == "pass"
    assert narrow.approved("bob", TONE).uncounted() == {("bob", "role")}


def test_ten_thousand_paths_are_decided_at_once() -> None:
    paths = {f"agents/support/a{number}/prompts/system.md": (A, B) for number in range(10_000)}
    case = Case(paths).with_review("bob", paths)
    assert case.state == "pass"
