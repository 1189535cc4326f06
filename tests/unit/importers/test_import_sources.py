"""Which files are read for a format: those it is in, with those that belong to them, and none that a link leads to."""

from pathlib import Path

import pytest

from agentgov.importers.registry import format_named
from agentgov.importers.result import Failure, Source
from agentgov.importers.sources import read_sources
from agentgov.validate.yaml_text import MAX_BYTES


def _write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)


def _read(name: str, *paths: Path) -> dict[str, Source]:
    found = list(read_sources([str(path) for path in paths], format_named(name)))
    assert all(isinstance(one, Source) for one in found), found
    return {one.title: one for one in found if isinstance(one, Source)}


def test_agents_of_claude_code_are_found_in_its_hidden_folder_and_nowhere_else_hidden(tmp_path: Path) -> None:
    _write(tmp_path, ".claude/agents/a.md", ".git/b.md", "agents/c.md", "agents/.d/e.md", "f.txt")
    assert list(_read("claude", tmp_path)) == [".claude/agents/a.md", "agents/c.md"]


@pytest.mark.parametrize("ending", ["yaml", "yml"])
def test_tasks_are_read_from_beside_the_agents_only(tmp_path: Path, ending: str) -> None:
    _write(tmp_path, f"config/agents.{ending}", f"config/tasks.{ending}", "config/other.yaml", "config/deep/tasks.yaml")
    found = _read("crewai", tmp_path)
    assert {title: list(one.files) for title, one in found.items()} == {f"config/agents.{ending}": [f"tasks.{ending}"]}


def test_partials_are_read_from_the_folder_and_below_it(tmp_path: Path) -> None:
    _write(tmp_path, "p/a.prompt", "p/_b.prompt", "p/common/_c.prompt", "p/d.prompt", "_above.prompt")
    found = _read("dotprompt", tmp_path / "p/a.prompt")
    assert list(found["a.prompt"].files) == ["_b.prompt", "common/_c.prompt"]


def test_an_agent_of_gitagent_has_its_folder_but_for_the_folders_of_other_agents(tmp_path: Path) -> None:
    _write(tmp_path, "agent.yaml", "SOUL.md", "run.sh", "agents/x/agent.yaml", "agents/x/SOUL.md", "tools/t.yaml")
    found = _read("gitagent", tmp_path)
    assert list(found["agent.yaml"].files) == ["SOUL.md", "tools/t.yaml"]
    assert list(found["agents/x/agent.yaml"].files) == ["SOUL.md"]


def test_links_are_not_followed_beside_a_file_either(tmp_path: Path) -> None:
    _write(tmp_path, "a/agent.yaml", "secret/RULES.md")
    (tmp_path / "a/SOUL.md").symlink_to(tmp_path / "secret/RULES.md")
    (tmp_path / "a/skills").symlink_to(tmp_path / "secret", target_is_directory=True)
    assert _read("gitagent", tmp_path / "a")["agent.yaml"].files == {}


def test_a_file_beside_that_is_too_large_is_named(tmp_path: Path) -> None:
    _write(tmp_path, "agent.yaml")
    (tmp_path / "SOUL.md").write_bytes(b"x" * (MAX_BYTES + 1))
    (failure,) = read_sources([str(tmp_path)], format_named("gitagent"))
    assert isinstance(failure, Failure)
    assert failure.source.endswith("SOUL.md")
    assert "larger than" in failure.message


def test_a_file_that_two_paths_name_is_read_once(tmp_path: Path) -> None:
    _write(tmp_path, "a.prompt")
    assert len(list(read_sources([str(tmp_path), str(tmp_path / "a.prompt")], format_named("dotprompt")))) == 1
