"""What a tick writes with: one journal, one key, one clock. It remembers what was written and what there is to say.

Once `stopped` says so, nothing more is written: a tick ends between two acts. It ends early as well where it has been
writing for long: what takes risk away may have come due meanwhile, and only the next tick sees that. Decides nothing;
the journal judges.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Draft, LeaveOut
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.transitions import Refusal
from agentgov.model.verdict import Reason
from agentgov.release.keeping import keep_commits
from agentgov.release.refs import Refs

LONGEST = 30.0  # seconds of writing after which a tick begins no other push


@dataclass(slots=True)
class Writing:
    """Appends acts and keeps commits, till told to stop."""

    journal: Journal
    actor: Actor
    clock: Callable[[], int]
    stopped: Callable[[], bool] = bool
    acts: list[str] = field(default_factory=list)  # subjects of what was written
    notes: list[Reason] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)  # how many acts of each kind were written
    left: int = 0  # acts that are due and were not written, since that would have taken too long
    unseen: int = 0  # agents with tags that were not looked at for the same reason
    _spent: float = 0.0

    @property
    def is_spent(self) -> bool:
        """Whether it has been writing for so long that the tick should end."""
        return self._spent >= LONGEST

    def append(self, view: View, propose: Callable[[View], list[Draft]], leave_out: LeaveOut | None = None) -> View:
        """The view after the acts that are proposed, in one push; the same view where there are none."""
        if self.stopped():
            return view
        written: dict[str, Act] = {}

        def remember(present: View) -> list[Draft]:
            drafts = propose(present)
            written.clear()
            written.update((draft.act.id, draft.act) for draft in drafts)
            return drafts

        def left_out(draft: Draft, refusal: Refusal) -> bool:
            if leave_out is None or not leave_out(draft, refusal):
                return False
            del written[draft.act.id]
            return True

        started = time.monotonic()
        view = self.journal.append(remember, self.actor.appender, self.clock, left_out)
        self._spent += time.monotonic() - started
        self.acts += [act.subject for act in written.values()]
        self.kinds.update(act.kind for act in written.values())
        return view

    def keep(self, refs: Refs, commits: list[str]) -> tuple[Reason, ...]:
        """Keep commits within reach of every clone; what went wrong."""
        if self.stopped():
            return ()
        return keep_commits(self.journal, self.actor.appender, refs, commits, self.clock())
