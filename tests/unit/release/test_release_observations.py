"""What the reconciler remembers between ticks, and what a tick may add to it."""

from dataclasses import replace as replaced

import pytest
from deploymentworld import AGENT, Line, pipeline, release
from msgspec.structs import replace

from agentgov.model.names import AgentId
from agentgov.model.pipeline import Judge, Metric, Pipeline, Step
from agentgov.model.state import Release
from agentgov.release.counts import Arm, Cumulative, Wanted
from agentgov.release.judge import Counts, JudgeState, Outcome
from agentgov.release.observations import Memory, Tick, fingerprint, observe_tick, observed, wanted
from agentgov.release.windows import MOST

V1, V2, V3 = release("1.0.0"), release("1.1.0"), release("1.2.0")
OWNER = AgentId(*AGENT.split("/"))
TWO = pipeline(judge=Judge(metrics={"error": Metric(ceiling=0.02), "cost": Metric(gate=False)}))


class Watcher:
    """A reconciler's memory beside a line of deployments."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.memory = Memory()
        self.clock = line.now

    def tick(
        self, seconds: int = 60, counts: Cumulative | None = None, problem: str = "", rules: Pipeline | None = None
    ) -> Memory:
        """One tick, so much later by the clock."""
        self.clock += seconds
        tick = Tick(self.clock, rules or self.line.rules, self.line.releases.get, self.line.paused, problem)
        self.memory = observe_tick(self.memory, self.line.at, counts, tick)
        return self.memory


def counted(one: Release, canary: int, bad: int = 0, stable: int = 0, stable_bad: int = 0) -> Cumulative:
    """Cumulative counts of errors."""
    return Cumulative(one.name, Arm(canary, {"error": bad}), Arm(stable, {"error": stable_bad}))


@pytest.fixture
def soaking() -> Watcher:
    """v1.0.0 is new in staging."""
    line = Line(V1, V2, V3)
    line.do("stage", V1)
    return Watcher(line)


@pytest.fixture
def ramping() -> Watcher:
    """v1.1.0 began its canary beside v1.0.0."""
    line = Line(V1, V2, V3)
    line.to_production(V1)
    line.to_canary(V2)
    return Watcher(line)


def test_soak_is_what_was_observed_on_both_ends(soaking: Watcher) -> None:
    assert soaking.tick().staging.soak == 0  # how long it stood there before, nobody saw
    assert soaking.tick(60).staging.soak == 60
    assert soaking.tick(45).staging.soak == 105


@pytest.mark.parametrize("seconds", [61, 3600, 31 * 86_400, 10**12])
def test_a_tick_adds_at_most_one_interval(soaking: Watcher, seconds: int) -> None:
    soaking.tick()
    assert soaking.tick(seconds).staging.soak == 60


def test_a_clock_that_goes_back_adds_nothing(soaking: Watcher) -> None:
    soaking.tick()
    soaking.tick(60)
    assert soaking.tick(-86_400).staging.soak == 60
    assert soaking.tick(60).staging.soak == 120


def test_another_candidate_soaks_anew_and_a_new_name_does_not(soaking: Watcher) -> None:
    line = soaking.line
    soaking.tick()
    soaking.tick()
    again = release("1.0.1", content="1.0.0")
    line.releases[again.tag] = again
    line.wait(1)
    line.do("stage", again)
    assert soaking.tick().staging.soak == 120
    line.do("stage", V2)
    assert soaking.tick().staging.soak == 0


def test_what_passed_is_not_watched(soaking: Watcher) -> None:
    soaking.tick()
    soaking.line.wait()
    soaking.line.do("pass", V1)
    assert soaking.tick().staging.soak == 0
    assert soaking.tick().staging.soak == 0


def test_staging_soaks_under_a_pause(soaking: Watcher) -> None:
    soaking.line.paused = True
    soaking.tick()
    assert soaking.tick().staging.soak == 60


def test_a_canary_soaks_only_in_ticks_with_data(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 10, 0, 190, 2))
    assert ramping.tick(counts=counted(V2, 20, 0, 380, 4)).canary.soak == 60
    silent = ramping.tick()
    assert (silent.canary.soak, silent.problem) == (60, "no counts")
    assert ramping.tick(counts=counted(V2, 30, 0, 570, 6)).canary.soak == 120


def test_the_interval_is_the_judges(ramping: Watcher) -> None:
    rules = pipeline(judge=Judge(metrics={"error": Metric()}, interval="5m"))
    ramping.tick(counts=counted(V2, 10), rules=rules)
    assert ramping.tick(400, counted(V2, 20), rules=rules).canary.soak == 300


def test_windows_are_differences_and_the_first_counts_from_the_start(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 10, 1, 190, 2))
    memory = ramping.tick(counts=counted(V2, 25, 3, 400, 2))
    assert memory.units == 25
    assert memory.judge.metrics["error"].totals == Counts(25, 3, 400, 2)
    seen = observed(memory, ramping.line.rules)
    assert seen.counts == ("error canary 3/25 stable 2/400",)
    assert seen.healthy
    assert seen.of == fingerprint(ramping.line.at)


def test_how_fast_units_come_is_told_of_this_step_however_late_ticks_are(ramping: Watcher) -> None:
    line = ramping.line

    def rate() -> float:
        return observed(ramping.memory, line.rules).unit_rate

    ramping.tick(60, counted(V2, 30, 0, 570, 6))
    assert rate() == 0.5
    ramping.tick(60, problem="down")
    ramping.tick(540, counted(V2, 330, 0, 6270, 6))
    assert rate() == 0.5  # also of the ten minutes that nobody looked
    ramping.tick(-300, counted(V2, 330, 0, 6270, 6))
    assert rate() == 0.5  # a clock that goes back takes no time away
    line.paused = True
    ramping.tick(3600)
    line.paused = False
    ramping.tick(60, counted(V2, 360, 0, 6840, 6))
    assert rate() == 0.5  # while it was paused nothing could come
    line.wait()
    line.do("share", V2)
    ramping.tick(60, counted(V2, 510, 0, 7290, 6))
    assert rate() == 2.5
    line.wait()
    line.do("stall", V2)
    ramping.tick()
    assert rate() == 0.0


def test_how_fast_units_come_is_not_told_after_a_lost_memory_before_two_readings(ramping: Watcher) -> None:
    ramping.line.wait()
    ramping.line.do("share", V2)
    ramping.tick(60, counted(V2, 300, 1, 900, 3))
    assert observed(ramping.memory, ramping.line.rules).unit_rate == 0.0
    ramping.tick(60, counted(V2, 360, 1, 1080, 3))
    assert observed(ramping.memory, ramping.line.rules).unit_rate == 1.0


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        (None, "down"),
        (counted(V1, 50), "v1.0.0"),
        (counted(V2, 5, 1, 500, 2), "back"),
        (counted(V2, 50, 0, 500, 2), "back"),
        (counted(V2, 50, 1, 100, 2), "back"),
        (Cumulative(V2.name, Arm(50, {"cost": 1}), Arm(500, {"error": 3})), "error"),
        (Cumulative(V2.name, Arm(50, {"error": 1}), Arm(500, {})), "error"),
        (Cumulative(V2.name, Arm(12, {"error": 9}), Arm(500, {"error": 3})), "error"),
    ],
)
def test_what_is_no_data(ramping: Watcher, counts: Cumulative | None, word: str) -> None:
    before = ramping.tick(counts=counted(V2, 10, 1, 190, 2))
    after = ramping.tick(counts=counts, problem="the source is down")
    assert not after.healthy
    assert after.no_data_ticks == 1
    assert word in after.problem
    assert after.judge.metrics == before.judge.metrics
    assert ramping.tick().no_data_ticks == 2


def test_after_a_reset_counting_goes_on_from_there(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 100, 1, 1900, 2))
    ramping.tick(counts=counted(V2, 5, 0, 10, 0))
    memory = ramping.tick(counts=counted(V2, 15, 0, 200, 1))
    assert memory.healthy
    assert memory.no_data_ticks == 0
    assert memory.judge.metrics["error"].totals == Counts(110, 1, 2090, 3)


def test_a_metric_that_is_not_needed_to_pass_may_be_missing(ramping: Watcher) -> None:
    assert ramping.tick(counts=counted(V2, 10, 0, 190, 2), rules=TWO).healthy


def test_a_metric_that_appears_later_counts_from_then(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 10, 0, 190, 2), rules=TWO)
    both = Cumulative(V2.name, Arm(20, {"error": 0, "cost": 9}), Arm(380, {"error": 4, "cost": 1}))
    assert "cost" not in ramping.tick(counts=both, rules=TWO).judge.metrics


def test_the_next_step_starts_units_and_soak_and_keeps_the_evidence(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 10, 1, 190, 2))
    ramping.tick(counts=counted(V2, 20, 1, 380, 4))
    ramping.line.wait()
    ramping.line.do("share", V2)
    memory = ramping.tick(counts=counted(V2, 45, 1, 455, 5))
    assert (memory.units, memory.canary.soak, memory.step) == (25, 0, 1)
    assert memory.judge.metrics["error"].totals == Counts(45, 1, 455, 5)
    ramping.line.wait()
    ramping.line.do("stall", V2)
    assert ramping.tick(counts=counted(V2, 50, 1, 460, 5)).judge.metrics["error"].totals == Counts(50, 1, 460, 5)


def test_a_ramp_that_starts_again_is_judged_anew(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 40, 20, 100, 2))
    ramping.line.wait()
    ramping.line.do("stall", V2)
    ramping.tick(counts=counted(V2, 41, 20, 110, 2))
    ramping.line.do("clear", V2)
    assert ramping.tick().judge.metrics == {}
    ramping.line.wait()
    ramping.line.do("canary", V2)
    memory = ramping.tick(counts=counted(V2, 50, 20, 210, 3))
    assert memory.judge.metrics["error"].totals == Counts(9, 0, 100, 1)
    assert memory.ramp_started == ramping.line.now


def test_a_ramp_that_starts_again_between_two_ticks_is_judged_anew(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 40, 20, 100, 2))
    ramping.line.do("stall", V2)
    ramping.line.do("clear", V2)
    ramping.line.wait()
    ramping.line.do("canary", V2)
    assert ramping.tick(counts=counted(V2, 50, 20, 210, 3)).judge.metrics["error"].totals == Counts(10, 0, 110, 1)


def test_another_candidate_is_judged_anew(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 40, 20, 100, 2))
    ramping.line.do("abort", V2)
    ramping.line.to_canary(V3)
    memory = ramping.tick(counts=counted(V3, 7, 1, 90, 1))
    assert memory.judge.metrics["error"].totals == Counts(7, 1, 90, 1)
    assert memory.units == 7


def test_losing_the_memory_restarts_soak_and_counts_and_nothing_more(ramping: Watcher) -> None:
    ramping.line.wait()
    ramping.line.do("share", V2)
    ramping.tick(counts=counted(V2, 300, 1, 900, 3))
    ramping.memory = Memory()
    first = ramping.tick(counts=counted(V2, 400, 90, 1200, 4))
    assert (first.units, first.canary.soak, first.healthy) == (0, 0, False)
    assert first.judge.metrics == {}
    assert first.ramp_started == ramping.clock
    second = ramping.tick(counts=counted(V2, 410, 90, 1230, 4))
    assert second.units == 10
    assert second.judge.metrics["error"].totals == Counts(10, 0, 30, 0)


def test_a_paused_canary_gathers_neither_soak_nor_blame(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 10, 0, 190, 2))
    ramping.line.paused = True
    for _ in range(9):
        ramping.tick()
    assert (ramping.memory.canary.soak, ramping.memory.no_data_ticks) == (0, 0)


def test_a_first_release_is_watched_without_counts() -> None:
    line = Line(V1)
    line.to_canary(V1)
    watcher = Watcher(line)
    watcher.tick()
    memory = watcher.tick()
    assert memory.canary.soak == 60
    assert observed(memory, line.rules).counts == ("error canary 0/0 stable 0/0",)
    watcher.tick(counts=counted(V1, 1000, 900))
    seen = observed(watcher.tick(counts=counted(V1, 5000, 4000)), line.rules)
    assert seen.judgement is not None
    assert seen.judgement.outcome is Outcome.UNDECIDED


def test_without_a_judge_nothing_is_judged(ramping: Watcher) -> None:
    rules = pipeline(judged=False)
    memory = ramping.tick(counts=counted(V2, 10), rules=rules)
    assert observed(memory, rules).judgement is None
    assert observed(memory, rules).counts == ()
    assert ramping.tick(rules=rules).canary.soak == 60


def baking() -> Watcher:
    """v1.1.0 just went to production."""
    line = Line(V1, V2, V3)
    line.to_production(V1)
    line.to_canary(V2, step=2)
    watcher = Watcher(line)
    watcher.tick(counts=counted(V2, 1000, 4, 1000, 4))
    line.wait()
    line.do("graduate", V2)
    return watcher


def test_production_is_held_to_its_ceiling_while_it_bakes() -> None:
    watcher = baking()
    memory = watcher.tick(counts=counted(V2, 2000, 14, 1000, 4))
    seen = observed(memory, watcher.line.rules)
    assert seen.judgement is None
    assert seen.bake is not None
    assert seen.bake.outcome is Outcome.UNDECIDED
    assert memory.units == 0
    assert memory.bake_judge.metrics["error"].totals == Counts(1000, 10, 0, 0)
    more = watcher.tick(counts=counted(V2, 2100, 15, 1000, 4))
    assert more.bake_judge.metrics["error"].totals == Counts(1100, 11, 0, 0)
    bad = observed(watcher.tick(counts=counted(V2, 2200, 114, 1000, 4)), watcher.line.rules).bake
    assert bad is not None
    assert (bad.outcome, bad.metric) == (Outcome.FAIL, "error")
    watcher.line.wait()
    watcher.line.do("settle", V2)
    assert observed(watcher.tick(counts=counted(V2, 2300, 214)), watcher.line.rules).bake is None


def test_a_bake_soaks_without_counts_but_not_under_a_pause() -> None:
    watcher = baking()
    watcher.tick()
    assert watcher.tick().bake.soak == 60
    watcher.line.paused = True
    assert watcher.tick().bake.soak == 60
    assert observed(watcher.memory, watcher.line.rules).bake_soak == 60
    assert observed(watcher.memory, pipeline(judged=False)).bake is None  # nobody judges any more


def test_a_bake_needs_no_stable_side_and_the_next_one_starts_anew() -> None:
    watcher = baking()
    alone = Cumulative(V2.name, Arm(2000, {"error": 14}), Arm(1000, {}))
    assert watcher.tick(counts=alone).bake_judge.metrics["error"].totals == Counts(1000, 10, 0, 0)
    watcher.line.to_canary(V3, step=2)
    watcher.tick(counts=counted(V3, 10, 0, 10, 0))
    watcher.line.wait()
    watcher.line.do("graduate", V3)
    memory = watcher.tick(counts=counted(V3, 30, 1, 10, 0))
    assert memory.bake_judge.metrics["error"].totals == Counts(20, 1, 0, 0)


def test_what_bakes_is_counted_from_its_own_counters_after_another_candidate() -> None:
    watcher = baking()
    watcher.line.to_canary(V3)
    watcher.tick(counts=counted(V3, 10, 0, 190, 2))
    watcher.line.do("abort", V3)
    memory = watcher.tick(counts=counted(V2, 5000, 400, 200, 2))
    assert memory.bake_judge.metrics == {}
    assert "begins" in memory.problem
    assert watcher.tick(counts=counted(V2, 5010, 400, 200, 2)).bake_judge.metrics["error"].totals == Counts(10, 0, 0, 0)


def test_what_neither_ramps_nor_bakes_is_not_counted() -> None:
    line = Line(V1)
    line.to_production(V1)
    memory = Watcher(line).tick(counts=counted(V1, 1000, 900))
    assert (memory.last, memory.bake_judge.metrics, memory.no_data_ticks) == (None, {}, 0)


def test_counts_of_an_older_release_say_nothing_of_what_bakes() -> None:
    watcher = baking()
    memory = watcher.tick(counts=counted(V1, 5000, 5000))
    assert memory.bake_judge.metrics == {}


def test_a_candidate_is_judged_while_production_still_bakes() -> None:
    watcher = baking()
    watcher.line.to_canary(V3)
    memory = watcher.tick(counts=counted(V3, 10, 1, 190, 2))
    assert memory.judge.metrics["error"].totals == Counts(10, 1, 190, 2)


def test_every_change_of_a_deployment_changes_its_fingerprint(ramping: Watcher) -> None:
    before = fingerprint(ramping.line.at)
    assert fingerprint(ramping.line.do("promote", V2)) != before
    assert fingerprint(replace(ramping.line.at, votes=())) == before
    assert AGENT in ramping.line.at.agent


def asked(watcher: Watcher, rules: Pipeline | None = None) -> Wanted | None:
    tick = Tick(watcher.clock, rules or watcher.line.rules, watcher.line.releases.get)
    return wanted(watcher.memory, OWNER, watcher.line.at, tick)


def test_units_are_wanted_of_what_has_traffic_to_be_judged(ramping: Watcher) -> None:
    began = ramping.line.at.canary.since
    want = Wanted(OWNER, V2.name, V1.name, began, 5_000, ("error",))
    assert asked(ramping) == want
    counts = counted(V2, 100, 1, 900, 9)
    ramping.tick(counts=counts)
    ramping.tick()
    assert asked(ramping) == replaced(want, previous=counts)
    ramping.line.wait()
    ramping.line.do("share", V2)
    ramping.tick()
    assert asked(ramping) == replaced(want, previous=counts, share=25_000)  # since the ramp began, not the step
    ramping.line.do("abort", V2)
    ramping.line.to_canary(V3)
    found = asked(ramping)
    assert found is not None
    assert (found.release, found.previous) == (V3.name, None)  # what was counted of another release is no reading of it


def test_nobody_asks_for_what_nobody_judges(soaking: Watcher, ramping: Watcher) -> None:
    assert asked(soaking) is None
    assert asked(ramping, pipeline(judged=False)) == Wanted(
        OWNER, V2.name, V1.name, ramping.clock, 5_000, ()
    )  # minUnits
    assert asked(ramping, pipeline(judged=False, steps=(Step(share="5%"),))) is None
    production = baking()
    line = production.line
    assert asked(production) == Wanted(
        OWNER, V2.name, "", line.at.production.since, 100_000, ("error",), counted(V2, 1000, 4, 1000, 4)
    )
    assert asked(production, pipeline(judged=False)) is None
    line.wait(10 * 86_400)
    line.do("settle", V2)
    assert asked(production) is None


def test_what_the_judge_was_fed_is_kept_for_one_ramp(ramping: Watcher) -> None:
    for number in range(1, 4):
        ramping.tick(counts=counted(V2, 100 * number, number, 900 * number, 9 * number))
    window = {"error": Counts(100, 1, 900, 9)}
    assert [(one.share, one.counts) for one in ramping.memory.windows] == [(5_000, window)] * 3
    assert not ramping.memory.cut
    ramping.line.do("abort", V2)
    assert ramping.tick().windows == ()


def test_of_a_ramp_without_end_the_latest_windows_are_kept(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 0))
    ramping.memory = replace(ramping.memory, windows=ramping.memory.windows * (MOST + 5))
    kept = ramping.tick(counts=counted(V2, 1, 0, 1))
    assert (len(kept.windows), kept.cut, kept.windows[-1].counts["error"]) == (MOST, True, Counts(1, 0, 1, 0))
    ramping.memory = replace(kept, windows=kept.windows[-9:])
    assert ramping.tick(counts=counted(V2, 2, 0, 2)).cut  # once gone, the oldest stay gone
    assert not ramping.tick(counts=counted(V2, 3, 0, 3), rules=TWO).cut  # another judge begins anew
    ramping.memory = replace(kept, windows=kept.windows[1:], cut=False)
    assert not ramping.tick(counts=counted(V2, 4, 0, 4)).cut  # as many as are kept


def test_a_ramp_that_went_on_and_stopped_unseen_is_judged_anew(ramping: Watcher) -> None:
    ramping.tick(counts=counted(V2, 50, 0, 950))
    ramping.tick(counts=counted(V2, 100, 0, 1900))
    for step in (1, 2):
        ramping.line.wait()
        ramping.line.do("share", V2)
        assert ramping.line.at.canary.step == step
    ramping.line.do("stall", V2)
    memory = ramping.tick(86_400, counts=counted(V2, 150, 0, 2850))
    assert (memory.step, memory.ramp_started, len(memory.windows)) == (2, ramping.clock, 1)


def test_evidence_of_no_bake_is_not_kept(ramping: Watcher) -> None:
    ramping.line.do("abort", V2)
    ramping.memory = replace(ramping.memory, bake_judge=JudgeState("of a bake that is over"))
    assert ramping.tick().bake_judge == JudgeState()
