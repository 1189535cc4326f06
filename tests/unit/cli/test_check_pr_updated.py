"""`check --pr --by commits`: who only brought a pull request up to date with its target has written nothing of it."""

import json
from pathlib import Path
from typing import Any

import gitworld
import pytest
from gitlabfleet import GitLabFleet
from prworld import PullRequestWorld
from unit.cli.command_world import PROMPT

BRIEF = {PROMPT: "Be brief.\n"}
COMMITS = ("--by", "commits")
World = PullRequestWorld | GitLabFleet


@pytest.fixture(params=["github", "gitlab"])
def world(request: pytest.FixtureRequest) -> World:
    """A fleet on each forge, where bob and dave may review what alice proposes."""
    world: World = request.getfixturevalue(f"on_{request.param}")
    world.forge.team("@sim/support", "alice", "bob", "dave")
    world.forge.team("@sim/platform", "carol")
    for login in ("bob", "dave"):
        world.forge.permission(login, "write")
    if isinstance(world, PullRequestWorld):
        world.token = world.fake.token("carol")
    else:
        main_goes_on(world, {"CODEOWNERS": "* @sim/platform\n/agents/support/ @sim/support\n"})
    return world


def main_goes_on(world: World, files: dict[str, str]) -> None:
    fleet = world.commands.fleet
    world.commands.git("fetch", "-q", "origin", "main")
    world.commands.git("switch", "-q", "-C", "ahead", "origin/main")
    world.commands.change("carol", files, push=False)
    world.forge.push("carol", fleet, "main")


def merge(world: World, who: str, *options: str) -> None:
    world.commands.git("fetch", "-q", "origin", "main")
    world.commands.git("switch", "-q", "topic")
    world.commands.git("merge", "-q", "--no-edit", *options, "origin/main", who=who)


def push(world: World, who: str, *, force: bool = False) -> None:
    world.forge.push(who, world.commands.fleet, "topic", force=force)
    world.commands.time += 3600


def approve(world: World, number: int, who: str) -> None:
    if isinstance(world, PullRequestWorld):
        world.forge.review(number, who, "APPROVED")
    else:
        world.forge.approve(number, who)
    world.commands.time += 3600


def verdict(world: World, number: int, *args: str) -> str:
    found = world.check(number, *COMMITS, *args, "--json")
    assert found.code == (0 if found.document["verdict"] == "pass" else 1), found
    return str(found.document["verdict"])


def updates(world: World, number: int, file: Path) -> list[bool]:
    """Which of the commits are told as updates."""
    world.check(number, *COMMITS, "--write-facts", str(file))
    told: dict[str, Any] = json.loads(file.read_text())
    return [commit["update_merge"] for commit in told["pr"]["commits"]]


def proposed(world: World) -> int:
    """A pull request of alice, which is behind its target."""
    number = world.propose("alice", BRIEF)
    main_goes_on(world, {"README.md": "More words.\n"})
    return number


def test_who_updated_the_branch_may_review_it(world: World, tmp_path: Path) -> None:
    number = proposed(world)
    merge(world, "bob")
    push(world, "bob")
    approve(world, number, "bob")
    if isinstance(world, GitLabFleet):
        approve(world, number, "dave")  # GitLab tells no author of alice's commit
    assert verdict(world, number) == "pass"
    assert updates(world, number, tmp_path / "facts.json") == [False, True]
    policy = tmp_path / "policy.json"
    policy.write_text('{"ignore_update_merges": false}')
    assert verdict(world, number, "--policy", str(policy)) == "pending"


def test_an_approval_outlives_an_update(world: World, tmp_path: Path) -> None:
    number = proposed(world)
    for who in ("bob", "dave"):
        approve(world, number, who)
    merge(world, "alice")
    push(world, "alice")
    policy = tmp_path / "policy.json"
    policy.write_text('{"stale": "any-push"}')
    assert verdict(world, number, "--policy", str(policy)) == "pass"


@pytest.mark.attack("M1")
@pytest.mark.parametrize("how", ["edited", "ours", "other"])
def test_a_merge_in_which_something_was_done_by_hand_is_work(world: World, how: str, tmp_path: Path) -> None:
    number = proposed(world)
    if how == "other":
        world.commands.git("switch", "-q", "-C", "other", "origin/main")
        world.commands.change("bob", {"README.md": "Not in main.\n"}, push=False)
        world.commands.git("switch", "-q", "topic")
        world.commands.git("merge", "-q", "--no-edit", "other", who="bob")
    else:
        merge(world, "bob", *(["-s", "ours"] if how == "ours" else []))
    if how == "edited":
        world.commands.write({PROMPT: "Be brief!\n"})
        world.commands.git("commit", "-q", "-a", "--amend", "--no-edit", who="bob")
    push(world, "bob")
    for who in ("bob", "dave"):
        approve(world, number, who)
    assert True not in updates(world, number, tmp_path / "facts.json")
    commits = json.loads((tmp_path / "facts.json").read_text())["pr"]["commits"]
    assert "bob" in {login for one in commits for login in (one["author"], *one["co_authors"])}


def test_a_push_that_brought_more_than_the_update_is_work(world: World) -> None:
    number = proposed(world)
    merge(world, "alice")
    world.commands.change("alice", {PROMPT: "Be loud.\n"}, push=False)
    main_goes_on(world, {"README.md": "Still more.\n"})
    merge(world, "alice")
    push(world, "bob")  # alice's work by name, and bob's push
    approve(world, number, "bob")
    assert verdict(world, number) == "pending"


def test_where_the_clone_lacks_the_objects_they_are_fetched_and_without_a_remote_it_is_work(
    on_github: PullRequestWorld, tmp_path: Path
) -> None:
    on_github.forge.team("@sim/support", "alice", "bob")
    on_github.forge.permission("bob", "write")
    on_github.token = on_github.fake.token("carol")
    number = proposed(on_github)
    merge(on_github, "bob")
    push(on_github, "bob")
    approve(on_github, number, "bob")
    bare = gitworld.make_repository(tmp_path / "bare.git", bare=True)
    args = ("check", "--pr", str(number), *COMMITS)
    assert on_github.run(*args, cwd=bare).code == 1
    gitworld.git(bare, "remote", "add", "origin", str(on_github.commands.remote))
    assert on_github.run(*args, cwd=bare).code == 0
