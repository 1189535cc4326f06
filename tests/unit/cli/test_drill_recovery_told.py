"""What a recovery drill says of where it restores from: an address, and never a token in it."""

from pathlib import Path

import pytest
from gitworld import git, make_repository

from agentgov.cli.on_call.drill_recovery import Copies, recover


def test_a_token_in_the_address_of_the_remote_is_told_to_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_repository(tmp_path)
    git(tmp_path, "remote", "add", "origin", "https://bot:hush-0451@127.0.0.1:1/fleet.git")
    course = recover(str(tmp_path), Copies(), 1_700_000_000, quiet=False)
    told = capsys.readouterr()
    assert "clone the fleet from https://127.0.0.1:1/fleet.git" in told.out
    assert [gap.id for gap in course.gaps] == ["recovery-clone", "recovery-backup"]
    assert "hush-0451" not in f"{told.out}{told.err}{course}"
