"""The reconciler: observe, verify, plan, apply. One tick leaves the fleet where the rules say it should be next.

A tick takes over what reviews cover on main, records releases at first sight, and moves every agent by at most one
transition; all transitions of a tick are one push. While the journal is older than `maxAge` nothing is taken over, no
release is recorded and no risk is raised; what reduces risk goes on. Everything it writes is judged by the journal like
everybody's acts, so a second reconciler, or a crash at any line, can lose time and nothing else. Whatever somebody
pushes to main or as a tag, agents that run are moved all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from agentgov.errors import IncompleteError
from agentgov.journal.advancing import Proposed, draft_advance, propose_advance
from agentgov.journal.authorise import Advance
from agentgov.journal.branch import Journal
from agentgov.journal.clock import STALE_HINT, stale_words
from agentgov.journal.draft import Actor, Draft, draft
from agentgov.journal.overriding import overrides_of
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.state import Release
from agentgov.model.transitions import release_trailer
from agentgov.model.verdict import Reason, note, unknown
from agentgov.release.counts import Reading
from agentgov.release.fleet import observe_all, plan_all
from agentgov.release.keeping import keep_commits
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import Memory
from agentgov.release.refs import Refs, observe_refs
from agentgov.release.sightings import Sighting, first_of_each, refusals, see_tags
from agentgov.release.view import Decision
from agentgov.review.change import ChangeVerdict

HEARTBEAT = 3600  # seconds of journal time after which a checkpoint says that somebody is still there
ROUNDS = 10  # releases of one agent that one tick records, each judged with the one before it known


@dataclass(frozen=True, slots=True)
class Report:
    """What one tick did and saw: subjects of the acts written, decisions by agent, what is refused and why."""

    view: View
    acts: tuple[str, ...]
    decisions: Mapping[AgentId, Decision]
    advance: Advance
    refused: tuple[Reason, ...] = ()  # tags that are no releases
    notes: tuple[Reason, ...] = ()


@dataclass(slots=True)
class Reconciler:
    """One reconciler: the journal it writes, its key, what it remembers, where counts come from, its clock.

    Once `stopped` says so, nothing more is written: a tick ends between two acts.
    """

    journal: Journal
    actor: Actor
    store: MemoryStore
    counts: Callable[[], Reading]
    clock: Callable[[], int]
    accept_unreviewed: bool = False  # a fleet of one person must say so before anything reaches production
    stopped: Callable[[], bool] = bool
    acts: list[str] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)

    def tick(self) -> Report:
        """One whole tick. IncompleteError where the remote cannot be reached, RefusedError where it takes no pushes or
        the journal does not verify; what was not reported then may have been written, and is never written twice."""
        self.acts, self.notes = [], []
        view = self.journal.view(self.clock(), fetch=True)
        refs = observe_refs(self.journal, view.governance.fleet.main)
        if view.is_stale(self.clock()):
            self.notes.append(unknown("journal.stale", f"{stale_words(view)}; {STALE_HINT}"))
        lost = rewritten(view, refs)
        if lost:
            self.notes += [*lost, *self._keep(refs, [view.state.head.main])]
        view, advance, sightings = self._take_over(view, refs)
        view, decisions = self._move(view, refs)
        view = self._checkpoint(view, refs, lost)
        for one in overrides_of(view, time=self.clock()):
            if one.overdue:
                self.notes.append(note("override.overdue", f"{one.words}: agentgov override confirm {one.record.seq}"))
        return Report(view, tuple(self.acts), decisions, advance, refusals(sightings), tuple(self.notes))

    def _take_over(self, view: View, refs: Refs) -> tuple[View, Advance, tuple[Sighting, ...]]:
        """What main and the tags bring; nothing while the journal is broken."""
        if view.stretch is not None:
            why = f"the journal does not hold from {view.stretch.first[:12]} on: {view.stretch.message}"
            self.notes.append(unknown(view.stretch.code, f"{why}; nothing raises risk until administrators waive it"))
            return view, _nothing(view, refs.main, why), ()
        view, advance = self._advance(view, refs)
        view, sightings = self._record(view, refs)
        return view, advance, sightings

    def _append(self, view: View, propose: Callable[[View], list[Draft]]) -> View:
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

    def _keep(self, refs: Refs, commits: list[str]) -> tuple[Reason, ...]:
        if self.stopped():
            return ()
        return keep_commits(self.journal, self.actor.appender, refs, commits, self.clock())

    def _advance(self, view: View, refs: Refs) -> tuple[View, Advance]:
        """Governance moves first and alone; contents follow under the governance then in force."""
        proposed = self._proposed(view, refs)
        for _ in range(2):
            if proposed.act is None or view.is_stale(self.clock()):
                break
            view = self._append(view, lambda now: [act] if (act := self._proposed(now, refs).act) else [])
            proposed = self._proposed(view, refs)
        if proposed.advance.problem:
            self.notes.append(unknown("main.unreadable", proposed.advance.problem))
        return view, proposed.advance

    def _proposed(self, view: View, refs: Refs) -> Proposed:
        """What cannot be read authorises nothing, and stops no agent that runs."""
        if not refs.main:
            main = view.governance.fleet.main
            return Proposed(_nothing(view, "", f"the remote has no branch {main}: nothing new is authorised"), None)
        try:
            return draft_advance(view, self.actor, refs.main, now=self.clock())
        except IncompleteError as error:
            problem = f"main cannot be read at {refs.main[:9]}: {error.message}"
            return Proposed(_nothing(view, refs.main, problem), None)

    def _record(self, view: View, refs: Refs) -> tuple[View, tuple[Sighting, ...]]:
        """Releases at first sight, those of all agents at once, one of each agent at a time."""
        sightings = see_tags(view, refs)
        for _ in range(ROUNDS):
            if not first_of_each(sightings) or view.is_stale(self.clock()):
                break
            view = self._append(view, partial(self._first_sights, refs, view.tip, sightings))
            sightings = see_tags(view, refs)
        return view, sightings

    def _first_sights(self, refs: Refs, tip: str, sightings: tuple[Sighting, ...], present: View) -> list[Draft]:
        """The acts for what was seen at a tip of the journal; seen again where that is no longer the tip."""
        found = sightings if present.tip == tip else see_tags(present, refs)
        return [self._seen(present, one) for one in first_of_each(found)]

    def _seen(self, view: View, sighting: Sighting) -> Draft:
        release = sighting.found
        assert isinstance(release, Release)
        fields = [
            ("Agent", str(sighting.name.agent)),
            ("Release", release_trailer(release)),
            ("Authorised-At", str(release.authorised_at)),
        ]
        files = {f"releases/{sighting.name}.tag": sighting.raw}
        subject = f"see release {sighting.name}"
        return draft(view, self.actor, "release-seen", subject, fields, now=self.clock(), files=files)

    def _move(self, view: View, refs: Refs) -> tuple[View, dict[AgentId, Decision]]:
        now = self.clock()
        memories = self._observe(view, now)
        integrity = self.journal.pins(view) is not None
        if not integrity:
            self.notes.append(
                unknown("trust.first-use", "this machine has no pins for the fleet, so nothing is promoted")
            )
        plan = partial(
            plan_all,
            memories=memories,
            refs=refs,
            now=now,
            integrity=integrity,
            accept_unreviewed=self.accept_unreviewed,
        )
        decisions = plan(view)
        due = [decision for decision in decisions.values() if decision.act]
        self.notes += self._keep(refs, [_commit_of(one) for one in due if one.act == "alarm"])
        if due:

            def write(present: View) -> list[Draft]:
                again = decisions if present.tip == view.tip else plan(present)
                return [self._transition(present, one) for one in again.values() if one.act]

            view = self._append(view, write)
        return view, decisions

    def _observe(self, view: View, now: int) -> dict[str, Memory]:
        """What is remembered after this tick, kept before anything is written that rests on it."""
        memories, problem = self.store.load()
        memories = observe_all(view, memories, self.counts(), now)
        try:
            self.store.save(memories)
        except OSError as error:
            problem = f"{self.store.path} cannot be written ({error.strerror}): soak and counts do not add up"
        if problem:
            self.notes.append(note("reconcile.memory", problem))
        return memories

    def _transition(self, view: View, decision: Decision) -> Draft:
        assert decision.act is not None
        return draft(
            view,
            self.actor,
            decision.act,
            decision.subject,
            decision.fields,
            now=self.clock(),
            reason=decision.reason,
        )

    def _checkpoint(self, view: View, refs: Refs, lost: tuple[Reason, ...]) -> View:
        """The heartbeat; and that main was rewritten, where no other act has looked at it since."""
        if view.is_stale(self.clock()):
            return view  # so large a step takes two
        looked = not refs.main or view.state.head.main == refs.main
        if lost and not looked and not any(one.rule == "main.unreadable" for one in self.notes):
            subject, fields = f"checkpoint: {lost[0].message}", [("Main", refs.main)]
        elif not self.acts and self.clock() - view.state.head.time >= HEARTBEAT:
            subject, fields = "checkpoint", []
        else:
            return view
        return self._append(view, lambda now: [draft(now, self.actor, "checkpoint", subject, fields, now=self.clock())])


def rewritten(view: View, refs: Refs) -> tuple[Reason, ...]:
    """An alarm where main no longer holds the commit that was last looked at; contents decide all the same."""
    repo, known = view.repo, view.state.head.main
    if not refs.main or refs.main == known or (repo.has(known) and repo.is_ancestor(known, refs.main)):
        return ()
    message = f"main was rewritten: {known[:9]}, last looked at, is not in {refs.main[:9]} any more"
    return (note("main.rewritten", message),)


def preview(
    journal: Journal,
    view: View,
    refs: Refs,
    memories: Mapping[str, Memory],
    now: int,
    accept_unreviewed: bool = False,
) -> Report:
    """What a tick would do now, as far as it can be told without writing: nothing is appended, nothing remembered."""
    sightings = see_tags(view, refs)
    advance = propose_advance(view, refs.main, now) if refs.main else _nothing(view, "", "the remote has no main")
    decisions = plan_all(view, memories, refs, now, journal.pins(view) is not None, accept_unreviewed)
    acts = [decision.subject for decision in decisions.values() if decision.act]
    notes = rewritten(view, refs)
    if view.is_stale(now):
        notes = (unknown("journal.stale", f"{stale_words(view)}; {STALE_HINT}"), *notes)
    else:
        acts += [f"see release {one.name}" for one in sightings if isinstance(one.found, Release)]
        if advance.accepted:
            acts.insert(0, f"advance to {refs.main[:9]}: {len(advance.accepted)} paths authorised")
    return Report(view, tuple(acts), decisions, advance, refusals(sightings), notes)


def _nothing(view: View, main: str, problem: str) -> Advance:
    """Nothing is taken over."""
    return Advance(main, {}, view.state.pending, view.authorised, "", ChangeVerdict(()), problem)


def _commit_of(decision: Decision) -> str:
    """The commit of the release that an act names."""
    return dict(decision.fields)["Release"].split(" ")[2]
