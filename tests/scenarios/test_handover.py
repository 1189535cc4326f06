"""A change of ownership where the fleet asks both sides: outgoing and incoming owners, beside administrators."""

import pytest
from simulator import FLEET_YAML, TRIAGE, FleetSimulator

from agentgov.journal.reviewing import reviewable

OWNERS = ".github/CODEOWNERS"
PROMPT = f"{TRIAGE.folder}/prompts/system.md"
MOVED = "* @sim/platform\n/agents/support/ @sim/security\n/agents/finance/ @sim/finance\n"


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> FleetSimulator:
    """A fleet that asks both sides."""
    rules = FLEET_YAML.replace("reviews:\n", "reviews:\n  handover: both\n")
    found = FleetSimulator(tmp_path_factory.mktemp("both") / "w", files={"agentgov.yaml": rules}, remote=False)
    found.introduce()
    return found


def asked(world: FleetSimulator, path: str) -> dict[str, tuple[str, ...]]:
    """What a path at main needs, and who could give it."""
    verdict = reviewable(world.view(), world.head()).verdict
    (found,) = (one for one in verdict.paths if one.change.path == path)
    return {state.requirement.name: state.could for state in found.requirements}


def test_codeowners_needs_both_sides_and_the_administrators(world: FleetSimulator) -> None:
    world.commit("carol", {OWNERS: MOVED})
    needed = asked(world, OWNERS)
    (outgoing,) = (name for name in needed if name.startswith("outgoing"))
    (incoming,) = (name for name in needed if name.startswith("incoming"))
    assert set(needed) == {"administrators", outgoing, incoming}
    world.review("carol")
    assert OWNERS in world.advance().state.pending
    world.review("bob")
    assert OWNERS in world.advance().state.pending
    world.review("erin")
    assert OWNERS not in world.advance().state.pending
    assert world.verify().offence is None


def test_a_path_that_changes_beside_it_needs_the_owners_of_both_sides(world: FleetSimulator) -> None:
    world.commit("alice", {OWNERS: MOVED, PROMPT: "Sort by age.\n"})
    verdict = reviewable(world.view(), world.head()).verdict
    (prompt,) = (one for one in verdict.paths if one.change.path == PROMPT)
    assert [state.requirement.labels for state in prompt.requirements] == [("@sim/support",), ("@sim/security",)]


def test_the_base_alone_decides_by_default(local: FleetSimulator) -> None:
    local.commit("alice", {OWNERS: MOVED, PROMPT: "Sort by age.\n"})
    verdict = reviewable(local.view(), local.head()).verdict
    labels = {one.change.path: [state.requirement.labels for state in one.requirements] for one in verdict.paths}
    assert labels == {OWNERS: [("administrators",)], PROMPT: [("@sim/support",)]}
