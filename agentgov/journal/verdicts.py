"""What a verifier answers: reasons with stable codes, and where the first offence stands.

`Answer` is what `verify` and `journal verify` print, as text and as JSON. Turns what replay found into one; judges no
act itself. An old journal that holds is no offence of it: whoever rests a decision on it must know that it is stale.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agentgov.errors import AgentgovError
from agentgov.journal.replayed import Replayed
from agentgov.journal.view import View
from agentgov.model.verdict import Effect, Reason, Verdict, allow, deny, note
from agentgov.repo.repository import Repository

Word = Literal["accept", "reject", "incomplete"]

FIRST_USE = "trust on first use: this machine has no pins for the fleet"
_NOWHERE = ("journal.forked", "journal.rewound")  # offences of a journal as a whole, by none of its acts


@dataclass(frozen=True, slots=True)
class Where:
    """Where something stands: a commit, a path in its tree, the rule that says so, the number of an act of the journal.
    Empty where that is nowhere in particular."""

    commit: str = ""
    path: str = ""
    rule: str = ""
    seq: int | None = None


NOWHERE = Where()


@dataclass(frozen=True, slots=True)
class Point:
    """One reason of an answer, and where it stands."""

    reason: Reason
    where: Where = NOWHERE


@dataclass(frozen=True, slots=True)
class Answer:
    """All points of an answer. A definite no wins over what cannot be told, and nothing said is a no."""

    points: tuple[Point, ...]

    @property
    def verdict(self) -> Verdict:
        """The same as reasons alone."""
        return Verdict(tuple(point.reason for point in self.points))

    @property
    def word(self) -> Word:
        """The one word of it."""
        words: dict[Effect, Word] = {Effect.ALLOW: "accept", Effect.UNKNOWN: "incomplete"}
        return words.get(self.verdict.effect, "reject")

    @property
    def first(self) -> Point | None:
        """The first offence, None where there is none."""
        offence = self.verdict.first_offence
        return next((point for point in self.points if point.reason is offence), None)

    @property
    def code(self) -> str:
        """The stable code of the first offence, "" where there is none."""
        return self.first.reason.rule if self.first is not None else ""

    def and_also(self, points: Iterable[Point]) -> "Answer":
        """This answer with more to it."""
        return Answer((*self.points, *points))


def answer_on_journal(repo: Repository, found: Replayed, pinned: bool) -> Answer:
    """What replay found, as an answer: the offence where there is one; else that it holds, and how far that can be
    relied on where this machine has no pins. Its age is left to whoever rests something on it."""
    if found.offence is not None:
        offence = found.offence
        where = Where(offence.commit, offence.path, offence.code, _seq(repo, found))
        return Answer((Point(deny(offence.code, offence.message), where),))
    if found.view is None:
        return Answer(())
    since = ", from its pinned beginning" if pinned else ""
    points = [Point(allow("journal.verified", f"the journal holds{since}"))]
    if not pinned:
        points.append(Point(note("trust.first-use", FIRST_USE)))
    return Answer(tuple(points))


def head_of(view: View) -> Where:
    """The tip of the journal as a place."""
    return Where(view.tip, seq=view.state.head.seq)


def _seq(repo: Repository, found: Replayed) -> int | None:
    """The number of the act that offends."""
    assert found.offence is not None
    if found.offence.code in _NOWHERE:
        return None
    if found.view is not None and found.view.stretch is not None:
        return found.view.stretch.seq
    if found.view is not None:
        return found.view.state.head.seq + 1
    try:
        return None if repo.commit(found.offence.commit).parents else 0
    except AgentgovError:
        return None
