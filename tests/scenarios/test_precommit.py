"""The hook in real commits, with the real pre-commit: what is staged decides, not what lies on disk."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gitworld
import pytest
import yaml
from unit.validate.fleet_sample import AGENT, FILES, PROMPT, SHARED

from agentgov.scaffold.forge import precommit

ROOT = Path(__file__).resolve().parents[2]
GOOD, BROKEN = FILES[AGENT].replace("risk: medium", "risk: high"), FILES[AGENT].replace("risk: medium", "risk: hihg")


@dataclass(frozen=True)
class Repo:
    """A fleet in a repository, and what its commits are made with."""

    root: Path
    environment: Mapping[str, str]

    def run(self, *args: str) -> tuple[int, str]:
        done = subprocess.run(args, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def write(self, files: Mapping[str, str | None]) -> None:
        gitworld.write_files(self.root, files)

    def head(self) -> str:
        return self.run("git", "rev-parse", "HEAD")[1].strip()


def fleet_with(tmp_path: Path, config: str) -> Repo:
    """A committed fleet with a configuration of pre-commit, not installed yet."""
    root = gitworld.make_repository(tmp_path / "fleet")
    gitworld.commit_files(root, {**FILES, ".pre-commit-config.yaml": config})
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "agentgov").write_text(f'#!/bin/sh\nexec {sys.executable} -m agentgov "$@"\n')
    (programs / "agentgov").chmod(0o755)
    path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    homes = {"PRE_COMMIT_HOME": str(tmp_path / "kept"), "AGENTGOV_STATE_HOME": str(tmp_path / "state")}
    return Repo(root, {**gitworld.environment(), **homes, "PATH": path, "PYTHONPATH": str(ROOT)})


@pytest.fixture
def fleet(tmp_path: Path) -> Repo:
    """A fleet with the hook that `agentgov init` writes, installed."""
    repo = fleet_with(tmp_path, precommit())
    code, out = repo.run("pre-commit", "install")
    assert code == 0, out
    return repo


def test_a_broken_edit_cannot_be_committed_and_a_good_one_can(fleet: Repo) -> None:
    before = fleet.head()
    fleet.write({AGENT: BROKEN})
    assert fleet.run("git", "add", "-A")[0] == 0
    code, out = fleet.run("git", "commit", "-m", "broken")
    assert (code, fleet.head()) == (1, before)
    assert f"{AGENT}:7:9" in out
    assert 'did you mean "high"?' in out
    fleet.write({AGENT: GOOD})
    assert fleet.run("git", "commit", "-am", "good")[0] == 0
    assert fleet.head() != before


def test_what_is_staged_decides_whatever_lies_on_disk(fleet: Repo) -> None:
    fleet.write({AGENT: BROKEN})
    fleet.run("git", "add", "-A")
    fleet.write({AGENT: GOOD})
    assert fleet.run("git", "commit", "-m", "broken in the index")[0] == 1
    fleet.run("git", "add", "-A")
    fleet.write({AGENT: BROKEN})
    assert fleet.run("git", "commit", "-m", "broken on disk alone")[0] == 0


def test_a_commit_that_only_deletes_is_judged_too(fleet: Repo) -> None:
    fleet.run("git", "rm", "-q", SHARED)
    code, out = fleet.run("git", "commit", "-m", "nobody needs it")
    assert (code, "reference.file-missing" in out) == (1, True)


def test_a_commit_of_some_paths_is_judged_by_what_it_will_hold(fleet: Repo) -> None:
    """`git commit PATH` makes an index of its own, which is not the one that `git add` wrote."""
    fleet.write({AGENT: BROKEN, PROMPT: FILES[PROMPT] + "More.\n"})
    code, out = fleet.run("git", "commit", "-m", "only this", AGENT)
    assert code == 1, out
    assert fleet.run("git", "commit", "-m", "only that", PROMPT)[0] == 0


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="pre-commit takes hooks from a repository, and this is none")
def test_the_hook_of_this_project_installs_itself_and_judges(tmp_path: Path) -> None:
    repo = fleet_with(tmp_path, "repos: []\n")
    shutil.rmtree(tmp_path / "bin")  # its own environment, or nothing
    environment = {name: value for name, value in repo.environment.items() if name != "PYTHONPATH"}
    repo = Repo(repo.root, environment)
    command = ("pre-commit", "try-repo", str(ROOT), "agentgov-validate", "--verbose")
    code, out = repo.run(*command)
    if "Could not find a version" in out or "connection" in out.lower():
        pytest.skip(f"the packages of the hook cannot be installed here: {out[-300:]}")
    assert code == 0, out
    assert "no findings" in out
    repo.write({AGENT: BROKEN})
    repo.run("git", "add", "-A")
    code, out = repo.run(*command)
    assert (code, "schema.not-one-of" in out) == (1, True), out


def test_the_hooks_file_is_what_pre_commit_accepts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"].split() == ["agentgov", "validate", "--staged"]
