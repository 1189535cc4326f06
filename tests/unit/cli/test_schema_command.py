"""`agentgov schema` and the copies of the schemas that editors of a fleet read."""

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from unit.cli.command_world import CommandWorld
from unit.scaffold.test_modelines import named

from agentgov.cli.main import status
from agentgov.cli.tools.schema import schema_copies
from agentgov.model.governed import Kind
from agentgov.resources import folder
from agentgov.scaffold.editor import SCHEMAS

AGENT_SCHEMA = ".agentgov/schemas/agent.schema.json"
OUTPUT = json.loads((folder("schemas") / "output/schema.schema.json").read_text("utf-8"))


def asked(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert status(["schema", *args, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, OUTPUT)
    return document


def test_every_kind_is_listed_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for args in ((), ("--list",)):
        assert {one["kind"] for one in asked(capsys, *args)["kinds"]} == set(get_args(Kind))
    for kind in get_args(Kind):
        assert status(["schema", kind.lower()]) == 0
        printed = capsys.readouterr().out
        assert printed in {path.read_text("utf-8") for path in folder("schemas").glob("*.schema.json")}
        assert json.loads(printed)["properties"]["kind"]["const"] == kind


def test_a_kind_that_is_none_is_told_with_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["schema", "agnet"]) == 2
    assert 'did you mean "Agent"?' in capsys.readouterr().err
    assert status(["schema", "agent", "--write"]) == 2


def test_copies_are_written_once_and_brought_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "agentgov.yaml").write_text("kind: Fleet\n")
    inside = tmp_path / "agents/a/b"
    inside.mkdir(parents=True)
    place = ("--write", "--repo", str(inside))
    assert asked(capsys, *place)["written"] == list(schema_copies())
    assert asked(capsys, *place)["written"] == []
    (tmp_path / AGENT_SCHEMA).write_text("{}")
    assert asked(capsys, *place)["written"] == [AGENT_SCHEMA]
    assert (tmp_path / AGENT_SCHEMA).read_text("utf-8") == (folder("schemas") / "agent.schema.json").read_text("utf-8")


def test_nothing_is_written_through_a_link_or_outside_of_a_fleet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["schema", "--write", "--repo", str(tmp_path)]) == 2
    fleet, other = tmp_path / "fleet", tmp_path / "other"
    fleet.mkdir()
    other.mkdir()
    (fleet / "agentgov.yaml").write_text("kind: Fleet\n")
    (fleet / ".agentgov").symlink_to(other)
    assert status(["schema", "--write", "--repo", str(fleet)]) == 2
    assert "symbolic link" in capsys.readouterr().err
    (fleet / ".agentgov").unlink()
    (fleet / AGENT_SCHEMA).parent.mkdir(parents=True)
    (other / "target").write_text("mine")
    (fleet / AGENT_SCHEMA).symlink_to(other / "target")
    assert status(["schema", "--write", "--repo", str(fleet)]) == 2
    assert (other / "target").read_text() == "mine"


def test_init_in_a_fleet_brings_its_copies_up_to_date_and_leaves_the_rest(laid: CommandWorld) -> None:
    before = (laid.fleet / "agentgov.yaml").read_text()
    laid.write({AGENT_SCHEMA: "{}"})
    document = laid.must("alice", "init", "--json", cwd=laid.fleet).document
    assert AGENT_SCHEMA in document["written"]
    assert "agentgov.yaml" in document["left"]
    assert (laid.fleet / AGENT_SCHEMA).read_text() != "{}"
    assert (laid.fleet / "agentgov.yaml").read_text() == before


def test_doctor_tells_of_copies_of_another_version(laid: CommandWorld) -> None:
    def rules() -> list[str]:
        laid.run("alice", "doctor", "--json")
        return [one["rule"] for one in laid.run("alice", "doctor", "--json").document["checks"]]

    assert "doctor.schemas" not in rules()
    laid.write({AGENT_SCHEMA: "{}"})
    assert "doctor.schemas" in rules()
    laid.must("alice", "schema", "--write")
    assert "doctor.schemas" not in rules()


def test_imported_agents_name_it_too(laid: CommandWorld, tmp_path: Path) -> None:
    source = tmp_path / "desk.yaml"
    source.write_text("agents:\n  root:\n    model: openai/gpt-4o\n    description: d\n    instruction: Help.\n")
    laid.must("alice", "import", "cagent", str(source), "--into", "support")
    for file in (laid.fleet / "agents").rglob("agent.yaml"):
        path = file.relative_to(laid.fleet).as_posix()
        assert named(path, file.read_text("utf-8")) in (None, f"{SCHEMAS}/agent.schema.json")
    imported = (laid.fleet / "agents/support/desk/agent.yaml").read_text("utf-8")
    assert named("agents/support/desk/agent.yaml", imported) == f"{SCHEMAS}/agent.schema.json"


def test_a_new_agent_in_a_fleet_without_copies_brings_them(laid: CommandWorld) -> None:
    laid.must("alice", "new", "support/fresh")
    path = "agents/support/fresh/agent.yaml"
    schema = named(path, (laid.fleet / path).read_text("utf-8"))
    assert schema is not None
    assert (laid.fleet / schema).is_file()
