"""What commands print for people, on a small fleet whose every step is fixed: a change of it is seen in review.

Ids are masked, since keys and acts differ from run to run. Write the files anew with: GOLDEN=write pytest tests/golden
"""

import os
from pathlib import Path

import pytest
from unit.cli.command_world import PROMPT, CommandWorld, masked

FOLDER = Path(__file__).parent / "text"
TRIAGE = "support/triage"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """v1.2.0 of support/triage is in canary, finance/payroll is held, one change waits for a review."""
    found = CommandWorld.running(tmp_path_factory.mktemp("golden") / "world")
    found.enter_canary()
    found.must("erin", "pause", "finance/*", "--reason", "Month's end", "--until", "8h")
    found.must("bob", "hold", "finance/payroll", "-m", "Until the audit is over")
    found.change("alice", {PROMPT: "Sort tickets by age alone.\n"}, "Age alone")
    found.must("alice", "review", "approve", "-m", "I like it")
    found.tick(found.traffic.next(0.1))
    return found


@pytest.mark.parametrize(
    ("name", "command", "code"),
    [
        ("status", "status", 0),
        ("status-agent", f"status {TRIAGE}", 0),
        ("check", "check", 1),
        ("check-assumed", "check --assume-approval bob", 0),
        ("history", f"history {TRIAGE} -n 9", 0),
        ("journal-log", "journal log -n 12", 0),
        ("journal-show", "journal show 0", 0),
        ("journal-verify", "journal verify", 0),
        ("verify-commit", "verify", 1),
        ("verify-release", f"verify {TRIAGE}/v1.1.0", 0),
        ("show", f"show {TRIAGE}", 0),
        ("access-report", "access report", 0),
        ("reconcile-dry-run", "reconcile --dry-run", 0),
    ],
)
def test_text(world: CommandWorld, name: str, command: str, code: int) -> None:
    found = world.run("frank", *command.split())
    assert (found.code, found.err) == (code, "")
    shown = masked(found.out)
    file = FOLDER / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")
    assert max(map(len, shown.splitlines())) <= 180
