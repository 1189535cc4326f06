"""A shared text of very many agents: it is told once, the riskiest agents are compared, and the others are named."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gitworld import commit_files, make_repository, write_files
from simulator import agent_file

from agentgov.cli.main import status
from agentgov.model.names import AgentId

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas/output/diff.schema.json").read_text())
TONE = "agents/support/shared/tone.md"
COUNT = 130


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Agents that name a shared text, two of them critical, and some that do not name it."""
    folder = make_repository(tmp_path_factory.mktemp("sharing") / "fleet")
    files: dict[str, str] = {TONE: "Be plain.\n"}
    for number in range(COUNT):
        agent = AgentId("support", f"agent-{number:03}")
        text = agent_file(agent, team="support", risk="critical" if number in (50, 129) else "low")
        system = "system: {file: prompts/system.md}"
        assert system in text
        named = f"{system}, partials: [../shared/tone.md]" if number % 10 else system
        files[agent.file] = text.replace(system, named)
        files[f"{agent.folder}/prompts/system.md"] = "Answer.\n"
    commit_files(folder, files)
    write_files(folder, {TONE: "Be brief.\n"})
    return folder


def shown(fleet: Path, capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert status(["diff", "--repo", str(fleet), *args]) == 0
    return capsys.readouterr().out


def test_the_riskiest_are_compared_and_the_others_named(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found: dict[str, Any] = json.loads(shown(fleet, capsys, "--json"))
    jsonschema.validate(found, SCHEMA)
    agents = [one["agent"] for one in found["agents"]]
    (rest,) = found["sharing"]
    naming = {f"support/agent-{number:03}" for number in range(COUNT) if number % 10}
    assert len(agents) == 100
    assert agents[0] == "support/agent-129"  # agent-050 is as risky, and does not name it
    assert rest["path"] == TONE
    assert {*agents, *rest["agents"]} == naming
    assert not set(agents) & set(rest["agents"])


def test_the_text_is_shown_once(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for args in ((), ("--format", "markdown")):
        out = shown(fleet, capsys, *args)
        assert out.count("plain") == 1
        assert "98 more agents" in out
        assert "100 agents changed, 100 loosened; 17 more agents not compared" in out


def test_each_of_them_can_be_asked_for(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (name, *_) = json.loads(shown(fleet, capsys, "--json"))["sharing"][0]["agents"]
    (agent,) = json.loads(shown(fleet, capsys, "--json", "--agent", name))["agents"]
    assert [change["path"] for change in agent["changes"]] == [TONE]
    assert "support/agent-010" not in shown(fleet, capsys, "--agent", "support/agent-010")
