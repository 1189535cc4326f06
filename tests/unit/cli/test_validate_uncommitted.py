"""`validate` on what is in no commit yet: the working tree and the index, with everything that git does to files."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from gitworld import environment, git, make_repository, write_files
from unit.validate.fleet_sample import AGENT, FILES, OWNERS, PROMPT, SHARED, WORKSPACE

from agentgov.cli.main import status

WRONG = FILES[AGENT].replace("risk: medium", "risk: hihg")
CLEAN = f"no findings: checked 2 agents, {len(FILES)} files"


@pytest.fixture(autouse=True)
def _plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AGENTGOV_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """The sample fleet, committed."""
    return committed(tmp_path / "fleet")


def committed(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    make_repository(folder)
    write_files(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "A fleet")
    return folder


class Told:
    """What one run of the command line said: exit code, the codes with their files, the last line, stderr."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *args: str) -> None:
        self.code = status(["validate", *args])
        out, self.err = capsys.readouterr()
        lines = out.splitlines()
        self.found = {
            (line.split(":")[0], line.split()[2]) for line in lines if "  error  " in line or "  warning  " in line
        }
        self.last = lines[-1] if lines else ""


def told(capsys: pytest.CaptureFixture[str], repo: Path, *args: str) -> set[tuple[str, str]]:
    """(file, code) of everything that is wrong."""
    found = Told(capsys, "--repo", str(repo), *args)
    assert found.code == (1 if found.found else 0), found.err
    return found.found


BAD_RISK = {(AGENT, "schema.not-one-of")}


def test_a_committed_fleet_is_in_order_wherever_it_is_looked_at(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for args, name in (((), "working tree"), (("--staged",), "index")):
        for _ in range(2):  # once judged, once from what is kept
            assert Told(capsys, "--repo", str(repo), *args).last == f"{CLEAN} ({name})"
    assert Told(capsys, "--repo", str(repo), "--rev", "HEAD").last.startswith(f"{CLEAN} (commit ")


def test_the_index_is_judged_and_not_the_files(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(repo, {AGENT: WRONG})
    assert told(capsys, repo, "--staged") == set()
    assert told(capsys, repo) == BAD_RISK
    git(repo, "add", AGENT)
    write_files(repo, {AGENT: FILES[AGENT]})
    assert told(capsys, repo, "--staged") == BAD_RISK
    assert told(capsys, repo) == set()


def test_a_file_that_is_staged_in_part_is_judged_as_it_is_staged(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(repo, {PROMPT: "You help {{customer}} and {{friend}}.\n"})
    git(repo, "add", PROMPT)
    write_files(repo, {PROMPT: "You help {{customer}} and {{friend}} and {{foe}}.\n"})
    assert told(capsys, repo, "--staged") == {(PROMPT, "prompt.undeclared-variable")}
    assert len(told(capsys, repo)) == 1
    found = Told(capsys, "--repo", str(repo), "--format", "github")
    assert found.last.startswith("2 errors")


def test_added_removed_and_renamed_files_count_where_they_are(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repo, "mv", SHARED, "agents/support/shared/manner.md")
    missing = {(AGENT, "reference.file-missing")}
    assert told(capsys, repo) == missing
    assert told(capsys, repo, "--staged") == missing
    assert told(capsys, repo, "--rev", "HEAD") == set()
    write_files(repo, {SHARED: "Be kind.\n"})  # not tracked
    assert told(capsys, repo) == set()
    assert told(capsys, repo, "--staged") == missing
    git(repo, "rm", "-qrf", "--cached", "agents/support/triage")
    assert Told(capsys, "--repo", str(repo), "--staged").last.endswith(
        f"checked 1 agent, {len(FILES) - 2} files (index)"
    )
    assert (
        Told(capsys, "--repo", str(repo)).last
        == f"no findings: checked 2 agents, {len(FILES) + 1} files (working tree)"
    )


def test_a_repository_without_commits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = make_repository(tmp_path / "new")
    write_files(repo, FILES)
    assert told(capsys, repo) == set()
    nothing = Told(capsys, "--repo", str(repo), "--staged")
    assert nothing.code == 2
    assert "there is no fleet in the index" in nothing.err
    git(repo, "add", "-A")
    write_files(repo, {AGENT: WRONG})
    assert told(capsys, repo, "--staged") == set()
    assert told(capsys, repo) == BAD_RISK


def test_outside_of_git_the_files_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path / "fleet", {**FILES, AGENT: WRONG})
    assert told(capsys, tmp_path / "fleet") == BAD_RISK
    staged = Told(capsys, "--repo", str(tmp_path / "fleet"), "--staged")
    assert (staged.code, "not in a git repository" in staged.err) == (2, True)


def test_a_fleet_in_a_folder_of_a_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outer = make_repository(tmp_path / "mono")
    write_files(outer, {f"teams/fleet/{path}": text for path, text in FILES.items()})
    write_files(outer, {"agents/support/refunds/agent.yaml": "not ours", "teams/other.txt": "x"})
    fleet = outer / "teams/fleet"
    assert told(capsys, fleet) == set()
    git(outer, "add", "-A")
    assert told(capsys, fleet, "--staged") == set()
    git(outer, "commit", "-qm", "A fleet")
    write_files(fleet, {AGENT: WRONG})
    assert told(capsys, fleet) == BAD_RISK
    assert told(capsys, fleet, "--staged") == set()
    git(outer, "add", "-A")
    assert told(capsys, fleet, "--staged") == BAD_RISK
    assert told(capsys, fleet, "--rev", "HEAD") == set()


def test_a_second_work_tree_has_its_own_files_and_index(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repo, "worktree", "add", "-q", str(tmp_path / "second"))
    write_files(tmp_path / "second", {AGENT: WRONG})
    git(tmp_path / "second", "add", AGENT)
    assert told(capsys, tmp_path / "second", "--staged") == BAD_RISK
    assert told(capsys, tmp_path / "second") == BAD_RISK
    assert told(capsys, repo) == told(capsys, repo, "--staged") == set()


def test_a_conflict_is_told_as_one(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repo, "checkout", "-qb", "other")
    write_files(repo, {PROMPT: "You serve {{customer}}.\n"})
    git(repo, "commit", "-qam", "Serve")
    git(repo, "checkout", "-q", "main")
    write_files(repo, {PROMPT: "You help {{customer}} at once.\n"})
    git(repo, "commit", "-qam", "At once")
    with pytest.raises(RuntimeError):
        git(repo, "merge", "-q", "other")
    assert told(capsys, repo, "--staged") == {(PROMPT, "layout.unmerged")}
    assert told(capsys, repo) == {(PROMPT, "layout.unmerged")}
    git(repo, "add", PROMPT)
    assert told(capsys, repo, "--staged") == set()


def test_what_is_deleted_by_them_and_changed_by_us_is_a_conflict_too(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repo, "checkout", "-qb", "other")
    git(repo, "rm", "-q", PROMPT)
    git(repo, "commit", "-qam", "No prompt")
    git(repo, "checkout", "-q", "main")
    write_files(repo, {PROMPT: "You help {{customer}} at once.\n"})
    git(repo, "commit", "-qam", "At once")
    with pytest.raises(RuntimeError):
        git(repo, "merge", "-q", "other")
    assert told(capsys, repo, "--staged") == {(PROMPT, "layout.unmerged")}


def test_a_file_is_its_blob_when_only_line_endings_differ_on_disk(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repo, "config", "core.autocrlf", "true")
    (repo / PROMPT).unlink()
    git(repo, "checkout", "--", PROMPT)
    assert b"\r\n" in (repo / PROMPT).read_bytes()
    os.utime(repo / PROMPT, (1, 1))  # git has to compare the content itself
    assert told(capsys, repo) == set()
    assert Told(capsys, "--repo", str(repo)).last == f"{CLEAN} (working tree)"


def test_a_filter_of_the_repository_is_not_run(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(repo, {".gitattributes": "*.md filter=evil\n"})
    git(repo, "config", "filter.evil.clean", f"touch {tmp_path / 'ran'}; cat")
    git(repo, "config", "core.fsmonitor", f"touch {tmp_path / 'ran'}")
    write_files(repo, {PROMPT: "You help {{customer}}, always.\n"})
    os.utime(repo / SHARED, (1, 1))
    assert told(capsys, repo) == told(capsys, repo, "--staged") == set()
    assert not (tmp_path / "ran").exists()


def test_a_change_in_the_same_instant_and_of_the_same_size_is_seen(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (repo / AGENT).stat()
    write_files(repo, {AGENT: FILES[AGENT].replace("risk: medium", "risk: mediun")})
    os.utime(repo / AGENT, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert told(capsys, repo) == BAD_RISK


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_files_that_git_was_told_to_look_away_from_are_looked_at(
    repo: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repo, "update-index", flag, AGENT)
    write_files(repo, {AGENT: WRONG})
    assert git(repo, "status", "--porcelain") == b""
    assert told(capsys, repo) == BAD_RISK
    assert told(capsys, repo, "--staged") == set()


@pytest.mark.parametrize("mode", [["--cone"], ["--cone", "--sparse-index"], ["--no-cone"]])
def test_what_a_sparse_checkout_leaves_out_is_in_the_fleet(
    repo: Path, mode: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    git(repo, "sparse-checkout", "set", *mode, "agents/support/triage")
    assert not (repo / AGENT).exists()
    assert told(capsys, repo) == told(capsys, repo, "--staged") == set()
    write_files(repo, {"agents/support/triage/agent.yaml": WRONG})
    assert ("agents/support/triage/agent.yaml", "schema.not-one-of") in told(capsys, repo)


def test_a_file_that_is_only_intended_to_be_added_is_not_staged(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(repo, {"agents/support/refunds/agent.yml": "x: 1\n"})
    git(repo, "add", "-N", "agents/support/refunds/agent.yml")
    assert told(capsys, repo, "--staged") == set()
    assert told(capsys, repo) == {("agents/support/refunds/agent.yml", "layout.unexpected-file")}


def test_ignored_files_are_not_in_the_fleet_and_it_is_said(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(repo, {".gitignore": "secret/\n*.log\n", "agents/support/secret/agent.yaml": "x"})
    write_files(repo, {"agents/support/refunds/run.log": "x"})
    git(repo, "mv", SHARED, "agents/support/shared/manner.md")
    (repo / ".git/info/exclude").write_text("tone.md\n")
    write_files(repo, {SHARED: "Be kind.\n"})
    found = Told(capsys, "--repo", str(repo))
    assert found.found == {(AGENT, "reference.file-missing")}
    assert f"git ignores {SHARED}" in found.err


def test_links_submodules_and_pipes_in_the_place_of_files(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / SHARED).unlink()
    (repo / SHARED).symlink_to("/etc/passwd")
    make_repository(repo / "agents/support/refunds/lib")
    (repo / OWNERS).unlink()
    os.mkfifo(repo / OWNERS)
    found = told(capsys, repo)
    assert (SHARED, "layout.symlink") in found
    assert ("agents/support/refunds/lib", "layout.submodule") in found
    assert (OWNERS, "layout.not-a-file") in found


def test_a_folder_that_became_a_file_and_a_file_that_became_a_folder(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repo / PROMPT).unlink()
    (repo / PROMPT).mkdir()
    write_files(repo, {f"{PROMPT}/x.md": "x\n"})
    write_files(repo, {"agents/support/triage/prompts/system.md": None})
    (repo / "agents/support/triage/prompts").rmdir()
    (repo / "agents/support/triage/prompts").write_text("x")
    found = told(capsys, repo)
    assert found == {(AGENT, "reference.file-missing"), ("agents/support/triage/agent.yaml", "reference.file-missing")}
    git(repo, "add", "-A")
    assert told(capsys, repo, "--staged") == found


def test_modes_of_files_make_no_difference(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / AGENT).chmod(0o755)
    assert told(capsys, repo) == set()
    git(repo, "config", "core.fileMode", "false")
    assert told(capsys, repo) == set()


def test_a_commit_hook_sees_the_index_that_is_about_to_be_committed(repo: Path, tmp_path: Path) -> None:
    """`git commit PATH` hands its hook a temporary index, in which only that path is changed."""
    hook = repo / ".git/hooks/pre-commit"
    program = f"{os.fspath(Path(os.sys.executable))} -m agentgov validate --staged"  # type: ignore[attr-defined]
    hook.write_text(f"#!/bin/sh\nexec {program}\n")
    hook.chmod(0o755)
    write_files(repo, {AGENT: WRONG, WORKSPACE: FILES[WORKSPACE] + "# better\n"})
    env = {**environment(), "AGENTGOV_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(Path(__file__).parents[3])}
    one = subprocess.run(["git", "commit", "-qm", "x", WORKSPACE], cwd=repo, env=env, capture_output=True, check=False)
    assert one.returncode == 0, one.stderr
    everything = subprocess.run(["git", "commit", "-qam", "x"], cwd=repo, env=env, capture_output=True, check=False)
    assert everything.returncode == 1
    assert b"schema.not-one-of" in everything.stdout + everything.stderr


def test_a_broken_index_is_no_yes(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / ".git/index").write_bytes(b"DIRC garbage")
    for args in ([], ["--staged"]):
        found = Told(capsys, "--repo", str(repo), *args)
        assert found.code == 3
        assert "git status" in found.err


def test_nothing_is_written_into_the_repository(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in repo.rglob("*")}

    os.utime(repo / AGENT)
    before = state()
    told(capsys, repo)
    told(capsys, repo, "--staged")
    assert state() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_cannot_be_looked_into_is_no_yes(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / "agents/support/new").mkdir(mode=0)
    found = Told(capsys, "--repo", str(repo))
    assert found.code == 2
    assert "could not open directory" in found.err
