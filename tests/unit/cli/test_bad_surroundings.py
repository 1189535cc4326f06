"""Whatever the machine, the clone or the fleet is like: one message, what to do about it, and the right exit code."""

import pytest
from patience import ends
from unit.cli.command_world import ACCESS, PROMPT, CommandWorld

from agentgov.cli.context import open_context
from agentgov.errors import ConfigurationError

TRIAGE = "support/triage"
ORDERS = (
    f"promote {TRIAGE}",
    f"hold {TRIAGE}",
    f"abort {TRIAGE}",
    f"clear {TRIAGE} --reason x",
    f"rollback {TRIAGE} --reason x",
    f"pause {TRIAGE} --reason x",
    f"resume {TRIAGE}",
    "review approve",
    f"release {TRIAGE}",
)
READERS = (
    "status",
    f"history {TRIAGE}",
    f"show {TRIAGE}",
    "verify",
    "journal log",
    "journal show 1",
    "journal verify",
    "check",
    "trust show",
)
ALL = (*ORDERS, *READERS, "reconcile", "reconcile --dry-run")


def refused(world: CommandWorld, command: str, code: int, message: str, hint: str, who: str = "bob") -> None:
    """The command ends with this code, prints nothing on stdout, and says both on stderr."""
    found = world.run("reconciler" if command.startswith("reconcile") else who, *command.split())
    assert (found.code, found.out) == (code, ""), (command, found)
    assert message in found.err
    assert "hint: " in found.err
    assert hint in found.err


# --- where one stands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [*ALL, "trust init"])
def test_outside_of_a_repository(begun: CommandWorld, command: str) -> None:
    found = begun.run("bob", *command.split(), cwd=begun.keys)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"error: {begun.keys} is not in a git repository\n")
    assert "--repo DIR" in found.err
    assert "agentgov init" in found.err


@pytest.mark.parametrize("where", ["/nowhere", "nowhere"])
def test_a_repository_that_does_not_exist(begun: CommandWorld, where: str) -> None:
    found = begun.run("bob", "status", "--repo", where)
    assert (found.code, found.out) == (2, "")
    assert f"{where} does not exist" in found.err


def test_repo_names_the_fleet_from_anywhere(begun: CommandWorld) -> None:
    for where in (str(begun.fleet), "../fleet/agents", str(begun.fleet / ".git")):
        assert begun.must("bob", "status", "--repo", where, cwd=begun.keys).out


@pytest.mark.parametrize("command", ALL)
def test_a_fleet_without_a_journal(laid: CommandWorld, command: str) -> None:
    refused(laid, command, 2, "journal", "an administrator", who="carol")
    assert "agentgov trust init" in laid.run("carol", "status").err


def test_a_clone_that_did_not_fetch_the_journal_is_told_the_command(running: CommandWorld) -> None:
    clone = running.folder / "clone"
    running.git("clone", "-q", "--single-branch", str(running.remote), str(clone))
    found = running.run("bob", "status", cwd=clone)
    assert (found.code, found.out) == (2, "")
    assert "this clone has no journal" in found.err
    command = found.err.partition("fetch it: ")[2].partition(";")[0]
    running.git(*command.split()[1:], cwd=clone)
    assert running.must("bob", "status", cwd=clone).out


@pytest.mark.parametrize(
    "command", ["status", "check", "doctor", "verify", "journal log", f"hold {TRIAGE}", "reconcile"]
)
def test_an_empty_repository(begun: CommandWorld, command: str) -> None:
    empty = begun.folder / "empty"
    empty.mkdir()
    begun.git("init", "-q", cwd=empty)
    found = begun.run("carol", *command.split(), cwd=empty)
    assert found.code == (1 if command == "doctor" else 2)
    assert "agentgov" in found.err + found.out


def test_a_bare_repository_answers_and_takes_orders(running: CommandWorld) -> None:
    for command in (*READERS, f"hold {TRIAGE}", f"release {TRIAGE}", "doctor"):
        assert running.must("bob", *command.split(), cwd=running.remote).out
    assert "released" in running.must("reconciler", "reconcile", cwd=running.remote).out.replace(
        "see release", "released"
    )


def test_a_detached_head_is_a_commit_like_any_other(running: CommandWorld) -> None:
    running.git("checkout", "-q", "--detach", "HEAD")
    for command in (*READERS, f"hold {TRIAGE}", f"release {TRIAGE}"):
        assert running.must("bob", *command.split()).out


# --- shallow and partial ---------------------------------------------------------------------------------------------


def shallow(world: CommandWorld, *options: str) -> "CommandWorld":
    """A new machine of the same people, with a shallow clone."""
    other = world.copied(world.folder.with_name("shallow"))
    (other.folder / "home/state").rename(other.folder / "home/state-before")
    (other.folder / "fleet").rename(other.folder / "full")
    other.git("clone", "-q", "--depth", "1", *options, f"file://{other.remote}", str(other.fleet), cwd=other.folder)
    return other


@pytest.mark.parametrize("command", ["journal verify", "journal log", f"history {TRIAGE}", "verify"])
def test_a_shallow_clone_cannot_tell_and_names_the_command_that_fetches(running: CommandWorld, command: str) -> None:
    world = shallow(running, "--no-single-branch")
    found = world.run("bob", *command.split())
    assert found.code == 3
    assert "git fetch --unshallow" in found.out + found.err
    world.git("fetch", "-q", "--unshallow")
    assert world.must("bob", *command.split()).out


def test_a_shallow_clone_in_json_is_incomplete_with_its_reason(running: CommandWorld) -> None:
    world = shallow(running, "--no-single-branch")
    for command in (["journal", "verify"], ["verify"]):
        document = world.asked("bob", *command, code=3)
        assert document["verdict"] == "incomplete"
        assert "missing" in document["reasons"][-1]["message"]


# --- the remote ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [*ORDERS, "reconcile", "status --fetch", "journal verify --fetch"])
def test_a_remote_that_is_away_is_exit_3_at_once(running: CommandWorld, command: str) -> None:
    running.remote.rename(running.folder / "away.git")
    with ends():
        found = running.run("reconciler" if command == "reconcile" else "bob", *command.split())
        assert found.code == 3
        assert "gave no answer" in found.out + found.err
        kept = "this very order is sent: agentgov rollback"
        assert (kept if command.startswith("rollback") else "git ls-remote origin") in found.out + found.err


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/fleet.git", "ssh://127.0.0.1:1/fleet.git", "file:///nowhere"])
def test_an_address_that_nobody_answers_fails_fast(running: CommandWorld, url: str) -> None:
    running.git("remote", "set-url", "origin", url)
    with ends():
        refused(running, f"hold {TRIAGE}", 3, "gave no answer", "git ls-remote origin")


def test_credentials_in_an_address_are_never_printed(running: CommandWorld) -> None:
    running.git("remote", "set-url", "origin", "http://carol:hunter2@127.0.0.1:1/fleet.git")
    for command in (["hold", TRIAGE], ["doctor"]):
        found = running.run("bob", *command)
        assert "127.0.0.1" in found.out + found.err
        assert "hunter2" not in found.out + found.err


@pytest.mark.parametrize("command", READERS)
def test_reading_needs_no_remote(running: CommandWorld, command: str) -> None:
    running.remote.rename(running.folder / "away.git")
    assert running.must("bob", *command.split()).out


def test_a_remote_that_takes_no_pushes_says_why(running: CommandWorld) -> None:
    hook = running.remote / "hooks/update"
    hook.write_text("#!/bin/sh\necho this branch is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    refused(running, f"hold {TRIAGE}", 1, "the remote does not take pushes to refs/heads/agentgov/journal", "may push")
    assert "this branch is protected" in running.run("bob", "hold", TRIAGE).err


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ORDERS)
def test_without_a_signing_key(begun: CommandWorld, command: str) -> None:
    if command == "review approve":
        begun.change("alice", {PROMPT: "Other.\n"})
    found = begun.run("bob", *command.split(), env={"GIT_CONFIG_COUNT": "2"})
    assert (found.code, found.out) == (2, "")
    assert "git does not know which key you sign with" in found.err
    assert "git config --global user.signingkey" in found.err


@pytest.mark.parametrize("command", ORDERS)
def test_with_a_key_that_is_nobodys(begun: CommandWorld, command: str) -> None:
    refused(begun, command, 1, "is nobody's in the authorised Access", "an administrator adds it", who="mallory")


@pytest.mark.parametrize("command", ORDERS)
def test_with_the_key_of_a_bot(begun: CommandWorld, command: str) -> None:
    found = begun.run("reconciler", *command.split())
    assert (found.code, found.out) == (1, "")
    assert "the key at hand is the bot reconciler's, and this takes a person" in found.err
    assert "unset AGENTGOV_KEY_FILE" in found.err
    key = {"GIT_CONFIG_VALUE_3": str(begun.keys / "reconciler")}
    assert "change user.signingkey" in begun.run("alice", *command.split(), env=key).err


@pytest.mark.parametrize(
    ("key", "code", "message", "hint"),
    [
        ("alice", 1, "the key at hand is alice's own, and this takes a bot of kind reconciler", "AGENTGOV_KEY_FILE"),
        ("gate", 1, "the key at hand is the bot gate's, and this takes a bot of kind reconciler", "AGENTGOV_KEY_FILE"),
        ("mallory", 1, "is nobody's in the authorised Access", "an administrator adds it"),
        ("none", 2, "cannot read the private key", "AGENTGOV_KEY_FILE"),
        ("alice.pub", 2, "alice.pub", "chmod 600"),
    ],
)
def test_the_reconciler_takes_its_own_key(begun: CommandWorld, key: str, code: int, message: str, hint: str) -> None:
    found = begun.run("alice", "reconcile", env={"AGENTGOV_KEY_FILE": str(begun.keys / key)})
    assert (found.code, found.out) == (code, "")
    assert message in found.err
    assert hint in found.err


def test_without_any_key_of_a_bot(begun: CommandWorld) -> None:
    found = begun.run("alice", "reconcile")
    assert (found.code, found.out) == (2, "")
    assert "there is no key of a reconciler at hand" in found.err
    assert "AGENTGOV_KEY_FILE" in found.err


def test_where_no_bot_is_of_that_kind_how_to_add_one_is_said(
    begun: CommandWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for home in ("config", "state"):
        monkeypatch.setenv(f"AGENTGOV_{home.upper()}_HOME", str(begun.folder / "home" / home))
    context = open_context(str(begun.fleet))
    with pytest.raises(ConfigurationError, match="no key of an evidence at hand") as told:
        context.bot(context.view(), "evidence")
    assert "agentgov access add-bot evidence --kind evidence --make-key" in told.value.hint


def test_a_signing_key_that_is_gone_and_one_that_is_no_key(begun: CommandWorld) -> None:
    found = begun.run("bob", "hold", TRIAGE, env={"GIT_CONFIG_VALUE_3": "/nowhere/key"})
    assert found.code == 2
    assert "the signing key /nowhere/key does not exist" in found.err
    (begun.keys / "text.pub").write_text("not a key\n")
    found = begun.run("bob", "hold", TRIAGE, env={"GIT_CONFIG_VALUE_3": str(begun.keys / "text.pub")})
    assert found.code == 2
    assert "text.pub" in found.err
    assert "hint: " in found.err


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PROMPT, f"agents/{TRIAGE}/agent.yaml", ACCESS, "agentgov.yaml", ".github/CODEOWNERS"])
@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"[" * 2000])
def test_a_file_that_cannot_be_read_waits_and_breaks_nothing(running: CommandWorld, path: str, content: bytes) -> None:
    """What lies on main and is not authorised concerns nobody who asks about the present."""
    running.change("alice", {path: content})
    for command in ("status", f"history {TRIAGE}", f"show {TRIAGE}", "journal verify", f"hold {TRIAGE}"):
        assert running.must("bob", *command.split()).out
    assert running.asked("bob", "check", code=1)["missing_paths"] == [path]
    assert running.asked("bob", "verify", code=1)["code"] == "contents.pending"
    assert [one["path"] for one in running.asked("reconciler", "reconcile")["pending"]] == [path]
    assert running.run("bob", "release", TRIAGE).code in (0, 1, 2)
    assert running.stages()["production"]["release"] == f"{TRIAGE}/v1.1.0"


@pytest.mark.parametrize("path", [ACCESS, "agentgov.yaml", f"agents/{TRIAGE}/agent.yaml", PROMPT])
def test_a_folder_where_a_file_should_be(running: CommandWorld, path: str) -> None:
    (running.fleet / path).unlink()
    running.change("alice", {f"{path}/file": "text\n"})
    for command in ("status", f"show {TRIAGE}", "doctor"):
        assert running.run("bob", *command.split()).out
    assert path in running.asked("bob", "check", code=1)["missing_paths"]
    found = running.run("bob", "release", TRIAGE)
    assert found.code in (0, 1, 2)
    assert found.code == 0 or "hint: " in found.err


def test_agentgov_yaml_that_goes_away_stops_nothing_that_is_authorised(running: CommandWorld) -> None:
    running.change("alice", {"agentgov.yaml": None})
    for command in ("status", f"hold {TRIAGE}"):
        assert running.must("bob", *command.split()).out
    document = running.asked("bob", "verify", code=1)
    assert "agentgov.yaml is missing" in document["reasons"][-1]["message"]


def test_an_empty_fleet_is_told_how_to_begin(laid: CommandWorld) -> None:
    for name in ("support/triage", "finance/payroll"):
        laid.git("rm", "-q", "-r", f"agents/{name}")
    laid.change("carol", {})
    laid.must("carol", "trust", "init")
    found = laid.must("carol", "status")
    assert found.out.startswith("the fleet has no authorised agent yet: agentgov new WORKSPACE/AGENT\n")
    assert laid.asked("carol", "status")["agents"] == []
    assert laid.asked("reconciler", "reconcile")["decisions"] == []
    refused(laid, f"hold {TRIAGE}", 2, f"there is no authorised agent {TRIAGE}", "agentgov new WORKSPACE/AGENT")
    assert "nothing to do" in laid.must("reconciler", "reconcile").out


def test_an_agent_that_is_not_authorised_yet_is_told_so(begun: CommandWorld) -> None:
    text = (begun.fleet / f"agents/{TRIAGE}/agent.yaml").read_text().replace("name: triage", "name: fresh")
    begun.change("alice", {"agents/support/fresh/agent.yaml": text, "agents/support/fresh/prompts/system.md": "Hi.\n"})
    refused(begun, "status support/fresh", 2, "there is no authorised agent support/fresh", "agentgov check")
    found = begun.run("alice", "release", "support/fresh")
    assert (found.code, found.out) == (1, "")
    assert "agentgov check --head" in found.err


def test_ten_thousand_findings_come_at_once_and_in_order(begun: CommandWorld) -> None:
    lines = "".join(f"  field_{number}: 1\n" for number in range(50))
    text = begun.edit(f"agents/{TRIAGE}/agent.yaml", "spec:\n", f"spec:\n{lines}")
    for number in range(200):
        folder = f"agents/support/a{number:03}"
        agent = text.replace("name: triage", f"name: a{number:03}")
        begun.write({f"{folder}/agent.yaml": agent, f"{folder}/prompts/system.md": "Hello.\n"})
    found = begun.run("bob", "validate", "--json")
    assert found.code == 1
    unknown = [one for one in found.document["findings"] if one["code"] == "schema.unknown-field"]
    assert len(unknown) == 10_000
    places = [(one["file"], one["line"]) for one in unknown]
    assert places == sorted(places)
    assert begun.run("bob", "validate").out.rstrip().endswith("checked 202 agents, 410 files (working tree)")
