"""Pull requests of a repository with CODEOWNERS and no journal, from opening to merging, as `check --pr` judges them.

The command is the real one, talking real HTTP to a fake GitHub that is held to GitHub's own description.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gitworld
import pytest
from fakeserver import Reply
from forgeworld import CheckRun, Method
from prworld import PullRequestWorld
from unit.cli.command_world import CommandWorld

OWNERS = "/agents/ @sim/agents\n/docs/ @dave\n"
NAME = "agentgov/reviews"
AGENT, DOCS = "agents/a.yaml", "docs/b.md"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PullRequestWorld]:
    """alice writes, bob and erin own what matters, carol administers, dave owns the documents."""
    commands = CommandWorld(tmp_path / "world")
    gitworld.make_repository(commands.remote, bare=True)
    gitworld.make_repository(commands.fleet)
    commands.git("remote", "add", "origin", str(commands.remote))
    commands.change("carol", {".github/CODEOWNERS": OWNERS, AGENT: "1\n", DOCS: "1\n"}, "First")
    with PullRequestWorld.on(commands) as world:
        world.forge.team("@sim/agents", "bob", "erin")
        for name, level in (("alice", "write"), ("bob", "write"), ("erin", "maintain"), ("carol", "admin")):
            world.forge.permission(name, level)
        world.forge.permission("dave", "write")
        world.forge.permission("frank", "read")
        world.token = world.fake.installation("contents:read", "checks:write", "pull_requests:write", "members:read")
        yield world


def push(world: PullRequestWorld, text: str, path: str = AGENT, *, by: str = "alice", branch: str = "topic") -> str:
    world.commit("alice", {path: text}, branch)
    return world.push(by, branch)


def verdict(world: PullRequestWorld, number: int = 1, *args: str) -> str:
    """The verdict of the command; its exit code and the status that it published say the same."""
    found = world.check(number, "--status", "--json", *args)
    said = found.document
    assert found.code == (0 if said["verdict"] == "pass" else 1), found
    assert said["judged_by"] == "commits"
    run = next(run for run in reversed(world.forge.check_runs) if run.app == world.fake.tokens[world.token].app)
    assert (run.name, run.commit) == (NAME, world.forge.pulls[number].head)
    assert run.conclusion == {"pass": "success", "blocked": "failure"}.get(said["verdict"])
    return str(said["verdict"])


@pytest.mark.attack("R3", "R4", "R5")
def test_a_pull_request_from_opening_to_the_merge(world: PullRequestWorld) -> None:
    number = world.propose("alice", {AGENT: "2\n"})
    first = world.forge.pulls[number].head
    assert verdict(world) == "pending"
    world.forge.review(number, "bob", "APPROVED")
    assert verdict(world) == "pass"
    push(world, "3\n")
    assert verdict(world) == "pending", "what was approved is not what is there now"
    world.forge.review(number, "erin", "APPROVED", commit=first)
    assert verdict(world) == "pending", "an approval of an old commit is one of that commit"
    review = world.forge.review(number, "erin", "APPROVED")
    assert verdict(world) == "pass"
    world.forge.dismiss(number, review, "carol")
    assert verdict(world) == "pending"
    assert world.forge.check_runs[-1].conclusion is None, "an earlier success does not stand"
    world.forge.review(number, "bob", "CHANGES_REQUESTED")
    world.forge.review(number, "erin", "APPROVED")
    assert verdict(world) == "blocked"
    world.forge.review(number, "bob", "APPROVED")
    push(world, "2\n", DOCS)
    assert verdict(world) == "pending", "the documents have an owner, too"
    world.forge.review(number, "dave", "APPROVED")
    assert verdict(world) == "pass", "and a push there leaves the other approvals alone"
    push(world, "4\n", by="erin")
    world.forge.review(number, "erin", "APPROVED")
    assert verdict(world) == "pending", "who pushed does not approve"


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_after_the_merge_the_answer_is_the_same(world: PullRequestWorld, method: Method) -> None:
    number = world.propose("alice", {AGENT: "2\n"})
    other = world.propose("alice", {DOCS: "2\n"}, "other")
    world.forge.review(number, "bob", "APPROVED")
    world.forge.merge(other, "carol", method)
    assert verdict(world, other) == "pending", "merging is no review"
    assert verdict(world, number) == "pass"
    world.forge.merge(number, "carol", method)
    assert verdict(world, number) == "pass"


def test_a_merge_of_the_base_by_the_button_takes_no_reviewer_away(world: PullRequestWorld) -> None:
    number = world.propose("alice", {AGENT: "2\n"})
    world.forge.merge(world.propose("alice", {DOCS: "2\n"}, "other"), "carol")
    world.forge.review(number, "bob", "APPROVED")
    world.commands.git("fetch", "-q", "origin", "main")
    world.commands.git("switch", "-q", "topic")
    world.commands.git("merge", "-q", "-m", "Merge main", "FETCH_HEAD", who="alice")
    world.push("alice", "topic")
    assert verdict(world, number) == "pass", "it touches nothing that bob answers for"


def test_a_fork_counts_as_long_as_it_says_who_pushed(world: PullRequestWorld) -> None:
    world.forge.fork("alice")
    number = world.propose("alice", {AGENT: "2\n"}, fork="alice")
    world.forge.review(number, "bob", "APPROVED")
    assert verdict(world, number) == "pass"
    world.forge.hide_fork("alice")
    assert verdict(world, number) == "pending", "bob may have pushed"
    world.forge.review(number, "erin", "APPROVED")
    assert verdict(world, number) == "pass", "one of two did not push last"


def test_bots_open_pull_requests_and_approve_none(world: PullRequestWorld) -> None:
    bot = world.forge.account("renovate[bot]", bot=True)
    world.forge.emails["alice@sim.example"] = bot
    world.forge.permission("helper[bot]", "admin")
    world.forge.accounts[world.forge.account("helper[bot]")].bot = True
    number = world.propose("renovate[bot]", {AGENT: "2\n"})
    world.forge.team("@sim/agents", "bob", "helper[bot]")
    world.forge.review(number, "helper[bot]", "APPROVED")
    assert verdict(world, number) == "pending"
    world.forge.review(number, "bob", "APPROVED")
    assert verdict(world, number) == "pass"


def test_teams_and_permissions_are_those_of_now(world: PullRequestWorld) -> None:
    number = world.propose("alice", {AGENT: "2\n"})
    world.forge.review(number, "bob", "APPROVED")
    assert verdict(world, number) == "pass"
    world.forge.team("@sim/agents", "erin", "frank")
    assert verdict(world, number) == "pending", "bob left the team"
    world.forge.review(number, "frank", "APPROVED")
    assert verdict(world, number) == "pending", "frank may only read"
    world.forge.permission("frank", "write")
    assert verdict(world, number) == "pass"
    world.forge.delete_account(world.forge.account("frank"))
    assert verdict(world, number) == "pending", "nobody is behind that review any more"


@pytest.mark.attack("A6")
def test_a_login_that_somebody_took_over_has_no_word_of_before(world: PullRequestWorld) -> None:
    number = world.propose("alice", {AGENT: "2\n"})
    bob = world.forge.account("bob")
    world.forge.rename(bob, "robert")
    world.forge.review(number, "bob", "APPROVED")  # a new account
    assert verdict(world, number) == "pending"
    world.forge.review(number, "robert", "APPROVED")
    assert verdict(world, number) == "pass"


def test_three_hundred_files_and_a_hundred_reviews_are_all_looked_at(world: PullRequestWorld) -> None:
    number = world.propose("alice", {f"agents/{count}.yaml": f"{count}\n" for count in range(300)})
    for count in range(120):
        world.forge.review(number, f"passer-by-{count}", "APPROVED")
    found = world.asked(number, code=1)
    assert len(found["missing_paths"]) == 300
    assert sum(one["reason"] == "role" for one in found["reviews"]) == 120
    world.forge.review(number, "bob", "APPROVED")
    assert verdict(world, number) == "pass"
    world.fake.faults.add("reply", f"GET /repos/*/pulls/{number}/files", page=2, reply=Reply(200, []), times=9)
    lost = world.check(number)
    assert (lost.code, "has 300 files" in lost.err) == (3, True), lost
    world.fake.faults.clear()
    world.fake.faults.add("503", f"GET /repos/*/pulls/{number}/reviews", page=2, times=99)
    assert world.check(number).code == 3


def test_more_commits_than_github_tells_are_no_pull_request_to_judge(world: PullRequestWorld) -> None:
    number = world.propose("alice", {AGENT: "2\n"})
    head, tree = world.forge.pulls[number].head, world.commands.git("rev-parse", "topic^{tree}")
    for _ in range(250):
        head = world.commands.git("commit-tree", tree, "-p", head, "-m", "more")
    world.commands.git("reset", "-q", "--hard", head)
    world.push("alice", "topic")
    world.forge.review(number, "bob", "APPROVED")
    found = world.check(number, "--status")
    assert (found.code, "has 251 commits" in found.err) == (3, True), found
    assert [run.conclusion for run in world.forge.check_runs] == ["failure"]


def pass_of(world: PullRequestWorld) -> tuple[int, int]:
    """A pull request that passes: how many requests it takes to say so, and the number of the one that publishes it."""
    number = world.propose("alice", {AGENT: "2\n"})
    push(world, "2\n", DOCS)
    old = world.forge.pulls[number].versions[0][0]
    world.forge.review(number, "bob", "APPROVED", commit=old)
    world.forge.review(number, "dave", "APPROVED")
    world.fake.faults.clear()
    before = len(world.fake.requests)
    assert verdict(world, number) == "pass"
    lines = [request.line for request in world.fake.requests[before:]]
    (told,) = (place for place, line in enumerate(lines, 1) if line.startswith("POST") and "check-runs" in line)
    assert told > 15
    return len(lines), told


@pytest.mark.attack("R7")
@pytest.mark.parametrize(("kind", "start", "step"), [("503", 1, 1), ("cut-half", 1, 3), ("html", 2, 3)])
def test_whatever_fails_for_good_at_any_request_is_no_pass(
    world: PullRequestWorld, kind: str, start: int, step: int
) -> None:
    asked, told = pass_of(world)
    for first in range(start, asked + 1, step):
        world.forge.check_runs.clear()
        world.fake.faults.clear()
        for place in range(first, first + 40):
            world.fake.faults.add(kind, number=place)
        found = world.check(1, "--status")
        assert found.code == 3, (first, found)
        if first <= told and kind == "503":
            assert world.forge.check_runs == [], first
        assert first >= told or "success" not in [run.conclusion for run in world.forge.check_runs], first


def test_whatever_passes_by_at_any_reading_changes_nothing(world: PullRequestWorld) -> None:
    _, told = pass_of(world)
    kinds = ("503", "429", "cut-half", "secondary", "reset", "limited", "lost")
    for place in range(1, told):
        world.fake.faults.clear()
        world.fake.faults.add(kinds[place % len(kinds)], number=place, retry_after=2)
        assert verdict(world) == "pass", place
        assert world.fake.faults.left == (), place


def test_a_limit_that_lasts_too_long_says_until_when(world: PullRequestWorld) -> None:
    pass_of(world)
    world.fake.faults.add("limited", "GET */reviews", retry_after=3600, times=9)
    found = world.check(1, "--status")
    assert found.code == 3
    assert re.search(r"the forge asks to wait 3[56][0-9][0-9] s", found.err)
    assert world.forge.check_runs[-1].conclusion != "success"


@pytest.mark.attack("R10")
def test_a_status_of_our_name_by_another_app_is_not_ours(world: PullRequestWorld) -> None:
    number = world.propose("alice", {AGENT: "2\n"})
    head = world.forge.pulls[number].head
    forged = CheckRun(1, head, NAME, app=666, status="completed", conclusion="success")
    world.forge.check_runs.append(forged)
    assert verdict(world, number) == "pending"
    assert (len(world.forge.check_runs), forged.conclusion) == (2, "success")


@pytest.mark.attack("R8")
def test_words_of_the_pull_request_are_words(world: PullRequestWorld) -> None:
    title = "$(id)`id`\n::error::x\n/merge @sim/agents <!-- agentgov:check v1 -->"
    number = world.propose("alice", {AGENT: "2\n"}, title=title)
    found: dict[str, Any] = world.asked(number, "--comment", code=1)
    assert found["verdict"] == "pending"
    (comment,) = world.forge.comments
    assert not any(line.startswith(("/", "@", "::")) for line in comment.body.splitlines())
    assert comment.body.count("<!-- agentgov") == 1
    assert "@sim" not in comment.body.replace("`@sim/agents`", ""), "what is code calls nobody"
