"""`agentgov import`: one line an agent, every failure named, nothing overwritten, nothing outside the workspace."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from unit.cli.output_schema import assert_holds

from agentgov.cli.main import status

PIRATE = """agents:
  root: {model: openai/gpt-4o, instruction: Arr}
  parrot: {model: openai/gpt-4o, instruction: Squawk}
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    root = tmp_path / "fleet"
    (root / "governance/workspaces").mkdir(parents=True)
    (root / "agentgov.yaml").write_text("kind: Fleet\n")
    (root / "governance/workspaces/sea.yaml").write_text("kind: Workspace\n")
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "pirate.yaml"
    file.write_text(PIRATE)
    return file


def import_json(capsys: pytest.CaptureFixture[str], expected: int, *args: str) -> dict[str, Any]:
    assert status(["import", "cagent", "--json", *args]) == expected
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert_holds(answer, "import")
    return answer


def everything(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def test_one_line_an_agent_and_a_worklist(fleet: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["import", "cagent", str(source), "--into", "sea", "--repo", str(fleet)]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert [line.split()[0] for line in lines] == ["agents/sea/pirate", "agents/sea/pirate-parrot"]
    assert "agents/sea/pirate/agent.yaml:10:3: import.fill-in owner:" in captured.err
    assert "2 agents imported as drafts, 0 failed, 16 to fill in" in captured.err
    assert (fleet / "agents/sea/pirate/prompts/system.md").read_text() == "Arr\n"
    assert (fleet / "agents/sea/pirate/agent.yaml").stat().st_mode & 0o777 == 0o644


def test_the_fleet_around_here_is_the_default(
    fleet: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(fleet / "governance")
    answer = import_json(capsys, 0, str(source))
    assert [agent["agent"] for agent in answer["agents"]] == ["imported/pirate", "imported/pirate-parrot"]
    assert (fleet / "agents/imported/pirate/agent.yaml").is_file()


def test_without_a_fleet_nothing_is_written(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status(["import", "cagent", str(source)]) == 2
    assert "agentgov init" in capsys.readouterr().err
    assert not (tmp_path / "agents").exists()


def test_a_folder_that_is_named_need_not_be_a_fleet_yet(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new").mkdir()
    answer = import_json(capsys, 0, str(source), "--repo", str(tmp_path / "new"))
    assert [finding["code"] for finding in answer["findings"]] == ["layout.file-missing", "import.workspace"]


def test_a_missing_workspace_is_told_and_governance_is_not_touched(
    fleet: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = import_json(capsys, 0, str(source), "--into", "lake", "--repo", str(fleet))
    (finding,) = answer["findings"]
    assert (finding["code"], finding["file"]) == ("import.workspace", "governance/workspaces/lake.yaml")
    assert "name: lake" in finding["fix"]
    assert not (fleet / "governance/workspaces/lake.yaml").exists()


def test_an_agent_that_exists_is_never_overwritten(
    fleet: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet / "agents/sea/pirate").mkdir(parents=True)
    (fleet / "agents/sea/pirate/agent.yaml").write_text("mine")
    answer = import_json(capsys, 1, str(source), "--into", "sea", "--repo", str(fleet))
    assert [agent["agent"] for agent in answer["agents"]] == ["sea/pirate-parrot"]
    assert "agents/sea/pirate exists already" in answer["failures"][0]["message"]
    assert everything(fleet / "agents/sea/pirate") == {"agent.yaml": "mine"}


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {agent["agent"]: agent["state"] for agent in answer["agents"]}


def test_importing_again_changes_nothing(fleet: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_json(capsys, 0, str(source), "--into", "sea", "--repo", str(fleet))
    before = everything(fleet)
    answer = import_json(capsys, 0, str(source), "--into", "sea", "--repo", str(fleet))
    assert states(answer) == {"sea/pirate": "unchanged", "sea/pirate-parrot": "unchanged"}
    assert everything(fleet) == before
    assert status(["import", "cagent", str(source), "--into", "sea", "--repo", str(fleet)]) == 0
    captured = capsys.readouterr()
    assert [line.split()[-1] for line in captured.out.splitlines()] == ["unchanged", "unchanged"]
    assert "0 agents imported as drafts, 2 there already, 0 failed, 0 to fill in" in captured.err


def test_what_somebody_filled_in_is_left_and_told(
    fleet: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_json(capsys, 0, str(source), "--into", "sea", "--repo", str(fleet))
    file = fleet / "agents/sea/pirate/agent.yaml"
    file.write_text(file.read_text().replace("risk: critical", "risk: low"))
    (fleet / "agents/sea/pirate-parrot/evals").mkdir()
    (fleet / "agents/sea/pirate-parrot/evals/a.yaml").write_text("x: 1\n")
    before = everything(fleet)
    answer = import_json(capsys, 0, str(source), "--into", "sea", "--repo", str(fleet))
    assert states(answer) == {"sea/pirate": "edited", "sea/pirate-parrot": "edited"}
    assert everything(fleet) == before


def test_a_source_that_says_something_else_now_is_a_failure(
    fleet: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_json(capsys, 0, str(source), "--into", "sea", "--repo", str(fleet))
    before = everything(fleet)
    source.write_text(PIRATE.replace("Arr", "Avast"))
    answer = import_json(capsys, 1, str(source), "--into", "sea", "--repo", str(fleet))
    assert states(answer) == {"sea/pirate-parrot": "unchanged"}
    assert "its source says something else now" in answer["failures"][0]["message"]
    assert everything(fleet) == before


def test_an_agent_of_another_source_keeps_its_name_also_the_second_time(
    fleet: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_json(capsys, 0, str(source), "--into", "sea", "--repo", str(fleet))
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/pirate.yaml").write_text("agents: {root: {model: openai/gpt-4o, instruction: Ahoy}}")
    for expected in ("written", "unchanged"):
        answer = import_json(capsys, 0, str(tmp_path / "deep"), "--into", "sea", "--repo", str(fleet))
        assert states(answer) == {"sea/pirate-root": expected}
        assert answer["agents"][0]["renamed"] is True


def test_one_source_by_two_ways_is_one_agent(fleet: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_json(capsys, 0, str(source), "--into", "sea", "--repo", str(fleet))
    (source.parent / "more").mkdir()
    (source.parent / "more/parrots.yaml").write_text(PIRATE.replace("pirate", "parrots"))
    (source.parent / "more/pirate.yaml").write_text(PIRATE)
    answer = import_json(capsys, 0, str(source.parent / "more/pirate.yaml"), "--into", "sea", "--repo", str(fleet))
    assert states(answer) == {"sea/pirate": "unchanged", "sea/pirate-parrot": "unchanged"}


def test_a_file_without_an_agent_fails_where_it_was_named_and_is_counted_where_it_was_found(
    fleet: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = source.parent / "inputs"
    folder.mkdir()
    (folder / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    options = ("--into", "sea", "--repo", str(fleet))
    named = import_json(capsys, 1, str(folder / "compose.yaml"), *options)
    assert "not a cagent file" in named["failures"][0]["message"]
    alone = import_json(capsys, 1, str(folder), *options)
    assert alone["failures"][0]["message"] == "none of its 1 files named *.yaml or *.yml holds an agent"
    (folder / "pirate.yaml").write_text(PIRATE)
    found = import_json(capsys, 0, str(folder), *options)
    assert [(one["code"], Path(one["file"]).name) for one in found["findings"]] == [("import.no-agent", "compose.yaml")]
    status(["import", "cagent", str(folder), *options])
    assert "1 file without an agent of this format left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("form", "name", "expected"),
    [
        ("dotprompt", "LICENSE", "not a file of dotprompt: those are called *.prompt"),
        ("gitagent", "SOUL.md", "not a file of gitagent: those are called agent.yaml"),
        ("crewai", "crew.json", "not a file of crewai: those are called *.yaml or *.yml"),
    ],
)
def test_a_file_whose_name_is_not_of_the_format_is_told_so(
    fleet: Path, form: str, name: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet.parent / name).write_text("Hi\n")
    assert status(["import", form, str(fleet.parent / name), "--repo", str(fleet)]) == 1
    assert expected in capsys.readouterr().err


def test_the_formats_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["import", "--list", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert_holds(answer, "import-list")
    formats = {one["name"]: one["files"] for one in answer["formats"]}
    assert list(formats) == ["agentspec", "cagent", "claude", "crewai", "dotprompt", "gitagent", "kagent", "prompty"]
    assert (formats["cagent"], formats["gitagent"]) == (["*.yaml", "*.yml"], ["agent.yaml"])
    assert all(one["title"] for one in answer["formats"])
    assert status(["import", "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(answer["formats"])


@pytest.mark.parametrize("arguments", [(), ("cagent",), ("cagents", "x.yaml")])
def test_without_a_format_or_a_path_the_usage_is_told(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["import", *arguments]) == 2
    assert "agentgov import --help" in capsys.readouterr().err


def test_every_bad_input_is_named_and_the_good_ones_are_written(
    fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = tmp_path / "inputs"
    (inputs / "deep/.hidden").mkdir(parents=True)
    (inputs / "deep/good.yaml").write_text(PIRATE)
    (inputs / "deep/good.yml").write_text("agents: {root: {model: openai/gpt-4o}}")
    (inputs / "deep/.hidden/x.yaml").write_text("not looked at")
    (inputs / "notes.txt").write_text("not looked at")
    (inputs / "broken.yaml").write_text("agents: {")
    (inputs / "latin.yaml").write_bytes(b"agents: {root: {instruction: caf\xe9}}")
    (inputs / "huge.yaml").write_bytes(b"#" * (3 << 20))
    (inputs / "other.yaml").write_text("services: {web: {image: nginx}}")
    (inputs / "hostile.yaml").write_text('agents: {"../../../../tmp/x": {model: openai/gpt-4o}}')
    os.mkfifo(inputs / "pipe.yaml")
    (inputs / "link.yaml").symlink_to("/etc/hostname")
    answer = import_json(capsys, 1, str(inputs), str(tmp_path / "missing.yaml"), "--into", "sea", "--repo", str(fleet))
    assert [agent["agent"] for agent in answer["agents"]] == ["sea/good", "sea/good-parrot", "sea/good-root"]
    assert [agent["renamed"] for agent in answer["agents"]] == [False, False, True]
    failed = sorted(Path(failure["source"]).name for failure in answer["failures"])
    expected = ["broken.yaml", "hostile.yaml", "huge.yaml", "latin.yaml", "missing.yaml", "pipe.yaml"]
    assert failed == expected
    assert [Path(one["file"]).name for one in answer["findings"]] == ["other.yaml"]
    assert {path.parts[0] for path in map(Path, everything(fleet))} == {"agentgov.yaml", "agents", "governance"}


def test_a_file_name_that_is_no_text_does_no_harm(
    fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / os.fsdecode(b"odd/p\xff\x1b[2J.yaml")).write_text(PIRATE)
    assert status(["import", "cagent", str(tmp_path / "odd"), "--into", "sea", "--repo", str(fleet)]) == 0
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert [path.name for path in sorted((fleet / "agents/sea").iterdir())] == ["p-2j", "p-2j-parrot"]


def test_a_folder_without_yaml_is_a_failure(fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    answer = import_json(capsys, 1, str(tmp_path / "empty"), "--repo", str(fleet))
    assert "no file named *.yaml" in answer["failures"][0]["message"]


@pytest.mark.parametrize("link", ["agents", "agents/sea", "agents/sea/pirate"])
def test_nothing_is_written_through_a_symbolic_link(
    fleet: Path, source: Path, tmp_path: Path, link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (fleet / link).parent.mkdir(parents=True, exist_ok=True)
    (fleet / link).symlink_to(outside, target_is_directory=True)
    answer = import_json(capsys, 1, str(source), "--into", "sea", "--repo", str(fleet))
    assert answer["failures"]
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("into", ["..", "Sea", "a/b", "", "-"])
def test_a_workspace_that_is_no_name_is_a_usage_error(fleet: Path, source: Path, into: str) -> None:
    assert status(["import", "cagent", str(source), "--into", into, "--repo", str(fleet)]) == 2
    assert not (fleet / "agents").exists()


def test_no_folder_is_left_half_written(
    fleet: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    answer = import_json(capsys, 1, str(source), "--into", "sea", "--repo", str(fleet))
    assert "No space left" in answer["failures"][0]["message"]
    assert list((fleet / "agents/sea").iterdir()) == []
