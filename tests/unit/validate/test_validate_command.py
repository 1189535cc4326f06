"""`agentgov validate` and `agentgov schema` as people and CI call them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gitworld import git, make_repository, write_files
from patience import ends
from unit.validate.fleet_sample import AGENT, FILES, FLEET, PROMPT, SECOND, SHARED, WORKSPACE

from agentgov.cli.main import status
from agentgov.resources import folder

OUTPUT = json.loads((folder("schemas") / "output" / "validate.schema.json").read_text("utf-8"))


def lay(root: Path, edits: Mapping[str, str | None] | None = None) -> Path:
    """The sample fleet in a folder, with some files replaced or left out."""
    files = {**FILES, **(edits or {})}
    write_files(root, {path: text for path, text in files.items() if text is not None})
    return root


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = status(["validate", *args])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def report(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, Any]:
    code, out, _ = run(capsys, "--json", *args)
    document = json.loads(out)
    jsonschema.validate(document, OUTPUT)
    return code, document


def test_a_fleet_in_order_says_what_was_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--repo", str(lay(tmp_path)))
    assert (code, out) == (0, f"no findings: checked 2 agents, {len(FILES)} files (working tree)\n")


def test_findings_are_told_by_file_with_fix_and_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edits = {
        AGENT: FILES[AGENT].replace("risk: medium", "risk: hihg"),
        PROMPT: None,
        WORKSPACE: FILES[WORKSPACE] + "a: 1\n",
    }
    code, out, _ = run(capsys, "--repo", str(lay(tmp_path, edits)))
    assert code == 1
    assert out == (
        f'{AGENT}:7:9  error    schema.not-one-of  spec.risk must be one of low, medium, high, critical, not "hihg"\n'
        '    fix: did you mean "high"?\n'
        "\n"
        f'{WORKSPACE}:10:1  error    schema.unknown-field  unknown field "a" in the document\n'
        "    fix: allowed here: apiVersion, kind, name, owner, description, budget, models, tools, risk, data\n"
        "\n"
        f"2 errors in 2 files; checked 2 agents, {len(FILES) - 1} files (working tree)\n"
    )


def test_json_has_every_finding_and_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = report(capsys, "--repo", str(lay(tmp_path, {PROMPT: "You help.\n", SECOND: None})))
    assert code == 1
    assert document["findings"][0] == {
        "code": "prompt.unused-variable",
        "severity": "warning",
        "file": AGENT,
        "line": 12,
        "column": 17,
        "pointer": "/spec/prompts/variables/customer",
        "message": "no text of support/refunds uses {{customer}}",
        "fix": "remove it, or use it",
    }
    assert document["summary"] == {
        "errors": 1,
        "warnings": 1,
        "suppressed": 0,
        "agents": 1,
        "files": len(FILES) - 1,
        "source": "working tree",
    }


def test_github_annotations_are_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = "agents/support/shared/100%,a:b\u200b.md"
    code, out, _ = run(capsys, "--repo", str(lay(tmp_path, {odd: "x\n"})), "--format", "github")
    assert code == 1
    assert out.splitlines()[0] == (
        "::error file=agents/support/shared/100%25%2Ca%3Ab\\u{200b}.md,line=1,col=1,title=layout.path-characters::"
        "the path holds the hidden character U+200B ZERO WIDTH SPACE%0Afix: rename the file"
    )
    assert len(out.splitlines()) == 2


def test_warnings_fail_only_when_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = str(lay(tmp_path, {PROMPT: "You help.\n"}))
    assert run(capsys, "--repo", root)[0] == 0
    assert run(capsys, "--repo", root, "--fail-on", "warning")[0] == 1
    assert run(capsys, "--repo", root, "--fail-on", "warning", "--ignore", "prompt")[0] == 0
    assert run(capsys, "--repo", root, "--fail-on", "warning", "--select", "schema")[0] == 0
    assert run(capsys, "--repo", root, "--fail-on", "warning", "--select", "prompt.unused-variable")[0] == 1
    code, _, err = run(capsys, "--repo", root, "--select", "prompt.unused")
    assert code == 2
    assert "prompt.unused-variable" in err


def test_paths_and_agents_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = lay(tmp_path, {PROMPT: "You help.\n", SECOND: FILES[SECOND].replace("alice", "zoe"), "README.md": "x\n"})
    place = ("--repo", str(root))

    def found(*args: str) -> list[str]:
        return [one["code"] for one in report(capsys, *place, *args)[1]["findings"]]

    assert found("agents/support/refunds") == ["prompt.unused-variable"]
    assert found("agents/support/refunds/prompts/system.md") == ["prompt.unused-variable"]
    assert found("support/triage") == ["reference.unknown-person"]
    assert found(str(root / SECOND)) == ["reference.unknown-person"]
    assert found("governance") == []
    assert found("README.md") == []
    assert len(found(".")) == 2
    code, _, err = run(capsys, *place, "agents/support/refnds")
    assert code == 2
    assert "there is no agents/support/refnds" in err
    assert run(capsys, *place, "../x")[0] == 2


def test_the_fleet_is_found_by_walking_up_without_git(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path)
    monkeypatch.chdir(tmp_path / "agents" / "support" / "refunds")
    assert run(capsys)[0] == 0
    assert [one["code"] for one in report(capsys, "agent.yaml")[1]["findings"]] == []


def test_where_there_is_no_fleet_it_is_a_matter_of_set_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--repo", str(tmp_path))
    assert (code, "agentgov init" in err) == (2, True)
    make_repository(tmp_path)
    code, _, err = run(capsys, "--repo", str(tmp_path))
    assert (code, "there is no fleet in" in err) == (2, True)
    assert run(capsys, "--repo", str(tmp_path / "nowhere"))[0] == 2


@pytest.mark.parametrize("content", [None, "", "x: [\n", "- 1\n", "\x00\x01", "kind: Agent\n"])
def test_a_missing_or_broken_agentgov_yaml_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    make_repository(tmp_path)
    code, document = report(capsys, "--repo", str(lay(tmp_path, {FLEET: content})))
    assert code == 1
    assert {one["file"] for one in document["findings"]} == {FLEET}


def test_folders_links_and_bytes_in_place_of_files_are_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(tmp_path)
    (tmp_path / FLEET).unlink()
    (tmp_path / FLEET).mkdir()
    (tmp_path / PROMPT).unlink()
    (tmp_path / PROMPT).symlink_to("/etc/passwd")
    (tmp_path / SECOND).write_bytes(b"\xff\xfe\x00")
    os.mkfifo(tmp_path / "agents" / "support" / "pipe")
    (tmp_path / "agents" / "support" / os.fsdecode(b"\xff.md")).write_text("x")
    code, out, _ = run(capsys, "--repo", str(tmp_path))
    assert code == 1
    for sign in ("layout.not-a-file", "layout.symlink", "yaml.not-utf8", "layout.path-characters", "\\xff.md"):
        assert sign in out
    assert report(capsys, "--repo", str(tmp_path))[0] == 1
    assert run(capsys, "--repo", str(tmp_path), "--format", "github")[0] == 1


def test_ten_thousand_findings_print_fast_and_text_shows_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = FILES[AGENT] + "".join(f"  field{number}: 1\n" for number in range(10_000))
    root = str(lay(tmp_path, {AGENT: many}))
    with ends():
        code, out, _ = run(capsys, "--repo", root)
        assert code == 1
        assert out.count("schema.unknown-field") == 200
        assert "and 9,800 more" in out
        assert "10,000 errors in 1 file" in out
        assert len(report(capsys, "--repo", root)[1]["findings"]) == 10_000


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """main with the sample fleet, then a branch `change` with one mistake in one agent, and one in the work tree."""
    root = lay(make_repository(tmp_path / "repo"), {"docs/x.md": "x\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "fleet")
    git(root, "checkout", "-qb", "change")
    write_files(root, {PROMPT: "You help.\n", SECOND: FILES[SECOND].replace("alice", "zoe")})
    git(root, "add", "-A", PROMPT)
    git(root, "commit", "-qm", "change")
    return root


def codes(capsys: pytest.CaptureFixture[str], root: Path, *args: str) -> list[str]:
    return [one["code"] for one in report(capsys, "--repo", str(root), *args)[1]["findings"]]


def test_a_revision_is_validated_as_it_is_in_git(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert codes(capsys, history, "--rev", "main") == []
    assert codes(capsys, history, "--rev", "HEAD") == ["prompt.unused-variable"]
    assert codes(capsys, history) == ["prompt.unused-variable", "reference.unknown-person"]
    assert run(capsys, "--repo", str(history), "--rev", "nope")[0] == 2


def test_a_change_is_validated_with_whom_it_affects(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert codes(capsys, history, "--changed", "main...HEAD") == ["prompt.unused-variable"]
    git(history, "commit", "-qam", "second agent")
    assert codes(capsys, history, "--changed", "HEAD~1...HEAD") == ["reference.unknown-person"]
    write_files(history, {WORKSPACE: FILES[WORKSPACE].replace("floor: medium", "floor: high")})
    git(history, "commit", "-qam", "governance affects all")
    found = codes(capsys, history, "--changed", "HEAD~1...HEAD")
    assert found == ["limit.risk", "prompt.unused-variable", "reference.unknown-person", "limit.risk"]
    write_files(history, {"docs/x.md": "y\n"})
    git(history, "commit", "-qam", "nothing governed")
    assert codes(capsys, history, "--changed", "HEAD~1...HEAD") == []
    assert run(capsys, "--repo", str(history), "--changed", "main")[0] == 2
    assert run(capsys, "--repo", str(history), "--changed", "main...HEAD", "--rev", "HEAD")[0] == 2


def test_a_change_that_removes_an_agent_is_told(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(history, "rm", "-rqf", "agents/support/triage")
    git(history, "commit", "-qm", "gone")
    assert codes(capsys, history, "--changed", "HEAD~1...HEAD") == ["layout.agent-removed"]


def test_a_deleted_shared_text_is_told_at_the_agent_that_names_it(
    history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(history, "rm", "-q", SHARED)
    git(history, "commit", "-qm", "gone")
    assert codes(capsys, history, "--changed", "HEAD~1...HEAD") == ["reference.file-missing"]


def test_schemas_are_printed_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["schema"]) == 0
    assert "agents/<workspace>/<agent>/agent.yaml" in capsys.readouterr().out
    for kind in ("fleet", "Access", "PIPELINE", "workspace", "agent"):
        assert status(["schema", kind]) == 0
        text = capsys.readouterr().out
        assert text == (folder("schemas") / f"{kind.lower()}.schema.json").read_text("utf-8")
    assert status(["schema", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    jsonschema.validate(listed, json.loads((folder("schemas") / "output" / "schema.schema.json").read_text("utf-8")))
    assert status(["schema", "nope"]) == 2
