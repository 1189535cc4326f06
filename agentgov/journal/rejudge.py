"""Past changes of main, judged again under another governance: what would have been decided, had it stood then.

Each past change is an `advance` of the journal, seen from the view before it: the contents that stood authorised, the
reviews that were open, journal time. Only what decides is exchanged: rules, owners, people. Contents, reviews and
dates stay what they were, so an answer says nothing of what people would have done under other rules. Writes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agentgov.errors import AgentgovError
from agentgov.journal.authorise import decided, observe_change
from agentgov.journal.query import acts
from agentgov.journal.view import View, view_at
from agentgov.model.fleet import Governance
from agentgov.review.change import Change, ChangeVerdict, PathVerdict
from agentgov.trust.identity import Directory


@dataclass(frozen=True, slots=True)
class PastChange:
    """One advance: its number, its commit in the journal, the commit of main, journal time, and the view before it."""

    seq: int
    commit: str
    main: str
    time: int
    before: View


@dataclass(frozen=True, slots=True)
class Differing:
    """A path on which the verdicts differ."""

    then: PathVerdict
    now: PathVerdict


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A past change with both verdicts, and the paths on which they differ; `problem` where it could not be judged."""

    change: PastChange
    then: ChangeVerdict
    now: ChangeVerdict
    problem: str = ""

    @property
    def differing(self) -> tuple[Differing, ...]:
        """The paths that would have passed and did not, or did and would not have."""
        now = {path.change.path: path for path in self.now.paths}
        pairs = [(path, now[path.change.path]) for path in self.then.paths if path.change.path in now]
        return tuple(Differing(one, other) for one, other in pairs if one.state != other.state)


def past_changes(view: View, last: int) -> Iterator[PastChange]:
    """The last changes of main that the journal took over or left pending, newest first. IncompleteError where acts are
    missing."""
    for logged in acts(view.repo, view.tip):
        if last <= 0:
            return
        if logged.act.kind == "advance" and logged.parent is not None:
            before = view_at(view.repo, logged.parent, view)
            time = logged.act.time or before.state.head.time
            yield PastChange(logged.head.seq, logged.commit, logged.act.get("Main"), time, before)
            last -= 1


def rejudged(change: PastChange, governance: Governance, directory: Directory) -> Rejudged:
    """A past change under its own governance and under another one."""
    before = change.before
    other = replace(before, governance=governance, directory=directory)
    try:
        found = observe_change(before, change.main)
        again = found if _observes_alike(before.governance, governance) else observe_change(other, change.main)
        return Rejudged(change, _decided(before, found, change.time), _decided(other, again, change.time))
    except AgentgovError as error:
        return Rejudged(change, ChangeVerdict(()), ChangeVerdict(()), error.message)


def _observes_alike(one: Governance, other: Governance) -> bool:
    """Whether what is observed of a change is the same under both: who its authors are, which commits must be signed,
    what CODEOWNERS hands over. Everything else of a governance only decides."""
    settings = [(each.access, each.fleet.commits, each.fleet.reviews.handover) for each in (one, other)]
    return settings[0] == settings[1] and one.fleet.reviews.handover != "both"


def _decided(view: View, found: Change, time: int) -> ChangeVerdict:
    return decided(view, found, view.state.reviews(), time)
