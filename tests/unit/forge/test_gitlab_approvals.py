"""Which commit an approval on GitLab speaks of: never the wrong one, and none where that is in doubt."""

from datetime import UTC, datetime, timedelta

import pytest

from agentgov.forge.gitlab.approvals import AFTER_PUSH, NO_NOTE, NO_VERSION, reviews_of
from agentgov.forge.gitlab.shapes import Approval, Note, Reviewer, User, Version
from agentgov.forge.port import Review
from agentgov.review.votes import Submitted

OLD, NEW = "a" * 40, "b" * 40
ANA, BO = User(7, "ana"), User(8, "bo")
APPROVED, DISMISSED, REQUESTED = Submitted.APPROVED, Submitted.DISMISSED, Submitted.CHANGES_REQUESTED


def at(seconds: float) -> datetime:
    return datetime(2026, 1, 5, 12, tzinfo=UTC) + timedelta(seconds=seconds)


def versions(*heads: tuple[str, float]) -> tuple[Version, ...]:
    return tuple(Version(number, head, at(time)) for number, (head, time) in enumerate(heads, 1))


def note(
    number: int, time: float, body: str = "approved this merge request", by: User = ANA, *, imported: bool = False
) -> Note:
    return Note(number, body, by, at(time), system=True, imported=imported)


def only(found: tuple[Review, ...]) -> Review:
    assert len(found) == 1
    return found[0]


def test_an_approval_speaks_of_the_version_that_was_there_when_it_was_given() -> None:
    found = only(reviews_of([note(1, 5000)], versions((OLD, 0), (NEW, 9000)), [Approval(ANA, at(5000))], []))
    assert (found.id, found.state, found.commit, found.why_no_commit) == ("n1", APPROVED, OLD, "")
    assert found.submitted == int(at(5000).timestamp())


@pytest.mark.attack("R18")
def test_an_approval_right_after_a_push_speaks_of_nothing_and_says_so() -> None:
    both = versions((OLD, 0), (NEW, 1000))
    for after, commit in ((30, None), (120, None), (120.5, NEW)):
        found = only(reviews_of([note(1, 1000 + after)], both, [Approval(ANA, at(1000 + after))], []))
        assert (found.commit, found.why_no_commit) == (commit, "" if commit else AFTER_PUSH), after


def test_two_pushes_in_a_row_leave_three_commits_in_doubt_and_the_first_one_none() -> None:
    three = versions((OLD, 0), ("c" * 40, 900), (NEW, 950))
    assert only(reviews_of([note(1, 990)], three, [Approval(ANA)], [])).commit is None
    assert only(reviews_of([note(1, 30)], three, [Approval(ANA)], [])).commit == OLD


def test_a_version_with_the_same_head_leaves_no_doubt() -> None:
    retargeted = versions((OLD, 0), (OLD, 1000))
    assert only(reviews_of([note(1, 1010)], retargeted, [Approval(ANA)], [])).commit == OLD


def test_a_note_that_was_written_late_does_not_move_its_approval_to_a_newer_version() -> None:
    late = reviews_of([note(1, 2000)], versions((OLD, 0), (NEW, 1000)), [Approval(ANA, at(999))], [])
    assert only(late).commit == OLD
    unknown = reviews_of([note(1, 1060)], versions((OLD, 0), (NEW, 1000)), [Approval(ANA)], [])
    assert only(unknown).commit is None


def test_an_approval_before_any_version_speaks_of_nothing() -> None:
    assert only(reviews_of([note(1, 5)], versions((OLD, 10)), [Approval(ANA)], [])).why_no_commit == NO_VERSION


def test_an_approval_that_gitlab_lists_no_more_is_dismissed() -> None:
    found = only(reviews_of([note(1, 500)], versions((OLD, 0)), [], []))
    assert (found.state, found.commit) == (DISMISSED, None)


def test_of_two_approvals_by_one_account_only_the_last_may_stand() -> None:
    notes = [note(1, 500), note(2, 600, "unapproved this merge request"), note(3, 5000)]
    found = reviews_of(notes, versions((OLD, 0), (NEW, 1000)), [Approval(ANA, at(5000))], [])
    assert [(one.id, one.state, one.commit) for one in found] == [("n1", DISMISSED, None), ("n3", APPROVED, NEW)]


def test_an_old_note_does_not_stand_for_a_new_approval_whose_note_is_not_there_yet() -> None:
    both = versions((OLD, 0), (NEW, 1000))
    for last in ([], [note(2, 600, "unapproved this merge request")]):
        found = reviews_of([note(1, 500), *last], both, [Approval(ANA, at(5000))], [])
        assert [(one.id, one.state, one.commit) for one in found] == [("n1", DISMISSED, None), ("a7", APPROVED, None)]
        assert found[1].why_no_commit == NO_NOTE


def test_an_approval_without_a_note_is_shown_and_speaks_of_nothing() -> None:
    found = only(reviews_of([], versions((OLD, 0)), [Approval(BO)], []))
    assert (found.id, found.commit, found.why_no_commit) == ("a8", None, NO_NOTE)


@pytest.mark.attack("R19")
def test_what_people_write_and_what_was_imported_is_no_approval() -> None:
    written = Note(1, "approved this merge request", ANA, at(500), system=False)
    other = note(3, 500, "approved this merge request by mistake")
    found = reviews_of([written, note(2, 500, imported=True), other], versions((OLD, 0)), [Approval(ANA)], [])
    assert [(one.id, one.commit) for one in found] == [("a7", None)]


def test_a_request_for_changes_stands_beside_the_approval_it_took_away() -> None:
    notes = [note(1, 500), note(2, 700, "requested changes"), note(3, 701, "unapproved this merge request")]
    found = reviews_of(notes, versions((OLD, 0)), [], [Reviewer(ANA, "requested_changes")])
    assert [(one.id, one.state, one.commit) for one in found] == [("n1", DISMISSED, None), ("n2", REQUESTED, OLD)]


@pytest.mark.attack("R21")
def test_a_request_for_changes_stands_though_somebody_asks_for_another_review() -> None:
    found = only(reviews_of([note(1, 500, "requested changes")], versions((OLD, 0)), [], [Reviewer(ANA, "unreviewed")]))
    assert found.state is REQUESTED


def test_a_request_for_changes_is_never_lost_to_doubt() -> None:
    both = versions((OLD, 0), (NEW, 1000))
    assert only(reviews_of([note(1, 1005, "requested changes")], both, [], [])).commit == NEW
    assert only(reviews_of([note(1, -5, "requested changes")], both, [], [])).commit == OLD


def test_a_request_for_changes_without_a_note_is_taken_for_the_head() -> None:
    notes = [note(1, 500), note(2, 500, by=BO)]
    asked = [Reviewer(ANA, "requested_changes"), Reviewer(BO, "approved")]
    found = reviews_of(notes, versions((OLD, 0), (NEW, 1000)), [Approval(BO)], asked)
    assert [(one.id, one.state, one.commit) for one in found] == [
        ("n1", DISMISSED, None),
        ("n2", APPROVED, OLD),
        ("r7-bbbbbbbbbbbb", REQUESTED, NEW),
    ]
