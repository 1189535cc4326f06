"""What `--help` says is part of the contract: a change of it is seen in review.

Write the files anew with: GOLDEN=write pytest tests/golden
"""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agentgov.cli.commands import COMMANDS
from agentgov.cli.main import cli

FOLDER = Path(__file__).parent / "help"


def all_commands() -> list[tuple[str, ...]]:
    """The program, its commands, and the commands of its groups."""
    found: list[tuple[str, ...]] = [()]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, below) for below in command.list_commands(click.Context(command))]
    return found


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: "-".join(command) or "agentgov")
def test_help(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(cli, [*command, "--help"], prog_name="agentgov", terminal_width=100)
    assert shown.exit_code == 0
    file = FOLDER / f"{'-'.join(command) or 'agentgov'}.txt"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(shown.output, encoding="utf-8")
    assert shown.output == file.read_text(encoding="utf-8")


def test_no_file_outlives_its_command() -> None:
    known = {f"{'-'.join(command) or 'agentgov'}.txt" for command in all_commands()}
    assert {path.name for path in FOLDER.iterdir()} == known


def test_an_unknown_command_is_answered_with_the_one_that_was_meant() -> None:
    done = subprocess.run([sys.executable, "-m", "agentgov", "sttus"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Did you mean 'status'?" in done.stderr
