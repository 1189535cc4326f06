"""Who would make a change pass: the fewest people, checked against trying every set; and why a person is asked."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.review.review_case import FILE, PROMPT, A, B, Case, agent, prompt_change, security, touched

from agentgov.model.fleet import ReviewRule, When
from agentgov.review.change import touched_by_path
from agentgov.review.decide import Progress
from agentgov.review.passing import would_pass
from agentgov.review.requirements import Requirement
from agentgov.review.tried import tried_on_change, tried_on_path
from agentgov.review.verdict import AuthorSet
from agentgov.review.why import person_on_path

PEOPLE = "abcdef"
groups = st.lists(st.frozensets(st.sampled_from(PEOPLE), max_size=4), min_size=1, max_size=3)


@st.composite
def progress(draw: st.DrawFn) -> Progress:
    """One requirement with what was given, and who could still give."""
    asked = Requirement("p", "owners", "review.owners", tuple(draw(groups)), draw(st.integers(1, 3)))
    people = frozenset[str]().union(*asked.groups)
    given = people & draw(st.frozensets(st.sampled_from(PEOPLE), max_size=2))
    could = (people - given) - draw(st.frozensets(st.sampled_from(PEOPLE), max_size=1))
    return Progress(asked, tuple(sorted(given)), asked.missing(given), tuple(sorted(could)))


def meets(items: list[Progress], people: frozenset[str]) -> bool:
    return all(not i.requirement.missing(frozenset(i.given) | (people & frozenset(i.could))) for i in items)


@given(st.lists(progress(), max_size=4))
@settings(max_examples=300)
def test_the_answer_is_the_smallest_set_that_meets_everything(items: list[Progress]) -> None:
    answer = would_pass(items)
    sets = [
        frozenset(s)
        for size in range(len(PEOPLE) + 1)
        for s in combinations(PEOPLE, size)
        if meets(items, frozenset(s))
    ]
    if answer.people is None:
        assert not sets
        assert answer.short
    else:
        assert frozenset(answer.people) in sets
        assert len(answer.people) == len(sets[0])


def test_a_set_that_is_too_large_to_try_is_found_all_the_same() -> None:
    crowd = frozenset(f"p{number:03}" for number in range(120))
    items = [
        Progress(Requirement("p", "o", "review.owners", (crowd,), 5), (), 5, tuple(sorted(crowd))),
        Progress(Requirement("q", "o", "review.owners", (crowd,), 3), (), 3, tuple(sorted(crowd))),
    ]
    answer = would_pass(items)
    assert answer.people is not None
    assert len(answer.people) == 5


def test_why_somebody_is_asked_or_is_not() -> None:
    case = prompt_change().ruled(security(changed=("prompt",))).by("alice")
    (path,) = case.verdict.paths
    authors = AuthorSet(frozenset({"alice"}))

    def standing(person: str, of: Case = case) -> str:
        return person_on_path(person, of.verdict.paths[0], authors).standing

    assert standing("bob") == "asked"
    assert standing("alice") == "barred"
    assert standing("erin") == "asked"
    assert standing("dave") == "not-asked"
    approved = case.approved("bob").approved("alice")
    assert standing("bob", approved) == "counted"
    assert standing("frank", approved) == "met"
    told = person_on_path("alice", approved.verdict.paths[0], authors)
    assert told.uncounted == ("alice is among the authors of the change (author)",)
    assert "owners (@acme/support)" in person_on_path("bob", path, authors).why


def test_every_rule_that_was_tried_says_why() -> None:
    rules = (
        security(changed=("tools",)),
        ReviewRule(name="risky", approvals=2, when=When(risk=("high",))),
        ReviewRule(name="elsewhere", when=When(paths=("/agents/finance/",))),
        ReviewRule(name="looser", when=When(classes=("loosens",))),
    )
    tool = "{name: refund.create, effect: irreversible}"
    agents = (touched(agent(risk="high"), agent(tools=tool), FILE),)
    case = Case({FILE: (A, B)}, agents).ruled(*rules)
    governance = case.governance
    tried = tried_on_change(FILE, touched_by_path(case.change, governance)[FILE], governance)
    assert [(one.name, one.matched) for one in tried] == [
        ("default", "yes"),
        ("rule 1", "yes"),
        ("risky", "yes"),
        ("elsewhere", "no"),
        ("looser", "yes"),
    ]
    assert "refund.create" in tried[1].why
    assert "high risk" in tried[2].why
    assert "/agents/finance/" in tried[3].why
    before = {one.name: one.matched for one in tried_on_path(PROMPT, ("low",), governance)}
    assert before == {"default": "yes", "rule 1": "depends", "risky": "depends", "elsewhere": "no", "looser": "depends"}


@given(st.sampled_from(["bob", "frank", "erin", "gina", "dave", "carol", "alice"]), st.integers(1, 3), st.booleans())
@settings(max_examples=60)
def test_one_more_approval_never_unsettles_and_one_more_rule_never_settles(who: str, count: int, high: bool) -> None:
    case = prompt_change().by("alice")
    case = case.approved("bob") if high else case
    order = ("blocked", "pending", "pass")
    more = case.approved(who)
    assert order.index(more.state) >= order.index(case.state)
    stricter = more.ruled(ReviewRule(approvals=count))
    assert order.index(stricter.state) <= order.index(more.state)
    assert replace(more, reviews=more.reviews[::-1]).state == more.state
