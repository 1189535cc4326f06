"""An overdue drill holds a release and nothing else: `status` says which and what helps, and going back stays open."""

from pathlib import Path

from simulator import TRIAGE
from unit.cli.command_world import PROMPT, CommandWorld
from unit.cli.test_drill_checked import DRILL, PLAYBOOK

LATE = 31 * 86_400
HELPS = "agentgov drill run table"


def authorise(world: CommandWorld, files: dict[str, str], *reviewers: str) -> None:
    """A change by carol, with as many reviews as a high risk asks for."""
    world.change("carol", files)
    for who in reviewers:
        world.must(who, "review", "approve", "-m", "Clear")
    world.tick()


def hold(world: CommandWorld, folder: Path, answer: str = "agentgov pause support/triage", code: int = 0) -> None:
    answers = folder / "answers.yaml"
    answers.write_text(f"stop: {answer}\n")
    assert world.run("carol", "drill", "run", "table", "--answers", str(answers)).code == code


def waiting(world: CommandWorld) -> CommandWorld:
    """A release of an agent of high risk is in staging, and the drill about it is overdue by a day."""
    risk = world.edit(TRIAGE.file, "risk: low", "risk: high")
    practice = {"playbooks/triage.yaml": PLAYBOOK, "drills/table.yaml": DRILL.replace("90d", "30d")}
    authorise(world, {TRIAGE.file: risk, **practice}, "alice", "bob", "dave")
    hold(world, world.folder)
    world.time += LATE
    authorise(world, {PROMPT: "Sort tickets by urgency, then by age.\n"}, "alice", "bob")
    world.must("alice", "release", str(TRIAGE), "-m", "By age too")
    for _ in range(4):
        world.tick()
    return world


def test_status_says_which_drill_holds_it_and_the_command_that_lets_go(running: CommandWorld) -> None:
    world = waiting(running)
    stages = world.stages()
    assert [stages[one]["release"][-6:] for one in ("staging", "canary")] == ["v1.2.0", "v1.1.0"]
    told = world.must("dave", "status", str(TRIAGE)).out
    assert "the drill table had to be held by" in told
    assert HELPS in told
    hold(world, world.folder)
    world.tick()
    assert world.stages()["canary"]["release"] == f"{TRIAGE}/v1.2.0"
    assert HELPS not in world.must("dave", "status", str(TRIAGE)).out
    hold(world, world.folder, "who knows", code=1)
    assert "the drill table was not passed: 0 of 100" in world.run("dave", "doctor", "--only", "drills").out


def test_while_it_is_overdue_people_go_back_and_stop_and_let_go_again(running: CommandWorld) -> None:
    world = waiting(running)
    world.must("erin", "pause", str(TRIAGE), "-m", "It sorts nothing")
    assert "PAUSED" in world.must("dave", "status", str(TRIAGE)).out
    world.must("erin", "resume", str(TRIAGE), "-m", "It was the queue")
    world.must("erin", "rollback", str(TRIAGE), "-m", "Complaints", "--yes")
    assert world.stages()["production"]["release"] == f"{TRIAGE}/v1.0.0"
    world.must("carol", "journal", "verify")
