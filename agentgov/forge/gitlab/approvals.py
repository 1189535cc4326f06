"""Which commit an approval on GitLab speaks of, worked out strictly. Pure.

GitLab keeps who approved, and no commit. Its own notes tell when somebody approved, took that back or asked for
changes, and its versions tell since when a merge request holds which commit. So:

- an approval counts only while GitLab lists it as standing, and only as the one that its newest note tells of;
- it speaks of the version that was there when it was given. If another one had come within `DOUBT` before, it may
  have been given to what was there earlier: then it speaks of no commit, and never counts;
- a request for changes stands until the same account approves. In doubt it speaks of the newer version: it can only
  stop something;
- notes that came with the import of a project are nobody's word.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from agentgov.forge.gitlab.shapes import Approval, Note, Reviewer, User, Version, seconds
from agentgov.forge.port import Review
from agentgov.review.votes import Submitted

DOUBT = timedelta(seconds=120)
_LATE = timedelta(seconds=5)  # clocks of one installation may differ by this much
APPROVED = "approved this merge request"
UNAPPROVED = "unapproved this merge request"
REQUESTED = "requested changes"
_MARKS = (APPROVED, UNAPPROVED, REQUESTED)

AFTER_PUSH = "approved right after a push; approve again"
NO_VERSION = "approved before GitLab knew what there was to approve; approve again"
NO_NOTE = "GitLab does not say when it was given; approve again"


def is_mark(note: Note) -> bool:
    """Whether a note is GitLab's own word on an approval or a request for changes."""
    return note.system and not note.imported and note.author is not None and note.body.strip() in _MARKS


def reviews_of(
    notes: Iterable[Note],
    versions: Sequence[Version],
    standing: Iterable[Approval],
    reviewers: Iterable[Reviewer],
) -> tuple[Review, ...]:
    """All reviews of a merge request, oldest first. The notes do not tell whether an account is a bot."""
    marks = sorted((note for note in notes if is_mark(note)), key=lambda note: (note.created_at, note.id))
    stands = {approval.user.id: approval for approval in standing}
    last = {_author(mark).id: mark for mark in marks if mark.body.strip() != REQUESTED}
    told = [_review(mark, last, stands, versions) for mark in marks if mark.body.strip() != UNAPPROVED]
    return (*told, *_unnoted(stands, last, versions), *_asked(reviewers, marks, versions))


def _author(note: Note) -> User:
    assert note.author is not None  # is_mark
    return note.author


def _review(
    mark: Note, last: Mapping[int, Note], stands: Mapping[int, Approval], versions: Sequence[Version]
) -> Review:
    by, approval = _author(mark), stands.get(_author(mark).id)
    if mark.body.strip() == REQUESTED:
        return Review(
            f"n{mark.id}",
            by.account,
            Submitted.CHANGES_REQUESTED,
            _newest(versions, mark.created_at),
            seconds(mark.created_at),
        )
    if approval is None or not _tells_of(last.get(by.id), mark, approval):
        return Review(f"n{mark.id}", by.account, Submitted.DISMISSED, None, seconds(mark.created_at))
    given = min(mark.created_at, approval.approved_at or mark.created_at)
    commit, why = _looked_at(given, versions)
    return Review(f"n{mark.id}", by.account, Submitted.APPROVED, commit, seconds(given), why)


def _tells_of(last: Note | None, mark: Note, approval: Approval) -> bool:
    """Whether a note is the one of an approval that stands: its account's last, and written when it was given."""
    if last is None or last.id != mark.id or mark.body.strip() != APPROVED:
        return False
    return approval.approved_at is None or mark.created_at >= approval.approved_at - _LATE


def _looked_at(given: datetime, versions: Sequence[Version]) -> tuple[str | None, str]:
    """The one commit that can have been looked at, or why there is none."""
    there = sorted((one for one in versions if one.created_at <= given), key=lambda one: (one.created_at, one.id))
    if not there:
        return None, NO_VERSION
    fresh = sum(given - one.created_at <= DOUBT for one in there)
    possible = {one.head_commit_sha for one in there[-fresh - 1 :]}
    return (possible.pop(), "") if len(possible) == 1 else (None, AFTER_PUSH)


def _newest(versions: Sequence[Version], given: datetime) -> str | None:
    """The newest commit that was there, else the first that came."""
    ordered = sorted(versions, key=lambda one: (one.created_at, one.id))
    there = [one for one in ordered if one.created_at <= given] or ordered[:1]
    return there[-1].head_commit_sha if there else None


def _unnoted(stands: Mapping[int, Approval], last: Mapping[int, Note], versions: Sequence[Version]) -> Iterator[Review]:
    """Approvals that stand without a note that tells of them (yet): shown, never counted."""
    for number, approval in sorted(stands.items()):
        mark = last.get(number)
        if mark is None or not _tells_of(mark, mark, approval):
            when = approval.approved_at or max((one.created_at for one in versions), default=None)
            submitted = seconds(when) if when is not None else 0
            yield Review(f"a{number}", approval.user.account, Submitted.APPROVED, None, submitted, NO_NOTE)


def _asked(reviewers: Iterable[Reviewer], marks: Sequence[Note], versions: Sequence[Version]) -> Iterator[Review]:
    """Requests for changes that stand without a note: they can only stop something, so they are taken for the head."""
    last = {_author(mark).id: mark.body.strip() for mark in marks if mark.body.strip() != UNAPPROVED}
    newest = max(versions, key=lambda one: (one.created_at, one.id), default=None)
    for reviewer in reviewers:
        noted = last.get(reviewer.user.id) == REQUESTED
        if reviewer.state == "requested_changes" and not noted and newest is not None:
            number = f"r{reviewer.user.id}-{newest.head_commit_sha[:12]}"
            state, commit = Submitted.CHANGES_REQUESTED, newest.head_commit_sha
            yield Review(number, reviewer.user.account, state, commit, seconds(newest.created_at))
