"""An agent of another format, from its file to production: import, fill in the worklist, review, release, promote."""

import re
from pathlib import Path

import pytest
from simulator import FleetSimulator

from agentgov.cli.main import status
from agentgov.errors import RefusedError
from agentgov.model.finding import Severity
from agentgov.model.names import AgentId
from agentgov.release import orders
from agentgov.repo.snapshot import WorkTreeSnapshot
from agentgov.validate.run import validate

HANDBOOK = AgentId("support", "handbook")
REAL = Path(__file__).resolve().parents[3] / "shared/real_agents/docker__cagent/examples"
SOURCE = """agents:
  root:
    model: claude
    description: Answers questions on the handbook
    instruction: |
      You answer questions on the handbook. Quote the page you rely on.
    toolsets:
      - type: think
models:
  claude:
    provider: anthropic
    model: claude-sonnet-4-5
    max_tokens: 1200
"""

# What a person writes at each line of the worklist.
ANSWERS = {
    "owner": '  owner: "team:support"',
    "risk": "  risk: low",
    "data": "    classification: internal",
    "actions": "  actions: [{match: {tools: [think]}, then: allow}]",
    "budget": '  budget: {day: "2.00 USD"}',
    "oncall": '  oncall: {escalate: ["team:support"]}',
    "playbook": "  playbook: playbooks/handbook.yaml",
}


def errors(world: FleetSimulator) -> list[str]:
    """What `validate` finds in the work tree."""
    found = validate(WorkTreeSnapshot(world.work))
    return [f"{one.where}: {one.message}" for one in found if one.severity is Severity.ERROR]


def fill_in(file: Path) -> None:
    """Answer every line that the import marked, and take the agent out of draft."""
    lines = []
    for line in file.read_text().splitlines():
        marked = re.search(r"# agentgov: fill in: (\w+)", line)
        lines.append(ANSWERS[marked[1]] if marked else line.replace("state: draft", "state: active"))
    file.write_text("\n".join(lines) + "\n")


def test_imported_agent_reaches_production(world: FleetSimulator, tmp_path: Path) -> None:
    source = tmp_path / "handbook.yaml"
    source.write_text(SOURCE)
    assert status(["import", "cagent", str(source), "--into", "support", "--repo", str(world.work)]) == 0
    assert any("team" in line for line in errors(world)), "what the format cannot say must be a finding"

    fill_in(world.work / HANDBOOK.file)
    playbook = "apiVersion: agentgov.dev/v1\nkind: Playbook\nname: handbook\n"
    commit = world.change("alice", {"playbooks/handbook.yaml": playbook}, "Import the handbook agent")
    assert errors(world) == []
    with pytest.raises(RefusedError, match="authorised"):
        world.release("alice", HANDBOOK, "1.0.0")

    world.review("bob", commit)
    world.review("carol", commit)  # the playbook is the platform team's
    assert list(world.advance().state.pending) == [HANDBOOK.file]
    world.review("erin", commit)  # a new agent has tools, and tools are security's business
    assert world.advance().state.pending == {}
    world.release("alice", HANDBOOK, "1.0.0")
    view = world.view()
    for tick in range(40):
        counts = {"units": 40 * tick, "error": 0}
        seen = {"release": f"{HANDBOOK}/v1.0.0", "canary": counts, "stable": {"units": 0, "error": 0}}
        view = world.tick({str(HANDBOOK): seen}).view
        at = view.state.deployment(HANDBOOK)
        if at.canary.state == "RAMP" and not at.votes:
            world.order("bob", orders.order_promote, HANDBOOK, "production")
        if at.production.state == "STABLE":
            break
    assert view.state.deployment(HANDBOOK).production.state == "STABLE"
    assert world.verify().offence is None


def test_draft_is_not_released(world: FleetSimulator, tmp_path: Path) -> None:
    source = tmp_path / "handbook.yaml"
    source.write_text(SOURCE)
    assert status(["import", "cagent", str(source), "--into", "support", "--repo", str(world.work)]) == 0
    world.change("alice", {}, "Import the handbook agent")
    with pytest.raises(RefusedError):
        world.release("alice", HANDBOOK, "1.0.0")


@pytest.mark.skipif(not REAL.is_dir(), reason="the files of other people's agents are not beside this checkout")
def test_all_real_files_import_into_one_fleet_that_can_be_read(world: FleetSimulator) -> None:
    assert len(list(REAL.rglob("*.yaml"))) == 41
    assert status(["import", "cagent", str(REAL), "--into", "support", "--repo", str(world.work)]) == 0
    assert len(list((world.work / "agents/support").glob("*/agent.yaml"))) > 41
    assert all("agents/support/" in line or "governance/" in line for line in errors(world))
