"""A preview is what the import makes of it: `check --pr` before, and `check` after the reviews came in, agree."""

from collections.abc import Callable

from prworld import PullRequestWorld
from unit.cli.command_world import PROMPT

Story = Callable[[PullRequestWorld, int, str], None]


def approved(world: PullRequestWorld, number: int, branch: str) -> None:
    world.forge.review(number, "bob", "APPROVED")


def dismissed(world: PullRequestWorld, number: int, branch: str) -> None:
    world.forge.dismiss(number, world.forge.review(number, "bob", "APPROVED"), "carol")


def objected(world: PullRequestWorld, number: int, branch: str) -> None:
    world.forge.review(number, "bob", "CHANGES_REQUESTED")


def objected_then_approved(world: PullRequestWorld, number: int, branch: str) -> None:
    objected(world, number, branch)
    approved(world, number, branch)


def approved_then_objected(world: PullRequestWorld, number: int, branch: str) -> None:
    approved(world, number, branch)
    objected(world, number, branch)


def approved_then_pushed(world: PullRequestWorld, number: int, branch: str) -> None:
    approved(world, number, branch)
    world.commit("alice", {PROMPT: f"Another text of {branch}.\n"}, branch)
    world.push("alice", branch)


def approved_then_rebased(world: PullRequestWorld, number: int, branch: str) -> None:
    approved(world, number, branch)
    world.commands.git("commit", "-q", "--amend", "-m", "Other words", who="alice")
    world.push("alice", branch, force=True)


def approved_by_a_stranger(world: PullRequestWorld, number: int, branch: str) -> None:
    world.forge.review(number, "mallory", "APPROVED")


def approved_by_a_bot(world: PullRequestWorld, number: int, branch: str) -> None:
    world.forge.account("helper[bot]", bot=True)
    world.forge.review(number, "helper[bot]", "APPROVED")


def approved_by_whoever_may_not(world: PullRequestWorld, number: int, branch: str) -> None:
    world.forge.review(number, "frank", "APPROVED")


def approved_by_the_opener(world: PullRequestWorld, number: int, branch: str) -> None:
    world.forge.review(number, "alice", "APPROVED")


def approved_of_no_commit(world: PullRequestWorld, number: int, branch: str) -> None:
    world.forge.review(number, "bob", "APPROVED", commit=None)


def approved_against_an_own_word(world: PullRequestWorld, number: int, branch: str) -> None:
    world.commands.must("bob", "review", "request-changes", world.forge.pulls[number].head, "-m", "No")
    approved(world, number, branch)


def imported_then_dismissed(world: PullRequestWorld, number: int, branch: str) -> None:
    review = world.forge.review(number, "bob", "APPROVED")
    bring(world, number)
    world.forge.dismiss(number, review, "carol")


def approved_by_a_pusher(world: PullRequestWorld, number: int, branch: str) -> None:
    world.commit("alice", {PROMPT: f"Pushed by bob, {branch}.\n"}, branch)
    world.push("bob", branch)
    approved(world, number, branch)


STORIES: tuple[Story, ...] = (
    approved,
    dismissed,
    objected,
    objected_then_approved,
    approved_then_objected,
    approved_then_pushed,
    approved_then_rebased,
    approved_by_a_stranger,
    approved_by_a_bot,
    approved_by_whoever_may_not,
    approved_by_the_opener,
    approved_of_no_commit,
    approved_against_an_own_word,
    imported_then_dismissed,
    approved_by_a_pusher,  # the last one: that claim stands for whatever comes after it
)


def bring(world: PullRequestWorld, number: int) -> None:
    found = world.run("forge", "import-reviews", "--pr", str(number), key="importer")
    assert found.code in (0, 1), found


def test_a_preview_is_what_the_import_makes_of_it(on_github: PullRequestWorld) -> None:
    seen = set()
    for story in STORIES:
        branch = story.__name__
        number = on_github.propose("alice", {PROMPT: f"The text of {branch}.\n"}, branch)
        story(on_github, number, branch)
        before = on_github.check(number, "--json").document
        bring(on_github, number)
        head = on_github.forge.pulls[number].head
        after = on_github.commands.run("carol", "check", "--head", head, "--base", "origin/main", "--json").document
        for key in ("verdict", "missing_paths", "blocked_by", "requirements", "would_pass"):
            assert before[key] == after[key], (branch, key)
        seen.add(before["verdict"])
    assert seen == {"pass", "pending", "blocked"}
