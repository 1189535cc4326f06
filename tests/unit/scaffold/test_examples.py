"""The fleets in examples/ are in order, and hold what the README and the demo say of them."""

import re
from pathlib import Path

import pytest

from agentgov.model.names import AgentId
from agentgov.repo.snapshot import WorkTreeSnapshot
from agentgov.resources import folder
from agentgov.trust.keys import parse_public_key
from agentgov.validate.load import load_fleet
from agentgov.validate.run import validate
from agentgov.validate.yaml_reader import read

ACME = folder("examples/acme")
MINIMAL = ACME.parent / "minimal"


def test_acme_has_no_finding_at_all() -> None:
    assert validate(WorkTreeSnapshot(ACME)) == ()


def test_minimal_has_one_person_and_no_other_finding() -> None:
    assert [found.code for found in validate(WorkTreeSnapshot(MINIMAL))] == ["owner.one-person-fleet"]


def test_acme_is_the_fleet_that_the_story_needs() -> None:
    fleet = load_fleet(WorkTreeSnapshot(ACME))
    assert fleet.governance is not None
    access = fleet.governance.access
    assert [person.id for person in access.people] == ["carol", "dave", "alice", "bob", "erin", "frank"]
    assert (access.administrators.who, access.administrators.threshold) == (("carol", "dave"), 2)
    assert {agent.workspace for agent in fleet.agents} == {"support", "finance", "marketing", "hr"}
    assert len(fleet.agents) == 7
    # One approval is enough for a change of this agent's prompt.
    assert fleet.agents[AgentId("support", "refund-assistant")].spec.risk == "medium"
    assert fleet.agents[AgentId("finance", "invoice-matcher")].spec.risk == "high"


@pytest.mark.parametrize("root", [ACME, MINIMAL], ids=["acme", "minimal"])
def test_every_key_is_a_key_and_no_two_are_the_same(root: Path) -> None:
    governance = load_fleet(WorkTreeSnapshot(root)).governance
    assert governance is not None
    access = governance.access
    lines = [line for person in access.people for line in person.keys]
    lines += [line for bot in access.bots for line in bot.keys]
    assert len({parse_public_key(line).blob for line in lines}) == len(lines)


def test_prompts_of_acme_are_worth_reading() -> None:
    for prompt in ACME.glob("agents/*/*/prompts/system.md"):
        assert 30 <= len(prompt.read_text("utf-8").splitlines()) <= 80, prompt


@pytest.mark.parametrize("suite", sorted(ACME.glob("agents/*/*/evals/*.yaml")), ids=lambda path: path.stem)
def test_evaluation_suites_name_prompts_that_exist(suite: Path) -> None:
    value = read(suite.read_bytes(), suite.name).value
    assert isinstance(value, dict)
    assert len(value["tests"]) >= 4
    for prompt in value["prompts"]:
        assert (suite.parent / prompt.removeprefix("file://")).is_file()


def test_links_in_the_readme_lead_somewhere() -> None:
    text = (ACME / "README.md").read_text("utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 10
    assert all((ACME / link).exists() for link in links)
