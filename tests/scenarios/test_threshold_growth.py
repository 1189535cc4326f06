"""A founder alone, then two, then three administrators, then two again: by commands that say what is next."""

from pathlib import Path
from typing import Any

import gitworld
import pytest
from unit.cli.command_world import ACCESS, CommandWorld


@pytest.fixture
def founded(tmp_path: Path) -> CommandWorld:
    """The first minutes of a fleet as the README has them: Ada alone, the journal begun."""
    world = CommandWorld(tmp_path / "world")
    for name in ("ada", "bob", "cleo"):
        gitworld.make_key(world.keys, name)
    gitworld.make_repository(world.fleet)
    gitworld.make_repository(world.remote, bare=True)
    gitworld.git(world.fleet, "remote", "add", "origin", str(world.remote))
    world.must("ada", "init", ".")
    world.must("ada", "new", "support/greeter")
    commit(world, "ada", "Start the fleet")
    world.must("ada", "trust", "init")
    return world


def commit(world: CommandWorld, who: str, message: str) -> None:
    """Commit and push, signed as the printed next step says."""
    world.git("add", "-A", who=who)
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={world.keys / who}")
    world.git(*signing, "commit", "-q", "-S", "-m", message, who=who)
    world.git("push", "-q", "origin", "HEAD", who=who)


def reconcile(world: CommandWorld) -> None:
    world.time += 60
    world.must("ada", "reconcile", "--once")


def missing(world: CommandWorld, who: str) -> list[str]:
    """Who would make the change at HEAD pass, as `check` says; empty once it passes."""
    found = world.run(who, "check", "--json")
    if found.code == 0:
        return []
    passing: dict[str, Any] = found.document["would_pass"]
    people: list[str] = passing["people"]
    return people


def thought(world: CommandWorld, rule: str, who: str = "ada") -> dict[str, str] | None:
    """What doctor says under a rule, where that is not good."""
    checks = world.must(who, "doctor", "--json").document["checks"]
    return next((one for one in checks if one["rule"] == rule and one["state"] != "good"), None)


def threshold(world: CommandWorld) -> int:
    found: int = world.asked("ada", "access", "report")["administrators"]["threshold"]
    return found


def approve(world: CommandWorld, *people: str) -> None:
    for person in people:
        world.must(person, "review", "approve", "-m", "As we agreed")


def add(world: CommandWorld, by: str, who: str) -> None:
    email, key = f"{who}@sim.example", str(world.keys / f"{who}.pub")
    world.must(by, "access", "add-person", who, "--email", email, "--key", key, "--administrator")


def test_a_founder_grows_to_three_administrators_and_one_leaves(founded: CommandWorld) -> None:
    world = founded
    alone = thought(world, "doctor.alone")
    assert alone is not None
    assert alone["fix"].startswith("agentgov access add-person")

    # The second person: judged by the old governance, so Ada alone may let Bob in.
    add(world, "ada", "bob")
    commit(world, "ada", "Let Bob in")
    assert missing(world, "ada") == ["ada"]
    assert world.run("bob", "review", "approve").code == 1, "Bob is nobody yet"
    approve(world, "ada")
    assert missing(world, "ada") == []
    reconcile(world)
    assert thought(world, "doctor.alone") is None
    one = thought(world, "doctor.threshold", "bob")
    assert one is not None
    assert one["fix"] == "agentgov access set-threshold 2"

    # The threshold of two takes effect by the threshold of one.
    world.must("ada", *one["fix"].split()[1:])
    commit(world, "ada", "Two of us")
    approve(world, "ada")
    reconcile(world)
    assert threshold(world) == 2
    both = thought(world, "doctor.threshold")
    assert both is not None
    assert "none of them may be lost" in both["message"]

    # Now nobody is enough alone, neither for Cleo nor for going back to one.
    add(world, "bob", "cleo")
    commit(world, "bob", "Let Cleo in")
    approve(world, "bob")
    assert missing(world, "bob") == ["ada"]
    reconcile(world)
    assert "cleo" not in world.must("ada", "access", "report").out, "pending governance has no effect"
    approve(world, "ada")
    reconcile(world)
    assert world.asked("cleo", "access", "report")["administrators"]["people"] == ["ada", "bob", "cleo"]
    assert thought(world, "doctor.threshold") is None

    # Three of three.
    world.must("cleo", "access", "set-threshold", "3")
    commit(world, "cleo", "All of us")
    approve(world, "cleo")
    assert len(missing(world, "cleo")) == 1
    approve(world, "ada")
    reconcile(world)
    assert threshold(world) == 3
    all_three = thought(world, "doctor.threshold")
    assert all_three is not None
    assert "takes all 3 administrators" in all_three["message"]

    # Bob leaves: not while three are needed and two would be left; that step takes Bob too.
    refused = world.run("ada", "access", "remove-person", "bob")
    assert refused.code == 2
    assert "threshold of 3 is more than the 2" in refused.err
    world.must("ada", "access", "set-threshold", "2")
    world.must("ada", "access", "remove-person", "bob")
    commit(world, "ada", "Bob leaves, two of us again")
    approve(world, "ada", "cleo")
    assert missing(world, "ada") == ["bob"]
    approve(world, "bob")
    reconcile(world)
    assert threshold(world) == 2
    assert world.run("bob", "review", "approve").code == 1

    # And the journal still says who could do what, when.
    assert world.run("cleo", "can", "bob", "administer", "--at", "HEAD").code == 1
    growth: list[tuple[int, int]] = []
    for act in reversed(world.must("ada", "journal", "log", "--json").document["acts"]):
        if act["kind"] in ("init", "advance"):
            report = world.asked("ada", "access", "report", "--at", str(act["seq"]))
            found = (report["administrators"]["threshold"], len(report["administrators"]["people"]))
            growth += [found] if found not in growth[-1:] else []
    assert growth == [(1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (2, 2)]
    world.must("cleo", "journal", "verify")


def test_the_file_keeps_what_the_founder_wrote_beside_it(founded: CommandWorld) -> None:
    before = (founded.fleet / ACCESS).read_text()
    add(founded, "ada", "bob")
    founded.must("ada", "access", "set-threshold", "2")
    after = (founded.fleet / ACCESS).read_text().splitlines()
    comments = [line[line.index("#") :] for line in before.splitlines() if "#" in line]
    assert comments == [line[line.index("#") :] for line in after if "#" in line]
