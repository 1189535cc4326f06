"""What `validate` keeps between runs: it saves time, and never says anything that judging again would not say."""

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from gitworld import environment, git, make_repository, write_files
from unit.validate.fleet_sample import AGENT, FILES, OWNERS, PROMPT, SECOND

from agentgov.cli.change.kept import KeptFiles, kept_files
from agentgov.cli.main import status
from agentgov.resources import rules_digest

ROOT = Path(__file__).parents[3]
WRONG = FILES[AGENT].replace("risk: medium", "risk: hihg")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample fleet with an error, committed; nothing kept yet."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AGENTGOV_CACHE", str(tmp_path / "cache"))
    folder = make_repository(tmp_path / "fleet")
    write_files(folder, {**FILES, AGENT: WRONG})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "A fleet")
    return folder


def output(capsys: pytest.CaptureFixture[str], repo: Path, *args: str) -> tuple[int, str]:
    code = status(["validate", "--repo", str(repo), "--json", *args])
    return code, capsys.readouterr().out


def kept(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_what_is_kept_is_this_users_alone(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output(capsys, repo)
    assert len(kept(tmp_path)) == 2  # the answer, and the judgements of the folders
    assert {path.stat().st_mode & 0o777 for path in kept(tmp_path)} == {0o600}
    assert (tmp_path / "cache/validate").stat().st_mode & 0o777 == 0o700


def test_it_can_be_turned_off(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGOV_CACHE", "off")
    first = output(capsys, repo)
    assert kept_files() is None
    assert first == output(capsys, repo)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data + b"x",
        lambda data: data.replace(b"hihg", b"high"),
        lambda data: data.partition(b"\n")[0] + b"\n" + b"\xff" * 100,
        lambda data: os.urandom(len(data)),
    ],
)
def test_damage_is_no_answer(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: object) -> None:
    first = output(capsys, repo)
    for path in kept(tmp_path):
        path.write_bytes(harm(path.read_bytes()))  # type: ignore[operator]
    assert output(capsys, repo) == first
    assert first[0] == 1


def test_one_file_in_the_place_of_another_is_no_answer(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = output(capsys, repo)
    files = kept(tmp_path)
    write_files(repo, {AGENT: FILES[AGENT]})
    clean = output(capsys, repo)
    assert (wrong[0], clean[0]) == (1, 0)
    (newer,) = [path for path in kept(tmp_path) if path not in files]
    for path in files:
        path.write_bytes(newer.read_bytes())
    git(repo, "checkout", "-q", AGENT)
    assert output(capsys, repo) == wrong


def test_what_others_may_write_is_not_read(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "x"
    files = KeptFiles(tmp_path / "own")
    files.store(name, b"content")
    assert files.load(name) == b"content"
    (path,) = (tmp_path / "own").iterdir()
    path.chmod(0o622)
    assert files.load(name) is None
    path.chmod(0o600)
    (tmp_path / "own").chmod(0o777)
    assert files.load(name) is None
    files.store(name, b"more")  # not there either
    (tmp_path / "own").chmod(0o700)
    assert files.load(name) == b"content"


def test_a_link_or_a_pipe_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    files = KeptFiles(tmp_path / "own")
    files.store("x", b"content")
    (path,) = (tmp_path / "own").iterdir()
    target = tmp_path / "target"
    path.rename(target)
    path.symlink_to(target)
    assert files.load("x") is None
    path.unlink()
    os.mkfifo(path)
    assert files.load("x") is None


def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.cli.change.kept._MOST_FILES", 5)
    monkeypatch.setattr("agentgov.cli.change.kept._MOST_BYTES", 10_000)
    files = KeptFiles(tmp_path / "own")
    for number in range(8):
        files.store(f"n{number}", b"%d" % number)
        for path in (tmp_path / "own").iterdir():
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**9))
    assert [files.load(f"n{number}") for number in range(8)] == [None] * 3 + [b"%d" % number for number in range(3, 8)]
    files.load("n3")  # used, and so the last to go
    files.store("large", b"x" * 9_000)
    assert files.load("large") is not None
    files.store("larger", b"x" * 9_500)
    assert (files.load("large"), files.load("larger")) == (None, b"x" * 9_500)


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = output(capsys, repo)
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("AGENTGOV_CACHE", str(tmp_path / "file"))
    assert output(capsys, repo) == first


def test_several_processes_at_once_say_the_same(repo: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agentgov", "validate", "--repo", str(repo), "--json"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE) for _ in range(4)]
    answers = {process.communicate()[0] for process in running}
    assert len(answers) == 1
    assert b"hihg" in answers.pop()
    assert not [path for path in kept(tmp_path) if path.name.startswith(".")]


def test_an_answer_is_taken_from_what_is_kept(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = output(capsys, repo, "--rev", "HEAD")
    monkeypatch.setattr("agentgov.validate.judge.judge_fleet", None)
    assert output(capsys, repo, "--rev", "HEAD") == first
    assert output(capsys, repo)[0] == 1
    with pytest.raises(TypeError):
        status(["--debug", "validate", "--repo", str(repo), "--rev", "HEAD", AGENT])


def test_only_what_changed_is_judged_again(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentgov.validate import judge, rejudge
    from agentgov.validate.unit import judge_folder

    output(capsys, repo)
    judged = []

    def noted(partition: object, parts: object, folder: str) -> object:
        judged.append(folder)
        return judge_folder(partition, parts, folder)  # type: ignore[arg-type]

    monkeypatch.setattr(judge, "judge_folder", noted)
    monkeypatch.setattr(rejudge, "judge_folder", noted)
    write_files(repo, {PROMPT: "You help {{customer}} well.\n"})
    assert output(capsys, repo)[0] == 1
    assert judged == ["agents/support/refunds"] * 2  # as it was, and as it is
    judged.clear()
    write_files(repo, {SECOND: FILES[SECOND] + "# a note\n"})
    output(capsys, repo)
    assert set(judged) == {"agents/support/refunds", "agents/support/triage"}
    judged.clear()
    write_files(repo, {OWNERS: FILES[OWNERS] + "# a note\n"})  # governance: everything is judged under another one
    output(capsys, repo)
    assert len(judged) == 3


def test_another_program_judges_for_itself(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = output(capsys, repo)
    before = kept(tmp_path)
    rules_digest.cache_clear()
    monkeypatch.setattr("agentgov.cli.change.judging.rules_digest", lambda: "another")
    assert output(capsys, repo) == first
    assert len(kept(tmp_path)) == 2 * len(before)


def test_what_the_docs_say_is_so() -> None:
    from agentgov.cli.change import kept as module

    text = " ".join((ROOT / "docs/validate.md").read_text("utf-8").split())
    assert f"{module._MOST_FILES} files and {module._MOST_BYTES // 2**20} MiB" in text
    for variable in ("AGENTGOV_CACHE=DIR", "AGENTGOV_CACHE=off", "AGENTGOV_JOBS=N"):
        assert variable in text


def test_a_changed_file_takes_nothing_but_its_folder(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = output(capsys, repo, "--rev", "HEAD")[1]
    monkeypatch.setattr("agentgov.validate.judge.judge_fleet", lambda *_: pytest.fail("the whole fleet was judged"))
    (repo / PROMPT).write_text("You help\u200b {{customer}}.\n", encoding="utf-8")
    code, out = output(capsys, repo)
    assert code == 1
    new = {found["code"] for found in json.loads(out)["findings"]}
    assert new == {found["code"] for found in json.loads(first)["findings"]} | {"text.hidden-character"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("metadata: {name: triage}", "metadata: {name: triage, formerly: support/gone}"),
        ("risk: medium", "risk: high"),
        ("  risk: medium", "  risk: medium  # agentgov: ignore[content.no-budget] because it is a test"),
    ],
)
def test_what_may_mean_something_for_others_takes_all_of_them(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    from agentgov.validate import judge

    output(capsys, repo, "--rev", "HEAD")
    (repo / SECOND).write_text(FILES[SECOND].replace(old, new))
    whole = Mock(wraps=judge.judge_fleet)
    monkeypatch.setattr(judge, "judge_fleet", whole)
    warm = output(capsys, repo)
    assert whole.called
    monkeypatch.setenv("AGENTGOV_CACHE", "off")
    assert output(capsys, repo) == warm
