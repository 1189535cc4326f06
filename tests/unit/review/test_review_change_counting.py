"""Whose review counts for a change, and why another one does not."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields
from unit.review.review_case import (
    FILE,
    NOTHING,
    NOW,
    PAY_PROMPT,
    PAYROLL,
    PROMPT,
    RULES,
    A,
    B,
    C,
    Case,
    D,
    agent,
    prompt_change,
    touched,
)

from agentgov.model.access import Access, Administrators, Binding, Person
from agentgov.model.fleet import ReviewRule

DAY = 86_400


def test_owner_who_is_no_author_is_enough() -> None:
    assert prompt_change().state == "pending"
    assert prompt_change().approved("bob").state == "pass"


def test_change_of_nothing_passes() -> None:
    assert Case({}).state == "pass"


def test_author_never_counts() -> None:
    case = prompt_change().by("bob", "alice").approved("bob")
    assert case.state == "pending"
    assert case.uncounted() == {("bob", "author")}
    assert case.approved("frank").state == "pass"


def test_owner_without_the_right_and_right_without_ownership_do_not_count() -> None:
    assert prompt_change().by("alice").approved("gina").uncounted() == {("gina", "role")}  # a viewer
    assert prompt_change().approved("erin").state == "pending"
    assert prompt_change().approved("dave").state == "pending"  # an administrator, and no owner here


def test_somebody_who_left_does_not_count() -> None:
    case = prompt_change().approved("bob")
    access = with_fields(case.access, people=tuple(one for one in case.access.people if one.id != "bob"))
    gone = replace(case, access=access)
    assert gone.state == "pending"
    assert gone.uncounted() == {("bob", "role")}


def test_right_that_ended_does_not_count() -> None:
    until = Binding(role="operator", who=("team:support",), agents=("**",), until="2023-11-14")  # the day of NOW
    case = prompt_change().approved("bob")
    case = replace(case, access=with_fields(case.access, bindings=(until,)))
    assert case.state == "pass"
    assert replace(case, time=NOW + DAY).uncounted() == {("bob", "role")}


def test_right_elsewhere_does_not_count() -> None:
    elsewhere = Binding(role="operator", who=("bob",), agents=("finance/*",))
    case = prompt_change().approved("bob")
    assert replace(case, access=with_fields(case.access, bindings=(elsewhere,))).uncounted() == {("bob", "role")}


def test_review_of_other_contents_does_not_count() -> None:
    case = prompt_change().approved("bob", step=(A, C))
    assert case.state == "pending"
    assert case.uncounted() == {("bob", "stale")}
    assert prompt_change().approved("bob", step=(C, B)).state == "pending"
    assert prompt_change().approved("bob", path=FILE).state == "pending"


def test_chain_of_reviewed_contents_counts() -> None:
    case = Case({PROMPT: (A, D)}, prompt_change().agents)
    chain = case.approved("bob", step=(A, B)).approved("alice", step=(B, C)).approved("bob", step=(C, D))
    assert chain.state == "pass"
    assert chain.uncounted() == set()
    assert case.approved("bob", step=(A, B)).approved("alice", step=(C, D)).state == "pending"


def test_every_step_of_a_chain_needs_all_that_is_asked() -> None:
    case = Case({PROMPT: (A, C)}, prompt_change().agents).ruled(default=ReviewRule(approvals=2))
    half = case.approved("bob", step=(A, B)).approved("alice", step=(A, B)).approved("bob", step=(B, C))
    assert half.state == "pending"
    assert half.approved("frank", step=(B, C)).state == "pass"


def test_chain_may_run_in_circles() -> None:
    case = Case({PROMPT: (A, C)}, prompt_change().agents)
    circle = case.approved("bob", step=(A, B)).approved("bob", step=(B, A)).approved("alice", step=(B, B))
    assert circle.state == "pending"
    assert circle.approved("bob", step=(B, C)).state == "pass"


def test_author_of_the_change_counts_in_no_step() -> None:
    case = Case({PROMPT: (A, C)}, prompt_change().agents).by("bob")
    assert case.approved("bob", step=(A, B)).approved("alice", step=(B, C)).state == "pending"


def test_one_person_counts_once() -> None:
    two = prompt_change().ruled(default=ReviewRule(approvals=2))
    assert two.approved("bob").approved("bob", time=NOW + 1).state == "pending"
    assert two.approved("bob").approved("alice").state == "pass"


def test_expired_review_does_not_count() -> None:
    case = replace(prompt_change().ruled(expire="90d").approved("bob"), time=NOW + 90 * DAY)
    assert case.state == "pass"
    late = replace(case, time=NOW + 90 * DAY + 1)
    assert late.uncounted() == {("bob", "expired")}
    assert replace(late, rules=RULES).state == "pass"


def test_request_for_changes_blocks_that_content() -> None:
    case = prompt_change().approved("bob").objected("alice")
    assert case.state == "blocked"
    assert case.verdict.paths[0].objectors == {"alice"}
    assert prompt_change().approved("bob").objected("alice", step=(A, C)).state == "pass"
    assert prompt_change().approved("bob").objected("alice", path=FILE).state == "pass"


@pytest.mark.parametrize("who", ["gina", "mallory", "reconciler"])
def test_whoever_may_not_review_cannot_block(who: str) -> None:
    assert prompt_change().approved("bob").objected(who).state == "pass"


def test_unknown_authors_raise_the_need_to_two_owners() -> None:
    case = prompt_change().by(doubt="abc is by x@y, who is nobody in Access").approved("bob")
    assert case.state == "pending"
    assert "nobody in Access" in case.verdict.paths[0].message
    assert case.approved("alice").state == "pass"


def test_change_whose_authors_nobody_looked_up_is_in_doubt() -> None:
    case = replace(prompt_change(), authors={FILE: next(iter(prompt_change().by("gina").authors.values()))})
    assert case.approved("bob").state == "pending"


def alone() -> Access:
    """A fleet of one person."""
    return Access(administrators=Administrators(who=("alice",)), people=(Person(id="alice", emails=("a@a.example",)),))


@pytest.mark.parametrize("doubt", ["", "nobody knows"])
def test_whoever_is_alone_reviews_the_own_change_and_it_says_so(doubt: str) -> None:
    case = replace(prompt_change().by("alice", doubt=doubt), access=alone(), codeowners="* a@a.example\n")
    assert case.state == "pending"
    assert case.approved("alice").state == "pass"
    assert case.approved("alice").verdict.paths[0].unreviewed
    assert not prompt_change().approved("bob").verdict.paths[0].unreviewed


def test_second_person_ends_the_trial() -> None:
    two = with_fields(alone(), people=(*alone().people, Person(id="bob")))
    case = replace(prompt_change().by("alice"), access=two, codeowners="* a@a.example\n")
    assert case.approved("alice").uncounted() == {("alice", "author")}


def any_push() -> Case:
    """A change of two files of triage and one of payroll, under the strict rule on pushes."""
    paths = {PROMPT: (A, B), FILE: (A, C), PAY_PROMPT: (A, D)}
    agents = (
        touched(agent(), agent(text="Be brief."), PROMPT, FILE),
        touched(agent(PAYROLL), agent(PAYROLL, text="Be brief."), PAY_PROMPT),
    )
    return Case(paths, agents).ruled(stale="any-push")


def test_any_push_makes_a_review_stale() -> None:
    both = any_push().with_review("bob", {PROMPT: (A, B), FILE: (A, C)})
    assert both.verdict.passing == {PROMPT, FILE}
    pushed = replace(both, paths={**both.paths, FILE: (A, D)})
    assert pushed.verdict.passing == frozenset()
    assert pushed.uncounted() == {("bob", "stale")}
    assert replace(pushed, rules=RULES).verdict.passing == {PROMPT}  # owned-paths: stale for that path only


def test_any_push_sees_a_file_that_was_added_to_the_agent() -> None:
    assert any_push().with_review("bob", {PROMPT: (A, B)}).verdict.passing == frozenset()


def test_any_push_does_not_look_at_other_agents() -> None:
    assert any_push().with_review("bob", {PAY_PROMPT: (A, D)}).verdict.passing == {PAY_PROMPT}


def test_any_push_ends_chains() -> None:
    case = Case({PROMPT: (A, C)}, prompt_change().agents).ruled(stale="any-push")
    assert case.approved("bob", step=(A, B)).approved("alice", step=(B, C)).state == "pending"
    assert case.approved("bob", step=(A, C)).state == "pass"


def test_new_and_removed_files_are_contents_too() -> None:
    for step in ((NOTHING, B), (A, NOTHING)):
        case = replace(prompt_change(), paths={PROMPT: step})
        assert case.approved("bob", step=step).state == "pass"
        assert case.approved("bob", step=(A, B)).state == "pending"


@pytest.mark.parametrize("step", [(A, ""), ("", B), ("", "")])
def test_what_nobody_can_review_never_passes(step: tuple[str, str]) -> None:
    case = replace(prompt_change(), paths={PROMPT: step})
    assert case.approved("bob", step=step).state == "pending"
    assert "symlink" in case.verdict.paths[0].message


def test_verdict_says_who_could_still_review() -> None:
    case = prompt_change().by("alice")
    [asked] = case.verdict.paths[0].requirements
    assert asked.could == ("bob", "frank")
    assert "bob, frank" in case.verdict.paths[0].message
    [asked] = case.approved("bob").verdict.paths[0].requirements
    assert (asked.given, asked.could, asked.missing) == (("bob",), (), 0)
