"""`trust`, `journal` and `verify`: starting a journal, pinning it, and every way in which it or a tag can be wrong."""

import shutil

import pytest
from simulator import MAX_AGE
from unit.cli.command_world import PROMPT, CommandWorld

TRIAGE = "support/triage"
REF = "refs/heads/agentgov/journal"


# --- trust -----------------------------------------------------------------------------------------------------------


def test_init_adopts_publishes_and_pins(laid: CommandWorld) -> None:
    document = laid.asked("carol", "trust", "init")
    assert (document["founder"], document["paths"]) == ("carol", 10)
    assert laid.git("rev-parse", REF, cwd=laid.remote) == document["journalRoot"] == document["journalTip"]
    assert document["introduction"] == laid.git("rev-parse", "HEAD")
    shown = laid.asked("bob", "trust", "show")
    assert shown["line"] == document["line"]
    found = laid.run("carol", "trust", "init")
    assert (found.code, found.out) == (1, "")
    assert "has a journal already" in found.err
    assert "agentgov journal log" in found.err


@pytest.mark.parametrize(
    ("who", "message", "hint"),
    [
        ("bob", "bob is no administrator", "takes an administrator's signature"),
        ("mallory", "is nobody's in governance/access.yaml", "put your public key under people"),
        ("reconciler", "is nobody's in governance/access.yaml", ""),
    ],
)
def test_init_takes_an_administrator(laid: CommandWorld, who: str, message: str, hint: str) -> None:
    found = laid.run(who, "trust", "init")
    assert (found.code, found.out) == (1, "")
    assert message in found.err
    assert hint in found.err


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("agentgov.yaml", None, "agentgov.yaml is missing"),
        ("agentgov.yaml", "kind: [\n", "agentgov.yaml:2:1"),
        ("agentgov.yaml", b"\xff\xfe", "byte 0xff is not UTF-8"),
        ("governance/access.yaml", "kind: Access\n", "governance/access.yaml:1:1"),
    ],
)
def test_init_of_a_fleet_that_cannot_be_read_names_the_place(
    laid: CommandWorld, path: str, content: str | bytes | None, message: str
) -> None:
    laid.change("carol", {path: content})
    found = laid.run("carol", "trust", "init")
    assert (found.code, found.out) == (2, "")
    assert message in found.err
    assert "agentgov validate" in found.err


def test_a_repository_without_a_remote_has_its_journal_to_itself(laid: CommandWorld) -> None:
    laid.git("remote", "remove", "origin")
    laid.asked("carol", "trust", "init")
    assert "nothing to do" in laid.must("reconciler", "reconcile").out
    laid.asked("carol", "status")


def test_pins_travel_as_a_line(running: CommandWorld) -> None:
    line = running.asked("carol", "trust", "show")["line"]
    shutil.rmtree(running.folder / "home")
    assert "trust on first use" in running.must("bob", "journal", "verify").out
    assert running.asked("bob", "status")["pinned"] is False
    assert "unpinned " in running.must("bob", "status").out
    found = running.run("bob", "trust", "show")
    assert found.code == 2
    assert "agentgov trust pin LINE" in found.err
    assert running.asked("bob", "trust", "pin", line)["line"] == line
    assert running.asked("bob", "status")["pinned"] is True


def test_pins_may_come_from_the_environment_as_line_or_file(running: CommandWorld) -> None:
    line = running.asked("carol", "trust", "show")["line"]
    shutil.rmtree(running.folder / "home")
    file = running.folder / "pins"
    file.write_text(f"{line}\n")
    for pins in (line, str(file)):
        assert running.asked("bob", "status", env={"AGENTGOV_PINS": pins})["pinned"] is True


@pytest.mark.parametrize("line", ["", "garbage", "agentgov-pins/1", "agentgov-pins/1 x y z w", "agentgov-pins/2 " * 5])
def test_a_line_that_is_none_is_refused(running: CommandWorld, line: str) -> None:
    found = running.run("bob", "trust", "pin", line)
    assert (found.code, found.out) == (2, "")
    assert "that is no line of pins" in found.err
    assert "agentgov trust show" in found.err


@pytest.mark.parametrize("pins", ["", "garbage", "agentgov-pins/1 x y z w", "/nowhere/pins", "agentgov-pins/1"])
@pytest.mark.parametrize("command", ["status", "journal verify", "check", "hold support/triage"])
def test_pins_that_cannot_be_read_are_never_no_pins(running: CommandWorld, pins: str, command: str) -> None:
    found = running.run("bob", *command.split(), env={"AGENTGOV_PINS": pins})
    assert (found.code, found.out) == (2, "")
    assert "AGENTGOV_PINS" in found.err
    assert "agentgov trust show" in found.err


def test_pins_of_another_fleet_are_refused(running: CommandWorld) -> None:
    line = running.asked("carol", "trust", "show")["line"].replace("7f0001", "7f0002")
    found = running.run("bob", "status", env={"AGENTGOV_PINS": line})
    assert found.code == 2
    assert "are of fleet" in found.err


# --- journal ---------------------------------------------------------------------------------------------------------


def test_log_and_show_tell_acts_by_number_id_and_commit(running: CommandWorld) -> None:
    document = running.asked("dave", "journal", "log", "-n", "3")
    assert len(document["acts"]) == 3
    last = document["acts"][0]
    assert last["commit"] == document["tip"]
    for name in (str(last["seq"]), last["id"], last["commit"][:9]):
        assert running.asked("dave", "journal", "show", name)["commit"] == last["commit"]
    text = running.must("dave", "journal", "show", str(last["seq"])).out
    assert "    Agentgov-Act: settle/1\n" in text
    for name in ("999", "zz", last["commit"][:4]):
        found = running.run("dave", "journal", "show", name)
        assert found.code == 2
        assert "the journal has no act" in found.err
        assert "agentgov journal log" in found.err


def test_verify_judges_every_act_and_names_the_tip(running: CommandWorld) -> None:
    document = running.asked("frank", "journal", "verify")
    assert (document["verdict"], document["code"]) == ("accept", "")
    assert document["where"]["commit"] == running.git("rev-parse", REF)
    assert document["where"]["acts"] == len(running.asked("frank", "journal", "log")["acts"])


def _rewound(world: CommandWorld) -> str:
    tip = world.git("rev-parse", REF)
    world.git("update-ref", REF, f"{tip}~3", cwd=world.remote)
    return tip


def test_a_rewound_journal_writes_nothing_and_the_command_that_is_named_mends_it(running: CommandWorld) -> None:
    tip = _rewound(running)
    document = running.asked("bob", "journal", "verify", "--fetch", code=1)
    assert (document["verdict"], document["code"]) == ("reject", "journal.rewound")
    found = running.run("bob", "hold", TRIAGE)
    assert (found.code, found.out) == (1, "")
    assert "journal.rewound" in found.err
    assert "agentgov journal verify --fetch" in found.err
    assert running.run("reconciler", "reconcile").code == 1
    told = running.run("bob", "journal", "verify", "--fetch").out.splitlines()
    command = next(line.strip() for line in told if line.strip().startswith("git push"))
    running.git(*command.split()[1:])
    assert running.git("rev-parse", REF, cwd=running.remote) == tip
    running.asked("bob", "journal", "verify", "--fetch")
    running.must("bob", "hold", TRIAGE)


def test_a_forked_journal_is_an_offence(running: CommandWorld) -> None:
    _rewound(running)
    other = running.copied(running.folder.with_name("other"))
    shutil.rmtree(other.folder / "home/state")
    for ref in (REF, "refs/remotes/origin/agentgov/journal"):
        other.git("update-ref", "-d", ref)
    other.must("carol", "hold", "finance/payroll")
    running.git("fetch", "-q", str(other.remote), f"{REF}:refs/heads/theirs")
    running.git("push", "-q", "--force", "origin", f"refs/heads/theirs:{REF}")
    document = running.asked("bob", "journal", "verify", "--fetch", code=1)
    assert document["code"] == "journal.forked"
    assert "trust neither until you know why" in running.run("bob", "journal", "verify", "--fetch").out
    assert running.run("bob", "pause", TRIAGE, "--reason", "x").code == 1


def test_garbage_on_the_journal_is_named_and_the_command_takes_it_away(running: CommandWorld) -> None:
    tip = running.git("rev-parse", REF)
    garbage = running.git("commit-tree", "-m", "garbage", "-p", tip, "HEAD^{tree}", who="mallory")
    running.git("push", "-q", "origin", f"{garbage}:{REF}")
    document = running.asked("bob", "journal", "verify", "--fetch", code=1)
    assert (document["verdict"], document["where"]["commit"]) == ("reject", garbage)
    told = running.asked("bob", "verify", code=1)
    assert (told["code"], told["where"]["commit"]) == ("journal.text", garbage)
    assert told["where"]["seq"] == document["where"]["seq"] == document["journal"]["seq"] + 1
    found = running.run("bob", "journal", "verify", "--fetch")
    command = next(line.strip() for line in found.out.splitlines() if line.strip().startswith("git push"))
    running.git(*command.split()[1:])
    assert running.git("rev-parse", REF, cwd=running.remote) == tip
    running.asked("bob", "journal", "verify", "--fetch")
    running.must("bob", "hold", TRIAGE)


# --- verify ----------------------------------------------------------------------------------------------------------


def test_a_recorded_release_is_accepted_by_name_and_by_ref(running: CommandWorld) -> None:
    for name in (f"{TRIAGE}/v1.1.0", f"refs/tags/{TRIAGE}/v1.1.0"):
        document = running.asked("frank", "verify", name)
        assert (document["verdict"], document["code"]) == ("accept", "")
        assert [one["rule"] for one in document["reasons"]] == ["journal.verified", "tag.recorded", "promotion.chain"]
        assert "went to production" in document["reasons"][-1]["message"]
        assert document["where"]["tag"] == running.git("rev-parse", f"{TRIAGE}/v1.1.0")


def test_without_pins_a_release_is_refused_and_a_commit_is_trusted_on_first_use(running: CommandWorld) -> None:
    shutil.rmtree(running.folder / "home/config/pins")
    document = running.asked("frank", "verify", f"{TRIAGE}/v1.1.0", code=1)
    assert (document["verdict"], document["code"]) == ("reject", "trust.first-use")
    for answer in (running.asked("frank", "verify"), running.asked("frank", "journal", "verify")):
        assert answer["verdict"] == "accept"
        assert "trust.first-use" in [one["rule"] for one in answer["reasons"]]


def test_a_stale_journal_releases_nothing_and_still_holds(running: CommandWorld) -> None:
    running.time += MAX_AGE + 3600
    for what in ("HEAD", f"{TRIAGE}/v1.1.0"):
        document = running.asked("frank", "verify", what, code=3)
        assert (document["verdict"], document["code"], document["journal"]["stale"]) == (
            "incomplete",
            "journal.stale",
            True,
        )
        assert document["where"]["commit"] == document["journal"]["tip"]
        assert "git fetch origin agentgov/journal" in document["reasons"][-1]["message"]
    whole = running.asked("frank", "journal", "verify")
    assert (whole["verdict"], whole["journal"]["stale"]) == ("accept", True)
    assert whole["journal"]["age"] > MAX_AGE


def test_a_recorded_release_is_judged_by_what_validation_finds_today(running: CommandWorld) -> None:
    path = "governance/workspaces/support.yaml"
    only = running.edit(path, "owner: team:support", "owner: team:support\nmodels: {allow: [anthropic/claude-haiku-*]}")
    running.change("carol", {path: only})
    running.must("dave", "review", "approve", "-m", "Only haiku")
    running.tick()
    document = running.asked("frank", "verify", f"{TRIAGE}/v1.1.0", code=1)
    assert (document["code"], document["where"]["commit"]) == (
        "tag.findings",
        running.git("rev-parse", f"{TRIAGE}/v1.1.0^{{commit}}"),
    )


def test_a_moved_and_a_missing_tag_are_rejected(running: CommandWorld) -> None:
    running.git("tag", "-f", "-a", "-m", "mine", f"{TRIAGE}/v1.1.0", who="mallory")
    assert running.asked("frank", "verify", f"{TRIAGE}/v1.1.0", code=1)["code"] == "tag.moved"
    running.git("tag", "-d", f"{TRIAGE}/v1.1.0")
    assert running.asked("frank", "verify", f"{TRIAGE}/v1.1.0", code=1)["code"] == "tag.gone"


def test_a_tag_that_is_no_release_is_rejected_with_its_code(running: CommandWorld) -> None:
    running.git("tag", f"{TRIAGE}/v3.0.0")
    assert running.asked("frank", "verify", f"{TRIAGE}/v3.0.0", code=1)["code"] == "tag.lightweight"
    running.git("tag", "-a", "-m", "unsigned", f"{TRIAGE}/v3.1.0", who="mallory")
    assert running.asked("frank", "verify", f"{TRIAGE}/v3.1.0", code=1)["code"].startswith("tag.")


def test_a_tag_that_this_clone_lacks_cannot_be_told(running: CommandWorld) -> None:
    document = running.asked("frank", "verify", f"{TRIAGE}/v9.9.9", code=3)
    assert (document["verdict"], document["code"]) == ("incomplete", "verify.incomplete")
    assert "git fetch origin --tags" in document["reasons"][-1]["message"]


def test_a_commit_is_rejected_with_every_path_that_waits(running: CommandWorld) -> None:
    running.change("alice", {PROMPT: "Other.\n"})
    document = running.asked("frank", "verify", code=1)
    assert (document["verdict"], document["code"]) == ("reject", "contents.pending")
    assert document["reasons"][-1]["message"].startswith(f"{PROMPT}: needs 1 more")
    assert running.run("frank", "verify").out.startswith("reject HEAD (commit ")


@pytest.mark.parametrize("rev", ["nope", "HEAD~99", "--", "main..HEAD", "HEAD@{1}", "\x1b[2J"])
def test_a_revision_that_is_none_is_a_usage_error(running: CommandWorld, rev: str) -> None:
    found = running.run("frank", "verify", "--", rev)
    assert (found.code, found.out) == (2, "")
    assert "hint: " in found.err
    assert "\x1b" not in found.err


# --- show and history ------------------------------------------------------------------------------------------------


def test_show_answers_for_any_moment(running: CommandWorld) -> None:
    old, new = "Sort tickets by urgency.\n", "Sort tickets by urgency and language.\n"
    acts = running.asked("frank", "history", TRIAGE)["acts"]
    from datetime import UTC, datetime

    then = datetime.fromtimestamp(next(one["time"] for one in acts if one["kind"] == "settle"), UTC)
    for arguments, text, release in (
        ([], new, "1.1.0"),
        (["--at", "1.0.0"], old, "1.0.0"),
        (["--at", f"{TRIAGE}/v1.0.0"], old, "1.0.0"),
        (["--at", then.isoformat()], new, "1.1.0"),
        (["--at", "HEAD~1"], old, None),
        (["--environment", "staging"], new, "1.1.0"),
    ):
        document = running.asked("frank", "show", TRIAGE, *arguments)
        assert document["texts"] == {PROMPT: text}, arguments
        assert document["release"] == (f"{TRIAGE}/v{release}" if release else None)
        assert document["config"]["metadata"]["name"] == "triage"


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("9.9.9", "'9.9.9' is no release of support/triage that the journal has seen, and no commit"),
        ("nope", "no release of support/triage that the journal has seen, and no commit"),
        ("2020-01-01T00:00Z", "the journal began after 2020-01-01T00:00Z"),
        ("2020-01-01", "lacks its zone"),
        ("2020-01-01T00:00", "lacks its zone"),
        ("2020-13-01T00:00Z", "is no time"),
    ],
)
def test_show_of_no_moment_says_what_there_is(running: CommandWorld, at: str, message: str) -> None:
    found = running.run("frank", "show", TRIAGE, "--at", at)
    assert (found.code, found.out) == (2, "")
    assert message in found.err


def test_show_of_what_cannot_be_read_names_the_place(running: CommandWorld) -> None:
    running.change("alice", {f"agents/{TRIAGE}/agent.yaml": "kind: Agent\n"})
    found = running.run("frank", "show", TRIAGE, "--at", "HEAD")
    assert found.code == 2
    assert f"agents/{TRIAGE}/agent.yaml:1:1" in found.err
    assert "agentgov validate" in found.err


def test_history_is_of_one_agent_and_newest_first(running: CommandWorld) -> None:
    running.must("bob", "hold", "finance/payroll")
    acts = running.asked("frank", "history", TRIAGE)["acts"]
    assert acts[0]["subject"] == f"settle {TRIAGE} v1.1.0 in production"
    assert acts[-1]["kind"] == "init"
    assert [one["seq"] for one in acts] == sorted((one["seq"] for one in acts), reverse=True)
    assert running.asked("frank", "history", "finance/payroll")["acts"][0]["kind"] == "hold"
