"""Who pushed to a pull request: everybody with a number, or it is said that somebody may be missing."""

from collections.abc import Iterator
from pathlib import Path

import gitworld
import pytest
from githubtalk import Talk, talk

from agentgov.errors import IncompleteError
from agentgov.forge.port import Pushers


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Talk]:
    with talk(tmp_path) as found:
        yield found


def pushers(github: Talk, number: int = 1) -> Pushers:
    port = github.port()
    pull = port.pull_request(number)
    return port.pushers(pull, port.commits(pull))


def names(found: Pushers) -> set[str]:
    return {one.login for one in found.accounts}


def test_everybody_who_pushed_is_named_and_so_is_whoever_committed(github: Talk) -> None:
    github.push("dev", {"b.txt": "3\n"}, by="mallory")
    github.push("eve", {"b.txt": "4\n"}, by="dev")
    found = pushers(github)
    assert (names(found), found.known) == ({"dev", "mallory", "eve"}, True)
    assert [one.id for one in found.accounts] == sorted(one.id for one in found.accounts)


def test_each_push_is_told_with_the_commits_that_it_moved_from_and_to(github: Talk) -> None:
    before = pushers(github)
    github.push("dev", {"b.txt": "3\n"}, by="mallory")
    newest, *others = pushers(github).pushes
    assert tuple(others) == before.pushes
    assert (newest.by.login, newest.before) == ("mallory", before.pushes[0].after)
    assert newest.after == github.port().pull_request(1).head


def test_whoever_set_the_branch_back_and_whoever_was_pushed_away_are_named(github: Talk) -> None:
    github.push("dev", {"b.txt": "3\n"}, by="mallory")
    gitworld.git(github.clone, "reset", "-q", "--hard", "HEAD~1")
    github.world.commit("dev", github.clone, {"b.txt": "5\n"})
    github.world.push("zoe", github.clone, "topic", force=True)
    found = pushers(github)
    assert (names(found), found.known) == ({"dev", "mallory", "zoe"}, True)


@pytest.mark.attack("N5")
@pytest.mark.parametrize("lost", [-1, -2, -3])
def test_a_move_that_is_missing_from_the_list_is_a_pusher_who_is_missing(github: Talk, lost: int) -> None:
    github.push("dev", {"b.txt": "3\n"}, by="mallory")
    github.push("dev", {"b.txt": "4\n"})
    assert pushers(github).known
    moves = github.world.pushes
    moves.remove([move for move in moves if move.ref == "refs/heads/topic"][lost])
    found = pushers(github)
    # Without the one that made the branch it still begins before anything of the pull request was there.
    assert not found.known
    assert "dev" in names(found)


def test_an_empty_list_does_not_mean_that_nobody_pushed(github: Talk) -> None:
    github.world.pushes.clear()
    assert not pushers(github).known


def test_a_push_by_a_deleted_account_is_a_pusher_who_is_missing(github: Talk) -> None:
    github.push("dev", {"b.txt": "3\n"}, by="mallory")
    github.world.delete_account(github.world.account("mallory"))
    assert not pushers(github).known


def test_a_branch_that_began_before_the_pull_request_needs_no_beginning(github: Talk) -> None:
    """main of a fork was never made by a push: whoever pushed first moved it on from a commit of the base."""
    world = github.world
    world.fork("eve")
    clone = world.clone("eve", fork="eve")
    gitworld.git(clone, "reset", "-q", "--hard", world.tip("refs/heads/main"))
    world.commit("eve", clone, {"c.txt": "1\n"})
    world.push("eve", clone, "main", fork="eve")
    number = world.open("eve", "main", fork="eve")
    found = pushers(github, number)
    assert (names(found), found.known) == ({"eve"}, True)
    port = github.port()
    assert port.pushers(port.pull_request(number), ()).known, "without commits in hand they are asked for"


@pytest.mark.parametrize("way", ["delete_fork", "hide_fork"])
def test_a_fork_that_is_gone_or_hidden_says_nothing(github: Talk, way: str) -> None:
    world = github.world
    world.fork("eve")
    clone = world.clone("eve", fork="eve")
    world.commit("eve", clone, {"c.txt": "1\n"})
    world.push("eve", clone, "work", fork="eve")
    number = world.open("eve", "work", fork="eve")
    assert pushers(github, number).known
    getattr(world, way)("eve")
    port = github.port()
    pull = port.pull_request(number)
    found = port.pushers(pull, port.commits(pull))
    assert (names(found), found.known) == ({"eve"}, False)
    assert pull.fork


def test_where_the_pushes_are_not_told_those_who_set_it_back_still_are(github: Talk) -> None:
    gitworld.git(github.clone, "commit", "-q", "--amend", "--reset-author", "-m", "again", env=gitworld.environment())
    github.world.push("zoe", github.clone, "topic", force=True)
    github.world.pushes.clear()
    found = pushers(github)
    assert ("zoe" in names(found), found.known) == (True, False)


def test_a_failure_is_no_missing_pusher_but_no_answer(github: Talk) -> None:
    port = github.port()
    pull = port.pull_request(1)
    github.fake.faults.add("503", match="*/activity", times=9)
    with pytest.raises(IncompleteError):
        port.pushers(pull, port.commits(pull))


def test_githubs_own_committer_is_nobody(github: Talk) -> None:
    github.world.merge(1, "dev", "squash")
    gitworld.git(github.clone, "fetch", "-q", "origin")
    gitworld.git(github.clone, "checkout", "-q", "-B", "next", "origin/main")
    github.push("dev", {"n.txt": "1\n"}, "next")
    number = github.world.open("dev", "next")
    assert names(pushers(github, number)) == {"dev"}
