"""What is to become of each review of a pull request: an act that brings it in, one that takes it back, or nothing, and
why.

Signs and writes nothing, and asks no forge: a preview and the import rest on the same plan. A review lands once, a
dismissed one brings no older one back, none lands behind a later one of the same account, and none comes back for
contents that stood authorised since it was given.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agentgov.errors import IncompleteError
from agentgov.journal.importing import ForgeReview
from agentgov.journal.reviewing import Reviewable, reviewable
from agentgov.journal.view import TreeReader, View
from agentgov.model.state import State
from agentgov.review.change import PathChange
from agentgov.review.forge_reviews import ForgeReviews, SubmittedReview
from agentgov.review.votes import OPINIONS, Submitted, Why, superseded

LANDED = "it has landed already"
NOTHING_WAITS = "its commit changes nothing that waits to be authorised"
_GONE_BY = "what it covers stood authorised since, and a review is used once; approve again"


@dataclass(frozen=True, slots=True)
class Import:
    """A review to bring in, and the paths that it binds."""

    given: ForgeReview
    found: Reviewable


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A review that landed, to be taken back."""

    given: ForgeReview


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is to be done, and why; `missing`: for now, because something of it is not in this clone."""

    reason: str
    missing: bool = False


Step = Import | Dismissal | Skip


def plan_imports(view: View, told: ForgeReviews, *, strangers: bool = True, hold: str = "") -> dict[str, Step]:
    """What becomes of each review, by its id, in the order in which they are told: oldest first.

    Without `strangers`, reviews of accounts that are nobody's in the authorised Access wait until somebody has them.
    `hold` says why no opinion is brought in at all; what was dismissed is taken back all the same.
    """
    desk = _Desk(view, told, strangers, hold)
    void = superseded([(str(review.account), review.state) for review in told.reviews])
    return {review.id: desk.step(review, why) for review, why in zip(told.reviews, void, strict=True)}


def commits_wanted(view: View, told: ForgeReviews) -> tuple[str, ...]:
    """The reviewed commits that a plan would look at, each once."""
    wanted = (
        review.commit
        for review in told.reviews
        if review.commit is not None and review.state in OPINIONS and view.state.landed(told.forge, review.id) is None
    )
    return tuple(dict.fromkeys(wanted))


@dataclass(frozen=True)
class _Desk:
    """One pull request on the table."""

    view: View
    told: ForgeReviews
    strangers: bool
    hold: str
    _changes: dict[str, Reviewable] = field(default_factory=dict)  # by reviewed commit

    def step(self, review: SubmittedReview, why: Why | None) -> Step:
        """What becomes of a review; `why` it stands no longer on the forge, None where it does."""
        landed = self.view.state.landed(self.told.forge, review.id)
        if why is Why.DISMISSED:
            if landed is None or landed.withdrawn:
                return Skip("it was dismissed")
            return Dismissal(self._given(review))
        if review.state not in OPINIONS:
            return Skip("it neither approves nor requests changes")
        if landed is not None:
            return Skip(LANDED)
        reason = self._left_alone(review)
        if reason:
            return Skip(reason)
        step = self._import(review)
        held = self.hold and (isinstance(step, Import) or step.missing)
        return Skip(self.hold) if held else step

    def _left_alone(self, review: SubmittedReview) -> str:
        """Why a review that has not landed does not, whatever it is of."""
        if self._overtaken(review):
            return "a later review of the same account has landed already"
        if review.commit is None:
            return "the forge does not say which commit it is of; approve again"
        if not self.strangers and self.view.directory.by_account(self.told.forge, review.account) is None:
            return f"account {review.account} is nobody's in Access; it is imported once somebody there has that number"
        return ""

    def _overtaken(self, review: SubmittedReview) -> bool:
        later = self.told.reviews[self.told.reviews.index(review) + 1 :]
        theirs = (one.id for one in later if one.account == review.account and one.state in OPINIONS)
        return any(self.view.state.landed(self.told.forge, one) is not None for one in theirs)

    def _import(self, review: SubmittedReview) -> Import | Skip:
        given = self._given(review)
        try:
            found = self._change(given.commit)
        except IncompleteError as error:
            return Skip(error.in_one_line, missing=True)
        waiting = tuple(path for path in found.change.paths if path.old and path.new)
        left = tuple(_unused(self.view, waiting, found, review.submitted))
        if not left:
            return Skip(_GONE_BY if waiting else NOTHING_WAITS)
        return Import(given, replace(found, change=replace(found.change, paths=left)))

    def _change(self, commit: str) -> Reviewable:
        if commit not in self._changes:
            self._changes[commit] = reviewable(self.view, commit, self.told.base)
        return self._changes[commit]

    def _given(self, review: SubmittedReview) -> ForgeReview:
        told = self.told
        return ForgeReview(
            forge=told.forge,
            review_id=review.id,
            account=review.account,
            login=review.login,
            verdict="request-changes" if review.state is Submitted.CHANGES_REQUESTED else "approve",
            commit=review.commit or "",
            opener=told.opener,
            pushers=tuple(dict.fromkeys(told.pushers)),
        )


def _unused(view: View, paths: tuple[PathChange, ...], found: Reviewable, given: int) -> Iterator[PathChange]:
    """The paths whose reviewed content did not stand authorised at any time since the review was given. An advance uses
    up the reviews of what it takes over; one that comes late would otherwise outlive a revert."""
    stood = list(_stood_since(view, given)) if given and paths else []
    for path in paths:
        entry = found.change.entries[path.path]
        if all(view.repo.entry(tree, path.path) != entry for tree in stood):
            yield path


def _stood_since(view: View, moment: int) -> Iterator[str]:
    """The trees of contents that were authorised at that moment or later, newest first."""
    line = view.memory.line
    commits = line.commits(view.tip)
    for standing in line.contents(view.tip):
        yield standing.tree
        start = TreeReader(view.repo, view.repo.commit(commits[standing.seq]).tree)
        if State(start).head.time <= moment:
            return
