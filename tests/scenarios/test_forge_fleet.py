"""Pull requests of a fleet with a journal, as `check --pr` judges them by contents, with the reviews of the forge.

What single reviews do is in `tests/unit/cli/test_check_pr.py`; these are whole stories, and much of everything.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakeserver import Reply
from forgeworld import Method
from prworld import PullRequestWorld, with_accounts
from simulator import TRIAGE
from unit.cli.command_world import ACCESS, PROMPT, CommandWorld


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    return with_accounts(CommandWorld.begun(tmp_path_factory.mktemp("fleet") / "world")).packed()


@pytest.fixture
def world(template: CommandWorld, tmp_path: Path) -> Iterator[PullRequestWorld]:
    with PullRequestWorld.on(template.copied(tmp_path / "world")) as world:
        yield world


def verdict(world: PullRequestWorld, number: int) -> str:
    """The verdict of the command; its exit code and the status that it published say the same."""
    found = world.check(number, "--status", "--json")
    said = str(found.document["verdict"])
    assert (found.code, found.document["judged_by"]) == (0 if said == "pass" else 1, "contents"), found
    head = world.forge.pulls[number].head
    run = next(run for run in reversed(world.forge.check_runs) if run.commit == head)
    assert (run.conclusion == "success") is (said == "pass")
    return said


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_before_and_after_the_merge_the_answer_is_the_same(world: PullRequestWorld, method: Method) -> None:
    first = world.propose("alice", {PROMPT: "Sort tickets by urgency. Be brief.\n"})
    other = world.propose("alice", {f"{TRIAGE.folder}/prompts/more.md": "More.\n"}, "other")
    world.forge.review(first, "bob", "APPROVED")
    assert [verdict(world, number) for number in (first, other)] == ["pass", "pending"]
    world.forge.merge(other, "carol", method)
    world.forge.merge(first, "carol", method)
    assert [verdict(world, number) for number in (first, other)] == ["pass", "pending"], "merging is no review"


def test_a_bot_that_access_does_not_know_takes_two_owners(world: PullRequestWorld) -> None:
    world.forge.account("renovate[bot]", bot=True)
    world.commit("renovate", {PROMPT: "Sort tickets by urgency. Be brief.\n"}, "topic")
    world.push("renovate[bot]", "topic")
    number = world.forge.open("renovate[bot]", "topic")
    world.forge.review(number, "bob", "APPROVED")
    world.forge.review(number, "renovate[bot]", "APPROVED")
    assert verdict(world, number) == "pending", "nobody can say that bob is not behind that address"
    world.forge.review(number, "alice", "APPROVED")
    assert verdict(world, number) == "pass"


def test_who_merges_main_into_a_branch_has_pushed_to_it(world: PullRequestWorld) -> None:
    number = world.propose("alice", {PROMPT: "Sort tickets by urgency. Be brief.\n"})
    world.forge.review(number, "bob", "APPROVED")
    for who, expected in (("carol", "pass"), ("bob", "pending")):
        other = world.propose("alice", {"README.md": f"Merged by {who}.\n"}, f"before-{who}")
        world.forge.merge(other, "carol")
        world.commands.git("fetch", "-q", "origin", "main")
        world.commands.git("switch", "-q", "topic")
        world.commands.git("merge", "-q", "-m", "Merge main", "FETCH_HEAD", who=who)
        world.push(who, "topic")
        assert verdict(world, number) == expected, who


def test_a_team_is_what_access_says_and_not_what_the_forge_says(world: PullRequestWorld) -> None:
    number = world.propose("alice", {PROMPT: "Sort tickets by urgency. Be brief.\n"})
    world.forge.team("@sim/support", "mallory")
    world.forge.permission("mallory", "admin")
    world.forge.review(number, "mallory", "APPROVED")
    assert verdict(world, number) == "pending"
    world.forge.review(number, "bob", "APPROVED")
    assert verdict(world, number) == "pass"
    world.commands.git("switch", "-q", "-C", "main", "origin/main")
    world.commands.change("carol", {ACCESS: world.commands.edit(ACCESS, "[alice, bob],", "[alice],")})
    world.commands.must("carol", "review", "approve")
    world.commands.tick()
    assert verdict(world, number) == "pending", "bob left the team"
    assert not any("/teams/" in request.path for request in world.fake.requests)


def test_three_hundred_files_and_a_hundred_reviews(world: PullRequestWorld) -> None:
    files = {f"{TRIAGE.folder}/prompts/{count}.md": f"{count}\n" for count in range(300)}
    number = world.propose("alice", files)
    for count in range(120):
        world.forge.review(number, f"passer-by-{count}", "APPROVED")
    found = world.asked(number, "--comment", code=1)
    assert len(found["missing_paths"]) == 300
    assert len(found["not_imported"]) == 120
    assert all("nobody's in Access" in one["reason"] for one in found["not_imported"])
    assert len(world.forge.comments[0].body) < 65_536
    world.forge.review(number, "bob", "APPROVED")
    assert verdict(world, number) == "pass"
    path = f"GET /repos/*/pulls/{number}/reviews"
    world.fake.faults.add("reply", path, page=2, reply=Reply(200, {"message": "nothing"}), times=9)
    assert world.check(number, "--status").code == 3
    assert world.forge.check_runs[-1].conclusion == "failure"


def test_a_push_while_it_is_judged_is_judged_in_turn_and_never_passes_unseen(world: PullRequestWorld) -> None:
    number = world.propose("alice", {PROMPT: "Sort tickets by urgency. Be brief.\n"})
    world.forge.review(number, "bob", "APPROVED")

    def pushed() -> None:
        world.commit("alice", {PROMPT: "Be mean.\n"}, "topic")
        world.push("alice", "topic")

    world.fake.meanwhile("GET */reviews", pushed)
    assert verdict(world, number) == "pending"
    assert {run.conclusion for run in world.forge.check_runs} == {None}


def test_a_review_that_comes_while_it_is_judged_is_looked_at(world: PullRequestWorld) -> None:
    number = world.propose("alice", {PROMPT: "Sort tickets by urgency. Be brief.\n"})
    review = world.forge.review(number, "bob", "APPROVED")
    world.fake.meanwhile("GET */reviews", lambda: world.forge.dismiss(number, review, "carol"))
    found = world.check(number, "--status")
    assert found.code in (1, 3), found
    assert "success" not in {run.conclusion for run in world.forge.check_runs}
