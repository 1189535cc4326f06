"""Sections of GitLab's CODEOWNERS as requirements: each asks its own owners, optional ones nobody, in a fleet and in a
facts file alike."""

import json
from dataclasses import replace
from typing import Any

import pytest
from unit.review.review_case import FILE, A, B, Case, agent, prompt_change, touched

from agentgov.model.fleet import ReviewRule, When
from agentgov.review.decide import Outcome
from agentgov.review.facts import read_facts
from agentgov.review.pull_request import decide_pull_request

TWO = """[Support] @acme/support
agents/support/

[Safety][2] @erin @carol @dave
*.md

^[Docs] @gina
prompts/
"""


def sectioned(text: str = TWO) -> Case:
    """A change of a prompt where GitLab's rules decide who owns it."""
    return replace(prompt_change(), codeowners=text, dialect="gitlab")


def test_every_section_asks_its_own_owners_for_as_many_as_it_says() -> None:
    case = sectioned()
    asked = {(item.requirement.name, item.requirement.count) for item in case.verdict.paths[0].requirements}
    assert asked == {("owners of section Support", 1), ("owners of section Safety", 2)}
    one = case.approved("bob").approved("erin")
    assert one.state == "pending"
    assert one.approved("frank").state == "pending"
    assert one.approved("carol").state == "pass"


def test_an_optional_section_alone_leaves_the_default_rule_of_the_fleet() -> None:
    case = sectioned("^[Docs] @erin\n*.md\n")
    (path,) = case.verdict.paths
    assert [(item.requirement.rule, item.requirement.count) for item in path.requirements] == [("review.owners", 1)]
    assert case.approved("erin").state == "pass"


def test_a_section_that_names_nobody_known_is_answered_by_administrators() -> None:
    case = sectioned("[Support] @acme/support\nagents/\n[Ghosts] @ghost\n*.md\n").by("gina")
    names = [item.requirement.name for item in case.verdict.paths[0].requirements]
    assert names == ["owners of section Support", "administrators, because section Ghosts names nobody known"]
    assert case.approved("bob").state == "pending"


def test_a_rule_that_asks_for_more_than_the_sections_is_asked_beside_them() -> None:
    case = sectioned("[Support] @acme/support\nagents/\n").ruled(ReviewRule(approvals=2))
    assert case.approved("bob").state == "pending"
    assert case.approved("bob").approved("alice").state == "pass"


def test_unknown_authors_take_two_owners_under_sections_too() -> None:
    case = sectioned("[Support] @acme/support\nagents/\n").by(doubt="nobody knows")
    assert case.approved("bob").state == "pending"
    assert case.approved("bob").approved("alice").state == "pass"


@pytest.mark.parametrize(("before", "after", "state"), [(500, 600, "pending"), (600, 500, "pass")])
def test_a_rule_by_the_class_of_a_change_asks_only_where_it_loosens(before: int, after: int, state: str) -> None:
    case = Case({FILE: (A, B)}, (touched(agent(tokens=before), agent(tokens=after), FILE),))
    rule = ReviewRule(sources=("team:security",), when=When(classes=("loosens",)))
    assert case.ruled(rule).approved("bob", FILE).state == state
    assert case.ruled(rule).approved("bob", FILE).approved("erin", FILE).state == "pass"


def facts(codeowners: str, *approvals: str, **policy: object) -> Any:
    """A pull request on a GitLab project."""
    return read_facts(
        json.dumps(
            {
                "codeowners": codeowners,
                "dialect": "gitlab",
                "teams": {"@acme/support": ["ana", "bo"]},
                "roles": {"ana": "operator", "bo": "operator", "pat": "administrator", "zoe": "operator"},
                "pr": {
                    "author": "dev",
                    "commits": [{"sha": "c1", "author": "dev", "files": ["agents/x.md"]}],
                    "files": [{"path": "agents/x.md"}],
                    "reviews": [{"user": who, "state": "APPROVED", "commit": "c1"} for who in approvals],
                },
                "policy": policy,
            }
        ).encode(),
        "facts.json",
    )


SECTIONS = "[Support] @acme/support\nagents/\n[Safety][2] @zoe @ana\n*.md\n^[Docs] @pat\n*.md\n"


def test_facts_ask_every_section() -> None:
    assert decide_pull_request(facts(SECTIONS, "bo", "zoe")).outcome is Outcome.PENDING
    assert decide_pull_request(facts(SECTIONS, "ana", "zoe")).outcome is Outcome.PASS  # one review serves two sections


def test_facts_leave_an_excluded_path_to_the_administrators() -> None:
    text = "* @acme/support\n!*.md\n"
    assert decide_pull_request(facts(text, "ana")).outcome is Outcome.PENDING
    assert decide_pull_request(facts(text, "pat")).outcome is Outcome.PASS


def test_facts_count_more_approvals_than_a_section_asks_for() -> None:
    text = "[Support] @acme/support\nagents/\n"
    assert decide_pull_request(facts(text, "ana", approvals=2)).outcome is Outcome.PENDING
    assert decide_pull_request(facts(text, "ana", "bo", approvals=2)).outcome is Outcome.PASS
