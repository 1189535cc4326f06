"""`rollback`, `pause` and `resume` as somebody on call uses them, and what `status` says of it afterwards."""

import pytest
from unit.cli.command_world import PROMPT, CommandWorld

TRIAGE, PAYROLL = "support/triage", "finance/payroll"


def test_a_rollback_says_what_runs_now_and_what_it_did_besides(running: CommandWorld) -> None:
    document = running.asked("erin", "rollback", TRIAGE, "--reason", "Complaints\n\nLooking into it")
    assert document["act"]["subject"] == f"roll back {TRIAGE} from v1.1.0 to v1.0.0"
    assert document["notes"] == [
        f"production now runs {TRIAGE}/v1.0.0",
        f"{TRIAGE}/v1.1.0 is marked bad and never returns by itself",
        f"a hold is set; when it is fixed: agentgov hold {TRIAGE} --lift",
    ]
    found = running.must("frank", "status", TRIAGE).out
    assert "v1.0.0 rolled back" in found
    assert f"held {TRIAGE} by erin: Complaints\n" in found
    assert running.asked("frank", "show", TRIAGE)["texts"] == {PROMPT: "Sort tickets by urgency.\n"}
    assert running.asked("frank", "show", TRIAGE)["release"] == f"{TRIAGE}/v1.0.0"
    assert running.asked("frank", "history", TRIAGE)["acts"][0]["reason"] == "Complaints\n\nLooking into it"
    assert running.asked("frank", "journal", "verify")["verdict"] == "accept"


def test_a_rollback_takes_the_canary_with_it(in_canary: CommandWorld) -> None:
    notes = in_canary.asked("erin", "rollback", TRIAGE, "--reason", "Everything is odd")["notes"]
    assert "the canary that was running is gone" in notes
    assert in_canary.stages()["canary"]["share"] == 0


def test_a_rollback_needs_no_reconciler_no_counts_and_passes_pause_and_hold(running: CommandWorld) -> None:
    running.must("erin", "pause", TRIAGE, "--reason", "Stop")
    running.must("erin", "hold", TRIAGE)
    running.must("erin", "rollback", TRIAGE, "--to", "v1.0.0", "--reason", "Back")
    assert running.stages()["production"]["release"] == f"{TRIAGE}/v1.0.0"


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        ([PAYROLL, "--reason", "x"], 1, f"{PAYROLL} runs nothing in production", "agentgov pause"),
        ([TRIAGE, "--to", "9.9.9", "--reason", "x"], 1, "v9.9.9 is no recorded release", f"agentgov history {TRIAGE}"),
        ([TRIAGE, "--to", "1.1.0", "--reason", "x"], 1, "runs", ""),
        (["support/triagee", "--reason", "x"], 2, "no authorised agent support/triagee", f'did you mean "{TRIAGE}"?'),
        (["triage", "--reason", "x"], 2, "not an agent's id", f"Did you mean '{TRIAGE}'?"),
        ([TRIAGE], 2, "Missing option '--reason'", "--help"),
        ([TRIAGE, "--reason", "two", "words"], 2, "unexpected extra argument (words)", 'quotes: --reason "two words"'),
        ([TRIAGE, "--to", "main", "--reason", "x"], 2, "'main' names no release", "write a version such as 1.4.0"),
    ],
)
def test_a_rollback_that_cannot_be_says_why_and_what_to_do(
    running: CommandWorld, arguments: list[str], code: int, message: str, hint: str
) -> None:
    found = running.run("erin", "rollback", *arguments)
    assert (found.code, found.out) == (code, "")
    assert message in found.err
    assert hint in found.err


def test_with_nothing_older_there_is_nothing_to_go_back_to(running: CommandWorld) -> None:
    running.must("erin", "rollback", TRIAGE, "--reason", "One back")
    found = running.run("erin", "rollback", TRIAGE, "--reason", "And another")
    assert found.code == 1
    assert f"{TRIAGE} has no good release to return to" in found.err
    assert f"agentgov pause {TRIAGE} --reason" in found.err


def test_who_may_only_look_cannot_stop_anything(running: CommandWorld) -> None:
    for command in (["rollback", TRIAGE], ["pause", TRIAGE], ["pause", "support/*"]):
        found = running.run("frank", *command, "--reason", "x")
        assert (found.code, found.out) == (1, "")
        said = "roll back" if command[0] == "rollback" else "pause"
        assert f"no binding says that frank may {said} {TRIAGE} in production" in found.err
        assert f"agentgov who {command[0]} {TRIAGE} --environment production\n" in found.err


def test_a_pause_stops_one_agent_and_says_so_everywhere(running: CommandWorld) -> None:
    notes = running.asked("erin", "pause", TRIAGE, "--reason", "Misroutes, see incident 12")["notes"]
    assert notes == [f"let it go on with: agentgov resume {TRIAGE}"]
    rows = {row["agent"]: row for row in running.asked("frank", "status")["agents"]}
    assert (rows[TRIAGE]["paused"], rows[TRIAGE]["pauseMode"]) == (True, "stop")
    assert rows[TRIAGE]["pause"]["reason"] == "Misroutes, see incident 12"
    assert rows[PAYROLL]["paused"] is False
    found = running.must("frank", "status").out
    assert "PAUSED" in found
    assert f"paused {TRIAGE} by erin: Misroutes, see incident 12\n" in found
    running.asked("erin", "resume", TRIAGE, "-m", "Fixed")
    assert running.asked("frank", "status", TRIAGE)["agents"][0]["pause"] is None


def test_a_pause_ends_by_itself_at_its_time(running: CommandWorld) -> None:
    running.must("erin", "pause", TRIAGE, "--reason", "Night", "--until", "2h", "--mode", "read-only")
    row = running.asked("frank", "status", TRIAGE)["agents"][0]
    assert (row["pauseMode"], row["pause"]["until"]) == ("read-only", running.time + 7200)
    assert "READ-ONLY" in running.must("frank", "status").out
    running.time += 7200
    assert running.asked("frank", "status", TRIAGE)["agents"][0]["paused"] is False


@pytest.mark.parametrize("until", ["tomorrow", "2026-11-23", "2026-11-23T08:00", "-1h", "0"])
def test_a_time_that_is_none_is_refused(running: CommandWorld, until: str) -> None:
    found = running.run("erin", "pause", TRIAGE, "--reason", "x", "--until", until)
    assert (found.code, found.out) == (2, "")
    assert "2026-11-23T08:00Z" in found.err


def test_a_pause_that_is_over_before_it_begins_is_refused(running: CommandWorld) -> None:
    found = running.run("erin", "pause", TRIAGE, "--reason", "x", "--until", "2020-01-01T00:00Z")
    assert found.code == 2
    assert "is over already" in found.err


def test_a_workspace_is_paused_and_resumed_by_its_selector(running: CommandWorld) -> None:
    running.must("erin", "pause", "support/*", "--reason", "All of it")
    running.must("erin", "pause", TRIAGE, "--reason", "This one too")
    document = running.asked("erin", "resume", TRIAGE)
    assert document["notes"] == [f"{TRIAGE} is still paused by support/*: agentgov resume 'support/*'"]
    found = running.run("erin", "resume", TRIAGE)
    assert found.code == 1
    assert f"{TRIAGE} is not paused" in found.err
    assert "it is paused by support/*: agentgov resume 'support/*'" in found.err
    running.must("erin", "resume", "support/*")
    assert running.asked("frank", "status", TRIAGE)["agents"][0]["paused"] is False


@pytest.mark.parametrize("selector", ["support/triagee", "suport/*", "team:support", "*", "Support/*", "triage"])
def test_a_selector_that_means_nobody_is_refused(running: CommandWorld, selector: str) -> None:
    for command in ("pause", "resume"):
        found = running.run("erin", command, selector, "--reason", "x")
        assert (found.code, found.out) == (2, "")
        assert (
            "did you mean" in found.err.lower() or "write it as workspace/agent, workspace/*, label=value" in found.err
        )


def test_resuming_what_was_never_paused_is_refused(running: CommandWorld) -> None:
    found = running.run("erin", "resume", TRIAGE)
    assert (found.code, found.out) == (1, "")
    assert f"{TRIAGE} is not paused" in found.err
    assert "agentgov status" in found.err


def test_an_order_is_a_process_of_its_own_too(running: CommandWorld) -> None:
    done = running.process("erin", "pause", TRIAGE, "--reason", "From a shell", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"subject": "pause support/triage"' in done.stdout
    done = running.process("frank", "resume", TRIAGE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no binding says that frank may resume")
