"""What `doctor` says to write, a command writes: a drill, periods of retention, a route of alerts."""

from pathlib import Path

import pytest
from unit.cli.command_world import CommandWorld
from unit.cli.output_schema import assert_holds

AGENT = "support/greeter"
PD = ("--to", "pagerduty", "--key-from", "env:PD_KEY")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    made = CommandWorld.laid(tmp_path_factory.mktemp("begin") / "world")
    made.must("carol", "new", AGENT, "--owner", "carol")
    return made


def in_order(world: CommandWorld, path: str) -> bool:
    return path not in world.run("carol", "validate").out


def test_a_drill_of_each_type_is_in_order(world: CommandWorld) -> None:
    names = {}
    for type_ in ("tabletop", "live", "recovery"):
        made = world.must("carol", "drill", "new", AGENT, "--type", type_, "--json").document
        assert_holds(made, "drill-new")
        assert in_order(world, made["written"])
        names[type_] = Path(made["written"]).stem
    listed = world.must("carol", "drill", "list").out
    assert all(name in listed for name in names.values())
    assert world.run("carol", "drill", "new", AGENT).code == 1


def test_the_answers_of_a_drill_are_what_the_fleet_says(world: CommandWorld, tmp_path: Path) -> None:
    written = world.fleet / "drills/support-greeter.yaml"
    if not written.exists():
        world.must("carol", "drill", "new", AGENT)
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        f"""who-answers: Carol, by her pager
contain: agentgov incident mitigate {AGENT} --pause
others: none
back: agentgov rollback {AGENT} --reason "Lies"
without-author: carol
tell: carol
"""
    )
    told = world.run("carol", "drill", "run", "support-greeter", "--answers", str(answers), "--no-record", "--json")
    assert {one["id"] for one in told.document["objectives"] if one["met"]} >= {"stopped", "back", "told", "known"}


def test_an_agent_without_a_playbook_has_it_written_first(world: CommandWorld) -> None:
    refused = world.run("carol", "drill", "new", "support/triage")
    assert refused.code == 2
    assert "agentgov playbook new bad-release support/triage" in refused.err


def test_retention_begins_with_the_classes_of_frameworks(world: CommandWorld) -> None:
    made = world.must("carol", "retention", "new", "--framework", "hipaa", "--framework", "ai-act-deployer", "--json")
    assert_holds(made.document, "retention-new")
    assert in_order(world, made.document["written"])
    assert world.must("carol", "retention", "check").code == 0
    assert world.run("carol", "retention", "new").code == 1
    assert world.run("carol", "retention", "new", "--framework", "hippa").code == 2


def test_routes_are_added_one_by_one_and_nothing_else_changes(world: CommandWorld) -> None:
    file = world.fleet / "governance/alerts.yaml"
    made = world.must("carol", "alert", "add-route", "on-call", *PD, "--severity", "page", "--json").document
    assert_holds(made, "alert-add-route")
    before = file.read_text()
    world.must("carol", "alert", "add-route", "channel", "--to", "slack", "--key-from", "file:/run/secrets/slack")
    assert file.read_text().startswith(before)
    assert "SLACK" not in file.read_text()
    assert in_order(world, "governance/alerts.yaml")
    for words, said in (
        (("on-call", *PD), "there is a route on-call already"),
        (("other", "--to", "slack"), "add --key-from env:NAME"),
        (("Other!", *PD), "nothing was written"),
        (("post", "--to", "webhook", "--key-from", "env:HOOK"), "add --url URL"),
        (("post", "--to", "email", "--url", "smtp://mail.example"), "add --sender ADDRESS --recipient WHO"),
        (("post", "--to", "webhook", "--key-from", "hunter2", "--url", "https://x.example"), "nothing was written"),
    ):
        refused = world.run("carol", "alert", "add-route", *words)
        assert (refused.code, said in refused.err) == (2, True), refused.err
        assert "hunter2" not in refused.err
    assert file.read_text().count("name:") == 2
    file.write_text("kind: AlertPolicy\n")
    assert world.run("carol", "alert", "add-route", "third", *PD).code == 2
