"""The reconciler: observe, verify, plan, apply. One tick leaves the fleet where the rules say it should be next.

A tick takes over what reviews cover on main, records releases at first sight, and moves every agent by at most one
transition; many transitions are one push, and after half a minute of pushes, or a third of that for tags, it leaves the
rest to the next tick. While
the journal is older than `maxAge` nothing is taken over, no release is recorded and no risk is raised; what reduces
risk goes on. Everything it writes is judged by the journal like everybody's acts, so a second reconciler, or a crash at
any line, can lose time and nothing else. Whatever somebody pushes to main or as a tag, agents that run are moved all
the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from agentgov.journal.branch import Journal
from agentgov.journal.clock import STALE_HINT, stale_words
from agentgov.journal.draft import Actor, draft
from agentgov.journal.overriding import overrides_of
from agentgov.journal.verdict_cache import VerdictCache
from agentgov.journal.view import View
from agentgov.model.verdict import Reason, note, unknown
from agentgov.release.attention import HEARTBEAT, Attention
from agentgov.release.counts import CountSource
from agentgov.release.following import Follower
from agentgov.release.index import FleetIndex
from agentgov.release.looks import Looks
from agentgov.release.memory import MemoryStore
from agentgov.release.moving import Senses, move
from agentgov.release.order import Turns
from agentgov.release.refs import Refs, Seen, observe_refs
from agentgov.release.stops import NoStops, Stops
from agentgov.release.taking_over import rewritten, take_over
from agentgov.release.tick_report import Report
from agentgov.release.writing import Writing


@dataclass(slots=True)
class Reconciler:
    """One reconciler: the journal it writes, its key, what it remembers, where counts come from, its clock, who
    follows what it did.

    Once `stopped` says so, nothing more is written: a tick ends between two acts.
    """

    journal: Journal
    actor: Actor
    store: MemoryStore
    counts: CountSource
    clock: Callable[[], int]
    accept_unreviewed: bool = False  # a fleet of one person must say so before anything reaches production
    stopped: Callable[[], bool] = bool
    followers: tuple[Follower, ...] = ()
    stops: Stops = field(default_factory=NoStops)
    turns: Turns = field(default_factory=Turns)
    attention: Attention = field(default_factory=Attention)
    index: FleetIndex = field(default_factory=FleetIndex)
    looks: Looks = field(default_factory=Looks)
    seen: Seen = field(default_factory=Seen)
    acts: list[str] = field(default_factory=list)

    def look(self) -> Report | None:
        """What a watch does at each turn: one question to the remote, and a tick where that, or time, can have brought
        anything; None where nothing can. What it raises, `tick` raises."""
        seen = self.attention.look(self.journal)
        if seen is not None and self.attention.is_quiet(seen, self.clock()):
            return None
        report = self.tick()
        self.attention.keep(seen, report, self.turns.oldest is not None, self.clock())
        return report

    def tick(self) -> Report:
        """One whole tick. IncompleteError where the remote cannot be reached, RefusedError where it takes no pushes or
        the journal does not verify; what was not reported then may have been written, and is never written twice."""
        writing = Writing(self.journal, self.actor, self.clock, self.stopped)
        self.acts = writing.acts
        view = self.journal.view(self.clock(), fetch=True)
        self.index.kept_in(VerdictCache(view.state.head.fleet, self.journal.pins(view)))
        refs = observe_refs(self.journal, view.governance.fleet.main, self.seen, self.index.recorded(view))
        if view.is_stale(self.clock()):
            writing.notes.append(unknown("journal.stale", f"{stale_words(view)}; {STALE_HINT}"))
        lost = rewritten(view, refs)
        if lost:
            writing.notes += [*lost, *writing.keep(refs, [view.state.head.main])]
        view, advance = take_over(writing, view, refs, self.index, self.looks)
        senses = Senses(self.store, self.counts, self.index, self.accept_unreviewed, self.stops)
        view, decisions = move(writing, senses, self.turns, view, refs)
        view = _checkpoint(writing, view, refs, lost)
        writing.notes += [*_overdue(view, self.clock()), *_left(writing)]
        left = writing.left + writing.unseen
        behind = [one for each in self.followers for one in each.follow(view, tuple(writing.acts), self.clock())]
        return Report(
            view,
            tuple(writing.acts),
            decisions,
            advance,
            self.looks.refused,
            (*writing.notes, *behind),
            writing.kinds,
            lag={name: acts for each in self.followers for name, acts in each.lag.items()},
            restless=bool(behind or left or self.looks.is_late(view)),
            busy=bool(left) or any(each.busy for each in self.followers),
            left=left,
        )


def _checkpoint(writing: Writing, view: View, refs: Refs, lost: tuple[Reason, ...]) -> View:
    """The heartbeat; and that main was rewritten, where no other act has looked at it since."""
    now = writing.clock
    if view.is_stale(now()):
        return view  # so large a step takes two
    looked = not refs.main or view.state.head.main == refs.main
    if lost and not looked and not any(one.rule == "main.unreadable" for one in writing.notes):
        subject, fields = f"checkpoint: {lost[0].message}", [("Main", refs.main)]
    elif not writing.acts and now() - view.state.head.time >= HEARTBEAT:
        subject, fields = "checkpoint", []
    else:
        return view
    return writing.append(
        view, lambda present: [draft(present, writing.actor, "checkpoint", subject, fields, now=now())]
    )


def _left(writing: Writing) -> list[Reason]:
    """What is left to the next tick."""
    acts, unseen = f"{writing.left:,} act{'s' * (writing.left != 1)}", writing.unseen
    agents = f"new tags of {unseen:,} agent{'s' * (unseen != 1)}"
    left = " and ".join(words for words, count in ((acts, writing.left), (agents, unseen)) if count)
    why = "left to the next tick: this one has taken long enough"
    return [note("reconcile.unfinished", f"{left} {why}")] if left else []


def _overdue(view: View, now: int) -> list[Reason]:
    """Overrides that owe a follow-up review."""
    return [
        note("override.overdue", f"{one.words}: agentgov override confirm {one.record.seq}")
        for one in overrides_of(view, time=now)
        if one.overdue
    ]
