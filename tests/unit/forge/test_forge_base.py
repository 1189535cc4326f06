"""The base of a pull request, in real repositories: told by what its branch changed, whichever way it was merged."""

from dataclasses import replace
from pathlib import Path

import gitworld
import pytest

from agentgov.forge.base import base_of, commits_of_base
from agentgov.forge.port import Account, Project, PullRequest
from agentgov.repo.changes import changed_paths
from agentgov.repo.repository import Repository

OURS = Project("github", 1, "acme/fleet")


def pull_request(base: str, head: str, **changes: object) -> PullRequest:
    """One of two commits from branch `topic` to main."""
    found = PullRequest(
        project=OURS,
        number=7,
        title="Be brief",
        state="open",
        draft=False,
        author=Account(1001, "alice-gh"),
        base_ref="main",
        base=base,
        head_ref="topic",
        head=head,
        head_project=OURS,
        merge_commit=None,
        commits=2,
        files=2,
        created=0,
        updated=0,
        url="https://github.com/acme/fleet/pull/7",
    )
    return replace(found, **changes)  # type: ignore[arg-type]


class Branches:
    """main with a file of its own, and a branch of two commits that left it before."""

    def __init__(self, folder: Path) -> None:
        self.folder = gitworld.make_repository(folder / "r")
        self.start = gitworld.commit_files(self.folder, {"main.txt": "1\n"}, "start")
        self.git("checkout", "-q", "-b", "topic")
        self.first = gitworld.commit_files(self.folder, {"a.txt": "1\n"}, "a")
        self.head = gitworld.commit_files(self.folder, {"b.txt": "1\n"}, "b")
        self.git("checkout", "-q", "main")
        self.main = gitworld.commit_files(self.folder, {"main.txt": "2\n"}, "meanwhile")

    def git(self, *args: str) -> str:
        return gitworld.git(self.folder, *args).decode()

    def merge(self, how: str) -> str:
        """Merge the branch as a forge would, and go on; what main got."""
        if how == "merge":
            self.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
        elif how == "squash":
            self.git("merge", "-q", "--squash", "topic")
            self.git("commit", "-q", "-m", "Squashed")
        elif how == "rebase":
            self.git("cherry-pick", self.first, self.head)
        else:
            self.git("reset", "-q", "--hard", self.start)
            self.git("merge", "-q", "--ff-only", "topic")
        got = self.git("rev-parse", "HEAD")
        gitworld.commit_files(self.folder, {"later.txt": "1\n"}, "later")
        return got

    def changed(self, pr: PullRequest, reviewed: str) -> set[str]:
        """The paths that a review of this commit would speak of."""
        repo = Repository.open(self.folder)
        left = repo.merge_base(base_of(repo, pr), reviewed)
        assert left is not None
        return set(changed_paths(repo, repo.commit(left).tree, repo.commit(reviewed).tree))


@pytest.mark.parametrize("how", ["merge", "squash", "rebase", "fast-forward"])
def test_review_speaks_of_what_the_branch_changed_however_it_was_merged(tmp_path: Path, how: str) -> None:
    world = Branches(tmp_path)
    base = world.start if how == "fast-forward" else world.main
    before = pull_request(base, world.head)
    expected = {world.first: {"a.txt"}, world.head: {"a.txt", "b.txt"}}
    assert {commit: world.changed(before, commit) for commit in expected} == expected
    merged = replace(before, state="merged", merge_commit=world.merge(how))
    assert {commit: world.changed(merged, commit) for commit in expected} == expected


def test_what_main_brought_into_the_branch_is_not_the_reviewers_word(tmp_path: Path) -> None:
    world = Branches(tmp_path)
    world.git("checkout", "-q", "topic")
    world.git("merge", "-q", "--no-ff", "-m", "Update", "main")
    updated = world.git("rev-parse", "HEAD")
    world.git("checkout", "-q", "main")
    merged = pull_request(world.start, updated, state="merged", merge_commit=world.merge("merge"))
    assert world.changed(merged, updated) == {"a.txt", "b.txt"}


def test_reviewed_commit_that_a_force_push_left_behind_keeps_its_base(tmp_path: Path) -> None:
    world = Branches(tmp_path)
    reviewed = world.head
    world.git("checkout", "-q", "-B", "topic", "main")
    head = gitworld.commit_files(world.folder, {"a.txt": "2\n"}, "again")
    world.git("checkout", "-q", "main")
    merged = pull_request(world.main, head, state="merged", merge_commit=world.merge("merge"))
    assert world.changed(merged, reviewed) == {"a.txt", "b.txt"}


def test_merge_commit_that_is_not_here_leaves_what_the_forge_says(tmp_path: Path) -> None:
    world = Branches(tmp_path)
    merged = pull_request(world.main, world.head, state="merged", merge_commit="f" * 40)
    assert base_of(Repository.open(world.folder), merged) == world.main
    assert commits_of_base(merged) == (world.main, "f" * 40, world.head)
    assert commits_of_base(pull_request(world.main, world.head)) == (world.main,)
