"""`judge` at the command line: what the judge of a canary sees, and its verdict played again."""

import json
from pathlib import Path

import pytest
from simulator import FLEET, TRIAGE
from unit.cli.command_world import CommandWorld, Traffic

AGENT = str(TRIAGE)


def memory_file(world: CommandWorld) -> Path:
    """Where the reconciler of this machine keeps what it observed."""
    return world.folder / "home/state/reconciler" / FLEET


@pytest.fixture
def ramp(in_canary: CommandWorld) -> CommandWorld:
    """v1.2.0 has just begun its canary beside v1.1.0, and nothing is counted yet."""
    in_canary.traffic = Traffic("1.2.0")
    return in_canary


def test_what_the_judge_sees_has_counts_evidence_and_when_it_will_know(ramp: CommandWorld) -> None:
    ramp.tick(ramp.traffic.next(0.1, 0.01))
    found = ramp.asked("frank", "judge", "show", AGENT)
    assert (found["stage"], found["release"], found["share"], found["step"]) == ("canary", f"{AGENT}/v1.2.0", "10%", 0)
    assert (found["outcome"], found["failsAt"], found["passesAt"]) == ("undecided", 100.0, 20.0)
    (metric,) = found["metrics"]
    assert (metric["metric"], metric["gate"], metric["ceiling"], metric["outcome"]) == (
        "error",
        True,
        0.05,
        "undecided",
    )
    assert metric["canary"] == {"units": 100, "bad": 1}
    assert metric["stable"] == {"units": 900, "bad": 9}
    assert 0 < metric["evidence"]["harm"] < 100
    assert found["etaUnits"] > 0
    assert found["etaSeconds"] == pytest.approx(found["etaUnits"] / found["unitsPerSecond"], abs=1)
    shown = ramp.must("frank", "judge", "show", AGENT).out
    assert f"{AGENT}/v1.2.0 at 10%, step 1: undecided, about" in shown
    assert "harm (fails at 100)" in shown
    assert "1 of 100" in shown


def test_status_has_the_counts_of_both_sides_and_the_verdict_so_far(ramp: CommandWorld) -> None:
    assert "judged" not in ramp.must("frank", "status", AGENT).out
    ramp.tick(ramp.traffic.next(0.1, 0.01))
    told, alone = ramp.asked("frank", "judge", "show", AGENT), ramp.asked("frank", "status", AGENT)["agents"][0]
    for name in ("stage", "outcome", "metric", "failsAt", "passesAt", "metrics"):
        assert alone["judged"][name] == told[name]
    fleet = {one["agent"]: one["judged"] for one in ramp.asked("frank", "status")["agents"]}
    assert fleet == {AGENT: alone["judged"], "finance/payroll": None}
    for shown in (ramp.must("frank", "status", AGENT).out, ramp.must("frank", "status").out):
        assert f"judged {AGENT}: undecided, about" in shown
        assert "(error 1 of 100 beside 9 of 900)" in shown
    elsewhere = {"AGENTGOV_STATE_HOME": str(ramp.folder / "other")}
    found = ramp.run("frank", "status", AGENT, env=elsewhere)
    assert (found.code, "judged" in found.out) == (0, False)


def test_what_was_not_observed_here_cannot_be_told(ramp: CommandWorld) -> None:
    ramp.tick(ramp.traffic.next(0.1))
    elsewhere = {"AGENTGOV_STATE_HOME": str(ramp.folder / "other")}
    for command in ("show", "replay"):
        found = ramp.run("frank", "judge", command, AGENT, env=elsewhere)
        assert (found.code, found.out) == (3, "")
        assert "on the machine of the reconciler" in found.err
    memory_file(ramp).write_text("{")
    assert "damaged" in ramp.run("frank", "judge", "show", AGENT).err


def test_without_data_it_says_why_and_since_when(ramp: CommandWorld) -> None:
    ramp.tick()
    ramp.tick()
    found = ramp.asked("frank", "judge", "show", AGENT)
    assert (found["outcome"], found["noDataTicks"], found["etaUnits"]) == ("undecided", 2, None)
    assert found["problem"]
    assert "no data for 2 ticks: " in ramp.must("frank", "judge", "show", AGENT).out


def test_where_nothing_runs_beside_nothing_is_judged(running: CommandWorld) -> None:
    found = running.asked("frank", "judge", "show", AGENT)
    assert (found["stage"], found["outcome"]) == (None, None)
    assert found["unjudged"] == "no canary runs, and nothing bakes"
    assert "not judged" in running.must("frank", "judge", "show", AGENT).out
    assert running.run("frank", "judge", "replay", AGENT).code == 3
    assert running.run("frank", "judge", "show", "support/triagge").code == 2


def test_the_verdict_is_played_again_after_each_look(ramp: CommandWorld) -> None:
    for bad in (0.01, 0.5):
        ramp.tick(ramp.traffic.next(0.1, bad))
    found = ramp.asked("frank", "judge", "replay", AGENT)
    assert [one["outcome"] for one in found["looks"]] == ["undecided", "fail"]
    assert found["looks"][1]["counts"]["error"]["canary"] == {"units": 100, "bad": 50}
    assert (found["outcome"], found["metric"], found["agrees"]) == ("fail", "error", True)
    assert found["since"] == ramp.time
    assert ramp.stages()["canary"]["state"] == "FAILED"
    shown = ramp.must("frank", "judge", "replay", AGENT).out
    assert "fail error" in shown
    assert "which is what the reconciler remembers" in shown


def test_what_was_changed_does_not_agree_and_what_was_cut_proves_nothing(ramp: CommandWorld) -> None:
    ramp.tick(ramp.traffic.next(0.1))
    ramp.tick(ramp.traffic.next(0.1))
    file = memory_file(ramp)
    whole = json.loads(file.read_text())
    memory = whole["agents"][AGENT]
    windows = memory["windows"]
    for change, code, agrees, words in (
        ({"windows": windows[1:]}, 1, False, "which is NOT what the reconciler remembers"),
        ({"windows": windows[1:], "cut": True}, 3, None, "the oldest looks are gone"),
    ):
        file.write_text(json.dumps({**whole, "agents": {AGENT: {**memory, **change}}}))
        assert ramp.asked("frank", "judge", "replay", AGENT, code=code)["agrees"] is agrees
        assert words in ramp.run("frank", "judge", "replay", AGENT).out


def test_what_was_judged_by_other_rules_is_not_played_again_by_these(ramp: CommandWorld) -> None:
    ramp.tick(ramp.traffic.next(0.1))
    file = memory_file(ramp)
    file.write_text(file.read_text().replace("2.0, 0.01, 0.05", "3.0, 0.01, 0.05"))
    found = ramp.run("frank", "judge", "replay", AGENT)
    assert (found.code, found.out) == (3, "")
    assert "by other rules than today's" in found.err


def test_what_bakes_is_held_to_its_ceiling_alone(ramp: CommandWorld) -> None:
    while ramp.stages()["production"]["state"] != "BAKING":
        ramp.tick(ramp.traffic.next(0.1))
    ramp.tick(ramp.traffic.next(0.5))
    found = ramp.asked("frank", "judge", "show", AGENT)
    assert (found["stage"], found["outcome"], found["etaUnits"]) == ("production", "undecided", None)
    assert found["metrics"][0]["canary"]["units"] == 500
    shown = ramp.must("frank", "judge", "show", AGENT).out
    assert "bakes: no harm found so far" in shown
    assert "passes at" not in shown
    judged = ramp.asked("frank", "status", AGENT)["agents"][0]["judged"]
    assert (judged["stage"], judged["metrics"]) == ("production", found["metrics"])
    bad = found["metrics"][0]["canary"]["bad"]
    assert f"judged {AGENT}: no harm found so far (error {bad} of 500)" in ramp.must("frank", "status", AGENT).out
