"""The verdict over requirements and votes: pass, pending or blocked, who is missing, and why a review did not count.

- A requirement is met by the people whose approval counts for it; people are counted, not reviews.
- One request for changes that stands blocks, whatever was approved.
- An accepted override passes, and nothing it passed over is hidden.

Pure. Who may vote, what is needed and which words are stale come with the values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agentgov.model.verdict import Reason, Verdict, allow, deny, note
from agentgov.review.requirements import WHOLE, Requirement
from agentgov.review.votes import MEANING, PRECEDENCE, Opinion, Vote, Why


class Outcome(StrEnum):
    """What comes of it. Pending passes with more approvals; blocked does not, until the request is taken back."""

    PASS = "pass"  # noqa: S105 - not a password
    PENDING = "pending"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one requirement is met: who gave, how many are missing, who could still give."""

    requirement: Requirement
    given: tuple[str, ...]
    missing: int
    could: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """One vote, and whether it had an effect; `why` is None for what counted and for what asks for nothing."""

    vote: Vote
    counted: bool
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody passes a change without its reviews; `void` says why that does not count."""

    by: str
    reason: str
    void: Why | None = None


@dataclass(frozen=True, slots=True)
class ReviewVerdict:
    """The whole answer."""

    outcome: Outcome
    progress: tuple[Progress, ...]
    votes: tuple[Counted, ...]
    blockers: tuple[str, ...] = ()
    override: Override | None = None

    @property
    def missing_paths(self) -> tuple[str, ...]:
        """The paths whose approvals are missing, in order; nothing unless pending, since only then they would help."""
        if self.outcome is not Outcome.PENDING:
            return ()
        return tuple(sorted({item.requirement.path for item in self.progress if item.missing}))

    def verdict(self) -> Verdict:
        """The same as reasons: allowed exactly when the outcome is a pass."""
        reasons = [_progress_reason(item, overruled=self.outcome is Outcome.PASS) for item in self.progress]
        reasons += [deny("review.changes-requested", f"{person} asked for changes") for person in self.blockers]
        if self.override is not None:
            reasons.append(_override_reason(self.override))
        if not reasons:
            reasons.append(allow("review.none-needed", "nothing here needs a review"))
        for counted in self.votes:
            if counted.why is not None:
                message = f"the review of {counted.vote.person} is not counted: {MEANING[counted.why]}"
                reasons.append(note("review.not-counted", message, counted.vote.person))
        return Verdict(tuple(reasons))


def decide(
    requirements: Iterable[Requirement],
    votes: Sequence[Vote],
    *,
    requests_block: bool = True,
    override: Override | None = None,
) -> ReviewVerdict:
    """The verdict. Votes come in any order, several a person too, as long as those that no longer stand come void.

    So does a request for changes by somebody who may not block. Without `requests_block` none of them has an effect.
    """
    needed = tuple(requirements)
    progress = tuple(_progress(requirement, votes) for requirement in needed)
    blockers = _blockers(votes) if requests_block else ()
    accepted = override is not None and override.void is None
    if accepted:
        outcome, blockers = Outcome.PASS, ()
    elif blockers:
        outcome = Outcome.BLOCKED
    else:
        outcome = Outcome.PENDING if any(item.missing for item in progress) else Outcome.PASS
    counted = tuple(_counted(vote, needed, requests_block) for vote in votes)
    return ReviewVerdict(outcome, progress, counted, blockers, override)


def _progress(requirement: Requirement, votes: Sequence[Vote]) -> Progress:
    given = dict.fromkeys(vote.person for vote in votes if _approves(vote) and requirement.why_not(vote) is None)
    people = frozenset(given)
    could = tuple(sorted(requirement.could(people)))
    return Progress(requirement, tuple(given), requirement.missing(people), could)


def _blockers(votes: Sequence[Vote]) -> tuple[str, ...]:
    asked = (vote.person for vote in votes if vote.opinion is Opinion.REQUEST_CHANGES and vote.void is None)
    return tuple(dict.fromkeys(asked))


def _counted(vote: Vote, requirements: tuple[Requirement, ...], requests_block: bool) -> Counted:
    if vote.void is not None or not _approves(vote):
        blocks = requests_block and vote.opinion is Opinion.REQUEST_CHANGES and vote.void is None
        return Counted(vote, blocks, vote.void)
    reasons = [requirement.why_not(vote) for requirement in requirements]
    if None in reasons:
        return Counted(vote, counted=True)
    known = [why for why in reasons if why is not None]
    return Counted(vote, counted=False, why=min(known, key=PRECEDENCE.__getitem__, default=Why.NOT_OWNER))


def _approves(vote: Vote) -> bool:
    return vote.opinion is Opinion.APPROVE


def _progress_reason(item: Progress, overruled: bool) -> Reason:
    requirement = item.requirement
    subject = "the change" if requirement.path == WHOLE else requirement.path
    if not item.missing:
        given = ", ".join(item.given)
        return allow(requirement.rule, f"{subject}: {requirement.name} approved ({given})", subject, requirement.where)
    could = ", ".join(item.could) or "nobody could give it"
    message = f"{subject}: {item.missing} more of {requirement.name} needed ({could})"
    return (note if overruled else deny)(requirement.rule, message, subject, requirement.where)


def _override_reason(override: Override) -> Reason:
    if override.void is not None:
        return note(
            "review.break-glass", f"{override.by} did not break the glass: {MEANING[override.void]}", override.by
        )
    return allow("review.break-glass", f"{override.by} broke the glass: {override.reason.strip()}", override.by)
