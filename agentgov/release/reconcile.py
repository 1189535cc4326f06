"""The reconciler: observe, verify, plan, apply. One tick leaves the fleet where the rules say it should be next.

A tick takes over what reviews cover on main, records releases at first sight, and moves every agent by at most one
transition; all transitions of a tick are one push. Everything it writes is judged by the journal like everybody's acts,
so a second reconciler, or a crash at any line, can lose time and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from agentgov.errors import IncompleteError
from agentgov.journal.advancing import Proposed, draft_advance, propose_advance
from agentgov.journal.authorise import Advance
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Draft, draft
from agentgov.journal.judge import may_promote, pause_of
from agentgov.journal.tags import judge_tag
from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName, release_name
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal, release_trailer
from agentgov.model.verdict import Reason, deny, note, unknown
from agentgov.release.counts import Reading
from agentgov.release.freeze import frozen_by
from agentgov.release.memory import MemoryStore
from agentgov.release.observations import Memory, Tick, observe_tick, observed
from agentgov.release.plan import plan_agent
from agentgov.release.refs import Refs, moved_tags, observe_refs
from agentgov.release.tagging import errors_at
from agentgov.release.view import AgentView, Decision, Moved, Wait
from agentgov.repo.snapshot import commit_snapshot

HEARTBEAT = 3600  # seconds of journal time after which a checkpoint says that somebody is still there
_TO_PRODUCTION = frozenset({"canary", "share", "graduate"})  # acts that bring new content to real traffic


@dataclass(frozen=True, slots=True)
class Report:
    """What one tick did and saw: subjects of the acts written, decisions by agent, what is refused and why."""

    view: View
    acts: tuple[str, ...]
    decisions: Mapping[AgentId, Decision]
    advance: Advance
    refused: tuple[Reason, ...] = ()  # tags that are no releases
    notes: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tag that the journal has not seen: the release it is, or why it is none."""

    name: ReleaseName
    raw: bytes
    found: Release | Refusal


@dataclass(slots=True)
class Reconciler:
    """One reconciler: the journal it writes, its key, what it remembers, where counts come from, its clock."""

    journal: Journal
    actor: Actor
    store: MemoryStore
    counts: Callable[[], Reading]
    clock: Callable[[], int]
    accept_unreviewed: bool = False  # a fleet of one person must say so before anything reaches production
    acts: list[str] = field(default_factory=list)

    def tick(self) -> Report:
        """One whole tick. IncompleteError where the remote cannot be reached; nothing is half done then."""
        self.acts = []
        view = self.journal.view(self.clock(), fetch=True)
        refs = observe_refs(self.journal, view.governance.fleet.main)
        view, proposed = self._advance(view, refs)
        sightings = see_tags(view, refs)
        view = self._record(view, sightings)
        view, decisions, notes = self._move(view, refs)
        view = self._heartbeat(view)
        refused = tuple(_refused(sighting) for sighting in sightings if isinstance(sighting.found, Refusal))
        return Report(view, tuple(self.acts), decisions, proposed.advance, refused, (*notes, *rewritten(view, refs)))

    def _append(self, propose: Callable[[View], list[Draft]]) -> View:
        written: list[str] = []

        def remember(view: View) -> list[Draft]:
            drafts = propose(view)
            written[:] = [draft.act.subject for draft in drafts]
            return drafts

        view = self.journal.append(remember, self.actor.appender, self.clock)
        self.acts += written
        return view

    def _advance(self, view: View, refs: Refs) -> tuple[View, Proposed]:
        proposed = self._draft_advance(view, refs)
        for _ in range(2):  # governance moves first and alone; contents follow under the governance then in force
            if proposed.act is None:
                break
            view = self._append(lambda now: [act] if (act := self._draft_advance(now, refs).act) else [])
            proposed = self._draft_advance(view, refs)
        return view, proposed

    def _draft_advance(self, view: View, refs: Refs) -> Proposed:
        return draft_advance(view, self.actor, refs.main, now=self.clock())

    def _record(self, view: View, sightings: tuple[Sighting, ...]) -> View:
        good = [sighting for sighting in sightings if isinstance(sighting.found, Release)]
        if not good:
            return view
        return self._append(lambda now: [act for one in good if (act := self._seen(now, one)) is not None])

    def _seen(self, view: View, sighting: Sighting) -> Draft | None:
        release = sighting.found
        if isinstance(release, Refusal) or view.state.release(sighting.name) is not None:
            return None
        fields = [
            ("Agent", str(sighting.name.agent)),
            ("Release", release_trailer(release)),
            ("Authorised-At", str(release.authorised_at)),
        ]
        files = {f"releases/{sighting.name}.tag": sighting.raw}
        subject = f"see release {sighting.name}"
        return draft(view, self.actor, "release-seen", subject, fields, now=self.clock(), files=files)

    def _move(self, view: View, refs: Refs) -> tuple[View, dict[AgentId, Decision], tuple[Reason, ...]]:
        memories, problem = self.store.load()
        reading, now = self.counts(), self.clock()
        memories = observe_all(view, memories, reading, now)
        self.store.save(memories)
        integrity = self.journal.pins(view) is not None
        plan = partial(
            plan_all,
            memories=memories,
            refs=refs,
            now=now,
            integrity=integrity,
            accept_unreviewed=self.accept_unreviewed,
        )
        decisions = plan(view)
        if any(decision.act for decision in decisions.values()):
            view = self._append(
                lambda now_view: [self._transition(now_view, one) for one in plan(now_view).values() if one.act]
            )
        notes = [note("reconcile.memory", problem)] if problem else []
        if not integrity:
            notes.append(unknown("trust.first-use", "this machine has no pins for the fleet, so nothing is promoted"))
        return view, decisions, tuple(notes)

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

    def _heartbeat(self, view: View) -> View:
        if self.acts or self.clock() - view.state.head.time < HEARTBEAT:
            return view
        return self._append(lambda now: [draft(now, self.actor, "checkpoint", "checkpoint", (), now=self.clock())])


def see_tags(view: View, refs: Refs) -> tuple[Sighting, ...]:
    """Every release tag that the journal has not recorded, judged as it stands; lowest version of an agent first."""
    fresh = [
        (name, oid) for tag, oid in refs.tags.items() if (name := release_name(tag)) and not view.state.release(name)
    ]
    return tuple(
        sight(view, name, oid) for name, oid in sorted(fresh, key=lambda item: (item[0].agent, item[0].precedence))
    )


def plan_all(
    view: View,
    memories: Mapping[str, Memory],
    refs: Refs,
    now: int,
    integrity: bool,
    accept_unreviewed: bool = False,
) -> dict[AgentId, Decision]:
    """The decision for every agent that has a release."""
    unreviewed = len(view.governance.access.people) == 1 and not accept_unreviewed
    moved: dict[AgentId, list[Moved]] = {}
    for one in moved_tags(view, refs):
        moved.setdefault(one.release.release_name.agent, []).append(one)
    time = max(now, view.state.head.time)
    frozen = frozen_by(view.governance.pipeline.freezes, time)
    decisions = {}
    for agent in view.state.released():
        decision = plan_agent(
            AgentView(
                deployment=view.state.deployment(agent),
                releases=view.state.releases(agent),
                pipeline=view.governance.pipeline,
                observed=observed(memories.get(str(agent), Memory()), view.governance.pipeline),
                now=time,
                may_promote=partial(may_promote, view),
                ineligible=_ineligible(view, agent, moved.get(agent, [])),
                moved=tuple(moved.get(agent, ())),
                paused=pause_of(view, agent, time) is not None,
                frozen=frozen,
                integrity=integrity,
            )
        )
        decisions[agent] = _without_eyes(decision) if unreviewed and decision.act in _TO_PRODUCTION else decision
    return decisions


def _without_eyes(decision: Decision) -> Decision:
    wait = Wait(decision.rule, "nobody but its author has seen it: agentgov reconcile --accept-unreviewed")
    return Decision(decision.rule, None, waits=(*decision.waits, wait))


def observe_all(view: View, memories: Mapping[str, Memory], reading: Reading, now: int) -> dict[str, Memory]:
    """The memory of every agent after this tick."""
    found = {}
    time = max(now, view.state.head.time)
    for agent in view.state.released():
        releases = {release.tag: release for release in view.state.releases(agent)}
        tick = Tick(
            now=now,
            pipeline=view.governance.pipeline,
            release_of=releases.get,
            paused=pause_of(view, agent, time) is not None,
            problem=reading.why_not(str(agent)),
        )
        before = memories.get(str(agent), Memory())
        found[str(agent)] = observe_tick(before, view.state.deployment(agent), reading.of(str(agent)), tick)
    return found


def rewritten(view: View, refs: Refs) -> tuple[Reason, ...]:
    """An alarm where main no longer holds the commit that was last authorised; contents decide all the same."""
    repo, known = view.repo, view.state.head.main
    if refs.main == known or (repo.has(known) and repo.is_ancestor(known, refs.main)):
        return ()
    return (
        note("main.rewritten", f"main was rewritten: {known[:9]}, last authorised, is not in {refs.main[:9]} any more"),
    )


def _ineligible(view: View, agent: AgentId, moved: list[Moved]) -> dict[str, str]:
    found = {one.release.tag: "its tag moved or is gone" for one in moved}
    state = view.state.deployment(agent)
    return {**dict.fromkeys(state.withdrawn, "it is withdrawn"), **found}


def sight(view: View, name: ReleaseName, oid: str) -> Sighting:
    """A tag object under this name, judged as it stands: trust, and no finding of severity error."""
    repo = view.repo
    kind = repo.kind(oid)
    if kind is None:
        raise IncompleteError(f"the tag {name} could not be fetched", "run the command again")
    if kind != "tag":
        return Sighting(name, b"", Refusal("tag.lightweight", f"{name} is no annotated tag but points at a {kind}"))
    raw = repo.read(oid, "tag")
    found = judge_tag(view, name, oid, raw)
    if isinstance(found, Release):
        if not repo.has(found.commit):
            return Sighting(name, raw, Refusal("tag.commit", f"{name} points at a commit that nobody pushed"))
        errors = errors_at(view, name.agent, commit_snapshot(repo, found.commit))
        if errors:
            first = errors[0]
            found = Refusal("tag.findings", f"{name.agent} has errors there, first {first.where}: {first.message}")
    return Sighting(name, raw, found)


def _refused(sighting: Sighting) -> Reason:
    assert isinstance(sighting.found, Refusal)
    return deny(sighting.found.code, sighting.found.message, str(sighting.name))


def preview(journal: Journal, view: View, refs: Refs, memories: Mapping[str, Memory], now: int) -> Report:
    """What a tick would do now, as far as it can be told without writing: nothing is appended, nothing remembered."""
    sightings = see_tags(view, refs)
    advance = propose_advance(view, refs.main)
    decisions = plan_all(view, memories, refs, now, journal.pins(view) is not None)
    acts = [decision.subject for decision in decisions.values() if decision.act]
    acts += [f"see release {one.name}" for one in sightings if isinstance(one.found, Release)]
    if advance.accepted:
        acts.insert(0, f"advance to {refs.main[:9]}: {len(advance.accepted)} paths authorised")
    refused = tuple(_refused(one) for one in sightings if isinstance(one.found, Refusal))
    return Report(view, tuple(acts), decisions, advance, refused, rewritten(view, refs))
