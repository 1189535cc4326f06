"""The verdict on a pull request as it would be if the importer brought its reviews in at this moment. Writes nothing.

It goes by the same plan as the import (`journal.import_plan`) and lets each step do to the open reviews what its act
would do, so that a status says what the reconciler will say. Two things are stricter than the journal: whoever opened
the pull request or pushed to it is an author of every path that it changes, reviewed or not; and a request for changes
that cannot be imported holds what is there now, until it is taken back on the forge.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace

from agentgov.forge.port import Change as Told
from agentgov.forge.port import Review
from agentgov.forge.reviewed import Told as Taken
from agentgov.forge.reviewed import to_forge_reviews
from agentgov.journal.import_plan import LANDED, NOTHING_WAITS, Dismissal, Import, Skip, Step, plan_imports
from agentgov.journal.importing import ForgeReview
from agentgov.journal.view import View
from agentgov.model.imported import Imported
from agentgov.model.state import OpenReview, ReviewedPath
from agentgov.review.change import Change, ChangeVerdict, PathChange, decide_change
from agentgov.review.claims import with_claims
from agentgov.review.votes import OPINIONS, Submitted, superseded

_BOT = "preview"
_SAID_ELSEWHERE = (LANDED, NOTHING_WAITS)


@dataclass(frozen=True, slots=True)
class NotTaken:
    """An opinion on the forge that the importer would not bring in: whose, and why."""

    review: str
    login: str
    opinion: str
    message: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a verdict rests on, with the reviews of the forge; and the opinions there that cannot be imported."""

    change: Change
    reviews: Mapping[str, OpenReview]
    imported: Mapping[str, Imported]
    not_taken: tuple[NotTaken, ...] = ()

    def verdict(self, view: View, reviews: Mapping[str, OpenReview] | None = None) -> ChangeVerdict:
        """The verdict at journal time; with other open reviews where some are given."""
        state, given = view.state, self.reviews if reviews is None else reviews
        return decide_change(
            self.change, view.governance, view.directory, given, state.head.time, state.overrides(), self.imported
        )


def preview(
    view: View,
    change: Change,
    told: Told,
    base: str,
    before: Preview | None = None,
    own: Container[str] | None = None,
) -> Preview:
    """A change with the reviews of one pull request; `base` is what that one is compared with.

    `before` already holds those of other pull requests, as in a merge queue; then `own` are the paths that this one
    changes. The reviewed commits should be in this clone as far as they exist; one that is not here counts for nothing,
    and holds where it asks for changes.
    """
    start = before or Preview(change, dict(view.state.reviews()), dict(view.state.imported()))
    taken = to_forge_reviews(told, base, view.governance.fleet.main)
    steps = plan_imports(view, taken.reviews, strangers=False, hold=taken.hold)
    desk = _Desk(view, dict(start.reviews), dict(start.imported))
    for step in steps.values():
        desk.apply(step)
    paths = tuple(path for path in start.change.paths if own is None or path.path in own)
    desk.hold(paths, told, taken, steps)
    claims = {"pull request": _claim(paths, start.change.head, taken)}
    claimed = with_claims(start.change.authors, claims, view.directory)
    missed = (*start.not_taken, *_not_taken(told, taken, steps))
    return Preview(replace(start.change, authors=claimed), desk.reviews, desk.imported, missed)


@dataclass(frozen=True)
class _Desk:
    """The open reviews while steps are applied to them."""

    view: View
    reviews: dict[str, OpenReview]
    imported: dict[str, Imported]

    def apply(self, step: Step) -> None:
        """What the act of a step does; see `journal.imports`."""
        if isinstance(step, Import):
            paths = tuple(
                ReviewedPath(path=path.path, old=path.old, new=path.new)
                for path in step.found.change.paths
                if path.old and path.new
            )
            self._land(step.given, paths)
        elif isinstance(step, Dismissal):
            landed = self.view.state.landed(step.given.forge, step.given.review_id)
            if landed is not None:
                self.reviews.pop(landed.act, None)

    def _land(self, given: ForgeReview, paths: tuple[ReviewedPath, ...]) -> None:
        source = _source(self.view, given, tuple(path.path for path in paths))
        said = {path.path: path.new for path in paths}
        for key, review in list(self.reviews.items()):
            known = self.imported.get(key)
            if known is None or known.by != source.by or review.by != source.by:
                continue
            left = tuple(entry for entry in review.paths if said.get(entry.path, "") != entry.new)
            if not left:
                del self.reviews[key]
            elif left != review.paths:
                self.reviews[key] = OpenReview(
                    by=review.by, verdict=review.verdict, seq=review.seq, time=review.time, paths=left
                )
        key = f"{given.forge} {given.review_id}"
        self.reviews[key] = self._opened(source.by, given.verdict == "approve", paths)
        self.imported[key] = source

    def _opened(self, by: str, approves: bool, paths: tuple[ReviewedPath, ...]) -> OpenReview:
        head = self.view.state.head
        verdict = "approve" if approves else "request-changes"
        return OpenReview(by=by, verdict=verdict, seq=head.seq + 1, time=head.time, paths=paths)  # type: ignore[arg-type]

    def hold(self, changed: tuple[PathChange, ...], told: Told, taken: Taken, steps: Mapping[str, Step]) -> None:
        """Requests for changes that stand on the forge and cannot be imported speak of what is there now."""
        paths = tuple(
            ReviewedPath(path=path.path, old=path.old, new=path.new) for path in changed if path.old and path.new
        )
        for review in _standing(told):
            person = self._person(taken, review)
            if review.state is Submitted.CHANGES_REQUESTED and person and _out_of_reach(review, taken, steps):
                self.reviews[f"{taken.reviews.forge} {review.id} holds"] = self._opened(person, False, paths)

    def _person(self, taken: Taken, review: Review) -> str:
        if review.by is None or review.by.bot:
            return ""
        return self.view.directory.by_account(taken.reviews.forge, review.by.id) or ""


def _out_of_reach(review: Review, taken: Taken, steps: Mapping[str, Step]) -> bool:
    """Whether nobody can tell what a review was of, or whether it may be imported."""
    step = steps.get(review.id)
    return review.commit is None or (isinstance(step, Skip) and (step.missing or taken.problem is not None))


def _standing(told: Told) -> Iterator[Review]:
    """The opinions that stand: the last one of every account."""
    said = [(str(one.by.id) if one.by is not None else f"gone {one.id}", one.state) for one in told.reviews]
    yield from (
        one for one, why in zip(told.reviews, superseded(said), strict=True) if why is None and one.state in OPINIONS
    )


def _not_taken(told: Told, taken: Taken, steps: Mapping[str, Step]) -> Iterator[NotTaken]:
    """The standing opinions that do not come in, and why; what landed already is in the journal."""
    for review in _standing(told):
        step = steps.get(review.id)
        why = taken.skipped.get(review.id) or (step.reason if isinstance(step, Skip) else "")
        if why and why not in _SAID_ELSEWHERE:
            login = review.by.login if review.by is not None else "a deleted account"
            yield NotTaken(review.id, login, str(OPINIONS[review.state]), why)


def _source(view: View, given: ForgeReview, paths: tuple[str, ...]) -> Imported:
    return Imported(
        by=view.directory.by_account(given.forge, given.account) or f"{given.forge}:{given.account}",
        bot=_BOT,
        forge=given.forge,
        account=given.account,
        login=given.login,
        review_id=given.review_id,
        commit=given.commit,
        opener=given.opener,
        pushers=given.pushers,
        paths=paths,
    )


def _claim(paths: tuple[PathChange, ...], head: str, taken: Taken) -> Imported:
    """Who opened the pull request and who pushed to it, as a claim about every path that it changes."""
    reviews = taken.reviews
    return Imported(
        by="",
        bot=_BOT,
        forge=reviews.forge,
        account=reviews.opener,
        login="",
        review_id="",
        commit=head,
        opener=reviews.opener,
        pushers=reviews.pushers,
        paths=tuple(path.path for path in paths),
    )
