"""Git is asked before the command line is parsed: the answer is that of asking later, and nothing stays behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gitworld import environment, git, make_repository, write_files
from unit.validate.fleet_sample import FILES, PROMPT

from agentgov.cli import ahead
from agentgov.repo.repository import Repository


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample fleet with a changed file."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AGENTGOV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    folder = make_repository(tmp_path / "fleet")
    write_files(folder, FILES)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "A fleet")
    write_files(folder, {PROMPT: "You help\u200b {{customer}}.\n"})
    return folder


def run(cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agentgov", *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=dict(os.environ), check=False)


@pytest.mark.parametrize(
    "args", [["validate"], ["diff"], ["validate", "--json"], ["diff", "HEAD"], ["check"], ["validate", "--nonsense"]]
)
def test_the_answer_is_that_of_asking_later(repo: Path, tmp_path: Path, args: list[str]) -> None:
    early = run(repo, *args)
    late = run(repo, *args, "--repo", str(repo))
    assert (early.returncode, early.stdout, early.stderr) == (late.returncode, late.stdout, late.stderr)
    assert not list((tmp_path / "tmp").iterdir())  # nobody took it, or it was closed


def test_a_folder_without_git_or_fleet_is_the_commands_to_tell(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for command in ("validate", "diff", "check"):
        done = run(tmp_path / "empty", command)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_only_what_was_begun_for_the_same_question_is_taken(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    ahead.begin(["validate"])
    begun = ahead.repository(".")
    asked = (ahead.reading(Repository.open(repo)), ahead.reading(begun, staged=True), ahead.reading(begun, "sub/"))
    taken, again = ahead.reading(begun), ahead.reading(begun)
    assert len({taken, again, *asked}) == 5
    assert PROMPT in taken.result().partition.inside("agents/support/refunds")
    for reading in (again, *asked):
        reading.close()


@pytest.mark.parametrize(
    "args", [[], ["status"], ["validate", "--rev", "HEAD"], ["validate", "--repo=x"], ["diff", "A"]]
)
def test_what_does_not_ask_about_the_working_tree_begins_nothing(
    repo: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.chdir(repo)
    ahead.begin(args)
    assert ahead.repository(".") is not ahead.repository(".")
