"""A review verdict, of a change or of a pull request, as one value that every text for people is made of.

Puts paths together and orders them; decides nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentgov.model.governed import in_governance_set
from agentgov.review.change import ChangeVerdict
from agentgov.review.decide import Progress, ReviewVerdict
from agentgov.review.votes import MEANING

_ORDER = ("blocked", "pending", "pass")


@dataclass(frozen=True, slots=True)
class PathTold:
    """What is said of one path. `personal`: imported reviews never count there."""

    path: str
    state: str
    progress: tuple[Progress, ...]
    message: str = ""
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """A review that was not counted: whose, on what ("" for nothing in particular), and why."""

    person: str
    on: str
    message: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReviewsTold:
    """The whole verdict. `overridden_by` are those who let something through without its reviews."""

    state: str
    summary: str
    paths: tuple[PathTold, ...]
    ignored: tuple[Ignored, ...] = ()
    objectors: tuple[str, ...] = ()
    overridden_by: tuple[str, ...] = ()
    overridden: int = 0  # paths

    @property
    def waiting(self) -> tuple[PathTold, ...]:
        """The paths that do not pass."""
        return tuple(path for path in self.paths if path.state != "pass")


def told_change(verdict: ChangeVerdict) -> ReviewsTold:
    """The verdict on a change of governed contents."""
    paths = tuple(
        PathTold(
            one.change.path, one.state, one.requirements, _own_words(one.message), in_governance_set(one.change.path)
        )
        for one in verdict.paths
    )
    waiting = sum(1 for path in paths if path.state != "pass")
    summary = f"{waiting} of {len(paths)} paths wait" if waiting else "every path has the reviews it needs"
    return ReviewsTold(
        verdict.state,
        summary,
        paths,
        tuple(Ignored(who.person, who.path, who.message, who.reason) for one in verdict.paths for who in one.uncounted),
        tuple(sorted({who for path in verdict.paths if not path.overridden for who in path.objectors})),
        tuple(sorted({who for path in verdict.paths for who in path.overridden})),
        sum(bool(path.overridden) for path in verdict.paths),
    )


def told_review(verdict: ReviewVerdict) -> ReviewsTold:
    """The verdict on a pull request by its facts."""
    by_path: dict[str, list[Progress]] = {}
    for item in verdict.progress:
        by_path.setdefault(item.requirement.path, []).append(item)
    paths = tuple(
        PathTold(path, "pending" if any(item.missing for item in items) else "pass", tuple(items))
        for path, items in by_path.items()
    )
    short = sum(1 for path in paths if path.state != "pass")
    summary = f"{short} of {len(paths)} wait" if short else "every requirement is met"
    if verdict.blockers:
        summary = f"{', '.join(verdict.blockers)} asked for changes"
    ignored = [
        Ignored(one.vote.person, one.vote.given_on, MEANING[one.why], str(one.why))
        for one in verdict.votes
        if one.why is not None
    ]
    over, by = verdict.override, tuple[str, ...]()
    if over is not None and over.void is None:
        summary, by = f"{over.by} broke the glass: {over.reason.strip()}", (over.by,)
    elif over is not None and over.void is not None:
        ignored.append(Ignored(over.by, "", MEANING[over.void], str(over.void)))
    return ReviewsTold(str(verdict.outcome), summary, paths, tuple(ignored), verdict.blockers, by, short if by else 0)


def alike(paths: Iterable[PathTold]) -> list[list[PathTold]]:
    """Paths that need the same, have the same and lack the same, worst state first."""
    found: dict[object, list[PathTold]] = {}
    for path in paths:
        rows = tuple(
            (i.requirement.name, i.requirement.labels, i.requirement.count, i.given, i.missing, i.could)
            for i in path.progress
        )
        found.setdefault((path.state, path.message, path.personal, rows), []).append(path)
    return sorted(found.values(), key=lambda group: _ORDER.index(group[0].state))


def any_of(people: Sequence[str], most: int, word: str = "or") -> str:
    """`ana, bo or cy`; those beyond `most` are counted."""
    shown = list(people[:most])
    if len(people) > most:
        shown.append(f"{len(people) - most:,} more")
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _own_words(message: str) -> str:
    """What is not in the requirements already."""
    return "" if message == "reviewed" or message.startswith("needs ") else message
