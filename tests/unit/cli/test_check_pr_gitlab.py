"""`check --pr` on GitLab: approvals count for what was looked at, and the verdict is told as a status and one note."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gitlabfleet import GitLabFleet
from prworld import with_accounts
from unit.cli.command_world import ACCESS, PROMPT, CommandWorld

BRIEF = {PROMPT: "Be brief.\n"}
LOUD = {PROMPT: "Be loud.\n"}
COMMENT = ("--status", "--comment")


@pytest.fixture(scope="module")
def gitlab_world(begun_world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    return with_accounts(begun_world.copied(tmp_path_factory.mktemp("worlds") / "gitlab"), "gitlab").packed()


@pytest.fixture
def fleet(gitlab_world: CommandWorld, tmp_path: Path) -> Iterator[GitLabFleet]:
    with GitLabFleet.on(gitlab_world.copied(tmp_path / "world")) as found:
        yield found


def test_an_approval_passes_and_status_and_note_follow_in_place(fleet: GitLabFleet) -> None:
    number = fleet.propose("alice", BRIEF)
    assert fleet.asked(number, *COMMENT, code=1)["published"] == {"status": "created", "comment": "created"}
    assert fleet.statuses == ["pending"]
    fleet.forge.approve(number, "bob")
    found = fleet.asked(number, *COMMENT, code=0)
    assert (found["verdict"], found["judged_by"]) == ("pass", "contents")
    assert found["published"] == {"status": "updated", "comment": "updated"}
    assert (fleet.statuses, len(fleet.forge.comments)) == (["success"], 1)
    written = len(fleet.fake.writes)
    assert fleet.asked(number, *COMMENT, code=0)["published"] == {"status": "unchanged", "comment": "unchanged"}
    assert len(fleet.fake.writes) == written


def test_a_push_of_other_contents_leaves_the_approval_behind_and_a_rebase_does_not(fleet: GitLabFleet) -> None:
    number = fleet.propose("alice", BRIEF)
    fleet.forge.approve(number, "bob")
    fleet.later(3600)
    fleet.push("alice", BRIEF, force=True)
    assert fleet.check(number, *COMMENT).code == 0
    fleet.push("alice", LOUD)
    assert fleet.asked(number, *COMMENT, code=1)["reviews"][0]["reason"] == "stale"
    assert fleet.statuses == ["success", "pending"]  # each on its own head
    assert fleet.forge.jobs[-1].commit == fleet.forge.pulls[number].head


def test_an_approval_half_a_minute_after_a_push_counts_for_nothing_and_is_told(fleet: GitLabFleet) -> None:
    number = fleet.propose("alice", BRIEF)
    fleet.push("alice", LOUD)
    fleet.later(-3570)
    fleet.forge.approve(number, "bob")
    found = fleet.asked(number, code=1)
    assert "approved right after a push; approve again" in str(found["not_imported"])
    fleet.later(3600)
    fleet.forge.unapprove(number, "bob")
    fleet.forge.approve(number, "bob")
    assert fleet.check(number).code == 0


def test_approvals_that_were_taken_back_or_reset_count_no_more(fleet: GitLabFleet) -> None:
    number = fleet.propose("alice", BRIEF)
    fleet.forge.approve(number, "bob")
    assert fleet.check(number, "--status").code == 0
    fleet.forge.unapprove(number, "bob")
    assert fleet.check(number, "--status").code == 1
    assert fleet.statuses == ["pending"]
    fleet.forge.approve(number, "bob")
    fleet.forge.reset_approvals(number)
    assert fleet.check(number).code == 1


def test_a_request_for_changes_blocks_until_the_same_person_approves(fleet: GitLabFleet) -> None:
    number = fleet.propose("alice", BRIEF)
    fleet.forge.request_changes(number, "bob")
    assert fleet.asked(number, "--status", code=1)["verdict"] == "blocked"
    assert fleet.statuses == ["failed"]
    fleet.forge.of(number).reviewers[fleet.forge.account("bob")] = "unreviewed"  # asked for again by the author
    assert fleet.asked(number, code=1)["verdict"] == "blocked"
    fleet.later(60)
    fleet.forge.approve(number, "bob")
    assert fleet.asked(number, code=0)["verdict"] == "pass"


def test_whoever_pushed_approves_nothing_whatever_name_the_commits_bear(fleet: GitLabFleet) -> None:
    number = fleet.propose("alice", BRIEF)
    fleet.commands.git("commit", "-q", "--amend", "-m", "By alice", who="alice")
    fleet.forge.push("bob", fleet.commands.fleet, "topic", force=True)
    fleet.later(3600)
    fleet.forge.approve(number, "bob")
    assert fleet.asked(number, code=1)["reviews"][0]["reason"] == "author"


def test_where_a_fork_is_hidden_no_approval_counts(fleet: GitLabFleet) -> None:
    fleet.forge.fork("alice")
    number = fleet.propose("alice", BRIEF, fork="alice")
    fleet.forge.approve(number, "bob")
    assert fleet.check(number, "--status").code == 0
    fleet.forge.hide_fork("alice")
    found = fleet.asked(number, "--status", code=1)
    assert "does not say who pushed" in str(found["not_imported"])
    assert fleet.statuses == ["pending"]


def test_no_words_of_others_become_a_command(fleet: GitLabFleet) -> None:
    fleet.propose("alice", {**BRIEF, "agents/support/triage/\n/merge": "x\n"}, "x", title="/merge\n/approve @all")
    assert fleet.check(1, *COMMENT).code == 1
    assert fleet.forge.commands == []
    assert "\n/" not in fleet.forge.comments[0].body


def test_an_external_status_check_is_answered_in_place_of_a_commit_status(fleet: GitLabFleet) -> None:
    fleet.forge.status_checks[12] = "agentgov"
    number = fleet.propose("alice", BRIEF)
    fleet.forge.approve(number, "bob")
    args = ("check", "--pr", str(number), "--status")
    assert fleet.run("mallory", *args, env={"AGENTGOV_GITLAB_STATUS_CHECK": "12"}).code == 0
    assert (list(fleet.forge.of(number).checks.values()), fleet.statuses) == (["passed"], [])
    assert fleet.run("mallory", *args, env={"AGENTGOV_GITLAB_STATUS_CHECK": "twelve"}).code == 2


def test_governance_still_takes_personal_signatures(fleet: GitLabFleet) -> None:
    text = (fleet.commands.fleet / ACCESS).read_text()
    number = fleet.propose("alice", {ACCESS: text.replace("bots:", "# a word\nbots:")})
    fleet.forge.approve(number, "carol")
    assert fleet.asked(number, code=1)["verdict"] == "pending"


def test_wherever_gitlab_goes_down_there_is_no_pass(fleet: GitLabFleet) -> None:
    number = fleet.propose("alice", BRIEF)
    fleet.forge.approve(number, "bob")
    fleet.fake.faults.clear()
    assert fleet.check(number, "--status").code == 0
    asked = fleet.fake.faults.seen
    assert asked > 15
    for first in range(1, asked + 1):
        fleet.forge.jobs.clear()
        fleet.fake.faults.clear()
        for place in range(first, first + 80):
            fleet.fake.faults.add("503", number=place)
        found = fleet.check(number, "--status")
        assert found.code == 3, (first, found)
        assert "success" not in fleet.statuses, first
