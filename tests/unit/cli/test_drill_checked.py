"""`agentgov drill report --check`: a report that somebody changed after the drill is not the one of the journal."""

from pathlib import Path
from typing import Any

import pytest
from unit.cli.command_world import CommandWorld
from unit.cli.output_schema import assert_holds

PLAYBOOK = """apiVersion: agentgov.dev/v1
kind: Playbook
name: triage
title: Triage goes wrong
match: {agents: [support/triage]}
responders: [erin, carol]
steps:
  - {id: look, title: Since when, type: check, run: "agentgov history {agent}"}
"""
DRILL = """apiVersion: agentgov.dev/v1
kind: Drill
name: table
type: tabletop
playbook: playbooks/triage.yaml
agent: support/triage
injects:
  - at: 0m
    text: It sorts nothing.
    ask: [{id: stop, text: What do you type?, accept: ["agentgov pause"], metric: time-to-pause}]
objectives: [{id: paused, metric: time-to-pause, target: 10m}]
every: 90d
"""


def checked(world: CommandWorld, code: int, *args: str) -> dict[str, Any]:
    ran = world.run("carol", "drill", "report", "--check", "--json", *args)
    assert ran.code == code, ran.out + ran.err
    assert_holds(ran.document, "drill-check")
    return ran.document


def test_a_report_is_held_against_the_act_that_names_it(tmp_path: Path) -> None:
    world = CommandWorld.begun(tmp_path / "world")
    ran = world.run("carol", "drill", "report", "--check")
    assert (ran.code, "no act tells of one" in ran.err) == (2, True)
    world.change("alice", {"playbooks/triage.yaml": PLAYBOOK, "drills/table.yaml": DRILL})
    for who in ("carol", "dave"):
        world.must(who, "review", "approve", "-m", "Good")
    world.tick()
    answers = tmp_path / "answers.yaml"
    answers.write_text("stop: agentgov pause support/triage\n")
    held = world.must("carol", "drill", "run", "table", "--answers", str(answers), "--json").document
    assert held["recorded"] is not None
    found = checked(world, 0)
    assert [(one["where"], one["act"]) for one in found["reports"]] == [("kept in this clone", held["recorded"])]
    world.must("carol", "drill", "report", "--last", "--write")
    assert checked(world, 0, "table")["holds"] is True
    (file,) = world.fleet.glob("incidents/*/drill-table-*/report.md")
    was = file.read_text()
    file.write_text(was.replace("owner:", "owner:  "))
    assert checked(world, 0)["holds"] is True, "the front matter is kept up to date"
    file.write_text(was.replace("| met |", "| **missed** |"))
    bad = checked(world, 1, "--last")
    assert [one["act"] for one in bad["reports"]] == [held["recorded"], None]
    file.unlink()
    answers.write_text("stop: I wait\n")
    assert world.run("carol", "drill", "run", "table", "--answers", str(answers), "--no-record").code == 1
    again = checked(world, 1)
    assert again["reports"][0]["act"] is None
    assert [one["drill"] for one in again["missing"]] == ["table"]
    told = world.run("carol", "drill", "report", "--check").out
    assert "no act of the journal names it" in told
    assert "its report is not in this clone" in told
    world.write({"drills/new.yaml": DRILL.replace("name: table", "name: new")})
    new = ("drill", "run", "new", "--answers", str(answers))
    assert [world.run("carol", *new, *more).code for more in ((), ("--no-record",))] == [2, 1], "it can be tried"


@pytest.mark.parametrize("more", [("--write",), ("--format", "markdown")])
def test_it_writes_nothing(tmp_path: Path, more: tuple[str, ...]) -> None:
    world = CommandWorld.laid(tmp_path / "world")
    assert world.run("carol", "drill", "report", "--check", *more).code == 2
