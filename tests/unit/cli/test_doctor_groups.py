"""`doctor` on a fleet: who answers, playbooks, drills, retention, what stands open; and that every fix can be typed."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from simulator import PAYROLL, TRIAGE
from unit.cli.command_world import ACCESS, CommandWorld

from agentgov.cli.start.doctor_check import mended_by
from agentgov.model.command_line import Command, read_command
from agentgov.validate.command_lines import grammar

DAY = 86_400
ACME = Path(__file__).parents[3] / "examples/acme"
RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
classes:
  short: {payload: 30d, leaf: 90d, frameworks: [hipaa]}
holds: [{id: old-case, match: {agents: ["**"]}, by: carol, since: 2020-01-01, reason: A case}]
"""
DRILL = """apiVersion: agentgov.dev/v1
kind: Drill
name: pay
type: tabletop
playbook: playbooks/pay.yaml
agent: finance/payroll
participants: [dave]
objectives: [{id: stop, metric: time-to-pause, target: 60s}]
every: 30d
"""
PLAYBOOK = """apiVersion: agentgov.dev/v1
kind: Playbook
name: pay
title: Payroll is wrong
match: {agents: [finance/payroll]}
responders: [dave]
reviewBy: 2020-01-01
steps: [{id: look, title: Look, type: command, run: agentgov status finance/payroll, check: agentgov status}]
"""


def asked(world: CommandWorld, *groups: str, who: str = "bob", code: int = 0) -> list[dict[str, Any]]:
    """The checks of some groups that are not fine; every fix that calls this program is a command of it."""
    only = [word for group in groups for word in ("--only", group)]
    checks = world.asked(who, "doctor", *only, code=code)["checks"]
    for one in checks:
        assert one["fix"] or one["state"] in ("good", "skipped"), one
        if one["fix"].split()[:1] == ["agentgov"]:
            assert isinstance(read_command(one["fix"], grammar()), Command), one
    return [one for one in checks if one["state"] in ("warn", "bad")]


def told(checks: list[dict[str, Any]]) -> Mapping[str, tuple[str, str]]:
    """Message and fix of the first check by rule."""
    return {one["rule"]: (one["message"], one["fix"]) for one in reversed(checks)}


@pytest.fixture(scope="module")
def troubled(laid_world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """A fleet in which much was left undone: it was authorised so, by whoever adopted it."""
    world = laid_world.copied(tmp_path_factory.mktemp("troubled") / "world")
    access = (world.fleet / ACCESS).read_text()
    access = re.sub(r"\{id: finance, members: \[[^]]*\]", "{id: finance, members: [frank]", access)
    access = access.replace("who: [team:support, team:finance]", "who: [team:support]")
    access += '  - {role: viewer, who: [frank], agents: ["**"], until: 2020-01-01}\n'
    access = access.replace('  - {role: viewer, who: [frank], agents: ["**"]}\n', "")
    agent = (world.fleet / PAYROLL.file).read_text()
    files = {
        ACCESS: access,
        "governance/retention.yaml": RETENTION,
        "drills/pay.yaml": DRILL,
        "playbooks/pay.yaml": PLAYBOOK,
        PAYROLL.file: agent + "  playbook: playbooks/pay.yaml\n  audit: {payloads: full}\n",
    }
    world.change("carol", files)
    world.must("carol", "trust", "init")
    return world


def test_those_who_left_are_told_of_wherever_they_are_named(troubled: CommandWorld) -> None:
    found = told(asked(troubled, "owners", code=1))
    assert found["doctor.team-empty"][0] == "nobody is left in the team finance"
    assert found["doctor.owner-left"][0] == "finance/payroll is owned by team:finance, and that is nobody now"
    assert found["doctor.oncall-left"][1] == f"change oncall.escalate in {PAYROLL.file}"
    assert found["doctor.left"][1] == "agentgov access remove-person frank"


def test_playbooks_and_drills_that_lack_something_are_told_of_by_name(troubled: CommandWorld) -> None:
    found = told(asked(troubled, "playbooks", "drills"))
    assert found["doctor.playbook"][1] == f"agentgov playbook new bad-release {TRIAGE}"
    assert found["doctor.playbook-gap"][0].startswith("playbooks/pay.yaml does not pause this agent and no other, nor")
    assert found["doctor.playbook-old"][1] == "agentgov playbook show pay"
    assert found["doctor.drill"] == ("the drill pay is due, never held", "agentgov drill run pay")


def test_records_that_nobody_ends_are_told_of(troubled: CommandWorld) -> None:
    found = told(asked(troubled, "retention", code=1))
    assert "finance/payroll reads and writes is kept, for ever" in found["doctor.retention-full"][0]
    assert found["doctor.retention-short"][1] == "agentgov retention check"
    assert "the hold old-case of carol has stood for" in found["doctor.hold-old"][0]


def test_what_was_begun_and_not_ended_is_told_of(running: CommandWorld) -> None:
    running.must("erin", "pause", str(TRIAGE), "--reason", "It misroutes")
    opened = running.must(
        "erin", "incident", "open", str(TRIAGE), "--title", "Wrong queue", "--severity", "1", "--json"
    )
    incident = opened.document["act"]["subject"].partition("incident ")[2].partition(" ")[0]
    assert asked(running, "open") == []
    running.time += 8 * DAY
    found = told(asked(running, "open"))
    assert found["doctor.incident-long"][1] == f"agentgov incident show {incident}"
    assert found["doctor.pause-long"][1] == f"agentgov resume {TRIAGE}"
    running.must("erin", "incident", "resolve", incident)
    running.time += 8 * DAY
    running.tick()
    running.time += 8 * DAY
    message, fix = told(asked(running, "open", code=1))["doctor.owed"]
    assert (message, fix) == (f"the review of {incident} is overdue", f"agentgov incident review {incident}")


def test_what_is_owed_says_how_many_releases_it_holds(laid: CommandWorld) -> None:
    laid.change("alice", {TRIAGE.file: laid.edit(TRIAGE.file, "risk: low", "risk: high")})
    laid.must("carol", "trust", "init")
    opened = laid.asked("carol", "incident", "open", str(TRIAGE), "--title", "Wrong queue", "--severity", "1")
    incident = opened["act"]["incident"]
    laid.must("carol", "incident", "resolve", incident)
    laid.time += 16 * DAY
    message, _ = told(asked(laid, "open", who="carol", code=1))["doctor.owed"]
    assert message == f"the review of {incident} is overdue, and holds the releases of 1 agent of high risk"


def test_a_bot_that_does_nothing_and_a_right_that_ends_are_told_of(running: CommandWorld) -> None:
    running.change(
        "carol", {ACCESS: running.edit(ACCESS, "who: [frank], agents", "who: [frank], until: 2027-01-20, agents")}
    )
    running.must("carol", "review", "approve", "-m", "Frank leaves")
    running.tick()
    running.time += 31 * DAY
    running.tick()
    found = told(asked(running, "people"))
    assert found["doctor.bot-unused"][1].startswith("agentgov access remove-bot ")


def test_many_problems_of_a_kind_are_shown_in_part_and_counted(laid: CommandWorld) -> None:
    agents = {f"agents/support/a{number}/agent.yaml": _agent(laid, number) for number in range(5)}
    laid.change("alice", agents)
    laid.must("carol", "trust", "init")
    shown = laid.must("carol", "doctor", "--only", "playbooks").out
    assert shown.count("has no playbook") == 3
    assert "more of the kind: agentgov doctor --only playbooks --json" in shown
    assert len(asked(laid, "playbooks", who="carol")) == 7


def _agent(world: CommandWorld, number: int) -> str:
    return (world.fleet / TRIAGE.file).read_text().replace("{name: triage}", f"{{name: a{number}}}")


def test_groups_can_be_chosen_and_others_are_refused(running: CommandWorld) -> None:
    document = running.asked("bob", "doctor", "--only", "drills", "--only", "clocks")
    assert [one["group"] for one in document["groups"]] == ["clocks", "drills"]
    assert running.must("bob", "doctor", "--only", "gate").out.endswith("nothing was looked at\n")
    refused = running.run("bob", "doctor", "--only", "feelings")
    assert refused.code == 2
    assert "'feelings' is not one of 'machine'" in refused.err


@pytest.mark.parametrize(
    ("hint", "fix"),
    [
        ("agentgov login, or name a file", ("agentgov login", "or name a file")),
        ("agentgov journal verify", ("agentgov journal verify", "")),
        ("agentgov fly away", ("do this: agentgov fly away", "")),
        ("git fetch --unshallow", ("git fetch --unshallow", "")),
        ("", ("see what stands there", "")),
    ],
)
def test_a_hint_becomes_a_fix_that_can_be_typed(hint: str, fix: tuple[str, str]) -> None:
    assert mended_by(hint) == fix


def test_every_fix_that_is_written_in_the_code_is_a_command() -> None:
    lines = re.compile(r'"(agentgov [^"]+)"')
    found = set()
    for file in sorted((ACME.parents[1] / "agentgov/cli/start").glob("doctor*.py")):
        code = file.read_text("utf-8")
        found |= {re.sub(r"\{[^}]*\}", "X", line).strip() for line in lines.findall(code)}
    whole = {"agentgov access add-bot reconciler": " --kind reconciler --make-key"}
    assert len(found) > 30
    for line in found:
        line += whole.get(line, "") + (" --reason TEXT" if line == "agentgov alert silence" else "")
        assert isinstance(read_command(line, grammar()), Command), line
