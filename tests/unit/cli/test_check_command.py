"""`agentgov check --facts`: what it prints and how it exits."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agentgov.cli.main import status
from agentgov.resources import folder

FACTS: dict[str, Any] = {
    "codeowners": "* @org/team\n",
    "teams": {"@org/team": ["ana", "bo"]},
    "roles": {"ana": "operator", "bo": "operator", "root": "administrator"},
    "policy": {"break_glass": {"enabled": True}},
    "pr": {
        "author": "dev",
        "commits": [{"sha": "c1", "author": "dev", "files": ["a"]}],
        "files": [{"path": "a", "status": "modified"}],
        "reviews": [{"user": "dev", "state": "APPROVED", "commit": "c1"}],
        "break_glass": {"by": "ana", "reason": "now", "commit": "c1"},
    },
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(FACTS))
    return str(path)


def test_the_document_holds_to_its_schema(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["check", "--facts", file, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    schema = json.loads((folder("schemas") / "output/check.schema.json").read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(answer)
    assert (answer["verdict"], answer["missing_paths"]) == ("pending", ["a"])
    assert answer["requirements"] == [
        {
            "path": "a",
            "name": "owners",
            "rule": "review.owners",
            "owners": ["@org/team"],
            "where": {"file": ".github/CODEOWNERS", "line": 1},
            "count": 1,
            "given": [],
            "missing": 1,
            "candidates": ["ana", "bo"],
        }
    ]
    assert [(review["user"], review["counted"], review["reason"]) for review in answer["reviews"]] == [
        ("dev", False, "author"),
        ("ana", False, "break_glass:not_administrator"),
    ]


def test_the_text_says_who_is_missing_and_what_was_not_counted(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["check", "--facts", file]) == 1
    out = capsys.readouterr().out
    assert out.startswith("pending")
    assert "ana, bo" in out
    assert "nobody approves a change of their own (author)" in out
    assert "only administrators may break the glass" in out


def test_an_assumed_approval_is_judged_and_marked(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["check", "--facts", file, "--assume-approval", "bo", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verdict"], answer["assumed"]) == ("pass", ["bo"])
    assert status(["check", "--facts", file, "--assume-approval", "dev"]) == 1
    assert "as if dev had approved" in capsys.readouterr().out


def test_facts_may_come_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(FACTS).encode())))
    assert status(["check", "--facts", "-", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "pending"


@pytest.mark.parametrize("text", ["", "[]", '{"pr": {}}'])
def test_a_bad_file_is_one_sentence_and_exit_2(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert status(["check", "--facts", str(path), "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "bad.json" in captured.err


def test_a_file_that_is_not_there_is_exit_2(tmp_path: Path) -> None:
    assert status(["check", "--facts", str(tmp_path / "none.json")]) == 2


def test_the_verdict_is_told_in_every_format_and_never_changes(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    reports = [f"--report={name}={tmp_path / name}" for name in ("text", "json", "markdown", "github")]
    assert status(["check", "--facts", file, *reports]) == 1
    assert capsys.readouterr().out == (tmp_path / "text").read_text()
    assert json.loads((tmp_path / "json").read_text())["verdict"] == "pending"
    assert "`a`" in (tmp_path / "markdown").read_text()
    assert (tmp_path / "github").read_text().startswith("::error title=reviews%3A pending::1 of 1 requirement not met")
    assert (tmp_path / "summary").read_text().startswith((tmp_path / "markdown").read_text())
    for name in ("markdown", "github"):
        assert status(["check", "--facts", file, "--format", name]) == 1
        assert capsys.readouterr().out == (tmp_path / name).read_text()
