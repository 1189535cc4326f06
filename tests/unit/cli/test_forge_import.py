"""`forge import-reviews`: reviews of pull requests come in as they stand on the forge, once, and only some."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pullworld import IMPORT, NUMBERS, STRANGER, PullWorld, with_accounts
from unit.cli.command_world import PAY_PROMPT, PROMPT, CommandWorld

FIRST, SECOND = "Sort by age.\n", "Sort by name.\n"


@pytest.fixture(scope="session")
def known_world(begun_world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """The template of `known`: the fleet's Access knows accounts of the forge, and an importer."""
    world = begun_world.copied(tmp_path_factory.mktemp("worlds") / "known")
    with_accounts(world)
    return world.packed()


@pytest.fixture
def world(known_world: CommandWorld, tmp_path: Path) -> Iterator[PullWorld]:
    """A fleet on GitHub."""
    with PullWorld.on_github(known_world.copied(tmp_path / "world")) as found:
        yield found


def ids(entries: list[dict[str, Any]]) -> list[str]:
    """The reviews of a list of an answer."""
    return [one["review"] for one in entries]


def test_approval_before_the_merge_passes_main_and_lands_once(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    review = world.forge.review(number, "bob", "APPROVED")
    world.forge.review(number, "erin", "COMMENTED")
    found = world.imported("--pr", str(number))
    assert ids(found["imported"]) == [str(review)]
    assert found["imported"][0]["subject"].startswith("bob of github approves 1 path at ")
    again = world.imported("--pr", str(number))
    assert again["imported"] == []
    assert again["skipped"][0] == {"review": str(review), "reason": "it has landed already"}
    world.forge.merge(number, "alice", "merge")
    assert world.pending() == []


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_reviews_are_imported_after_a_merge_of_each_kind(world: PullWorld, method: Any) -> None:
    world.commit("alice", "wording", {PROMPT: "Half of it.\n"})
    number = world.change("alice", "wording", {PROMPT: FIRST})
    world.forge.review(number, "bob", "APPROVED")
    other = world.change("carol", "other", {"README.md": "Meanwhile.\n"})
    world.forge.merge(other, "carol")
    world.forge.merge(number, "alice", method)
    assert world.pending() == [PROMPT]
    found = world.imported("--pr", str(number))
    assert found["state"] == "merged"
    assert len(found["imported"]) == 1
    assert world.pending() == []


@pytest.mark.attack("R5")
def test_dismissed_review_is_taken_back(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    review = world.forge.review(number, "bob", "APPROVED")
    world.imported("--pr", str(number))
    world.forge.dismiss(number, review, "alice")
    assert "was dismissed" in world.imported("--pr", str(number))["imported"][0]["subject"]
    assert world.imported("--pr", str(number))["imported"] == []
    world.forge.merge(number, "alice")
    assert world.pending() == [PROMPT]


@pytest.mark.attack("R4")
def test_other_contents_pushed_after_the_review_wait_and_the_same_ones_pass(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    world.forge.review(number, "bob", "APPROVED")
    world.commit("alice", "wording", {PROMPT: SECOND}, start="origin/main")
    world.push("alice", "wording", force=True)
    world.own.git("reflog", "expire", "--expire=now", "--all")
    world.own.git("gc", "-q", "--prune=now")
    world.forge.merge(number, "alice")
    assert len(world.imported("--pr", str(number))["imported"]) == 1
    assert world.pending() == [PROMPT]
    fix = world.change("alice", "again", {PROMPT: FIRST})  # what bob reviewed, in another commit
    world.forge.merge(fix, "alice", "squash")
    assert world.pending() == []


def test_pull_request_from_a_fork_is_read_from_the_repository_itself(world: PullWorld) -> None:
    world.forge.fork("mallory")
    world.commit("mallory", "wording", {PROMPT: FIRST})
    world.push("mallory", "wording", fork="mallory")
    number = world.forge.open("mallory", "wording", fork="mallory")
    world.own.git("checkout", "-q", "main")
    world.own.git("branch", "-q", "-D", "wording")
    world.own.git("reflog", "expire", "--expire=now", "--all")
    world.own.git("gc", "-q", "--prune=now")
    world.forge.review(number, "bob", "APPROVED")
    assert len(world.imported("--pr", str(number))["imported"]) == 1
    world.forge.merge(number, "alice")
    assert world.pending() == [PROMPT]  # nobody knows who mallory is: two owners
    world.forge.review(number, "alice", "APPROVED")
    world.imported("--pr", str(number))
    assert world.pending() == []


@pytest.mark.attack("R3")
def test_whoever_pushed_does_not_review_under_another_name(world: PullWorld) -> None:
    world.commit("alice", "wording", {PROMPT: FIRST})
    world.push("bob", "wording")
    number = world.forge.open("alice", "wording")
    world.forge.review(number, "bob", "APPROVED")
    world.imported("--pr", str(number))
    world.forge.merge(number, "alice")
    assert world.pending() == [PROMPT]


def test_nothing_is_imported_where_nobody_knows_who_pushed(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    world.forge.review(number, "bob", "APPROVED")
    world.forge.pushes.clear()
    found = world.imported("--pr", str(number), code=1)
    assert found["imported"] == []
    assert found["problem"]["code"] == "forge.pushers-unknown"
    assert "agentgov review approve" in world.run("--pr", str(number)).out


@pytest.mark.attack("A6")
def test_number_decides_whatever_the_login(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    world.forge.rename(NUMBERS["bob"], "robert")
    world.forge.account("bob", id=STRANGER)
    taken_over = world.forge.review(number, "bob", "APPROVED")
    renamed = world.forge.review(number, "robert", "APPROVED")
    found = world.imported("--pr", str(number))
    assert ids(found["imported"]) == [str(renamed)]
    assert ids(found["skipped"]) == [str(taken_over)]
    assert f"account {STRANGER} is nobody's in Access" in found["skipped"][0]["reason"]
    world.forge.merge(number, "alice")
    assert world.pending() == []


def test_deleted_accounts_and_bots_review_nothing_and_what_landed_stays(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PAY_PROMPT: FIRST})  # of high risk: two owners
    world.forge.review(number, "bob", "APPROVED")
    world.imported("--pr", str(number))
    world.forge.delete_account(NUMBERS["bob"])
    world.forge.account("ci", bot=True)
    world.forge.review(number, "ci", "APPROVED")
    world.forge.review(number, "dave", "APPROVED")
    world.forge.delete_account(NUMBERS["dave"])
    found = world.imported("--pr", str(number))
    assert found["imported"] == []
    assert [one["reason"].split(" (")[0] for one in found["skipped"]] == [
        "the account that gave it was deleted",
        "bots review nothing",
        "the account that gave it was deleted",
    ]
    world.own.must("dave", "review", "approve", "wording", "--base", "origin/main")
    world.forge.merge(number, "alice")
    assert world.pending() == []


def test_deleted_opener_stops_nothing_where_it_is_known_who_pushed(world: PullWorld) -> None:
    world.commit("alice", "wording", {PROMPT: FIRST})
    world.push("alice", "wording")
    number = world.forge.open("erin", "wording")
    world.forge.delete_account(NUMBERS["erin"])
    world.forge.review(number, "bob", "APPROVED")
    assert len(world.imported("--pr", str(number))["imported"]) == 1


def test_closed_pull_requests_and_other_targets_are_left_alone(world: PullWorld) -> None:
    closed = world.change("alice", "wording", {PROMPT: FIRST})
    world.forge.review(closed, "bob", "APPROVED")
    world.forge.close(closed, "alice")
    assert "closed without being merged" in world.imported("--pr", str(closed))["skipped"][0]["reason"]
    stacked = world.change("alice", "more", {PROMPT: SECOND}, base="wording")
    world.forge.review(stacked, "bob", "APPROVED")
    assert "goes to wording" in world.imported("--pr", str(stacked))["skipped"][0]["reason"]


def test_merge_queue_lands_both_of_a_group(world: PullWorld) -> None:
    first = world.change("alice", "wording", {PROMPT: FIRST})
    second = world.change("alice", "pay", {PAY_PROMPT: FIRST})
    for number, *reviewers in ((first, "bob"), (second, "bob", "dave")):
        for who in reviewers:
            world.forge.review(number, who, "APPROVED")
    world.forge.queue(first, second)
    world.forge.land_queue()
    found = world.imported("--since", "1h")
    assert [len(one["imported"]) for one in found["pullRequests"]] == [1, 2]
    assert world.pending() == []


def test_since_looks_at_what_was_updated_an_hour_before_and_later(world: PullWorld) -> None:
    old = world.change("alice", "wording", {PROMPT: FIRST})
    world.forge.review(old, "bob", "APPROVED")
    world.own.time += 3 * 3600
    new = world.change("alice", "pay", {PAY_PROMPT: FIRST})
    world.forge.review(new, "dave", "APPROVED")
    assert world.imported("--since", "1h")["number"] == new
    found = world.imported("--since", "150m")
    assert [one["number"] for one in found["pullRequests"]] == [old, new]
    assert [len(one["imported"]) for one in found["pullRequests"]] == [1, 0]


def test_what_is_wrong_with_one_keeps_no_other_from_being_imported(world: PullWorld) -> None:
    first = world.change("alice", "wording", {PROMPT: FIRST})
    second = world.change("alice", "pay", {PAY_PROMPT: FIRST})
    for number in (first, second):
        world.forge.review(number, "bob", "APPROVED")
    world.fake.faults.add("html", f"GET /repos/*/pulls/{first}/reviews", times=9)
    found = world.imported("--since", "1h", code=3)
    assert "imported" not in found["pullRequests"][0]
    assert len(found["pullRequests"][1]["imported"]) == 1
    world.fake.faults.clear()
    assert len(world.imported("--pr", str(first))["imported"]) == 1


@pytest.mark.attack("R7")
def test_wherever_the_forge_goes_down_nothing_lands_and_nothing_is_taken_back(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    review = world.forge.review(number, "bob", "APPROVED")
    world.imported("--pr", str(number))
    world.forge.dismiss(number, review, "alice")
    world.forge.review(number, "dave", "APPROVED")
    world.fake.faults.clear()
    world.imported("--pr", str(number), "--dry-run")
    asked, tip = world.fake.faults.seen, world.forge.tip("refs/heads/agentgov/journal")
    assert asked >= 5
    for first in range(1, asked + 1):
        world.fake.faults.clear()
        for place in range(first, first + 40):
            world.fake.faults.add("503", number=place)
        assert world.run("--pr", str(number)).code == 3, first
        assert world.forge.tip("refs/heads/agentgov/journal") == tip
    world.fake.faults.clear()
    assert len(world.imported("--pr", str(number))["imported"]) == 2


def test_reviewed_commit_that_is_gone_is_named_and_the_others_land(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    gone = world.forge.review(number, "dave", "APPROVED", commit="a" * 40)
    world.forge.review(number, "bob", "APPROVED")
    found = world.imported("--pr", str(number), code=3)
    assert ids(found["missing"]) == [str(gone)]
    assert len(found["imported"]) == 1


def test_dry_run_takes_no_key_and_writes_nothing(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    review = world.forge.review(number, "bob", "APPROVED")
    ran = world.run("--pr", str(number), "--dry-run", who="bob")
    assert ran.code == 0
    assert f"would import review {review}: bob of github approves 1 path" in ran.out
    assert world.imported("--pr", str(number), "--dry-run")["imported"][0]["act"] == ""
    assert len(world.imported("--pr", str(number))["imported"]) == 1


def test_facts_that_are_written_import_the_same(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    review = world.forge.review(number, "bob", "APPROVED")
    file = world.own.folder / "facts.json"
    world.imported("--pr", str(number), "--dry-run", "--write-facts", str(file))
    env = {"AGENTGOV_KEY_FILE": str(world.own.keys / "importer")}
    found = world.own.asked("importer", "review", "import", "--facts", str(file), env=env)
    assert ids(found["imported"]) == [str(review)]
    assert world.imported("--pr", str(number))["imported"] == []


def test_it_takes_the_key_of_an_importer_before_it_asks_anything(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    assert world.run("--pr", str(number), who="bob").code == 1
    assert world.fake.requests == []


def test_branch_that_is_checked_out_names_no_journal(world: PullWorld) -> None:
    text = world.own.edit("agentgov.yaml", "journal: {", "journal: {branch: mine, ")
    number = world.change("alice", "wording", {PROMPT: FIRST, "agentgov.yaml": text})
    world.forge.review(number, "bob", "APPROVED")
    assert len(world.imported("--pr", str(number))["imported"]) == 1
    assert world.forge.tip("refs/heads/mine") == ""


def test_hundred_reviews_come_in_one_push(world: PullWorld) -> None:
    number = world.change("alice", "wording", {PROMPT: FIRST})
    for _ in range(100):
        world.forge.review(number, "bob", "APPROVED")
    before = world.own.must("dave", "status", "--json").document["journal"]["seq"]
    assert len(world.imported("--pr", str(number))["imported"]) == 100
    assert world.own.must("dave", "status", "--json").document["journal"]["seq"] == before + 100


@pytest.mark.parametrize("args", [(), ("--pr", "1", "--since", "1h"), ("--since", "1h", "--write-facts", "x")])
def test_flags_that_do_not_go_together(world: PullWorld, args: tuple[str, ...]) -> None:
    assert world.run(*args).code == 2
    assert world.fake.requests == []


def test_token_that_is_nobodys_is_a_matter_of_set_up(world: PullWorld) -> None:
    ran = world.run("--pr", "1", token="wrong-token")
    assert ran.code == 2
    assert "wrong-token" not in ran.err + ran.out
    assert IMPORT[0] not in ran.out
