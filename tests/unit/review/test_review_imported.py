"""Whose word a review of a forge is, for what it counts, and whom its claims exclude."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields
from unit.review.review_case import PROMPT, A, B, C, Case, prompt_change

from agentgov.model.fleet import ReviewRule
from agentgov.review.claims import with_claims
from agentgov.review.verdict import AuthorSet
from agentgov.trust.identity import Directory

BOB, DAVE = 2, 4  # numbers of accounts, as Access has them


def test_it_counts_for_whom_the_number_belongs_to() -> None:
    assert prompt_change().from_forge("bob", BOB).state == "pass"


@pytest.mark.parametrize(("who", "account"), [("bob", DAVE), ("bob", 99), ("gitlab:99", 99), ("gitlab:2", BOB)])
def test_it_counts_for_nobody_else(who: str, account: int) -> None:
    case = prompt_change().from_forge(who, account)
    assert case.state == "pending"
    assert case.uncounted() == {(who, "account")}


def test_the_same_number_on_another_forge_is_nobody() -> None:
    case = prompt_change().from_forge("bob", BOB)
    [(key, source)] = case.imported.items()
    other = replace(case, imported={key: with_fields(source, forge="github")})
    assert other.uncounted() == {("bob", "account")}


def test_one_person_counts_once_however_they_reviewed() -> None:
    case = prompt_change().ruled(default=ReviewRule(approvals=2)).approved("bob").from_forge("bob", BOB)
    assert case.state == "pending"
    assert case.approved("frank").state == "pass"


def test_steps_of_a_chain_may_be_given_in_both_ways() -> None:
    case = replace(prompt_change(), paths={PROMPT: (A, C)}).approved("bob").from_forge("bob", BOB, step=(B, C))
    assert case.state == "pass"


def test_rule_for_personal_signatures_takes_no_other() -> None:
    case = prompt_change().ruled(ReviewRule(name="own", signed="personal")).from_forge("bob", BOB)
    assert case.state == "pending"
    assert case.uncounted() == {("bob", "personal")}
    message = case.verdict.paths[0].message
    assert "rule own, with personal signatures" in message
    assert "bob" in message, "the same person may still sign"
    assert case.approved("bob").state == "pass"


def test_one_rule_takes_it_and_the_other_does_not() -> None:
    rules = ReviewRule(name="own", signed="personal")
    case = prompt_change().ruled(rules, default=ReviewRule(approvals=2)).from_forge("bob", BOB)
    assert case.approved("frank").state == "pass"  # two in all, one of them by signature


def test_default_may_ask_for_personal_signatures() -> None:
    case = prompt_change().ruled(default=ReviewRule(signed="personal"))
    assert case.from_forge("bob", BOB).state == "pending"
    assert case.approved("bob").state == "pass"


def test_section_of_gitlab_does_not_take_the_place_of_a_rule_for_personal_signatures() -> None:
    case = replace(prompt_change(), codeowners="[Support] @acme/support\nagents/\n", dialect="gitlab")
    assert case.from_forge("bob", BOB).state == "pass"
    strict = case.ruled(ReviewRule(signed="personal"))
    assert strict.from_forge("bob", BOB).state == "pending"
    assert strict.approved("bob").state == "pass"


@pytest.mark.parametrize("path", ["agentgov.yaml", ".github/CODEOWNERS"])
def test_governance_takes_no_other_than_personal_signatures(path: str) -> None:
    case = Case({path: (A, B)}).from_forge("carol", 3, path).approved("dave", path)
    assert case.state == "pending"
    assert case.uncounted() == {("carol", "personal")}
    assert case.approved("carol", path).state == "pass"


def test_claims_add_authors_on_the_paths_that_were_reviewed_and_take_none_out() -> None:
    case = prompt_change().from_forge("bob", BOB)  # opened and pushed to by gina
    authors = {PROMPT: AuthorSet(frozenset({"bob"}), "somebody else"), "other": AuthorSet(frozenset())}
    found = with_claims(authors, case.imported, Directory(case.access))
    assert found == {PROMPT: AuthorSet(frozenset({"bob", "gina"}), "somebody else"), "other": AuthorSet(frozenset())}
