"""Which commits of a pull request are clean merges of its target, as the clone tells."""

from pathlib import Path

import pytest
from gitworld import commit_files, git, make_repository

from agentgov.forge import updating
from agentgov.forge.updating import update_merges
from agentgov.repo.repository import Repository


class Branches:
    """main and topic, which has one commit of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_repository(folder)
        self.commit({"a": "1\n"})
        self.git("switch", "-q", "-c", "topic")
        self.commit({"t": "1\n"})

    def git(self, *args: str) -> str:
        return git(self.folder, *args).decode()

    def commit(self, files: dict[str, str]) -> str:
        commit_files(self.folder, dict(files), "change")
        return self.git("rev-parse", "HEAD")

    def main_goes_on(self, name: str, branch: str = "main") -> None:
        self.git("switch", "-q", branch)
        self.commit({name: "1\n"})
        self.git("switch", "-q", "topic")

    def merge(self, what: str = "main", *options: str) -> str:
        self.git("merge", "-q", "--no-ff", "--no-edit", *options, what)
        return self.git("rev-parse", "HEAD")

    def found(self, tip: str = "main", commits: str = "") -> set[str]:
        commits = commits or f"{tip}..topic"
        own = self.git("rev-list", "--reverse", "--topo-order", commits).split()
        return set(update_merges(Repository.open(self.folder), own, self.git("rev-parse", tip)))


@pytest.fixture
def world(tmp_path: Path) -> Branches:
    return Branches(tmp_path / "repo")


def test_clean_merges_of_the_target_are_found_also_when_it_has_gone_on(world: Branches) -> None:
    found = set()
    for name in ("m", "n"):
        world.main_goes_on(name)
        found.add(world.merge())
    world.commit({"t": "2\n"})
    world.main_goes_on("o")
    assert world.found() == found


def test_an_edited_merge_is_work_and_a_clean_one_on_top_of_it_is_not(world: Branches) -> None:
    world.main_goes_on("m")
    world.merge()
    world.commit({"evil": "1\n"})
    world.git("reset", "-q", "--soft", "HEAD~1")
    world.git("commit", "-q", "--amend", "--no-edit")
    assert world.found() == set()
    world.main_goes_on("n")
    assert world.found() | {world.merge()} == world.found()


@pytest.mark.attack("M1")
def test_a_merge_of_what_is_not_in_the_target_is_work(world: Branches) -> None:
    world.git("branch", "other", "main")
    world.main_goes_on("evil", "other")
    world.merge("other")
    assert world.found() == set()


def test_where_the_target_was_set_back_its_merge_is_work(world: Branches) -> None:
    world.main_goes_on("m")
    merge = world.merge()
    assert world.found() == {merge}
    world.git("branch", "-f", "main", "main~1")
    assert world.found() == set()


def test_a_branch_merged_into_the_target_the_other_way_round_is_work(world: Branches) -> None:
    world.main_goes_on("m")
    world.git("switch", "-q", "-c", "swapped", "main")
    world.merge("topic")
    world.git("branch", "-f", "topic", "swapped")
    assert world.found() == set()


def test_the_targets_own_merges_are_no_updates(world: Branches) -> None:
    """Where a forge lists them as commits of the pull request all the same."""
    world.git("branch", "other", "main")
    world.main_goes_on("o", "other")
    world.main_goes_on("m")
    world.git("switch", "-q", "main")
    world.merge("other")
    world.git("switch", "-q", "topic")
    merge = world.merge()
    assert world.found(commits="topic") == {merge}


def test_what_a_shallow_clone_cannot_tell_is_work(world: Branches, tmp_path: Path) -> None:
    world.main_goes_on("m")
    world.merge()
    own = world.git("rev-list", "--reverse", "main..topic").split()
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{world.folder}", str(clone))
    assert update_merges(Repository.open(clone), own, world.git("rev-parse", "main")) == set()
    git(clone, "fetch", "-q", "--unshallow")
    assert update_merges(Repository.open(clone), own, world.git("rev-parse", "main")) == {own[-1]}


def test_only_so_many_are_looked_at(world: Branches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "_MOST", 1)
    world.main_goes_on("m")
    first = world.merge()
    world.main_goes_on("n")
    world.merge()
    assert world.found() == {first}
    assert update_merges(Repository.open(world.folder), ["f" * 40, first], world.git("rev-parse", "main")) == set()
