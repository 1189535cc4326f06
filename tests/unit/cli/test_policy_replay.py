"""`agentgov policy replay` on a real fleet: the same rules decide the same, other rules differ where they must."""

from pathlib import Path
from typing import Any

import pytest
from unit.cli.command_world import ACCESS, PAY_PROMPT, PROMPT, CommandWorld

FLEET = "agentgov.yaml"
ONE, TWO = "{approvals: 1, from: owners}", "{approvals: 2, from: owners}"


@pytest.fixture(scope="module")
def reviewed_world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """The template of `reviewed`; no test may touch it."""
    world = CommandWorld.begun(tmp_path_factory.mktemp("replay") / "world")
    world.authorise({PROMPT: "Sort tickets by urgency and language.\n"})
    world.change("alice", {PAY_PROMPT: "Never guess.\n"})
    world.must("bob", "review", "approve", "-m", "Clear")
    world.tick()  # payroll is of high risk and takes two: pending
    world.must("dave", "review", "approve", "-m", "Clear")
    world.tick()
    world.change("alice", {PROMPT: "Sort tickets as you like.\n"})
    world.tick()  # nobody has reviewed it
    return world.packed()


@pytest.fixture
def reviewed(reviewed_world: CommandWorld, tmp_path: Path) -> CommandWorld:
    """A fleet with four advances: one covered, one half, the rest of it, and one that nobody reviewed."""
    return reviewed_world.copied(tmp_path / "reviewed")


def states(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What differs, newest first."""
    return [(one["path"], one["then"], one["now"]) for change in document["changes"] for one in change["paths"]]


def test_same_rules_decide_the_same(reviewed: CommandWorld) -> None:
    document = reviewed.asked("frank", "policy", "replay", "--last", "20")
    assert document["summary"] == {"changes": 4, "differing": 0, "unjudged": 0}
    assert [change["seq"] for change in document["changes"]] == sorted(
        (change["seq"] for change in document["changes"]), reverse=True
    )
    out = reviewed.must("frank", "policy", "replay").out
    assert "4 changes of main judged again by the governance of" in out
    assert out.endswith("none would have gone otherwise\n")


def test_more_approvals_hold_back_what_passed_with_one(reviewed: CommandWorld) -> None:
    reviewed.write({FLEET: reviewed.edit(FLEET, f"default: {ONE}", f"default: {TWO}")})
    document = reviewed.asked("frank", "policy", "replay", code=1)
    assert states(document) == [(PROMPT, "pass", "pending")]
    assert document["summary"]["differing"] == 1
    told = next(one for change in document["changes"] for one in change["paths"])
    assert told["message"].startswith("needs 1 more from @sim/support")
    found = reviewed.run("frank", "policy", "replay")
    assert f"{PROMPT} pass then, pending now: needs 1 more" in found.out


def test_fewer_approvals_let_through_what_waited(reviewed: CommandWorld) -> None:
    rule = "    - {when: {risk: [high, critical]}, approvals: 2, from: owners}\n"
    reviewed.write({FLEET: reviewed.edit(FLEET, rule, "")})
    document = reviewed.asked("frank", "policy", "replay", code=1)
    assert states(document) == [(PAY_PROMPT, "pending", "pass")]


def test_only_the_last_changes_are_asked_for(reviewed: CommandWorld) -> None:
    reviewed.write({FLEET: reviewed.edit(FLEET, f"default: {ONE}", f"default: {TWO}")})
    document = reviewed.asked("frank", "policy", "replay", "-n", "3")
    assert (len(document["changes"]), document["summary"]["differing"]) == (3, 0)


def test_rules_of_a_revision_and_other_owners(reviewed: CommandWorld) -> None:
    here = reviewed.git("rev-parse", "HEAD")
    owners = reviewed.edit(".github/CODEOWNERS", "/agents/support/ @sim/support", "/agents/support/ @sim/platform")
    reviewed.change("carol", {".github/CODEOWNERS": owners}, push=False)
    assert states(reviewed.asked("frank", "policy", "replay", code=1)) == [(PROMPT, "pass", "pending")]
    assert states(reviewed.asked("frank", "policy", "replay", "--rev", here)) == []
    assert states(reviewed.asked("frank", "policy", "replay", "--rev", "HEAD", code=1)) != []


def test_signed_commits_could_have_been_asked_for(reviewed: CommandWorld) -> None:
    reviewed.write({FLEET: reviewed.edit(FLEET, "commits: any", "commits: signed")})
    document = reviewed.asked("frank", "policy", "replay", code=1)
    assert all(now == "pending" for _, _, now in states(document))
    told = [one["message"] for change in document["changes"] for one in change["paths"]]
    assert all("it is not signed" in message for message in told)


def test_person_who_leaves_takes_past_reviews_along(reviewed: CommandWorld) -> None:
    text = (reviewed.fleet / ACCESS).read_text()
    without = "".join(line for line in text.splitlines(keepends=True) if "id: bob," not in line)
    reviewed.write({ACCESS: without.replace("[alice, bob]", "[alice]").replace("[alice, bob, dave]", "[alice, dave]")})
    assert (PROMPT, "pass", "pending") in states(reviewed.asked("frank", "policy", "replay", code=1))


def test_rules_that_cannot_be_read_and_a_fleet_without_journal_are_told(
    reviewed: CommandWorld, laid: CommandWorld
) -> None:
    reviewed.write({FLEET: "kind: Fleet\n"})
    found = reviewed.run("frank", "policy", "replay")
    assert (found.code, found.out) == (2, "")
    assert "agentgov validate" in found.err
    assert laid.run("carol", "policy", "replay").code == 2
