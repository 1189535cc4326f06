"""What people do at the command line when the journal is broken: the pages of docs/recovery.md, run."""

import json
from pathlib import Path

import pytest
import simulator
from unit.cli.command_world import ACCESS, CommandWorld

TRIAGE = str(simulator.TRIAGE)
REF = "refs/heads/agentgov/journal"


def break_it(world: CommandWorld) -> str:
    """Somebody pushes what is no act; the commit."""
    tip = world.git("rev-parse", REF)
    garbage = world.git("commit-tree", "-m", "garbage", "-p", tip, "HEAD^{tree}", who="mallory")
    world.git("push", "-q", "origin", f"{garbage}:{REF}")
    world.git("fetch", "-q", "origin", f"+{REF}:refs/remotes/origin/agentgov/journal")
    return garbage


def test_status_serves_the_last_valid_state_and_says_that_it_does(running: CommandWorld) -> None:
    before = running.asked("bob", "status")
    garbage = break_it(running)
    after = running.run("bob", "status")
    assert after.code == 0
    assert f"the journal does not hold from {garbage[:12]} on" in after.err
    assert f"agentgov waive {garbage[:12]} --reason" in after.err
    document = running.asked("bob", "status")
    assert document["journal"] == {
        **before["journal"],
        "broken": {"first": garbage, "last": garbage, "code": "journal.text"},
    }
    assert document["agents"] == before["agents"]


def test_what_contains_works_and_what_raises_risk_does_not(running: CommandWorld) -> None:
    break_it(running)
    running.must("bob", "pause", TRIAGE, "--reason", "Looks odd")
    running.must("bob", "rollback", TRIAGE, "--reason", "Looks odd")
    refused = running.run("bob", "resume", TRIAGE)
    assert refused.code == 1
    assert "journal.stretch" in refused.err
    ticked = running.asked("reconciler", "reconcile")
    assert any(note["code"] == "journal.text" for note in ticked["notes"])
    assert running.asked("bob", "status")["journal"]["broken"] is not None


def test_an_administrator_waives_what_was_named(running: CommandWorld) -> None:
    garbage = break_it(running)
    assert running.run("carol", "waive", "--reason", "x").code == 2
    assert f"begins at {garbage[:12]}" in running.run("carol", "waive", "abcdef1", "--reason", "x").err
    assert running.run("alice", "waive", garbage[:12], "--reason", "x").code == 1
    done = running.asked("carol", "waive", garbage[:12], "--reason", "Wrong branch")
    assert done["act"]["kind"] == "waive"
    running.asked("bob", "journal", "verify", "--fetch")
    running.must("bob", "hold", TRIAGE)
    assert "nothing to waive" in running.run("carol", "waive", garbage[:12], "--reason", "x").err
    log = running.run("bob", "journal", "log").out
    assert "waive what does not hold" in log
    assert "garbage" not in log


def test_two_administrators_sign_one_after_the_other(running: CommandWorld, tmp_path: Path) -> None:
    threshold = (running.fleet / ACCESS).read_text().replace("threshold: 1", "threshold: 2")
    running.change("carol", {ACCESS: threshold})
    running.must("carol", "review", "approve")
    running.must("reconciler", "reconcile")
    garbage, file = break_it(running), str(tmp_path / "waive.json")
    alone = running.run("carol", "waive", garbage[:12], "--reason", "x")
    assert alone.code == 1
    assert "--draft FILE" in alone.err
    begun = running.asked("carol", "waive", garbage[:12], "--reason", "Wrong branch", "--draft", file)
    assert (begun["signatures"], begun["needed"]) == (1, 2)
    assert "Agentgov-Stretch" in running.run("dave", "cosign", file, "--show").out
    assert running.run("carol", "cosign", file).code == 1  # one person is one, however often
    assert running.run("alice", "cosign", file).code == 1
    tampered = tmp_path / "tampered.json"
    tampered.write_text(Path(file).read_text().replace("Wrong branch", "Wright branch"))
    assert running.run("dave", "cosign", str(tampered)).code == 1
    assert running.asked("dave", "cosign", file)["act"]["actor"] == "person:carol"
    running.asked("bob", "journal", "verify", "--fetch")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"schema": "agentgov.draft/1"}', "x" * 100, "[" * 100_000])
def test_a_file_that_holds_no_act_is_refused(running: CommandWorld, tmp_path: Path, text: str) -> None:
    file = tmp_path / "draft.json"
    file.write_text(text)
    found = running.run("carol", "cosign", str(file))
    assert found.code == 2
    assert "holds no act to sign" in found.err
    assert running.run("carol", "cosign", str(tmp_path / "nowhere")).code == 2
    file.write_text(json.dumps({"schema": "agentgov.draft/1", "text": "x\n", "signatures": []}))
    assert running.run("carol", "cosign", str(file)).code == 2


# --- override --------------------------------------------------------------------------------------------------------

PROMPT = f"{simulator.TRIAGE.folder}/prompts/system.md"


def test_one_content_is_let_through_and_shown_everywhere(running: CommandWorld) -> None:
    running.change("alice", {PROMPT: "Urgent.\n"})
    assert running.run("carol", "override", "content", "--reason", "It burns").code == 1
    assert running.run("alice", "override", "content", "--reason", "It burns", "--due", "24h").code == 1
    done = running.asked("carol", "override", "content", "--reason", "It burns", "--due", "24h")
    checked = running.asked("bob", "check")
    assert checked["overridden"] == [{"path": PROMPT, "by": ["carol"]}]
    assert "overridden by carol" in running.run("bob", "check").out
    assert "override.used" in [one["rule"] for one in running.asked("bob", "verify")["reasons"]]
    running.must("reconciler", "reconcile")
    (told,) = running.asked("bob", "status", "--fetch")["overrides"]
    assert (told["id"], told["used"], told["overdue"]) == (done["act"]["id"], True, False)
    assert "overridden " in running.run("bob", "status").out
    assert running.asked("bob", "show", TRIAGE)["overrides"] == [told]
    assert "override" in [one["kind"] for one in running.asked("bob", "history", TRIAGE)["acts"]]
    assert running.run("alice", "override", "confirm", str(told["act"])).code == 1
    confirmed = running.asked("bob", "override", "confirm", str(told["act"]), "--reason", "Fine")
    assert confirmed["act"]["kind"] == "confirm"
    assert running.asked("bob", "status", "--fetch")["overrides"][0]["confirmed"]


def test_one_release_is_let_through(running: CommandWorld) -> None:
    running.change("alice", {PROMPT: "Urgent.\n"})
    refused = running.run("alice", "release", TRIAGE, "--version", "9.0.0").err
    assert "tag.closure" in refused
    assert "where nobody is, the reconciler has not taken it over yet" in " ".join(refused.split())
    running.must("alice", "release", TRIAGE, "--version", "9.0.0", "--for-override")
    tag = f"{TRIAGE}/v9.0.0"
    assert running.run("carol", "override", "release", "nonsense", "--reason", "x").code == 2
    assert running.run("carol", "override", "release", f"{TRIAGE}/v9.9.9", "--reason", "x").code == 3
    running.asked("carol", "override", "release", tag, "--reason", "It burns", "--due", "24h")
    running.git("push", "-q", "origin", tag)
    assert f"see release {tag}" in running.asked("reconciler", "reconcile")["acts"]
    told = running.asked("bob", "verify", tag)
    assert "override.used" in [one["rule"] for one in told["reasons"]]
    assert "Urgent." in running.run("bob", "show", TRIAGE, "--at", "9.0.0").out
