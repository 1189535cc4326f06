"""The board of `status --watch`: who is on it, how far things are, and what is left out where there is no room."""

from collections.abc import Sequence
from dataclasses import replace

from agentgov.model.names import AgentId
from agentgov.model.pipeline import Judge, Metric, Pipeline, Stage, Step
from agentgov.model.state import Canary, Deployment, Hold, Pause, Production, Release, Staging
from agentgov.release.judge import Counts, Evidence, Judgement, Outcome
from agentgov.release.view import Observed, Wait
from agentgov.report.board import Look, bar, board
from agentgov.report.judge import Judged
from agentgov.report.standing import Standing

NOW = 1_700_003_600
OLD, NEW = "a" * 40, "b" * 40
PIPELINE = Pipeline(
    stages=(
        Stage("staging", "staging", soak="30m"),
        Stage(
            "canary",
            "production",
            steps=(Step("10%", "1h", 200), Step("50%", "1h")),
            judge=Judge(metrics={"error": Metric(), "cost": Metric()}),
        ),
        Stage("production", "production", bake="2h"),
    )
)


def agent(name: str) -> AgentId:
    return AgentId("support", name)


def standing(name: str, at: Deployment | None = None, **more: object) -> Standing:
    tags = {OLD: "1.0.0", NEW: "1.1.0"}
    releases = {
        tag: Release(f"support/{name}/v{version}", tag, "c" * 40, "d" * 64, 0, 0, "alice")
        for tag, version in tags.items()
    }
    deployment = at or Deployment(f"support/{name}", production=Production("STABLE", OLD, NOW - 86_400))
    return Standing(agent(name), deployment, releases, **more)  # type: ignore[arg-type]


def look(rows: Sequence[Standing], seen: dict[AgentId, Observed] | None = None, problem: str = "") -> Look:
    return Look(rows, seen or {}, lambda _agent: PIPELINE, (), 12, NOW - 120, NOW, problem)


def ramping(name: str) -> Standing:
    canary = Canary("RAMP", NEW, 0, 10_000, NOW - 1200)
    at = Deployment(f"support/{name}", Staging("PASSED", NEW, NOW), canary, Production("STABLE", OLD, 1))
    return standing(name, at, waits=(Wait("P8", "soak of the step", "40m", "soak", 2400),))


def test_a_canary_shows_on_which_counts_it_is_judged() -> None:
    counts = Counts(canary_units=400, canary_bad=5, stable_units=3600, stable_bad=51)
    evidence = Evidence("error", 0.31, 4.2, 12.0, counts, Outcome.UNDECIDED)
    judge = PIPELINE.stage("canary").judge
    assert isinstance(judge, Judge)
    found = Judged("canary", judge, Judgement(Outcome.UNDECIDED, "", (evidence,), 800), 600)
    one = replace(ramping("triage"), judged=found)
    text = board(look([one, standing("quiet")]), 40).text()
    said = "undecided, about 800 more units, in about 10m (error 5 of 400 beside 51 of 3,600)"
    assert f"judged support/triage: {said}" in text
    assert text.count("judged") == 1
    assert found.words() == said


def test_a_canary_shows_its_step_its_soak_its_units_and_its_evidence() -> None:
    judged = Judgement(
        Outcome.UNDECIDED,
        "",
        (
            Evidence("error", 0.31, 4.2, 12.0, Counts(), Outcome.UNDECIDED),
            Evidence("cost", 0.1, 30.0, 1.0, Counts(), Outcome.PASS),
        ),
    )
    seen = Observed(canary_soak=1200, units=120, judgement=judged)
    text = board(look([ramping("triage")], {agent("triage"): seen}), 40).text()
    assert "1 agents, 1 to look at, 0 paused; journal act 12, 2m old" in text
    assert (
        "v1.1.0 10%, step 1 of 2, [###.......] 20m of 1h, 120 of 200 units, error harm 0.3 safe 12.0, cost pass" in text
    )
    assert "soak of the step (40m to go)" in text


def test_where_no_reconciler_runs_the_board_says_since_when() -> None:
    assert "v1.1.0 10%, step 1 of 2, for 20m of 1h" in board(look([ramping("triage")]), 40).text()


def test_staging_and_baking_have_their_bars() -> None:
    at = Deployment("support/a", Staging("SOAKING", NEW, NOW - 60), production=Production("BAKING", OLD, NOW - 60))
    seen = Observed(staging_soak=900, bake_soak=7200)
    text = board(look([standing("a", at)], {agent("a"): seen}), 40).text()
    assert "v1.1.0 soaking [#####.....] 15m of 30m" in text
    assert "v1.0.0 baking [##########] 2h of 2h" in text


def test_in_a_large_fleet_only_what_moves_waits_or_is_stopped_has_a_row() -> None:
    pause = Pause("support/p", "erin", 1, 1)
    held = Deployment("support/h", production=Production("STABLE", OLD, 1), hold=Hold("erin", 1))
    quiet = [standing(f"quiet-{number}") for number in range(9_950)]
    text = board(look([*quiet, ramping("triage"), standing("p", pause=pause), standing("h", held)]), 40).text()
    assert "9,953 agents, 3 to look at, 1 paused" in text
    assert "PAUSED" in text
    assert "and 9,950 quiet" in text
    assert "quiet-1" not in text
    assert len(text.splitlines()) < 40


def test_what_finds_no_room_is_counted() -> None:
    rows = [ramping(f"agent-{number:03}") for number in range(100)]
    text = board(look(rows), 24).text()
    assert len(text.splitlines()) <= 24
    assert "and 82 more that move, wait or are stopped" in text


def test_trouble_stands_below_the_last_look() -> None:
    text = board(look([standing("a")], problem="the remote gave no answer"), 24).text()
    assert text.splitlines()[-1] == "waiting the remote gave no answer"


def test_a_bar_is_full_when_what_was_asked_is_reached_and_never_overflows() -> None:
    assert bar(0, 600) == "[..........] 0s of 10m"
    assert bar(599, 600) == "[#########.] 9m59s of 10m"
    assert bar(10_000, 600) == "[##########] 10m of 10m"
