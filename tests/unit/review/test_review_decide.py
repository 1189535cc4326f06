"""The core over requirements and votes, with inputs as a journal would give them too."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.model.verdict import Effect
from agentgov.review.decide import Outcome, Override, decide
from agentgov.review.requirements import WHOLE, Requirement
from agentgov.review.votes import MEANING, Opinion, Submitted, Vote, Why, superseded

OWNERS = frozenset({"ana", "bo"})


def needs(path: str = "a", count: int = 1, barred: dict[str, Why] | None = None) -> Requirement:
    return Requirement(path, "owners", "review.owners", (OWNERS,), count, barred or {})


def approve(person: str, covers: frozenset[str] | None = None, void: Why | None = None) -> Vote:
    return Vote(person, Opinion.APPROVE, void, covers)


def test_a_vote_counts_for_the_paths_that_it_covers() -> None:
    verdict = decide([needs("a"), needs("b")], [approve("ana", frozenset({"a"}))])
    assert verdict.missing_paths == ("b",)
    assert [(item.counted, item.why) for item in verdict.votes] == [(True, None)]
    verdict = decide([needs("b")], [approve("ana", frozenset({"a"}))])
    assert [(item.counted, item.why) for item in verdict.votes] == [(False, Why.STALE)]


def test_who_wrote_one_path_still_counts_for_another() -> None:
    verdict = decide([needs("a", barred={"ana": Why.AUTHOR}), needs("b")], [approve("ana")])
    assert verdict.missing_paths == ("a",)
    assert [(item.counted, item.why) for item in verdict.votes] == [(True, None)]


def test_two_votes_of_one_person_are_one_person() -> None:
    verdict = decide([needs(count=2)], [approve("ana"), approve("ana")])
    assert (verdict.outcome, verdict.progress[0].missing) == (Outcome.PENDING, 1)


def test_a_threshold_of_administrators_may_include_the_author() -> None:
    threshold = Requirement("governance/access.yaml", "administrators", "review.administrators", (OWNERS,), 2)
    assert decide([threshold], [approve("ana")]).outcome is Outcome.PENDING
    assert decide([threshold], [approve("ana"), approve("bo")]).outcome is Outcome.PASS


def test_every_group_is_asked_and_one_person_may_stand_in_two() -> None:
    both = Requirement("a", "every owner", "review.owners", (frozenset({"ana"}), frozenset({"ana", "lee"})))
    assert decide([both], [approve("lee")]).progress[0].could == ("ana",)
    assert decide([both], [approve("ana")]).outcome is Outcome.PASS


def test_nobody_to_ask_is_never_a_yes() -> None:
    for groups in ((), (frozenset[str](),)):
        verdict = decide([Requirement("a", "owners", "review.owners", groups)], [approve("ana")])
        assert (verdict.outcome, verdict.progress[0].missing) == (Outcome.PENDING, 1)
    assert decide([Requirement("a", "owners", "review.owners", (OWNERS,), 0)], []).outcome is Outcome.PENDING


def test_those_who_could_still_approve_are_named_without_the_barred() -> None:
    verdict = decide([needs(count=2, barred={"bo": Why.AUTHOR})], [approve("ana")])
    assert (verdict.progress[0].given, verdict.progress[0].could) == (("ana",), ())


def test_the_first_reason_of_the_list_is_told() -> None:
    barred = needs("a", barred={"zoe": Why.ROLE})
    assert decide([barred, needs("b")], [approve("zoe")]).votes[0].why is Why.ROLE
    assert decide([needs("a")], [approve("zoe")]).votes[0].why is Why.NOT_OWNER
    assert decide([], [approve("zoe")]).votes[0].why is Why.NOT_OWNER


def test_a_standing_request_blocks_and_a_void_one_does_not() -> None:
    no = Vote("zoe", Opinion.REQUEST_CHANGES)
    verdict = decide([needs()], [no, approve("ana")])
    assert (verdict.outcome, verdict.blockers, verdict.missing_paths) == (Outcome.BLOCKED, ("zoe",), ())
    void = Vote("zoe", Opinion.REQUEST_CHANGES, Why.ROLE)
    assert decide([needs()], [void, approve("ana")]).outcome is Outcome.PASS
    assert decide([needs()], [no, approve("ana")], requests_block=False).outcome is Outcome.PASS


def test_an_override_passes_and_hides_nothing() -> None:
    verdict = decide([needs()], [Vote("zoe", Opinion.REQUEST_CHANGES)], override=Override("root", "INC-1"))
    assert verdict.outcome is Outcome.PASS
    assert verdict.progress[0].missing == 1
    assert [(reason.rule, reason.effect) for reason in verdict.verdict().reasons] == [
        ("review.owners", Effect.NOTE),
        ("review.break-glass", Effect.ALLOW),
    ]
    refused = decide([needs()], [], override=Override("root", "", Why.BREAK_GLASS_NO_REASON))
    assert refused.outcome is Outcome.PENDING
    assert not refused.verdict().allowed


def test_a_change_that_needs_nothing_passes_and_says_so() -> None:
    verdict = decide([], [])
    assert verdict.outcome is Outcome.PASS
    assert [reason.rule for reason in verdict.verdict().reasons] == ["review.none-needed"]


def test_missing_paths_are_sorted_and_named_once() -> None:
    verdict = decide([needs("b"), needs("a"), needs("b", 2), needs(WHOLE)], [])
    assert verdict.missing_paths == ("*", "a", "b")


def test_every_reason_is_explained() -> None:
    assert set(MEANING) == set(Why)


def test_the_latest_opinion_stands() -> None:
    said = [("a", "APPROVED"), ("b", "APPROVED"), ("a", "CHANGES_REQUESTED"), ("a", "COMMENTED"), ("b", "DISMISSED")]
    reviews = [(person, Submitted(state)) for person, state in said]
    assert list(superseded(reviews)) == [Why.SUPERSEDED, Why.DISMISSED, None, None, Why.DISMISSED]


PEOPLE = st.sampled_from(["ana", "bo", "lee", "sam", "zoe"])
GROUPS = st.lists(st.frozensets(PEOPLE, max_size=4), max_size=3).map(tuple)
REQUIREMENTS = st.builds(
    Requirement,
    path=st.sampled_from(["a", "b", WHOLE]),
    name=st.just("owners"),
    rule=st.just("review.owners"),
    groups=GROUPS,
    count=st.integers(0, 3),
    barred=st.dictionaries(PEOPLE, st.sampled_from([Why.AUTHOR, Why.ROLE]), max_size=2),
)
VOTES = st.builds(
    Vote,
    person=PEOPLE,
    opinion=st.sampled_from(Opinion),
    void=st.sampled_from([None, None, None, Why.DISMISSED]),
    covers=st.none() | st.frozensets(st.sampled_from(["a", "b", WHOLE])),
)


@settings(max_examples=150)
@given(st.lists(REQUIREMENTS, max_size=4), st.lists(VOTES, max_size=6))
def test_a_pass_means_enough_people_who_may_and_nobody_against(needed: list[Requirement], votes: list[Vote]) -> None:
    verdict = decide(needed, votes)
    against = [vote for vote in votes if vote.opinion is Opinion.REQUEST_CHANGES and vote.void is None]
    approving = [vote for vote in votes if vote.opinion is Opinion.APPROVE and vote.void is None]
    enough = all(
        requirement.groups
        and all(
            len({v.person for v in approving if v.person in group and v.speaks_of(requirement.path)} - set(barred))
            >= max(1, requirement.count)
            for group in requirement.groups
        )
        for requirement in needed
        for barred in [requirement.barred]
    )
    expected = Outcome.BLOCKED if against else Outcome.PASS if enough else Outcome.PENDING
    assert verdict.outcome is expected
    assert verdict.verdict().allowed is (expected is Outcome.PASS)
    assert bool(verdict.missing_paths) is (expected is Outcome.PENDING)


@settings(max_examples=100)
@given(st.lists(REQUIREMENTS, max_size=4), st.lists(VOTES, max_size=5), VOTES)
def test_one_more_approval_never_takes_a_pass_away(needed: list[Requirement], votes: list[Vote], more: Vote) -> None:
    extra = Vote(more.person, Opinion.APPROVE, more.void, more.covers)
    if decide(needed, votes).outcome is Outcome.PASS:
        assert decide(needed, [*votes, extra]).outcome is Outcome.PASS
