"""`retire` at the command line: an agent ends, and the way back is told."""

from unit.cli.command_world import CommandWorld

TRIAGE = "support/triage"


def test_retiring_says_what_ended_and_the_way_back(in_canary: CommandWorld) -> None:
    document = in_canary.asked("bob", "retire", TRIAGE, "--reason", "Replaced by the desk")
    assert document["act"]["subject"] == f"retire {TRIAGE}"
    assert document["notes"] == [
        f"production ran {TRIAGE}/v1.1.0, and runs nothing now",
        "the canary had 10% of production, and has none now",
        f"the way back: agentgov hold {TRIAGE} --lift, and a release newer than it ran last",
    ]
    at = in_canary.stages()
    assert (at["production"]["state"], at["canary"]["share"], at["staging"]["state"]) == ("RETIRED", 0, "EMPTY")
    again = in_canary.asked("bob", "retire", TRIAGE, "--reason", "Twice")
    assert again["notes"] == [f"{TRIAGE} was retired already: nothing changed"]
    assert "done" not in in_canary.tick().out
    assert in_canary.asked("frank", "journal", "verify")["verdict"] == "accept"


def test_whoever_does_not_hold_the_verb_retires_nothing(running: CommandWorld) -> None:
    found = running.run("frank", "retire", TRIAGE, "--reason", "x")
    assert (found.code, found.out) == (1, "")
    assert "no binding says that frank may retire" in found.err


def test_a_retired_agent_is_not_rolled_back(running: CommandWorld) -> None:
    running.asked("bob", "retire", TRIAGE, "--reason", "Done with it")
    found = running.run("erin", "rollback", TRIAGE, "--reason", "Complaints", "--yes")
    assert (found.code, found.out) == (1, "")
    assert "Traceback" not in found.err
