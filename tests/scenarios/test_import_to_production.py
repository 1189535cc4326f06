"""An agent of docker cagent becomes a governed one: imported, filled in, reviewed, released, in production."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gitworld
import pytest
from pipelineworld import PipelineWorld

from agentgov.cli.main import status
from agentgov.errors import RefusedError
from agentgov.model.names import AgentId, agent_id
from agentgov.release import orders

EXAMPLES = Path(__file__).resolve().parents[3] / "shared/real_agents/docker__cagent/examples"
OWN = """#!/usr/bin/env docker agent run
agents:
  root:
    model: fast
    description: Answers questions about our opening hours
    instruction: |
      Answer questions about opening hours. Be brief.
    toolsets:
      - {type: mcp, ref: "docker:calendar", tools: [calendar_read]}
      - {type: think}
models:
  fast: {provider: anthropic, model: claude-sonnet-4-5}
"""
# What a person answers, by the key that the line holds, or by the words of a line that holds nothing yet.
VALUES = {
    "description": "An imported agent",
    "owner": "team:support",
    "risk": "low",
    "classification": "internal",
    "primary": "anthropic/claude-sonnet-4-5",
    "max_output_tokens": "2000",
    "untrusted": "true",
    "effect": "read",
    "file": "prompts/system.md",
}
LINES = {
    "budget": 'budget: {day: "5.00 USD", run: "0.50 USD"}',
    "oncall": "oncall: {escalate: [team:support]}",
    "actions": 'actions: [{match: {tools: ["*"]}, then: allow}]',
}


def run(fleet: PipelineWorld, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any]]:
    """A command in the fleet's clone, and the JSON that it printed."""
    capsys.readouterr()
    code = status([*args, "--json", *(("--repo", str(fleet.work)) if args[0] == "import" else ())])
    return code, json.loads(capsys.readouterr().out)


def fill_in(fleet: PipelineWorld, findings: list[dict[str, Any]]) -> None:
    """Edit every line that `validate` lists, and nothing else, as a person would: bottom up, one line each."""
    for one in sorted(findings, key=lambda found: (found["file"], -found["line"])):
        path = fleet.work / one["file"]
        lines = path.read_text(encoding="utf-8").split("\n")
        lines[one["line"] - 1] = _answered(lines[one["line"] - 1])
        path.write_text("\n".join(line for line in lines if line is not None), encoding="utf-8")


def _answered(line: str) -> Any:
    indent = line[: len(line) - len(line.lstrip())]
    key = re.match(r"(?:- )?\"?(\w+)\"?: \S", line.strip())
    if key is not None and not line.strip().startswith("#"):
        dash = "- " if line.strip().startswith("- ") else ""
        was = re.sub(r"\s*# agentgov: fill in.*", "", line)
        return f"{indent}{dash}{key[1]}: {VALUES[key[1]]}" if key[1] in VALUES else was
    asked = re.search(r"fill in: (\w+)", line)
    assert asked is not None, line
    return f"{indent}{LINES[asked[1]]}" if asked[1] in LINES else None  # what does not apply is taken away


def activate(fleet: PipelineWorld, agent: AgentId) -> None:
    file = fleet.work / agent.file
    file.write_text(file.read_text(encoding="utf-8").replace("state: draft", "state: active"), encoding="utf-8")


def bring_in(fleet: PipelineWorld, files: Mapping[str, str] | None = None) -> str:
    """What lies in the work tree goes to main, read by an owner and by security; the commit."""
    commit = fleet.change("alice", files or {}, "Import")
    for who in ("bob", "erin"):
        fleet.review(who, commit)
    view = fleet.advance(commit)
    assert not view.state.pending, view.state.pending
    return commit


def import_one(fleet: PipelineWorld, capsys: pytest.CaptureFixture[str], source: Path) -> AgentId:
    code, document = run(fleet, capsys, "import", "cagent", str(source), "--into", "support")
    assert code == 0
    found = agent_id(document["agents"][0]["agent"])
    assert found is not None
    return found


def to_production(fleet: PipelineWorld, agent: AgentId) -> None:
    fleet.release("alice", agent, "1.0.0")
    fleet.until(lambda at: at.canary.state == "RAMP", agent)
    fleet.order("bob", orders.order_promote, agent, "production")
    at = fleet.until(lambda at: at.production.state == "STABLE", agent)
    assert fleet.named(at.production.release) == f"{agent}/v1.0.0"
    assert fleet.kinds(agent) == ["release-seen", "stage", "pass", "canary", "promote", "share", "graduate", "settle"]
    fleet.check()


def sources() -> list[Any]:
    found = [pytest.param("own", id="our own")]
    for name in ("echo-agent.yaml", "pythonista.yaml", "todo.yaml"):
        here = EXAMPLES / name
        missing = pytest.mark.skipif(not here.exists(), reason=f"{name} of docker/cagent is not here")
        found.append(pytest.param(name, marks=missing))
    return found


@pytest.mark.parametrize("name", sources())
def test_an_imported_agent_reaches_production(
    fleet: PipelineWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(fleet.work)
    source = EXAMPLES / name
    if name == "own":
        source = fleet.folder / "opening-hours.yaml"
        source.write_text(OWN, encoding="utf-8")
    agent = import_one(fleet, capsys, source)
    code, document = run(fleet, capsys, "validate")
    worklist = [one for one in document["findings"] if one["code"] == "import.fill-in"]
    assert worklist
    fill_in(fleet, worklist)
    code, document = run(fleet, capsys, "validate")
    assert [one for one in document["findings"] if one["severity"] == "error"] == []
    assert code == 0
    bring_in(fleet)
    with pytest.raises(RefusedError, match="draft"):
        fleet.release("alice", agent, "1.0.0")
    activate(fleet, agent)
    bring_in(fleet)
    to_production(fleet, agent)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples of docker/cagent are not here")
def test_all_examples_import_into_one_fleet_and_no_draft_is_released(
    fleet: PipelineWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fleet.work)
    code, document = run(fleet, capsys, "import", "cagent", str(EXAMPLES), "--into", "support")
    agents = [found for one in document["agents"] if (found := agent_id(one["agent"])) is not None]
    assert (code, document["failures"], len({one["source"] for one in document["agents"]})) == (0, [], 41)
    code, document = run(fleet, capsys, "validate")
    assert code == 1
    open_lines = [one for one in document["findings"] if one["code"] == "import.fill-in"]
    assert {one["file"].split("/")[2] for one in open_lines} == {agent.name for agent in agents}
    commit = fleet.change("alice", {}, "All of it, as drafts")
    fleet.run()
    assert (
        len(fleet.known().state.pending) == len(gitworld.git(fleet.work, "ls-files", "agents/support").splitlines()) - 2
    )
    for agent in agents[::10]:
        fleet.tag("alice", agent, "1.0.0", commit)
    fleet.run()
    assert len(fleet.last.refused) == len(agents[::10])
    with pytest.raises(RefusedError):
        fleet.release("alice", agents[0], "1.0.0")
    fleet.check()
