"""Administrators are lost: the page of docs/recovery.md, its commands run as they stand by the people who are left."""

import re
from pathlib import Path

import simulator
from unit.cli.command_world import ACCESS, ROOT, CommandWorld

TRIAGE = str(simulator.TRIAGE)
REF = "refs/heads/agentgov/journal"
PAGE = (ROOT / "docs/recovery.md").read_text("utf-8")


def commands(section: str) -> list[str]:
    """The commands of a section of the page, in their order."""
    found = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return re.findall(r"^ *\$ (.+)$", found[1], re.MULTILINE)


def test_a_new_journal_takes_the_place_of_the_old_one(running: CommandWorld) -> None:
    old = running.asked("bob", "trust", "show")
    verify, look, begin, pin, again, release = commands("Administrators are lost")
    access = (running.fleet / ACCESS).read_text().replace("who: [carol, dave]", "who: [erin]")
    running.change("mallory", {ACCESS: access})  # whoever can push: what counts is who adopts it, and who is told
    running.must("erin", *verify.split()[1:])
    tip = running.git(*look.split()[1:])
    assert running.run("alice", *begin.replace("TIP", tip).split()[1:]).code == 1  # no administrator there
    assert running.run("erin", *begin.replace("TIP", running.git("rev-parse", "HEAD")).split()[1:]).code == 1
    begun = running.asked("erin", *begin.replace("TIP", tip).split()[1:])
    assert begun["founder"] == "erin"
    assert running.git("rev-parse", f"{REF}-until-{tip[:12]}", cwd=running.remote) == tip
    assert f"Agentgov-Previous: {tip}" in running.git("log", "-1", "--format=%B", begun["journalRoot"])

    told = running.asked("erin", *again.split()[1:])
    assert told["verdict"] == "accept"
    assert old["journalRoot"] != begun["journalRoot"]
    running.must("erin", *pin.split()[1:3], begun["line"], "--forget")
    running.must("reconciler", "reconcile")
    assert running.asked("bob", "status", "--fetch")["agents"][0]["stages"]["production"]["release"] is None
    running.must("alice", *release.replace("support/refund-assistant", TRIAGE).split()[1:])
    assert any("see release" in one for one in running.asked("reconciler", "reconcile")["acts"])


def test_a_machine_that_was_not_told_refuses_the_new_journal(running: CommandWorld, tmp_path: Path) -> None:
    tip = running.git("rev-parse", "origin/agentgov/journal")
    home = {"AGENTGOV_CONFIG_HOME": str(tmp_path / "config"), "AGENTGOV_STATE_HOME": str(tmp_path / "state")}
    line = running.asked("bob", "trust", "show")["line"]
    running.must("bob", "trust", "pin", line, env=home)
    running.must("bob", "status", env=home)
    begun = running.asked("carol", "trust", "init", "--after", tip)
    for command in ("status --fetch", "journal verify --fetch", f"hold {TRIAGE}", f"pause {TRIAGE} --reason x"):
        assert running.run("bob", *command.split(" "), env=home).code == 1
    assert running.asked("bob", "journal", "verify", "--fetch", code=1, env=home)["code"] == "journal.forked"
    running.must("bob", "trust", "pin", begun["line"], env=home)
    assert running.run("bob", "status", env=home).code == 1  # what it has seen is not in there
    running.must("bob", "trust", "pin", begun["line"], "--forget", env=home)
    running.must("bob", "status", env=home)
    assert running.asked("bob", "journal", "verify", "--fetch", env=home)["verdict"] == "accept"


def test_a_journal_is_not_begun_twice_nor_after_another_end(running: CommandWorld) -> None:
    assert "has a journal already" in running.run("carol", "trust", "init").err
    tip = running.git("rev-parse", "origin/agentgov/journal")
    refused = running.run("carol", "trust", "init", "--after", f"{tip}~1")
    assert refused.code == 1
    assert f"the journal ends in {tip}" in refused.err
