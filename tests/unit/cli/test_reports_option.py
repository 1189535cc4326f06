"""`--report FORMAT=FILE` as people and CI use it: several at once, whole or not at all, never a change of verdict."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from gitworld import git, make_repository, write_files
from unit.validate.fleet_sample import AGENT, FILES, PROMPT

from agentgov.cli.main import status
from agentgov.report.formats import FORMATS


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet with one error, in which one stands."""
    root = tmp_path / "fleet"
    root.mkdir()
    write_files(root, {**FILES, AGENT: FILES[AGENT].replace("risk: medium", "risk: hihg")})
    monkeypatch.chdir(root)
    return root


@pytest.fixture(autouse=True)
def no_forge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a CI around the tests says."""
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = status(["validate", *args])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_one_run_writes_every_format(fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [f"--report={name}={tmp_path / name}" for name in FORMATS]
    code, out, err = run(capsys, *asked)
    assert (code, err) == (1, "")
    for name in FORMATS:
        assert "hihg" in (tmp_path / name).read_text("utf-8")
        assert (code, (tmp_path / name).read_text("utf-8")) == run(capsys, "--format", name)[:2]
    assert out == (tmp_path / "text").read_text("utf-8")
    assert sorted(os.listdir(tmp_path)) == sorted([*FORMATS, "fleet"])


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("sarfi=x", "there is no format 'sarfi'; did you mean 'sarif'?"),
        ("html=x", "there is no format 'html'; there are text, json, markdown"),
        ("sarif", "'sarif' is not FORMAT=FILE, such as sarif=agentgov.sarif."),
        ("sarif=", "'sarif=' is not FORMAT=FILE"),
        ("sarif=-", "standard output is what --format is for: --format sarif."),
        ("sarif=nowhere/x", "there is no folder nowhere; a report does not make one"),
        ("sarif=agents", "a folder stands there"),
        ("sarif=a\0b", "null"),
        ("sarif=" + "a" * 300, "name too long"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_judged(
    fleet: Path, capsys: pytest.CaptureFixture[str], argument: str, said: str
) -> None:
    code, out, err = run(capsys, "--report", argument)
    assert (code, out) == (2, "")
    assert said.lower() in err.lower()


def test_one_file_takes_one_report(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (fleet / "link").symlink_to("x")
    for second in ("x", "./x", str(fleet / "x"), "agents/../x", "link"):
        code, _, err = run(capsys, "--report", "sarif=x", "--report", f"junit={second}")
        assert (code, "named twice" in err) == (2, True)
    assert not (fleet / "x").exists()


def test_a_report_replaces_a_file_and_keeps_its_rights(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = fleet / "real.json"
    real.write_text("before")
    real.chmod(0o604)
    (fleet / "link").symlink_to(real)
    assert run(capsys, "--report", "json=link", "--report", "junit=new.xml")[0] == 1
    assert (fleet / "link").is_symlink()
    assert json.loads(real.read_text())["findings"]
    assert stat.S_IMODE(real.stat().st_mode) == 0o604
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((fleet / "new.xml").stat().st_mode) == 0o666 & ~mask


def test_devices_and_pipes_are_written_to(fleet: Path, tmp_path: Path) -> None:
    reports = f"--report sarif=/dev/null --report junit=/dev/stderr --report json=>(cat >{tmp_path / 'got'})"
    script = f"{sys.executable} -m agentgov validate {reports}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("<?xml")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_standard_output_is_not_cut_off_by_a_report_to_it(fleet: Path, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "agentgov", "validate", "--report", "sarif=/dev/stdout"],
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, "standard output is what --format is for" in done.stderr) == (2, True)


def test_a_full_disk_is_told_and_leaves_what_was_there(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--report", "sarif=/dev/full")
    assert code == 2
    assert "/dev/full cannot be written: No space left on device" in err
    assert "hihg" in out  # the findings are told all the same


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_one_may_not_write_to_is_told(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (fleet / "closed").mkdir(mode=0o500)
    assert run(capsys, "--report", "sarif=closed/x")[0] == 2


def test_the_summary_of_a_github_step_is_appended_to(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run(capsys)
    assert summary.read_text() == "# Before\n"
    run(capsys, "--format", "github")
    run(capsys, "--report", f"github={tmp_path / 'log'}")
    assert summary.read_text().startswith("# Before\n## agentgov validate failed: 1 error\n")
    assert summary.read_text().count("## agentgov validate failed") == 2
    summary.write_bytes(b"x" * (1024 * 1024 - 5000))
    run(capsys, "--format", "github")
    assert summary.stat().st_size < 1024 * 1024
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "x"))
    code, _, err = run(capsys, "--format", "github")
    assert (code, "note: the summary in GITHUB_STEP_SUMMARY cannot be written" in err) == (1, True)


def test_forges_get_paths_of_the_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = make_repository(tmp_path / "repo")
    write_files(repo, {f"fleets/one/{path}": text for path, text in FILES.items()})
    write_files(repo, {f"fleets/one/{PROMPT}": "You help.\n"})
    inside = f"fleets/one/{AGENT}"
    place = ("--repo", str(repo / "fleets/one"))
    assert f"::warning file={inside}," in run(capsys, *place, "--format", "github")[1]
    assert f'"path": "{inside}"' in run(capsys, *place, "--format", "gitlab")[1]
    assert f'"uri":"{inside}"' in run(capsys, *place, "--format", "sarif")[1]
    assert run(capsys, *place)[1].startswith(AGENT)


EVENTS = {
    "pull request": '{"pull_request": {"base": {"sha": "BASE"}}}',
    "merge group": '{"merge_group": {"base_sha": "BASE"}}',
    "push": '{"before": "BASE"}',
}


@pytest.mark.parametrize(
    "event",
    [
        "",
        "{",
        "[]",
        '{"before": 1}',
        '{"before": "' + "0" * 40 + '"}',
        '{"before": "x"}',
        '{"before": "' + "a" * 40 + '"}',
    ],
)
def test_an_event_that_says_nothing_changes_nothing(
    fleet: Path, tmp_path: Path, event: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = run(capsys, "--format", "github")
    (tmp_path / "event.json").write_text(event)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    assert run(capsys, "--format", "github") == plain


@pytest.mark.parametrize("how", ["option", *EVENTS])
def test_the_worst_on_lines_that_the_change_touched_come_first(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = make_repository(tmp_path / "repo")
    write_files(repo, {**FILES, AGENT: FILES[AGENT] + "".join(f"  old{number}: 1\n" for number in range(30))})
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "fleet")
    write_files(repo, {AGENT: (repo / AGENT).read_text() + "  new: 1\n"})
    git(repo, "commit", "-qam", "change")
    event = tmp_path / "event.json"
    args = ["--repo", str(repo), "--format", "github"]
    if how == "option":
        args += ["--changed", "HEAD~1...HEAD"]
    else:
        event.write_text(EVENTS[how].replace("BASE", git(repo, "rev-parse", "HEAD~1").decode()))
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    _, out, _ = run(capsys, *args)
    first, *_, last = [line for line in out.splitlines() if line.startswith("::error")]
    assert 'unknown field "new"' in first
    assert "22 more errors" in last


def test_the_lines_are_shown_where_one_asks_for_them(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "7 |   risk: hihg" in run(capsys, "--show-source")[1]
    assert "|" not in run(capsys, "--no-show-source")[1].splitlines()[2]
