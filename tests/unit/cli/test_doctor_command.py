"""`doctor` on machine, key, journal and people: each problem is told once and with what mends it; its exit code."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from simulator import MAX_AGE
from unit.cli.command_world import ACCESS, NONE, CommandWorld, Variables

ONLY = [word for group in ("machine", "signing", "journal", "people") for word in ("--only", group)]


def states(world: CommandWorld, who: str = "bob", code: int = 0, env: Variables = NONE) -> dict[str, str]:
    """State by rule; each rule that is not good has a fix."""
    document = world.asked(who, "doctor", *ONLY, code=code, env=env)
    assert document["healthy"] is (code == 0)
    assert all(one["fix"] for one in document["checks"] if one["state"] in ("warn", "bad"))
    return {one["rule"]: one["state"] for one in document["checks"]}


def text(world: CommandWorld, who: str = "bob", env: Variables = NONE, cwd: Path | None = None) -> str:
    """What it says, in one line."""
    return " ".join(world.run(who, "doctor", *ONLY, env=env, cwd=cwd).out.split())


@pytest.mark.parametrize("who", ["alice", "bob", "carol", "dave", "erin", "frank"])
def test_everybody_with_a_key_in_access_is_well(running: CommandWorld, who: str) -> None:
    found = states(running, who)
    assert set(found.values()) == {"good", "warn"}
    assert [rule for rule, state in found.items() if state == "warn"] == ["doctor.threshold"]
    out = text(running, who)
    assert f"a signature was made and verified; in Access you are the person {who}" in out
    assert "moved last by bot reconciler" in out
    assert out.endswith("no problem, 1 thing to think about")


def test_a_fleet_in_perfect_order_has_nothing_to_think_about(laid: CommandWorld) -> None:
    who = "{who: [carol, dave], threshold: 1}"
    laid.change("carol", {ACCESS: laid.edit(ACCESS, who, "{who: [carol, dave, erin], threshold: 2}")})
    laid.must("carol", "trust", "init")
    assert text(laid, "carol").endswith("everything is in order")


def test_administrators_of_whom_none_may_be_lost_are_something_to_think_about(laid: CommandWorld) -> None:
    laid.change("carol", {ACCESS: laid.edit(ACCESS, "threshold: 1", "threshold: 2")})
    laid.must("carol", "trust", "init")
    assert "takes all 2 administrators who have a key" in text(laid, "carol")


def broken_governance(world: CommandWorld) -> None:
    world.change("carol", {ACCESS: "kind: Access\n"})


def no_fleet_file(world: CommandWorld) -> None:
    world.change("carol", {"agentgov.yaml": None})


def remote_away(world: CommandWorld) -> None:
    world.remote.rename(world.folder / "away.git")


def no_remote(world: CommandWorld) -> None:
    world.git("remote", "remove", "origin")


def detached(world: CommandWorld) -> None:
    world.git("checkout", "-q", "--detach")


def pending(world: CommandWorld) -> None:
    world.change("alice", {"agents/support/triage/prompts/system.md": "Other.\n"})
    world.tick()


def old(world: CommandWorld) -> None:
    world.time += MAX_AGE + 3600


def no_pins(world: CommandWorld) -> None:
    (world.folder / "home/config").rename(world.folder / "elsewhere")


def rewound(world: CommandWorld) -> None:
    world.git("update-ref", "refs/heads/agentgov/journal", "agentgov/journal~2", cwd=world.remote)


@pytest.mark.parametrize(
    ("spoil", "code", "rule", "state", "says"),
    [
        (broken_governance, 1, "doctor.governance", "bad", "agentgov validate"),
        (no_fleet_file, 1, "doctor.fleet", "bad", "agentgov init"),
        (remote_away, 1, "doctor.remote", "bad", "git ls-remote origin"),
        (no_remote, 0, "doctor.remote", "warn", "git remote add origin URL"),
        (detached, 0, "doctor.detached", "warn", "git switch main"),
        (pending, 0, "doctor.pending", "warn", "1 path of main waits for reviews"),
        (old, 1, "doctor.age", "bad", "agentgov journal checkpoint"),
        (no_pins, 1, "doctor.pins", "bad", "agentgov trust pin LINE"),
        (rewound, 1, "doctor.journal", "bad", "agentgov journal verify --fetch"),
    ],
)
def test_what_is_wrong_is_told_once_with_what_mends_it(
    running: CommandWorld, spoil: Callable[[CommandWorld], None], code: int, rule: str, state: str, says: str
) -> None:
    spoil(running)
    found = states(running, code=code)
    assert found[rule] == state
    assert sum(one == "bad" for one in found.values()) == code
    assert says in text(running)


@pytest.mark.parametrize(
    ("who", "env", "rule", "says"),
    [
        ("mallory", {}, "doctor.access", "agentgov access add-key ID FILE"),
        ("alice", {"GIT_CONFIG_COUNT": "2"}, "doctor.key", "ssh-keygen -t ed25519"),
        ("alice", {"GIT_CONFIG_VALUE_3": "/nowhere/key"}, "doctor.key", "/nowhere/key does not exist"),
        ("alice", {"GIT_CONFIG_COUNT": "0"}, "doctor.key", "git does not know who you are"),
        ("alice", {"PATH": "/nowhere"}, "doctor.program", "install git"),
    ],
)
def test_a_person_who_cannot_sign_is_told_why_once(
    running: CommandWorld, who: str, env: Variables, rule: str, says: str
) -> None:
    document = running.asked(who, "doctor", *ONLY, code=1, env=env)
    bad = [one["rule"] for one in document["checks"] if one["state"] == "bad"]
    assert rule in bad
    assert len(bad) == len({one["message"] for one in document["checks"] if one["state"] == "bad"})
    assert says in text(running, who, env)


def test_a_bot_is_well_and_a_persons_key_in_its_place_is_told(running: CommandWorld) -> None:
    assert states(running, "reconciler")["doctor.bot-key"] == "good"
    assert "the key of the bot reconciler is at hand" in text(running, "reconciler")
    variable = {"AGENTGOV_KEY_FILE": str(running.keys / "alice")}
    assert states(running, "alice", env=variable)["doctor.bot-key"] == "warn"
    variable = {"AGENTGOV_KEY_FILE": str(running.keys / "mallory")}
    assert states(running, "alice", code=1, env=variable)["doctor.bot-key"] == "bad"


def test_outside_of_a_fleet_it_says_so_and_stops(running: CommandWorld) -> None:
    found = running.run("alice", "doctor", cwd=running.keys)
    assert found.code == 1
    out = text(running, "alice", cwd=running.keys)
    assert f"{running.keys} is not in a git repository" in out
    assert "agentgov init" in out


def test_before_the_first_commit_and_before_the_journal(laid: CommandWorld) -> None:
    document = laid.asked("carol", "doctor", code=1)
    assert [one["rule"] for one in document["checks"] if one["state"] == "bad"] == ["doctor.journal"]
    assert "agentgov trust init" in laid.run("carol", "doctor").out
    empty = laid.folder / "empty"
    empty.mkdir()
    laid.git("init", "-q", cwd=empty)
    found = laid.run("carol", "doctor", cwd=empty)
    assert found.code == 1
    assert "the repository has no commit yet" in found.out


def test_it_works_offline_when_it_is_told_to(running: CommandWorld) -> None:
    remote_away(running)
    document = running.asked("bob", "doctor", "--no-fetch")
    assert {one["rule"]: one["state"] for one in document["checks"]}["doctor.remote"] == "skipped"
    assert os.environ.get("AGENTGOV_KEY_FILE") is None  # what a command needs stays in its own environment
