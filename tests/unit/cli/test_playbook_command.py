"""`agentgov playbook`: what there is, what it says, what would be run; and that it is followed for real."""

import json
import shutil
from pathlib import Path

import pytest
from unit.cli.command_world import CommandWorld, Ran
from unit.cli.output_schema import assert_holds

from agentgov.model.playbook import MESSAGE_NAMES, PLACEHOLDERS
from agentgov.model.playbook_kinds import KINDS

ACME = Path(__file__).parents[3] / "examples/acme"
REFUNDS = "support/refund-assistant"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    return CommandWorld.begun(tmp_path_factory.mktemp("playbook") / "world")


def acme(world: CommandWorld, *args: str) -> tuple[int, str, str]:
    ran = world.run("erin", "playbook", *args, cwd=ACME)
    return ran.code, ran.out, ran.err


def test_all_are_listed_with_who_answers(world: CommandWorld) -> None:
    code, out, _ = acme(world, "list", "--json", "--repo", str(ACME))
    document = json.loads(out)
    assert_holds(document, "playbook-list")
    assert code == 0
    assert {one["name"] for one in document["playbooks"]} >= {"refund-assistant", "ticket-triage"}


def test_one_is_shown_by_its_agent_its_name_or_its_path(world: CommandWorld) -> None:
    shown = [
        acme(world, "show", which)[1] for which in (REFUNDS, "refund-assistant", "playbooks/refund-assistant.yaml")
    ]
    assert shown[0] == shown[1] == shown[2]
    assert "wrong-refunds -> contain" in shown[0]
    assert_holds(json.loads(acme(world, "show", REFUNDS, "--json")[1]), "playbook-show")


def test_a_name_that_is_none_is_guessed(world: CommandWorld) -> None:
    code, _, err = acme(world, "show", "refund-asistant")
    assert code == 2
    assert 'did you mean "refund-assistant"?' in err


def test_a_dry_run_fills_everything_in_and_runs_nothing(world: CommandWorld) -> None:
    code, out, _ = acme(world, "run", REFUNDS, "--dry-run", "--reason", "It's $(odd) & more", "--json")
    document = json.loads(out)
    assert_holds(document, "playbook-plan")
    (line,) = document["steps"][1]["run"]
    said = "'It'\"'\"'s $(odd) & more'"
    assert line == {
        "line": f"agentgov pause {REFUNDS} --mode read-only --reason {said}",
        "runs": True,
        "why": "",
    }
    assert code == 0
    assert acme(world, "run", REFUNDS, "--dry-run")[1].count("nobody said what {reason} is") == 2


def test_nothing_is_run_from_contents_that_nobody_authorised(world: CommandWorld) -> None:
    code, _, err = acme(world, "run", REFUNDS, "--yes", "--reason", "x", "--repo", str(ACME))
    assert code == 2
    assert "authorised contents only" in err


def test_one_for_several_agents_asks_for_which(world: CommandWorld, tmp_path: Path) -> None:
    fleet = shutil.copytree(ACME, tmp_path / "acme")

    def said(*args: str) -> Ran:
        return world.run("carol", "playbook", *args, cwd=fleet)

    assert said("new", "loop", "--owner", "team:oncall").code == 0
    ran = said("run", "loop", "--dry-run")
    assert ran.code == 2
    assert "is about several agents" in ran.err
    assert said("run", "loop", "--agent", REFUNDS, "--dry-run").code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_one_to_begin_with_is_written_once(world: CommandWorld, kind: str) -> None:
    ran = world.run("carol", "playbook", "new", kind, "support/triage", "--json")
    assert ran.code == 0
    assert_holds(ran.document, "playbook-new")
    again = world.run("carol", "playbook", "new", kind, "support/triage")
    assert again.code == 1
    assert "nothing is overwritten" in again.err
    path = world.fleet / ran.document["written"]
    found = world.run("carol", "validate", "--json").document
    assert [one for one in found["findings"] if one["file"] == ran.document["written"]] == []
    path.unlink()


def test_the_page_lists_every_placeholder_and_kind() -> None:
    text = (ACME.parents[1] / "docs/playbooks.md").read_text()
    assert all(f"`{{{name}}}`" in text for name in (*PLACEHOLDERS, *MESSAGE_NAMES))
    assert all(f"| `{kind}` |" in text for kind in KINDS)
