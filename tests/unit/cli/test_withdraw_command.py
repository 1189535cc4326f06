"""`withdraw` at the command line: a release goes nowhere any more, on its way or not, and never the running one."""

import pytest
from unit.cli.command_world import CommandWorld

TRIAGE = "support/triage"
NEVER = "it never comes back by itself, and no rollback returns to it; its content may, as a newer release"


def test_a_release_in_canary_loses_its_traffic_with_the_act(in_canary: CommandWorld) -> None:
    document = in_canary.asked("bob", "withdraw", TRIAGE, "v1.2.0", "--reason", "It names a customer")
    assert document["act"]["subject"] == f"withdraw {TRIAGE} v1.2.0"
    assert document["notes"] == [
        "it had 10% of production in canary, and has none now",
        "staging is empty until a newer release comes",
        NEVER,
    ]
    at = in_canary.stages()
    assert (at["canary"]["state"], at["canary"]["share"], at["staging"]["state"]) == ("WITHDRAWN", 0, "EMPTY")
    assert "done" not in in_canary.tick().out
    again = in_canary.asked("bob", "withdraw", TRIAGE, "1.2.0", "--reason", "Twice")
    assert again["notes"] == [f"{TRIAGE}/v1.2.0 was withdrawn already: nothing changed"]
    assert in_canary.asked("frank", "journal", "verify")["verdict"] == "accept"


def test_no_rollback_returns_to_what_was_withdrawn(running: CommandWorld) -> None:
    assert running.asked("bob", "withdraw", TRIAGE, "1.0.0", "--reason", "Never again")["notes"] == [NEVER]
    found = running.run("erin", "rollback", TRIAGE, "--reason", "Complaints")
    assert found.code == 1
    assert "has no good release to return to" in found.err


@pytest.mark.parametrize(
    ("who", "release", "message", "hint"),
    [
        ("bob", "1.1.0", f"production runs {TRIAGE}/v1.1.0; roll it back instead", "agentgov status"),
        ("bob", "9.9.9", "v9.9.9 is no recorded release", f"agentgov history {TRIAGE}"),
        ("frank", "1.0.0", "no binding says that frank may abort", f"agentgov who abort {TRIAGE}"),
    ],
)
def test_what_cannot_be_withdrawn_says_why_and_what_to_do(
    running: CommandWorld, who: str, release: str, message: str, hint: str
) -> None:
    found = running.run(who, "withdraw", TRIAGE, release, "--reason", "x")
    assert (found.code, found.out) == (1, "")
    assert message in found.err
    assert hint in found.err
