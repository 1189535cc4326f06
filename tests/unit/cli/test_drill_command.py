"""`agentgov drill`: held from a file or at a terminal, scored, kept for its report; and when it is due."""

import json
import os
import shutil
from pathlib import Path

import pytest
from terminal import terminal
from unit.cli.command_world import CommandWorld, Ran
from unit.cli.output_schema import assert_holds

ROOT = Path(__file__).parents[3]
ANSWERS = ROOT / "examples/answers/refund-agent.yaml"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    return CommandWorld.begun(tmp_path_factory.mktemp("drill") / "world")


@pytest.fixture(scope="module")
def acme(world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    fleet = shutil.copytree(ROOT / "examples/acme", tmp_path_factory.mktemp("drilled") / "acme")
    world.git("init", "-q", cwd=fleet)
    return fleet


def said(world: CommandWorld, acme: Path, *args: str) -> Ran:
    return world.run("carol", "drill", *args, cwd=acme)


def test_it_is_held_from_a_file_and_reported(world: CommandWorld, acme: Path) -> None:
    assert "was held in this clone" in said(world, acme, "report", "--last").err
    ran = said(world, acme, "run", "refund-agent", "--answers", str(ANSWERS), "--json")
    assert ran.code == 1
    assert_holds(ran.document, "drill-run")
    assert (ran.document["score"], ran.document["recorded"]) == (77, None)
    assert [one["id"] for one in ran.document["objectives"] if not one["met"]] == ["back"]
    report = said(world, acme, "report", "--last")
    assert report.out == said(world, acme, "report", "drills/refund-agent.yaml").out == ran.document["report"]
    assert_holds(said(world, acme, "report", "--last", "--json").document, "drill-report")
    assert said(world, acme, "report", "--last", "--write").code == 0
    (file,) = acme.glob("incidents/*/drill-refund-agent-*/report.md")
    assert file.read_text().startswith("---\ndrill: refund-agent\nscore: 77\nactions:\n  - {id: prior-unknown,")
    assert said(world, acme, "report", "--last", "--write").code == 1


def test_who_knows_no_answer_reads_all_of_them_in_lines_that_fit(
    world: CommandWorld, acme: Path, tmp_path: Path
) -> None:
    asked = ("who-answers", "contain", "others", "back", "without-author", "tell", "money")
    file = tmp_path / "nothing.yaml"
    file.write_text("".join(f'{name}: "a shrug"\n' for name in asked))
    ran = said(world, acme, "run", "refund-agent", "--answers", str(file))
    missed = ran.out[ran.out.index("not what the playbook says: ") :].partition("\n\n")[0]
    assert max(map(len, missed.splitlines())) <= 100
    assert [name for name in asked if f"{name} (at " not in " ".join(missed.split())] == []


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("who-answers: Erin\n", "does not answer contain, others"),
        (ANSWERS.read_text() + "mone: x\n", "answers mone, which nobody asks"),
        (ANSWERS.read_text().replace("after: 90s", "after: soon"), "'soon' is not how long who-answers took"),
        ("- a\n", "holds no answers"),
        ("a: [\n", "cannot be read"),
    ],
)
def test_a_file_of_answers_that_is_none_is_refused(
    world: CommandWorld, acme: Path, tmp_path: Path, answers: str, told: str
) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(answers)
    ran = said(world, acme, "run", "refund-agent", "--answers", str(file))
    assert ran.code == 2
    assert told in ran.err


def test_without_a_terminal_it_asks_for_a_file(world: CommandWorld, acme: Path) -> None:
    ran = said(world, acme, "run", "refund-agent")
    assert ran.code == 2
    assert "--answers FILE" in ran.err


def test_what_there_is_and_what_is_due(world: CommandWorld, acme: Path) -> None:
    listed = said(world, acme, "list", "--json").document
    assert_holds(listed, "drill-list")
    assert {one["name"]: one["state"] for one in listed["drills"]} == {
        "alarm": "due",
        "recovery": "due",
        "refund-agent": "due",
    }
    due = said(world, acme, "due", "--json")
    assert_holds(due.document, "drill-due")
    assert due.code == 0, "due, and not overdue"
    shown = said(world, acme, "show", "refund-agent")
    assert "time to pause: within 10m" in shown.out
    assert "What do you type" not in shown.out, "it does not give away what it asks"
    assert_holds(said(world, acme, "show", "refund-agent", "--json").document, "drill-show")
    assert 'did you mean "refund-agent"?' in said(world, acme, "show", "refund-agnet").err


def test_it_is_answered_at_a_terminal_and_the_time_is_taken(acme: Path) -> None:
    words = json.loads(json.dumps(["Erin", "agentgov pause support/refund-assistant --mode read-only -m x", "none"]))
    env = {**os.environ, "NO_COLOR": "1"}
    with terminal(["drill", "run", "refund-agent"], cwd=acme, env=env) as screen:
        for number, word in enumerate([*words, "agentgov rollback support/refund-assistant", "?", "bob", "bob"], 1):
            screen.until("         > ")
            assert screen.said.count("         > ") == number
            screen.types(f"{word}\n")
        assert screen.end() == 0, screen.said
    assert "passed, score 100 of 100: 5 of 5 objectives met" in screen.said
    assert "not what the playbook says: without-author (at " in screen.said


def test_enter_alone_is_no_answer_and_asked_again(acme: Path) -> None:
    with terminal(["drill", "run", "refund-agent"], cwd=acme, env={**os.environ, "NO_COLOR": "1"}) as screen:
        screen.until("         > ")
        screen.types("\n")
        screen.until("         answer in words, or write ? where nobody knows")
        assert "not what the playbook says" not in screen.said
        screen.types("?\n")
        screen.until("         not what the playbook says, after ")
        screen.types("\x04")
        assert screen.end() == 130, screen.said


def test_who_breaks_off_is_told_so_on_a_line_of_its_own(acme: Path) -> None:
    with terminal(["drill", "run", "refund-agent"], cwd=acme, env={**os.environ, "NO_COLOR": "1"}) as screen:
        screen.until("         > ")
        screen.types("\x04")
        assert screen.end() == 130, screen.said
    assert screen.said.endswith("\ninterrupted\n")
