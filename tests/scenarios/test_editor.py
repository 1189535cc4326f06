"""What an editor shows in a new fleet, by the real yaml-language-server, without a network."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from languageserver import LanguageServer
from npmtools import npm_package
from unit.cli.command_world import CommandWorld

VERSION = "1.25.0"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """How the server is started; it is installed by npm where it is not there."""
    there = shutil.which("yaml-language-server")
    if there is not None:
        return [there, "--stdio"]
    modules = npm_package(tmp_path_factory.mktemp("npm"), f"yaml-language-server@{VERSION}")
    return [str(modules / ".bin/yaml-language-server"), "--stdio"]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """What `init` and `new` write, with one mistake in the agent."""
    world = CommandWorld.laid(tmp_path / "world")
    world.must("alice", "init", str(tmp_path / "fleet"))
    world.must("alice", "new", "support/refunds", "--repo", str(tmp_path / "fleet"))
    agent = tmp_path / "fleet/agents/support/refunds/agent.yaml"
    agent.write_text(agent.read_text().replace("  risk: low ", "  risk: lw  ") + "  \n")
    return tmp_path / "fleet"


@pytest.fixture
def server(program: list[str], fleet: Path) -> Iterator[LanguageServer]:
    with LanguageServer(program, fleet) as started:
        yield started


def place(file: Path, text: str) -> tuple[int, int]:
    """Line and character of the first place where a text stands, from 0."""
    lines = file.read_text().splitlines()
    line = next(number for number, found in enumerate(lines) if text in found)
    return line, lines[line].index(text)


def test_a_mistake_is_marked_a_field_explained_and_the_next_one_offered(server: LanguageServer, fleet: Path) -> None:
    agent = fleet / "agents/support/refunds/agent.yaml"
    (mistake,) = server.diagnostics(agent)
    line, character = place(agent, "risk: lw")
    assert mistake["range"]["start"] == {"line": line, "character": character + len("risk: ")}
    assert '"low", "medium", "high", "critical"' in mistake["message"]
    shown = server.at("textDocument/hover", agent, line, character + 1)["contents"]["value"]
    assert "Raises reviews" in shown
    last = len(agent.read_text().splitlines()) - 1
    offered = {one["label"]: one for one in server.at("textDocument/completion", agent, last, 2)["items"]}
    assert {"quotas", "schedule", "environments", "lease"} <= set(offered)
    assert "risk" not in offered  # it is there already
    assert "cron" in offered["schedule"]["insertText"]
    assert offered["quotas"]["documentation"]


def test_the_mapping_for_vscode_serves_documents_that_name_no_schema(program: list[str], fleet: Path) -> None:
    settings = json.loads((fleet / ".vscode/settings.json").read_text())
    agent, playbook = fleet / "agents/support/refunds/agent.yaml", fleet / "playbooks/leak.yaml"
    agent.write_text(agent.read_text().split("\n", 1)[1])
    playbook.parent.mkdir(exist_ok=True)
    playbook.write_text("kind: Playbok\n")
    with LanguageServer(program, fleet, {"schemas": settings["yaml.schemas"]}) as server:
        assert any('"low", "medium"' in one["message"] for one in server.diagnostics(agent))
        assert any("Playbook" in one["message"] for one in server.diagnostics(playbook))
    with LanguageServer(program, fleet) as server:
        assert server.diagnostics(agent) == [], "without it nothing is known of the document"


@pytest.mark.parametrize("path", ["agentgov.yaml", "governance/access.yaml", "governance/pipeline.yaml"])
def test_what_init_writes_shows_no_mistake(server: LanguageServer, fleet: Path, path: str) -> None:
    assert server.diagnostics(fleet / path) == []
    assert server.at("textDocument/hover", fleet / path, *place(fleet / path, "kind:")) is not None
