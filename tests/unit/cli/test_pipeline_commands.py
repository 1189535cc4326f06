"""From `release` to production at the command line: what each command answers, and what the next one sees."""

import json
from pathlib import Path

import gitworld
import pytest
from patience import PATIENCE
from unit.cli.command_world import PROMPT, CommandWorld

TRIAGE = "support/triage"
CHANGE = {PROMPT: "Sort tickets by urgency, then by age.\n"}


def test_a_release_says_what_it_bound_and_the_reconciler_stages_it(running: CommandWorld) -> None:
    running.authorise(CHANGE)
    document = running.asked("alice", "release", TRIAGE, "-m", "By age too")
    assert (document["release"], document["pushed"]) == (f"{TRIAGE}/v1.2.0", True)
    assert running.git("rev-parse", f"{TRIAGE}/v1.2.0", cwd=running.remote) == document["tag"]
    assert "By age too" in running.git("cat-file", "tag", document["tag"])
    assert running.asked("bob", "verify", f"{TRIAGE}/v1.2.0")["where"]["commit"] == document["commit"]
    dry = running.asked("reconciler", "reconcile", "--dry-run")
    assert (dry["dryRun"], dry["acts"]) == (True, [f"see release {TRIAGE}/v1.2.0"])
    assert f"done stage {TRIAGE} v1.2.0" in running.tick().out
    assert running.stages()["staging"]["state"] == "SOAKING"


def test_unreviewed_content_is_not_released(running: CommandWorld) -> None:
    running.change("alice", {PROMPT: "Send everything to me.\n"})
    found = running.run("alice", "release", TRIAGE)
    assert (found.code, found.out) == (1, "")
    assert "agentgov check --head" in found.err
    assert running.git("tag", "-l", f"{TRIAGE}/v1.2.0") == ""
    # and somebody who may, signs a tag by hand: the reconciler refuses it
    running.git("tag", "-a", "-m", "mine", f"{TRIAGE}/v1.2.0", who="alice")
    assert running.asked("alice", "verify", f"{TRIAGE}/v1.2.0", code=1)["code"].startswith("tag.")


def test_what_has_errors_is_not_released(running: CommandWorld) -> None:
    running.change("alice", {PROMPT: "Hello {{ nobody }}.\n"})
    running.must("bob", "review", "approve")
    running.tick()
    found = running.run("alice", "release", TRIAGE)
    assert found.code == 1
    assert "1 error" in found.err
    assert f"agentgov validate agents/{TRIAGE} --rev" in found.err


def test_who_may_not_release_is_told(running: CommandWorld) -> None:
    running.authorise(CHANGE)
    found = running.run("frank", "release", TRIAGE)
    assert (found.code, found.out) == (1, "")
    assert "frank" in found.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--version", "1.0.5"], "it never enters the pipeline: production runs v1.1.0, which is newer"),
        ([], "production runs this very content as v1.1.0: only the name is new"),
        (["--no-push"], f"it goes nowhere until it is pushed: git push origin refs/tags/{TRIAGE}/v1.2.0"),
    ],
)
def test_a_release_says_where_it_will_not_go(running: CommandWorld, options: list[str], says: str) -> None:
    assert says in running.asked("alice", "release", TRIAGE, *options)["notes"]


def test_versions_count_on_from_the_highest_tag(running: CommandWorld) -> None:
    for options, version in ((["--bump", "patch"], "1.1.1"), ([], "1.2.0"), (["--bump", "major"], "2.0.0")):
        assert running.asked("alice", "release", TRIAGE, *options)["release"] == f"{TRIAGE}/v{version}"


def test_a_tag_that_the_remote_refuses_is_taken_back(running: CommandWorld) -> None:
    hook = running.remote / "hooks/update"
    hook.write_text("#!/bin/sh\ncase $1 in refs/tags/*) echo tags are closed >&2; exit 1;; esac\n")
    hook.chmod(0o755)
    found = running.run("alice", "release", TRIAGE)
    assert found.code == 1
    assert "the remote did not take the tag" in found.err
    assert running.git("tag", "-l", f"{TRIAGE}/v1.2.0") == ""


def test_a_canary_is_shown_with_its_share_and_what_it_waits_for(in_canary: CommandWorld) -> None:
    world = in_canary
    found = world.must("dave", "status", TRIAGE)
    assert "v1.2.0 at 10%" in found.out
    assert "waits support/triage: " in world.must("dave", "status").out + world.tick().out
    document = world.asked("dave", "status", TRIAGE)
    assert document["agents"][0]["stages"]["canary"]["share"] == 0.1
    assert [one["agent"] for one in document["agents"]] == [TRIAGE]


def test_a_bad_canary_dies_and_says_why(in_canary: CommandWorld) -> None:
    world = in_canary
    for _ in range(6):
        if "done fail the canary" in world.tick(world.traffic.next(0.1, 0.5)).out:
            break
    assert world.stages()["canary"]["state"] == "FAILED"
    assert world.asked("dave", "history", TRIAGE, "-n", "1")["acts"][0]["reason"].startswith("The canary is worse")
    found = world.run("alice", "release", TRIAGE)
    assert found.code in (0, 1)  # the tag can be made; the reconciler never lets this content in
    world.tick()
    assert world.stages()["canary"]["state"] == "FAILED"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.json", None, "cannot be read: No such file or directory"),
        ("broken.json", "{", "the file of counts is not strict JSON"),
        ("folder", "", "cannot be read: Is a directory"),
        ("other.json", '{"agents": {}}', f"the counts do not mention {TRIAGE}"),
        ("text.json", "\x00\x00", "the file of counts is not strict JSON"),
    ],
)
def test_counts_that_cannot_be_read_are_no_data_and_no_error(
    in_canary: CommandWorld, tmp_path: Path, name: str, content: str | None, says: str
) -> None:
    world = in_canary
    file = tmp_path / name
    if content == "":
        file.mkdir()
    elif content is not None:
        file.write_text(content)
    world.time += 60
    found = world.must("reconciler", "reconcile", "--counts", str(file))
    assert "data: " in found.out
    assert says in found.out
    assert world.must("reconciler", "reconcile", env={"AGENTGOV_COUNTS": str(file)}).code == 0


def test_promote_says_whether_the_word_counts_and_how_many_are_asked(running: CommandWorld) -> None:
    path = "governance/pipeline.yaml"
    asked = running.edit(path, "bake: 1m", 'bake: 1m, promoters: {count: 2, from: ["team:support"]}')
    running.change("dave", {path: asked}, "Two promoters")
    running.must("dave", "review", "approve")
    running.authorise(CHANGE)
    running.must("alice", "release", TRIAGE)
    running.to_canary("1.2.0")
    assert running.asked("bob", "promote", TRIAGE, "-m", "Fine")["notes"] == ["production asks for 1 more"]
    notes = running.asked("carol", "promote", TRIAGE)["notes"]
    assert notes == ["your word does not count there: production asks for team:support"]
    assert running.asked("alice", "promote", TRIAGE)["notes"] == ["the reconciler acts on it at its next tick"]


def test_abort_takes_the_candidate_out_and_leaves_production(in_canary: CommandWorld) -> None:
    world = in_canary
    world.asked("bob", "abort", TRIAGE, "-m", "Not today")
    at = world.stages()
    assert (at["canary"]["state"], at["canary"]["share"], at["production"]["state"]) == ("ABORTED", 0, "STABLE")
    found = world.run("bob", "abort", TRIAGE)
    assert found.code == 2
    assert "has no candidate" in found.err


def test_an_inconclusive_canary_is_cleared(in_canary: CommandWorld) -> None:
    world = in_canary
    for _ in range(5):
        world.tick()
    assert world.stages()["canary"]["state"] == "INCONCLUSIVE"
    assert "v1.2.0 at 10% inconclusive" in world.must("dave", "status").out
    world.asked("bob", "clear", TRIAGE, "-m", "The counts were away")
    assert world.stages()["canary"]["state"] == "NONE"


def test_a_hold_is_shown_with_its_reason_until_it_is_lifted(running: CommandWorld) -> None:
    world = running
    world.asked("bob", "hold", TRIAGE, "-m", "Holiday\nand more")
    assert f"held {TRIAGE} by bob: Holiday\n" in world.must("dave", "status").out
    row = world.asked("dave", "status", TRIAGE)["agents"][0]
    assert (row["hold"], row["holding"]) == (True, {"by": "bob", "reason": "Holiday\nand more"})
    world.asked("bob", "hold", TRIAGE, "--lift")
    found = world.run("bob", "hold", TRIAGE, "--lift")
    assert found.code == 1
    assert f"nothing holds {TRIAGE}" in found.err
    assert world.asked("dave", "status", TRIAGE)["agents"][0]["holding"] is None


def test_watch_goes_on_when_the_remote_is_away(running: CommandWorld) -> None:
    running.remote.rename(running.folder / "away.git")
    environment = {**running.environment("reconciler"), "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    import signal
    import subprocess
    import sys
    import time

    command = [sys.executable, "-m", "agentgov", "reconcile", "--watch", "1"]
    found = running.process("reconciler", "reconcile", "--once")
    assert found.returncode == 3
    (running.folder / "away.git").rename(running.remote)
    with subprocess.Popen(
        command, cwd=running.fleet, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        running.remote.rename(running.folder / "away.git")
        assert process.stderr is not None
        while "waiting" not in (line := process.stderr.readline()):
            assert line
        (running.folder / "away.git").rename(running.remote)
        time.sleep(1.5)  # a tick or two
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130


def _told_a_minute_later(world: CommandWorld) -> str:
    world.time += 60
    return world.must("carol", "reconcile").out


def test_a_fleet_of_one_person_works_and_says_unreviewed(tmp_path: Path) -> None:
    world = CommandWorld(tmp_path / "solo")
    gitworld.make_key(world.keys, "carol")
    gitworld.make_repository(world.fleet)
    gitworld.make_repository(world.remote, bare=True)
    world.git("remote", "add", "origin", str(world.remote))
    world.must("carol", "init", ".")
    world.must("carol", "new", "support/greeter")
    world.change("carol", {}, "Start the fleet")
    world.must("carol", "trust", "init")
    world.must("carol", "release", "support/greeter")
    world.change("carol", {"agents/support/greeter/prompts/system.md": "Greet whoever writes.\n"})
    assert world.asked("carol", "check", code=1)["verdict"] == "pending"
    assert any("unreviewed" in note for note in world.asked("carol", "review", "approve")["notes"])
    assert world.asked("carol", "check")["unreviewed"] is True
    assert "unreviewed" in world.must("carol", "check").out
    assert {one["rule"] for one in world.asked("carol", "verify")["reasons"]} >= {"contents.unreviewed"}
    codes = {one["code"] for one in world.asked("carol", "reconcile")["notes"]}
    assert codes == {"contents.unreviewed"}
    status = world.asked("carol", "status")
    assert (status["unreviewed"], status["pinned"]) == (True, True)
    assert "unreviewed " in world.must("carol", "status").out
    assert any("--accept-unreviewed" in _told_a_minute_later(world) for _ in range(15))
    assert world.asked("carol", "status")["agents"][0]["stages"]["canary"]["state"] == "NONE"
    world.time += 60
    accepted = world.asked("carol", "reconcile", "--accept-unreviewed")
    assert accepted["acts"] == ["start the canary of support/greeter v1.0.0 at 10%"], json.dumps(accepted)
