"""One person's word on a change: what it says, which paths it speaks of, and why it may count for nothing.

Who may vote is not decided here. People are meant by one id each, however many accounts or keys they have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Opinion(StrEnum):
    """What a review says."""

    APPROVE = "approve"
    REQUEST_CHANGES = "request-changes"
    COMMENT = "comment"


class Why(StrEnum):
    """Why a review is not counted. A closed list; where several hold, the first one here is told."""

    NOT_SUBMITTED = "not_submitted"
    DISMISSED = "dismissed"
    SUPERSEDED = "superseded"
    AUTHOR = "author"
    CONTRIBUTOR = "contributor"
    LAST_PUSHER = "last_pusher"
    BOT = "bot"
    ROLE = "role"
    STALE = "stale"
    NOT_OWNER = "not_owner"
    BREAK_GLASS_NOT_ADMINISTRATOR = "break_glass:not_administrator"
    BREAK_GLASS_SELF = "break_glass:self"
    BREAK_GLASS_NO_REASON = "break_glass:no_reason"
    BREAK_GLASS_STALE = "break_glass:stale"


PRECEDENCE = {why: place for place, why in enumerate(Why)}

MEANING: dict[Why, str] = {
    Why.NOT_SUBMITTED: "the review was never submitted",
    Why.DISMISSED: "the review was dismissed",
    Why.SUPERSEDED: "a later review by the same person stands in its place",
    Why.AUTHOR: "nobody approves a change of their own",
    Why.CONTRIBUTOR: "they wrote part of the change",
    Why.LAST_PUSHER: "they pushed last, and the last push needs somebody else",
    Why.BOT: "a bot's review does not count here",
    Why.ROLE: "they have no role that lets them review here",
    Why.STALE: "the change was pushed to after the review",
    Why.NOT_OWNER: "they own none of what is changed",
    Why.BREAK_GLASS_NOT_ADMINISTRATOR: "only administrators may break the glass",
    Why.BREAK_GLASS_SELF: "nobody breaks the glass for a change of their own",
    Why.BREAK_GLASS_NO_REASON: "breaking the glass takes a reason",
    Why.BREAK_GLASS_STALE: "the glass was broken for another commit",
}


@dataclass(frozen=True, slots=True)
class Vote:
    """One review. `covers` holds the paths it still speaks of, None for the whole change; `void`: it counts nowhere."""

    person: str
    opinion: Opinion
    void: Why | None = None
    covers: frozenset[str] | None = None
    given_on: str = ""  # the commit or act, for people to read

    def speaks_of(self, path: str) -> bool:
        """Whether it still speaks of a path as that path is now."""
        return self.covers is None or path in self.covers


class Submitted(StrEnum):
    """The states in which forges keep reviews."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"


OPINIONS = {Submitted.APPROVED: Opinion.APPROVE, Submitted.CHANGES_REQUESTED: Opinion.REQUEST_CHANGES}


def superseded(reviews: Sequence[tuple[str, Submitted]]) -> Iterator[Why | None]:
    """For each (person, state), oldest first, why it no longer stands; None for what does, and for comments.

    A person's latest opinion stands, and a comment is none. A dismissal takes the opinion before it away and brings no
    older one back (GitHub: a review's state, and `latestOpinionatedReviews`).
    """
    later: dict[str, Submitted] = {}
    found: list[Why | None] = []
    for person, state in reversed(reviews):
        if state is Submitted.COMMENTED:
            found.append(None)
        elif state is Submitted.PENDING:
            found.append(Why.NOT_SUBMITTED)
        else:
            dismissed = state is Submitted.DISMISSED or later.get(person) is Submitted.DISMISSED
            found.append(Why.DISMISSED if dismissed else Why.SUPERSEDED if person in later else None)
            later[person] = state
    return reversed(found)
