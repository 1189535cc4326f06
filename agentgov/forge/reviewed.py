"""The reviews of a pull request as the importer takes them, and which of them it does not take, and why. Pure.

Numbers are accounts. Where it is not known who pushed, nobody can tell that a reviewer did not, so no opinion is taken;
a dismissal always is. What the journal has landed already is not asked here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agentgov.forge.port import Account, Change, PullRequest, Review
from agentgov.forge.reasons import ACCOUNT_GONE, PUSHERS_UNKNOWN
from agentgov.model.verdict import Reason, deny
from agentgov.review.forge_reviews import SCHEMA, ForgeReviews, SubmittedReview
from agentgov.review.votes import OPINIONS, Submitted

GHOST = 10137  # GitHub's account for those that were deleted: a number that nobody in Access has
_UNFIT = re.compile(r"[^0-9A-Za-z_.\[\]-]")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PUSHERS = "the forge does not say who pushed to it, so whoever reviewed there may have"
_SIGN = "sign the review: agentgov review approve"


@dataclass(frozen=True, slots=True)
class Told:
    """What an import goes by. `skipped` are reviews that are not taken, by id. `hold` says why no opinion is taken at
    all, "" where they are; `problem` is that where somebody has to do something about it."""

    reviews: ForgeReviews
    skipped: Mapping[str, str]
    hold: str = ""
    problem: Reason | None = None


def to_forge_reviews(change: Change, base: str, main: str) -> Told:
    """The reviews of a pull request, told from `base`, for a fleet whose contents come from the branch `main`."""
    pull_request = change.pull_request
    over = _out_of_question(pull_request, main)
    problem = _problem(change) if not over else None
    skipped = {review.id: why for review in change.reviews if (why := _not_taken(review))}
    told = ForgeReviews(
        schema=SCHEMA,
        forge=pull_request.project.forge,
        base=base,
        opener=_number(pull_request.author),
        pushers=_pushers(change),
        reviews=tuple(_submitted(review) for review in change.reviews if review.id not in skipped),
    )
    return Told(told, skipped, problem.message if problem is not None else over, problem)


def login_of(account: Account) -> str:
    """A login as acts can hold it; it is for people to read and decides nothing."""
    return _UNFIT.sub("_", account.login).lstrip(".[]-")[:100] or f"account-{account.id}"


def _problem(change: Change) -> Reason | None:
    """Why no opinion of this pull request can be taken."""
    name = f"pull request {change.pull_request.number}"
    if not change.pushers.known:
        return deny(PUSHERS_UNKNOWN, f"{name}: {_PUSHERS}; {_SIGN}")
    if change.pull_request.author is None and not change.pushers.accounts:
        return deny(ACCOUNT_GONE, f"{name}: the account that opened it was deleted, and nobody is known to have pushed")
    return None


def _out_of_question(pull_request: PullRequest, main: str) -> str:
    """Why no opinion on a pull request is taken, because of where it goes or what became of it."""
    if pull_request.base_ref != main:
        return f"the pull request goes to {pull_request.base_ref}, and its reviewers saw what it changes there"
    if pull_request.state == "closed":
        return "the pull request was closed without being merged"
    return ""


def _not_taken(review: Review) -> str:
    if review.by is None and review.state is not Submitted.DISMISSED:
        return f"the account that gave it was deleted ({ACCOUNT_GONE}); ask somebody else"
    if review.by is not None and review.by.bot:
        return "bots review nothing"
    if review.commit is None and review.state in OPINIONS and review.why_no_commit:
        return review.why_no_commit
    return ""


def _submitted(review: Review) -> SubmittedReview:
    by, commit = review.by or Account(GHOST, "ghost"), review.commit
    return SubmittedReview(
        id=review.id,
        account=by.id,
        login=login_of(by),
        state=review.state,
        commit=commit if commit is not None and _COMMIT.fullmatch(commit) else None,
        submitted=max(review.submitted, 0),
    )


def _pushers(change: Change) -> tuple[int, ...]:
    numbers = dict.fromkeys([*(one.id for one in change.pushers.accounts), _number(change.pull_request.author)])
    return tuple(number for number in numbers if number != GHOST) or tuple(numbers)


def _number(account: Account | None) -> int:
    return account.id if account is not None else GHOST
