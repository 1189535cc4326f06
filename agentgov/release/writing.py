"""What a tick writes with: one journal, one key, one clock. It remembers what was written and what there is to say.

Once `stopped` says so, nothing more is written: a tick ends between two acts. Decides nothing; the journal judges.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.view import View
from agentgov.model.verdict import Reason
from agentgov.release.keeping import keep_commits
from agentgov.release.refs import Refs


@dataclass(slots=True)
class Writing:
    """Appends acts and keeps commits, till told to stop."""

    journal: Journal
    actor: Actor
    clock: Callable[[], int]
    stopped: Callable[[], bool] = bool
    acts: list[str] = field(default_factory=list)  # subjects of what was written
    notes: list[Reason] = field(default_factory=list)

    def append(self, view: View, propose: Callable[[View], list[Draft]]) -> View:
        """The view after the acts that are proposed, in one push; the same view where there are none."""
        if self.stopped():
            return view
        written: list[str] = []

        def remember(present: View) -> list[Draft]:
            drafts = propose(present)
            written[:] = [draft.act.subject for draft in drafts]
            return drafts

        view = self.journal.append(remember, self.actor.appender, self.clock)
        self.acts += written
        return view

    def keep(self, refs: Refs, commits: list[str]) -> tuple[Reason, ...]:
        """Keep commits within reach of every clone; what went wrong."""
        if self.stopped():
            return ()
        return keep_commits(self.journal, self.actor.appender, refs, commits, self.clock())
