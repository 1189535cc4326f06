"""Looking back: `history` with its diffs, and `show` of any stage at any moment."""

import pytest
from unit.cli.command_world import PROMPT, CommandWorld

TRIAGE = "support/triage"


def test_a_history_says_what_each_release_and_each_rollback_changed(running: CommandWorld) -> None:
    running.must("erin", "rollback", TRIAGE, "--reason", "Complaints")
    acts = running.asked("frank", "history", TRIAGE, "--diff")["acts"]
    changed = {one["subject"]: one["changes"] for one in acts if "changes" in one}
    assert set(changed) == {
        f"roll back {TRIAGE} from v1.1.0 to v1.0.0",
        f"see release {TRIAGE}/v1.1.0",
        f"see release {TRIAGE}/v1.0.0",
    }
    back = changed[f"roll back {TRIAGE} from v1.1.0 to v1.0.0"]
    assert (back["since"], back["summary"]) == (f"{TRIAGE}/v1.1.0", "prompt reworded: loosens")
    assert changed[f"see release {TRIAGE}/v1.0.0"]["since"] is None
    assert [one["field"] for one in changed[f"see release {TRIAGE}/v1.1.0"]["changes"]] == ["prompt.changed"]
    text = running.must("frank", "history", TRIAGE, "--diff").out
    assert "loosens   prompt prompts/system.md reworded" in text
    assert "loosens " not in running.must("frank", "history", TRIAGE).out


def test_a_history_begins_where_it_is_asked_to(running: CommandWorld) -> None:
    acts = running.asked("frank", "history", TRIAGE)["acts"]
    floor = acts[3]["time"]
    since = running.asked("frank", "history", TRIAGE, "--since", written(floor))["acts"]
    assert since == [one for one in acts if one["time"] >= floor]
    assert len(since) < len(acts)
    assert running.run("frank", "history", TRIAGE, "--since", "yesterday").code == 2


def test_who_signed_with_the_actor_is_told(running: CommandWorld) -> None:
    running.time += 100 * 86_400  # v1.0.0 ran before the window of the pipeline
    running.tick()
    assert running.run("erin", "rollback", TRIAGE, "--reason", "It is old").code == 1
    file = str(running.folder / "act.json")
    running.must("erin", "rollback", TRIAGE, "--reason", "It is old", "--draft", file)
    running.must("bob", "cosign", file)
    act = running.asked("frank", "history", TRIAGE)["acts"][0]
    assert (act["actor"], act["cosigners"]) == ("person:erin", ["bob"])
    assert f"roll back {TRIAGE} from v1.1.0 to v1.0.0, with bob" in running.must("frank", "history", TRIAGE).out


def test_a_stage_shows_what_it_holds(in_canary: CommandWorld) -> None:
    for stage, version in (("canary", "1.2.0"), ("staging", "1.2.0"), ("production", "1.1.0")):
        document = in_canary.asked("frank", "show", TRIAGE, "--stage", stage)
        assert document["release"] == f"{TRIAGE}/v{version}"
        assert document["environment"] == ("staging" if stage == "staging" else "production")
    assert "canary at 10%" in in_canary.must("frank", "show", TRIAGE, "--stage", "canary").out
    assert in_canary.run("frank", "show", TRIAGE, "--stage", "canary", "--at", "1.0.0").code == 2


def test_without_a_canary_there_is_none_to_show(running: CommandWorld) -> None:
    found = running.run("frank", "show", TRIAGE, "--stage", "canary")
    assert (found.code, found.out) == (1, "")
    assert f"{TRIAGE} has no canary there" in found.err


def test_at_the_very_second_of_an_act_its_effect_is_shown_and_one_before_it_is_not(running: CommandWorld) -> None:
    """Every change of production, from the first act to the last, at its edge."""
    moments = [
        (one["time"], one["fields"][1]["value"].split()[0])
        for one in running.asked("frank", "history", TRIAGE)["acts"]
        if one["kind"] == "graduate"
    ]
    assert [name for _, name in moments] == [f"{TRIAGE}/v1.1.0", f"{TRIAGE}/v1.0.0"]
    before = [f"{TRIAGE}/v1.0.0", None]
    for (time, name), earlier in zip(moments, before, strict=True):
        assert running.asked("frank", "show", TRIAGE, "--at", written(time))["release"] == name
        assert running.asked("frank", "show", TRIAGE, "--at", written(time - 1))["release"] == earlier
    texts = running.asked("frank", "show", TRIAGE, "--at", written(moments[1][0]))["texts"]
    assert texts == {PROMPT: "Sort tickets by urgency.\n"}


@pytest.mark.parametrize("kind", ["pause", "rollback"])
def test_a_persons_act_counts_from_the_time_that_the_journal_had(running: CommandWorld, kind: str) -> None:
    """People move no time: what they did stands from the last second that a bot told, and before it does not."""
    time = running.asked("frank", "status")["journal"]["time"]
    running.must("erin", kind, TRIAGE, "--reason", "Now")
    shown = running.asked("frank", "show", TRIAGE, "--at", written(time))["release"]
    assert shown == f"{TRIAGE}/v{'1.0.0' if kind == 'rollback' else '1.1.0'}"
    assert running.asked("frank", "show", TRIAGE, "--at", written(time - 1))["release"] == f"{TRIAGE}/v1.1.0"


def written(time: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
