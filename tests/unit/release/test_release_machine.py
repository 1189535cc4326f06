"""Every invariant of the release plane, over a world that pauses, freezes, changes its pipeline, loses data and memory,
has two reconcilers, and says anything."""

from dataclasses import replace as with_fields
from typing import ClassVar

import pytest
from deploymentworld import release
from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace as changed
from releaseworld import PIPELINES, ReleaseWorld

from agentgov.model.act import Act
from agentgov.model.state import Deployment, Release
from agentgov.model.transitions import (
    Refusal,
    apply_to_deployment,
    candidate,
    is_ramping,
    last_running,
    rollback_target,
)
from agentgov.model.units import parse_duration, parse_share
from agentgov.release.chain import Step, promotion_chain
from agentgov.release.counts import Cumulative
from agentgov.release.index import rests
from agentgov.release.judge import Outcome
from agentgov.release.observations import Memory, Tick, fingerprint, observe_tick, observed
from agentgov.release.plan import plan_agent
from agentgov.release.view import AgentView, Decision, Moved
from agentgov.runtime.bucketing import in_canary

RAISING = ("stage", "canary", "share", "graduate")
PEOPLE = st.sampled_from(["carol", "dave", "mallory"])  # mallory is nobody's release manager
EVENTS, SHARDS = 100_000, 4
SESSIONS = [f"session-{number}" for number in range(64)]
DATA = ["healthy"] * 6 + ["failing", "none", "reset", "other", "split"]


class World(ReleaseWorld, RuleBasedStateMachine):
    """Counts what happens to it: ticks, tags, words of people, and what goes wrong. What every world begins and ends
    with is not counted."""

    happened: ClassVar[int] = 0

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        ReleaseWorld.__init__(self)

    # --- what happens to the world

    @initialize(count=st.integers(0, 3))
    def history(self, count: int) -> None:
        """Begins with some releases that went to production before."""
        before = World.happened
        for _ in range(count):
            self.ship()
        World.happened = before

    def ship(self) -> None:
        """A new release of new content goes to production while people lift, abort and promote as they should."""
        self.tag("major", "new", 0)
        newest = self.releases[-1]
        self.lacking.clear()  # what waits for results in staging lets nothing newer in until somebody aborts it
        self.clock = max(self.clock, self.journal_time)
        for _ in range(90):
            self.clock += 60
            self.tick("healthy")
            if self.at.hold is not None:
                self.somebody_holds("lifted")
            one = self.release_of(candidate(self.at))
            if one is not None and (self.at.canary.state == "INCONCLUSIVE" or one.tag in self.ineligible):
                self.say("abort", one)
            elif one is not None:
                self.say("promote", one, Stage="production")
            if self.at.production.release == newest.tag and self.at.production.state == "STABLE":
                return
        raise AssertionError(f"{newest.name} does not reach production: {self.at}")

    @rule(
        part=st.sampled_from(["major", "minor", "patch", "rc", "build", "old"]),
        content=st.sampled_from(["new", "new", "new", "again", "teleported"]),
        pick=st.integers(0, 99),
    )
    def tag(self, part: str, content: str, pick: int) -> None:
        versions = [one.release_name.precedence for one in self.releases]
        top = max(versions, default=None)
        numbers = top[:3] if top else (1, 0, 0)
        version = {
            "major": f"{numbers[0] + 1}.0.0",
            "minor": f"{numbers[0]}.{numbers[1] + 1}.0",
            "patch": f"{numbers[0]}.{numbers[1]}.{numbers[2] + 1}",
            "rc": f"{numbers[0] + 1}.0.0-rc.{pick}",
            "build": f"{numbers[0]}.{numbers[1]}.{numbers[2]}+{pick}",
            "old": f"0.{pick}.0",
        }[part]
        if any(one.name.endswith(f"/v{version}") for one in self.releases):
            return
        World.happened += 1
        self.authorised += 1
        source = self.releases[pick % len(self.releases)] if self.releases else None
        one = release(version, authorised_at=self.authorised, seen=self.authorised)
        if source is not None and content != "new":
            authorised = source.authorised_at if content == "teleported" else self.authorised
            one = changed(one, closure=source.closure, authorised_at=authorised)
        self.releases.append(one)

    @rule(
        count=st.sampled_from([4, 6, 8, 13]),
        lift=st.booleans(),
        content=st.sampled_from(["new", "again"]),
        data=st.sampled_from(["failing", "none", "split", "healthy"]),
        more=st.integers(0, 4),
    )
    def a_candidate_comes(self, count: int, lift: bool, content: str, data: str, more: int) -> None:
        """A new release on its way, far enough to meet what a canary and a bake meet."""
        if lift:
            self.somebody_holds("lifted")
            self.order("resume")
        self.tag("minor", content, 0)
        for _ in range(count):
            self.weather(1, "healthy")
            self.somebody_says("promote", "carol", -1, "production")
        self.weather(more, data)

    @precondition(lambda self: self.releases)
    @rule(pick=st.integers(0, 99), eligible=st.booleans())
    def judge_tag(self, pick: int, eligible: bool) -> None:
        World.happened += 1
        tag = self.releases[pick % len(self.releases)].tag
        if eligible:
            self.ineligible.pop(tag, None)
        else:
            self.ineligible[tag] = "its tagger's key was revoked"

    @precondition(lambda self: self.releases)
    @rule(
        pick=st.one_of(st.just(-1), st.integers(0, 99)),
        stage=st.sampled_from(["staging", "pass", "canary", "production"]),
        arrives=st.booleans(),
    )
    def evidence(self, pick: int, stage: str, arrives: bool) -> None:
        """Results that a content is asked for before a stage arrive, or a later failure takes them away."""
        World.happened += 1
        one = self.releases[pick % len(self.releases)] if pick >= 0 else self.releases[-1]
        if arrives:
            self.lacking.discard((one.closure, stage))
        else:
            self.lacking.add((one.closure, stage))

    @rule(word=st.sampled_from(["pause", "resume", "freeze", "thaw", "break", "mend"]))
    def order(self, word: str) -> None:
        World.happened += 1
        self.paused = {"pause": True, "resume": False}.get(word, self.paused)
        self.frozen = {"freeze": "year-end", "thaw": ""}.get(word, self.frozen)
        self.integrity = {"break": False, "mend": True}.get(word, self.integrity)

    @rule(seconds=st.sampled_from([-2_600_000, -90, 3600, 2_600_000]))
    def clock_jumps(self, seconds: int) -> None:
        World.happened += 1
        self.clock += seconds

    @rule()
    def memory_is_lost(self) -> None:
        World.happened += 1
        self.memory = Memory()

    @precondition(lambda self: self.releases)
    @rule(pick=st.integers(0, 99), observed_tag=st.sampled_from(["none", "f" * 40]))
    def a_ref_moves(self, pick: int, observed_tag: str) -> None:
        World.happened += 1
        one = self.releases[pick % len(self.releases)]
        self.moved = [Moved(one, observed_tag)]
        self.ineligible[one.tag] = "its ref moved"

    @rule(name=st.sampled_from(sorted(PIPELINES)))
    def the_pipeline_changes(self, name: str) -> None:
        """People review another pipeline, whatever is on its way."""
        World.happened += 1
        self.pipeline = PIPELINES[name]

    @rule(state=st.sampled_from(["set", "lifted"]))
    def somebody_holds(self, state: str) -> None:
        assert isinstance(self.say("hold", None, State=state), Deployment)

    @precondition(lambda self: self.releases)
    @rule(
        kind=st.sampled_from(["promote", "promote", "abort", "withdraw", "clear"]),
        who=PEOPLE,
        pick=st.one_of(st.just(-1), st.integers(0, 99)),
        stage=st.sampled_from(["production", "production", "canary", "staging"]),
    )
    def somebody_says(self, kind: str, who: str, pick: int, stage: str) -> None:
        one = self.releases[pick % len(self.releases)] if pick >= 0 else self.release_of(candidate(self.at))
        if one is not None:
            self.say(kind, one, who, **({"Stage": stage} if kind == "promote" else {}))

    @precondition(lambda self: self.releases)
    @rule()
    def somebody_withdraws_what_is_on_its_way(self) -> None:
        """Whatever pause, freeze and hold say, its traffic goes with the act."""
        one = self.release_of(candidate(self.at))
        if one is not None:
            after = self.say("withdraw", one)
            assert isinstance(after, Deployment), after
            assert candidate(after) != one.tag
            assert not after.canary.share

    @precondition(lambda self: self.at.production.release)
    @rule(often=st.integers(0, 3))
    def somebody_retires_the_agent(self, often: int) -> None:
        """Now and then: no stage holds anything after it, and only what is newer than it ran last comes next."""
        if often:
            return
        after = self.say("retire", None, Leaves=self.at.production.release)
        assert isinstance(after, Deployment), after
        assert after.production.state == "RETIRED"
        assert not after.production.release
        assert not after.canary.share
        assert not candidate(after)
        assert after.hold is not None

    @precondition(lambda self: self.at.production.release)
    @rule(pick=st.one_of(st.just(-1), st.integers(0, 99)))
    def somebody_rolls_back(self, pick: int) -> None:
        """Works under pause, freeze, hold and a broken journal's reader; two at once go back one release."""
        default = rollback_target(self.at, self.release_of)
        target = self.releases[pick % len(self.releases)] if pick >= 0 else default
        if target is None:
            return
        running = self.at.production.release
        outcome = self.say("rollback", target, Leaves=running)
        if target is default and not _outside_window(self.at, default, self.journal_time):
            assert isinstance(outcome, Deployment), outcome
        if isinstance(outcome, Deployment):
            for second in (target, *self.releases):
                assert self.say("rollback", second, "dave", Leaves=running) == outcome

    # --- the reconciler

    @rule(data=st.sampled_from(DATA), late=st.booleans())
    def ticks(self, data: str, late: bool) -> None:
        self.clock += 7200 if late else 60
        self.tick(data)

    @rule(count=st.integers(2, 12), data=st.sampled_from(["healthy", "healthy", *DATA]))
    def weather(self, count: int, data: str) -> None:
        """A stretch of ticks of one kind, so that the far states are reached."""
        for _ in range(count):
            self.clock += 60
            self.tick(data)

    @rule(count=st.integers(1, 6), data=st.sampled_from(DATA), sees=st.booleans(), swap=st.booleans())
    def two_reconcilers_tick(self, count: int, data: str, sees: bool, swap: bool) -> None:
        """Both look at one base, and either is first. One transition lands: what the other decided on that base does
        nothing any more, and planning anew without looking again moves nothing."""
        for _ in range(count):
            self.clock += 60
            if swap:
                self.memory, self.second = self.second, self.memory
            counts, base, now = self.count(data), self.at, max(self.clock, self.journal_time)
            self.second = observe_tick(self.second, base, counts if sees else None, self.look())
            decided = plan_agent(self.view(self.second))
            World.happened += 1
            landed = self.act_on(counts, data)
            if landed.act is None:
                continue
            assert plan_agent(self.view(self.second)).act in (None, "alarm"), "planned on a base that is gone"
            if decided.act == landed.act:
                late = apply_to_deployment(act_of(decided, now), self.at, self.setting(now))
                assert isinstance(late, Refusal) or late == self.at, "two transitions from one base"

    @precondition(lambda self: is_ramping(self.at))
    @rule(count=st.integers(2, 6), data=st.sampled_from(["failing", "none", "split", "healthy"]), swap=st.booleans())
    def the_canary_meets(self, count: int, data: str, swap: bool) -> None:
        """What a canary is there for, before two reconcilers."""
        self.two_reconcilers_tick(count, data, sees=True, swap=swap)

    def say(self, kind: str, one: Release | None, who: str = "carol", **values: str) -> Deployment | Refusal:
        World.happened += 1
        return super().say(kind, one, who, **values)

    def goes_unjudged(self) -> bool:
        """Of a first release, and of the first after an agent was retired, as there is nothing to compare with; and
        where the pipeline has no judge."""
        return self.at.production.state in ("EMPTY", "RETIRED") or self.pipeline.stage("canary").judge == "none"

    def sessions_in_canary(self, at: Deployment) -> set[str]:
        """Those of some sessions that the runtime gives the canary, whose attempt is named by the act that began it."""
        rollout = str(max(number for number, act in enumerate(self.landed) if act.kind == "canary"))
        return {key for key in SESSIONS if in_canary(rollout, key, at.canary.share)}

    def look(self) -> Tick:
        return Tick(self.clock, self.pipeline, self.release_of, self.paused)

    def tick(self, data: str) -> Decision:
        return self.act_on(self.count(data), data)

    def act_on(self, counts: Cumulative | None, data: str) -> Decision:
        World.happened += 1
        paused_books = self.paused and is_ramping(self.at)
        self.memory = observe_tick(self.memory, self.at, counts, self.look())
        seen = data not in ("none", "other") or self.goes_unjudged()
        if seen and not paused_books:
            self.books.ticks += 1
        view = self.view()
        decision = plan_agent(view)
        assert plan_agent(view) == decision
        self.check_decision(view, decision, data)
        if decision.act is None:
            return decision
        act, before = act_of(decision, view.now), self.at
        outcome = self.land(act, view.now)
        assert isinstance(outcome, Deployment), (decision, outcome)
        assert outcome != before, "a plan that changes nothing would be appended for ever"
        again = plan_agent(self.view())
        assert again.act in (None, "alarm"), "planning twice without observing again"
        return decision

    # --- what must hold

    def check_decision(self, view: AgentView, decision: Decision, data: str) -> None:
        at, kind = view.deployment, decision.act
        target = self.release_of(dict(decision.fields).get("Release", " none").split(" ")[1])
        if not self.integrity:
            assert kind is None
        if self.frozen:
            assert kind not in RAISING
        if kind in RAISING:
            assert target is not None
            assert target.tag not in self.ineligible
        if data in ("none", "other") and not self.goes_unjudged():
            assert kind not in ("share", "graduate"), "no data never promotes"
        found = view.observed.judgement
        if is_ramping(at) and found and found.outcome is Outcome.FAIL and self.integrity:
            assert kind == "fail", "a FAIL removes traffic within one tick"
        if kind in ("share", "graduate"):
            steps = self.pipeline.stage("canary").steps
            step = steps[min(at.canary.step, len(steps) - 1)]
            assert 60 * self.books.ticks >= parse_duration(step.soak), "each step after its observed soak"
            if not self.goes_unjudged():
                assert self.books.units >= step.min_units
        if kind == "graduate" and not self.goes_unjudged():
            assert found is not None
            assert found.outcome is Outcome.PASS
        if kind is None and candidate(at):
            assert decision.waits, "what is blocked says what it waits for"

    def check_change(self, act: Act, before: Deployment, after: Deployment) -> None:
        old, new = self.release_of(last_running(before)), self.release_of(after.production.release)
        named = self.closure(act.get("Release").split(" ")[1]) if act.get("Release") else ""
        stage = {"pass": "pass", "canary": "canary", "graduate": "production"}.get(act.kind, "")
        assert (named, stage) not in self.lacking, "no stage without the results that are asked for before it"
        assert act.kind in ("clear", "rollback") or {*before.bad} <= {*after.bad}, "a bad mark goes by a person's word"
        assert {*before.withdrawn} <= {*after.withdrawn}, "what is withdrawn stays withdrawn"
        if act.kind == "retire":
            return
        changes = before.production.release != after.production.release
        if self.paused and before.production != after.production:
            assert act.kind == "rollback"
        if before.hold is not None and changes:
            assert act.kind == "rollback"
        if old is not None and new is not None and act.kind != "rollback":
            assert old.release_name.precedence <= new.release_name.precedence
        if changes and act.kind != "rollback":
            assert new is not None
            same = old is not None and old.closure == new.closure
            assert same or new.closure in self.books.passed, "production implies staging PASS"
            votes = [vote for vote in before.votes if vote.release == new.tag and vote.stage == "production"]
            assert same or any(self.may_promote(vote) for vote in votes)
            assert not after.votes
        if act.kind == "rollback" and changes:
            assert old is not None
            assert new is not None
            assert old.closure != new.closure
            assert old.closure in after.bad
            assert not is_ramping(after)
            assert after.hold is not None
            assert after.prior[0].release == old.tag
        if is_ramping(after):
            steps = after.canary.step - before.canary.step if is_ramping(before) else after.canary.step
            assert steps in (0, 1)
            assert steps == 0 or act.kind == "share"
            if act.kind in ("canary", "share"):
                assert after.canary.share == parse_share(self.pipeline.stage("canary").steps[after.canary.step].share)
        if is_ramping(before) and is_ramping(after) and before.canary.share <= after.canary.share:
            assert self.sessions_in_canary(before) <= self.sessions_in_canary(after), "a session went back to stable"
        if (self.paused or before.hold) and after.canary.share > before.canary.share:
            raise AssertionError("a pause and a hold stop what raises risk")

    @invariant()
    def traffic_goes_where_the_records_say(self) -> None:
        at = self.at
        assert at.canary.share == (self.books.share if is_ramping(at) else 0)
        running, ramping = self.closure(at.production.release), self.closure(at.canary.release)
        assert running not in at.bad
        assert at.production.release not in at.withdrawn
        if is_ramping(at):
            assert ramping != running
            assert ramping not in at.bad
            assert at.canary.release not in at.withdrawn
            assert ramping in self.books.passed

    @invariant()
    def there_is_one_candidate(self) -> None:
        at = self.at
        if is_ramping(at):
            assert at.staging.release == at.canary.release
        if at.staging.state in ("SOAKING", "PASSED"):
            assert self.closure(at.staging.release) not in at.bad
            assert at.staging.release not in at.withdrawn
        assert all(vote.release == candidate(at) for vote in at.votes)

    @invariant()
    def who_rests_has_nothing_coming(self) -> None:
        if self.moved or not rests(self.at, self.releases):
            return
        seen = with_fields(observed(self.memory, self.pipeline), of=fingerprint(self.at))
        clear = with_fields(self.view(), observed=seen, frozen="", stale="", integrity=True)
        decision = plan_agent(clear)
        assert decision.act is None
        assert not decision.waits

    def teardown(self) -> None:
        """Liveness: once nothing holds and metrics are healthy, the newest eligible release reaches production, and
        then nothing moves any more. People lift, abort and promote; no state keeps anybody for ever."""
        before = World.happened
        self.order("resume"), self.order("thaw"), self.order("mend")
        self.ship()
        for _ in range(5):
            self.clock += 60
            assert self.tick("healthy").act is None
        World.happened = before
        self.the_chain_holds()

    def the_chain_holds(self) -> None:
        """Who knows nothing but the acts comes to the same end: nothing skipped, and this release in production."""
        steps = [Step(number, "", act) for number, act in enumerate(self.landed)]
        chain = promotion_chain(steps, self.releases[-1], {one.tag: one for one in self.releases})
        assert chain.offence is None, chain
        assert "went to production" in chain.words or "entered staging" in chain.words


def act_of(decision: Decision, now: int) -> Act:
    """The act that a reconciler signs."""
    assert decision.act is not None
    return Act(decision.act, "0" * 26, "f", "g", "bot:r", decision.subject, decision.fields, now, decision.reason)


def _outside_window(at: Deployment, target: Release, time: int) -> bool:
    return all(time - prior.until > 90 * 86_400 for prior in at.prior if prior.release == target.tag)


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=15, stateful_step_count=25)


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_hundred_thousand_events(shard: int) -> None:
    """Counted, never timed: each shard goes on with worlds of other seeds until its part has happened."""
    longer = settings(max_examples=50, stateful_step_count=50)
    lap, World.happened = 0, 0
    while World.happened < EVENTS // SHARDS:
        run_state_machine_as_test(seed(1000 * shard + lap)(World), settings=longer)
        lap += 1
    print(f"shard {shard}: {World.happened} events in {lap * 50} worlds")
    assert World.happened * SHARDS >= EVENTS
