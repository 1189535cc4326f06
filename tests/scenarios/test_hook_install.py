"""`agentgov hook install` and `hook pre-push`: on a laptop, and what becomes of hooks that are there already."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import gitworld
import hostile
import pytest
from click.testing import CliRunner
from forked import ran
from simulator import TRIAGE, FleetSimulator
from unit.validate.fleet_sample import AGENT, FILES
from unit.validate.fleet_sample import PROMPT as PROMPT_FILE

from agentgov.cli.main import cli
from agentgov.errors import IncompleteError, UsageError
from agentgov.repo.location import find_repository
from agentgov.repo.quarantine import from_environment

PROMPT = f"{TRIAGE.folder}/prompts/system.md"


def install(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`agentgov hook install` in a folder."""
    return ran(("hook", "install", "--repo", str(folder), *args), Path.cwd(), gitworld.environment())


def push(world: FleetSimulator, *args: str) -> str:
    """`git push` as a person types it; what was said where it did not land."""
    done = subprocess.run(
        ["git", "push", *args], cwd=world.work, env=gitworld.environment(), capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return "" if done.returncode == 0 else done.stderr


def test_a_clone_refuses_to_push_what_nobody_reviewed(world: FleetSimulator) -> None:
    world.view()
    done = install(world.work)
    assert done.returncode == 0, done.stderr
    file = world.work / ".git/hooks/pre-push"
    assert stat.S_IMODE(file.stat().st_mode) == 0o755
    world.commit("alice", {PROMPT: "Nobody looked.\n"})
    said = push(world, "origin", "main")
    assert PROMPT in said
    assert "--no-verify" in said
    assert push(world, "origin", "main:idea") == ""
    world.review("bob")
    assert push(world, "origin", "main") == ""
    assert "push.deleted" in push(world, "origin", ":main")


def test_no_verify_goes_around_a_laptops_hook(world: FleetSimulator) -> None:
    install(world.work)
    world.commit("alice", {PROMPT: "Nobody looked.\n"})
    assert push(world, "--no-verify", "origin", "main") == ""


def test_before_a_fleet_has_a_journal_its_pushes_are_nobodys_business(tmp_path: Path) -> None:
    world = FleetSimulator(tmp_path / "world")
    install(world.work)
    world.commit("alice", {PROMPT: "Be kind.\n"})
    assert push(world, "origin", "main") == ""


def test_installing_twice_is_installing_once(world: FleetSimulator) -> None:
    assert [install(world.remote).returncode for _ in range(2)] == [0, 0]
    text = (world.remote / "hooks/pre-receive").read_text()
    assert f"{sys.executable} -E -P -m agentgov hook pre-receive --journal agentgov/journal" in text
    assert install(world.remote, "--print").stdout == text


def test_somebody_elses_hook_stays_and_the_line_to_call_is_told(world: FleetSimulator) -> None:
    file = world.work / ".git/hooks/pre-push"
    file.write_text("#!/bin/sh\nexec mine\n")
    done = install(world.work)
    assert done.returncode == 1
    assert "agentgov hook pre-push --journal agentgov/journal" in done.stderr
    assert file.read_text() == "#!/bin/sh\nexec mine\n"


def test_where_hooks_lie_elsewhere_nothing_is_written(world: FleetSimulator, tmp_path: Path) -> None:
    gitworld.git(world.work, "config", "core.hooksPath", str(tmp_path / "shared"))
    done = install(world.work)
    assert done.returncode == 1
    assert str(tmp_path / "shared") in done.stderr
    assert "--print" in done.stderr
    assert not (tmp_path / "shared").exists()
    assert not (world.work / ".git/hooks/pre-push").exists()


def commit(folder: Path, *args: str) -> tuple[int, str]:
    """`git commit` as a person types it."""
    done = subprocess.run(
        ["git", "commit", *args], cwd=folder, env=gitworld.environment(), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["", "our fleet"])
def test_the_hook_for_commits_judges_what_is_staged_also_in_a_folder(tmp_path: Path, folder: str) -> None:
    root = gitworld.make_repository(tmp_path / "repository")
    fleet = root / folder
    gitworld.commit_files(root, {f"{folder}/{path}".removeprefix("/"): text for path, text in FILES.items()})
    done = install(fleet, "pre-commit")
    assert done.returncode == 0, done.stderr
    (fleet / AGENT).write_text(FILES[AGENT].replace("risk: medium", "risk: hihg"))
    gitworld.git(root, "add", "-A")
    (fleet / AGENT).write_text(FILES[AGENT])
    code, said = commit(root, "-m", "broken in the index")
    assert (code, "schema.not-one-of" in said) == (1, True), said
    gitworld.git(root, "add", "-A")
    (fleet / PROMPT_FILE).write_text("Other words.\n")
    assert commit(root, "-am", "good")[0] == 0
    gitworld.git(root, "switch", "-q", "--orphan", "journal")
    assert commit(root, "--allow-empty", "-m", "a branch without the fleet")[0] == 0
    assert install(fleet if fleet.exists() else root, "pre-commit", "--print").returncode == 2


def test_nobody_commits_in_a_bare_repository(world: FleetSimulator) -> None:
    done = install(world.remote, "pre-commit")
    assert done.returncode == 2
    assert "bare" in done.stderr


@pytest.mark.parametrize("name", ["pre-receive", "pre-push"])
@pytest.mark.parametrize("text", ["x\n", "a b\n", "\xff\n"])
def test_what_git_never_says_is_a_usage_error(
    world: FleetSimulator, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.chdir(world.work)
    done = CliRunner().invoke(cli, ["hook", name], input=text.encode("latin-1"), standalone_mode=False)
    assert isinstance(done.exception, UsageError), done.exception


def test_only_a_folder_that_git_made_is_a_quarantine(world: FleetSimulator, tmp_path: Path) -> None:
    common = find_repository(world.remote).common_dir
    assert from_environment({}, common) is None
    made = common / "objects/tmp_objdir-incoming-abc"
    made.mkdir()
    found = from_environment({"GIT_QUARANTINE_PATH": os.fspath(made)}, common)
    assert found is not None
    assert found.incoming == made
    for other in (tmp_path, common / "objects", common / "objects/pack", made / "..", common / "objects/incoming-none"):
        with pytest.raises(IncompleteError, match="git has made"):
            from_environment({"GIT_QUARANTINE_PATH": os.fspath(other)}, common)


def test_a_path_with_a_colon_and_a_quote_is_a_path(world: FleetSimulator, tmp_path: Path) -> None:
    odd = tmp_path / 'a:b"c\\d'
    odd.mkdir()
    world.remote.rename(odd / "r.git")
    common = find_repository(odd / "r.git").common_dir
    (common / "objects/incoming-1").mkdir()
    quarantine = from_environment({"GIT_QUARANTINE_PATH": str(common / "objects/incoming-1")}, common)
    assert quarantine is not None
    env = {**gitworld.environment(), **quarantine.variables()}
    tip = world.repo.ref(hostile.JOURNAL)
    assert gitworld.git(odd / "r.git", "cat-file", "-t", str(tip), env=env) == b"commit"
