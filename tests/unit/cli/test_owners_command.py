"""`agentgov owners` in real repositories, fleets or not, and outside of git."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from unit.cli.output_schema import assert_holds
from unit.validate.fleet_sample import FILES

from agentgov.cli.main import status
from agentgov.resources import folder

CODEOWNERS = "* @org/platform\n/agents/billing/ @org/billing\n*.lock\n"


def git(root: Path, *args: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", str(root), *identity, *args], check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "agents/billing/bot").mkdir(parents=True)
    (root / ".github").mkdir()
    (root / ".github/CODEOWNERS").write_text(CODEOWNERS)
    (root / "agents/billing/bot/agent.yaml").write_text("x")
    (root / "uv.lock").write_text("x")
    (root / ".gitignore").write_text("/build/\n")
    git(tmp_path, "init", "-q", "-b", "main", "repo")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def ask(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert status(["owners", "--json", *args]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads((folder("schemas") / "output/owners.schema.json").read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(answer)
    return answer


def owned(answer: dict[str, Any]) -> dict[str, list[str]]:
    return {entry["path"]: entry["owners"] for entry in answer["paths"]}


def test_a_path_is_answered_with_the_line_that_won(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, "--repo", str(repo), "agents/billing/not/there.yaml")
    assert answer["dialect"] == "github"
    assert answer["paths"] == [
        {
            "path": "agents/billing/not/there.yaml",
            "owners": ["@org/billing"],
            "rule": {"file": ".github/CODEOWNERS", "line": 2, "pattern": "/agents/billing/"},
            "sections": [],
        }
    ]


def test_without_paths_all_files_are_listed_but_ignored_ones(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / "build").mkdir()
    (repo / "build/out").write_text("x")
    (repo / "new \u00e4\n.txt").write_text("x")
    assert owned(ask(capsys, "--repo", str(repo))) == {
        ".github/CODEOWNERS": ["@org/platform"],
        ".gitignore": ["@org/platform"],
        "agents/billing/bot/agent.yaml": ["@org/billing"],
        "new \u00e4\n.txt": ["@org/platform"],
        "uv.lock": [],
    }
    assert owned(ask(capsys, "--repo", str(repo), "--unowned")) == {"uv.lock": []}


def test_paths_are_relative_to_where_one_stands(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo / "agents/billing")
    answer = ask(capsys, "bot", "../../uv.lock", str(repo / "absolute"), "new/")
    assert owned(answer) == {
        "agents/billing/bot/agent.yaml": ["@org/billing"],
        "uv.lock": [],
        "absolute": ["@org/platform"],
        "agents/billing/new/": ["@org/billing"],
    }
    assert status(["owners", "../../../elsewhere"]) == 2
    assert "is outside of" in capsys.readouterr().err


def test_an_agent_stands_for_its_files(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert owned(ask(capsys, "--repo", str(repo), "--agent", "billing/bot")) == {
        "agents/billing/bot/agent.yaml": ["@org/billing"]
    }
    assert owned(ask(capsys, "--repo", str(repo), "--agent", "billing/planned")) == {
        "agents/billing/planned/": ["@org/billing"]
    }
    assert status(["owners", "--repo", str(repo), "--agent", "Billing"]) == 2


def test_a_change_is_judged_by_the_file_of_its_base(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repo, "checkout", "-qb", "topic")
    (repo / ".github/CODEOWNERS").write_text("* @me\n")
    git(repo, "mv", "agents/billing/bot/agent.yaml", "moved.yaml")
    git(repo, "commit", "-qam", "second")
    git(repo, "checkout", "-q", "main")
    (repo / "later").write_text("x")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "main goes on")
    changed = {
        ".github/CODEOWNERS": ["@org/platform"],
        "agents/billing/bot/agent.yaml": ["@org/billing"],
        "moved.yaml": ["@org/platform"],
    }
    assert owned(ask(capsys, "--repo", str(repo), "--changed", "main...topic")) == changed
    assert set(owned(ask(capsys, "--repo", str(repo), "--changed", "main...topic", "agents"))) == {
        "agents/billing/bot/agent.yaml"
    }
    at = owned(ask(capsys, "--repo", str(repo), "--changed", "main...topic", "--at", "topic"))
    assert set(map(tuple, at.values())) == {("@me",)}


def test_a_revision_is_read_from_git_alone(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / ".github/CODEOWNERS").write_text("* @me\n")
    (repo / "untracked").write_text("x")
    answer = owned(ask(capsys, "--repo", str(repo), "--at", "HEAD"))
    assert answer["agents/billing/bot/agent.yaml"] == ["@org/billing"]
    assert "untracked" not in answer
    bare = repo.parent / "bare.git"
    git(repo.parent, "clone", "-q", "--bare", str(repo), str(bare))
    assert owned(ask(capsys, "--repo", str(bare), "agents", "x")) == {
        "agents/billing/bot/agent.yaml": ["@org/billing"],
        "x": ["@org/platform"],
    }


def test_it_works_outside_of_git_below_a_codeowners_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "docs/CODEOWNERS").write_text("/a/ @x\n")
    (tmp_path / "a/b/c").write_text("x")
    assert owned(ask(capsys, "--repo", str(tmp_path / "a"), ".", "../z")) == {"a/b/c": ["@x"], "z": []}
    (tmp_path / "docs/CODEOWNERS").unlink()
    assert status(["owners", "--repo", str(tmp_path), "x"]) == 2
    assert "not in a git repository" in capsys.readouterr().err


def test_a_repository_without_the_file_owns_nothing_and_says_so(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / ".github/CODEOWNERS").unlink()
    answer = ask(capsys, "--repo", str(repo), "x")
    assert (answer["file"], owned(answer)) == (None, {"x": []})
    assert status(["owners", "--repo", str(repo), "x"]) == 0
    assert "there is no CODEOWNERS file" in capsys.readouterr().err


def test_a_link_in_place_of_the_file_does_not_count(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / ".github/CODEOWNERS").unlink()
    (repo / ".github/CODEOWNERS").symlink_to("../uv.lock")
    (repo / "CODEOWNERS").write_text("* @root\n")
    assert ask(capsys, "--repo", str(repo), "x")["file"] == "CODEOWNERS"


def test_skipped_lines_are_told(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / ".github/CODEOWNERS").write_text("* @a\n/x [y\n")
    answer = ask(capsys, "--repo", str(repo), "x")
    assert [(p["code"], p["line"], p["column"]) for p in answer["problems"]] == [("codeowners.invalid-owner", 2, 4)]
    assert status(["owners", "--repo", str(repo), "x"]) == 0
    assert ".github/CODEOWNERS:2:4" in capsys.readouterr().err


def test_a_file_name_cannot_forge_a_row(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["owners", "--repo", str(repo), "a\nuv.lock  @me\x1b[2K"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    "args",
    [("--dialect", "gitea"), ("--changed", "main"), ("--changed", "nope...main"), ("--at", "nope"), ("--agent", "x")],
)
def test_what_cannot_be_answered_is_a_usage_error(
    repo: Path, capsys: pytest.CaptureFixture[str], args: tuple[str, ...]
) -> None:
    assert status(["owners", "--repo", str(repo), *args]) == 2
    assert capsys.readouterr().out == ""


def test_the_format_of_the_objects_does_not_matter_for_files_on_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "repo")
    (tmp_path / "repo/CODEOWNERS").write_text("* @a\n")
    assert owned(ask(capsys, "--repo", str(tmp_path / "repo"))) == {"CODEOWNERS": ["@a"]}
    assert status(["owners", "--repo", str(tmp_path / "repo"), "--at", "HEAD"]) == 3


def test_no_path_is_too_strange_to_answer(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strange = ["a" * 5000, "caf\udce9/x", "-", "a//b/../c", "\u202e"]
    answer = ask(capsys, "--repo", str(repo), "--", *strange)
    assert [entry["owners"] for entry in answer["paths"]] == [["@org/platform"]] * 5
    assert answer["paths"][3]["path"] == "a/c"


def test_the_dialect_is_that_of_the_fleet_or_of_the_place_of_the_file(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repo / "CODEOWNERS").write_text("[Docs]\n*.md @docs\n")
    (repo / "agentgov.yaml").write_text("kind: Fleet\ncodeowners: {dialect: gitlab}\n")
    answer = ask(capsys, "--repo", str(repo), "a.md")
    assert (answer["dialect"], answer["file"], owned(answer)) == ("gitlab", "CODEOWNERS", {"a.md": ["@docs"]})
    (repo / "agentgov.yaml").write_text("kind: Fleet\nname: not gitlab\n")
    assert owned(ask(capsys, "--repo", str(repo), "a.md")) == {"a.md": ["@org/platform"]}
    assert owned(ask(capsys, "--repo", str(repo), "a.md", "--dialect", "gitlab")) == {"a.md": ["@docs"]}
    (repo / "agentgov.yaml").unlink()
    assert ask(capsys, "--repo", str(repo), "a.md")["dialect"] == "github"
    (repo / ".github/CODEOWNERS").unlink()
    (repo / "CODEOWNERS").unlink()
    (repo / ".gitlab").mkdir()
    (repo / ".gitlab/CODEOWNERS").write_text("* @a\n")
    assert ask(capsys, "--repo", str(repo), "a.md")["file"] == ".gitlab/CODEOWNERS"


def test_sections_are_told_one_by_one(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / "CODEOWNERS").write_text("* @all\n[Docs][2] @writers\ndocs/\n^[Spelling]\n*.md @spell\n!/docs/b.md\n")
    answer = ask(capsys, "--repo", str(repo), "docs/a.md", "docs/b.md", "--dialect", "gitlab")
    assert owned(answer) == {"docs/a.md": ["@all", "@writers", "@spell"], "docs/b.md": ["@all", "@writers"]}
    assert answer["paths"][0]["sections"] == [
        section("codeowners", False, 1, "@all", 1, "*"),
        section("Docs", False, 2, "@writers", 3, "docs/"),
        section("Spelling", True, 0, "@spell", 5, "*.md"),
    ]
    assert status(["owners", "--repo", str(repo), "docs/a.md", "--dialect", "gitlab"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["docs/a.md", "@all", "@writers", "@spell", "3", "sections"],
        ["[codeowners]", "1", "approval", "@all", "CODEOWNERS:1", "*"],
        ["[Docs]", "2", "approvals", "@writers", "CODEOWNERS:3", "docs/"],
        ["[Spelling]", "optional", "@spell", "CODEOWNERS:5", "*.md"],
    ]


def section(name: str, optional: bool, approvals: int, owner: str, line: int, pattern: str) -> dict[str, Any]:
    rule = {"file": "CODEOWNERS", "line": line, "pattern": pattern}
    return {"name": name, "optional": optional, "approvals": approvals, "owners": [owner], "rule": rule}


def lint(capsys: pytest.CaptureFixture[str], repo: Path, *args: str) -> list[str]:
    code = status(["owners", "--repo", str(repo), "--lint", "--json", *args])
    document = json.loads(capsys.readouterr().out)
    assert_holds(document, "owners-lint")
    assert code == (1 if document["findings"] else 0)
    return [f"{one['code']} {one['file']}:{one['line']}:{one['column']}" for one in document["findings"]]


def test_lint_says_what_is_wrong_in_any_repository(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(capsys, repo) == []
    (repo / ".github/CODEOWNERS").write_text(f"{CODEOWNERS}/docs/ @org/docs @alice\n* @org/all\n")
    assert lint(capsys, repo) == [
        "codeowners.repeated-pattern .github/CODEOWNERS:1:1",
        "codeowners.shadowed .github/CODEOWNERS:2:1",
        "codeowners.shadowed .github/CODEOWNERS:3:1",
        "codeowners.matches-nothing .github/CODEOWNERS:4:1",
    ]
    assert lint(capsys, repo, "--select", "codeowners.matches-nothing") != []
    assert lint(capsys, repo, "--ignore", "codeowners") == []
    assert lint(capsys, repo, "--select", "codeowners.individual") == ["codeowners.individual .github/CODEOWNERS:4:18"]
    assert lint(capsys, repo, "--at", "HEAD") == []


def test_lint_speaks_every_format(repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / ".github/CODEOWNERS").write_text("* @org/platform\n!x @org/y\n")
    file = tmp_path / "out.sarif"
    assert status(["owners", "--repo", str(repo), "--lint", "--format", "github", "--report", f"sarif={file}"]) == 1
    assert "::error file=.github/CODEOWNERS,line=2" in capsys.readouterr().out
    assert json.loads(file.read_text("utf-8"))["runs"][0]["results"][0]["ruleId"] == "codeowners.invalid-pattern"
    assert status(["owners", "--repo", str(repo), "--lint"]) == 1
    assert "codeowners.invalid-pattern" in capsys.readouterr().out


def test_lint_of_a_fleet_knows_its_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "fleet"
    for path, text in {**FILES, ".github/CODEOWNERS": "/agents/support/refunds/ @sample/support @contractor\n"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    git(tmp_path, "init", "-q", "fleet")
    assert lint(capsys, root) == [
        "codeowners.itself-unowned .github/CODEOWNERS:1:1",
        "owner.unknown .github/CODEOWNERS:1:42",
        "owner.unowned agents/support/shared/tone.md:1:1",
        "owner.unowned agents/support/triage/agent.yaml:1:1",
    ]


@pytest.mark.parametrize(
    "args", [("--lint", "x"), ("--lint", "--unowned"), ("--select", "owner"), ("--format", "sarif"), ("--ignore", "x")]
)
def test_what_goes_with_lint_goes_with_nothing_else(repo: Path, args: tuple[str, ...]) -> None:
    assert status(["owners", "--repo", str(repo), *args]) == 2
