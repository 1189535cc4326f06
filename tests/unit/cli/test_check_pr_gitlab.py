"""`check --pr` on GitLab: approvals count for what was looked at, and the verdict is told as a status and one note."""

from pathlib import Path

import pytest
from gitlabfleet import GitLabFleet
from unit.cli.command_world import ACCESS, PROMPT

BRIEF = {PROMPT: "Be brief.\n"}
LOUD = {PROMPT: "Be loud.\n"}
COMMENT = ("--status", "--comment")


def test_an_approval_passes_and_status_and_note_follow_in_place(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    assert on_gitlab.asked(number, *COMMENT, code=1)["published"] == {"status": "created", "comment": "created"}
    assert on_gitlab.statuses == ["pending"]
    on_gitlab.forge.approve(number, "bob")
    found = on_gitlab.asked(number, *COMMENT, code=0)
    assert (found["verdict"], found["judged_by"]) == ("pass", "contents")
    assert found["published"] == {"status": "updated", "comment": "updated"}
    assert (on_gitlab.statuses, len(on_gitlab.forge.comments)) == (["success"], 1)
    written = len(on_gitlab.fake.writes)
    assert on_gitlab.asked(number, *COMMENT, code=0)["published"] == {"status": "unchanged", "comment": "unchanged"}
    assert len(on_gitlab.fake.writes) == written


def test_a_push_of_other_contents_leaves_the_approval_behind_and_a_rebase_does_not(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.forge.approve(number, "bob")
    on_gitlab.later(3600)
    on_gitlab.push("alice", BRIEF, force=True)
    assert on_gitlab.check(number, *COMMENT).code == 0
    on_gitlab.push("alice", LOUD)
    assert on_gitlab.asked(number, *COMMENT, code=1)["reviews"][0]["reason"] == "stale"
    assert on_gitlab.statuses == ["success", "pending"]  # each on its own head
    assert on_gitlab.forge.jobs[-1].commit == on_gitlab.forge.pulls[number].head


@pytest.mark.attack("R18")
def test_an_approval_half_a_minute_after_a_push_counts_for_nothing_and_is_told(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.push("alice", LOUD)
    on_gitlab.later(-3570)
    on_gitlab.forge.approve(number, "bob")
    found = on_gitlab.asked(number, code=1)
    assert "approved right after a push; approve again" in str(found["not_imported"])
    on_gitlab.later(3600)
    on_gitlab.forge.unapprove(number, "bob")
    on_gitlab.forge.approve(number, "bob")
    assert on_gitlab.check(number).code == 0


@pytest.mark.attack("R5")
def test_approvals_that_were_taken_back_or_reset_count_no_more(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.forge.approve(number, "bob")
    assert on_gitlab.check(number, "--status").code == 0
    on_gitlab.forge.unapprove(number, "bob")
    assert on_gitlab.check(number, "--status").code == 1
    assert on_gitlab.statuses == ["pending"]
    on_gitlab.forge.approve(number, "bob")
    on_gitlab.forge.reset_approvals(number)
    assert on_gitlab.check(number).code == 1


@pytest.mark.attack("R21")
def test_a_request_for_changes_blocks_until_the_same_person_approves(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.forge.request_changes(number, "bob")
    assert on_gitlab.asked(number, "--status", code=1)["verdict"] == "blocked"
    assert on_gitlab.statuses == ["failed"]
    on_gitlab.forge.of(number).reviewers[on_gitlab.forge.account("bob")] = "unreviewed"  # asked for again by the author
    assert on_gitlab.asked(number, code=1)["verdict"] == "blocked"
    on_gitlab.later(60)
    on_gitlab.forge.approve(number, "bob")
    assert on_gitlab.asked(number, code=0)["verdict"] == "pass"


@pytest.mark.attack("R3")
def test_whoever_pushed_approves_nothing_whatever_name_the_commits_bear(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.commands.git("commit", "-q", "--amend", "-m", "By alice", who="alice")
    on_gitlab.forge.push("bob", on_gitlab.commands.fleet, "topic", force=True)
    on_gitlab.later(3600)
    on_gitlab.forge.approve(number, "bob")
    assert on_gitlab.asked(number, code=1)["reviews"][0]["reason"] == "author"


def test_where_a_fork_is_hidden_no_approval_counts(on_gitlab: GitLabFleet) -> None:
    on_gitlab.forge.fork("alice")
    number = on_gitlab.propose("alice", BRIEF, fork="alice")
    on_gitlab.forge.approve(number, "bob")
    assert on_gitlab.check(number, "--status").code == 0
    on_gitlab.forge.hide_fork("alice")
    found = on_gitlab.asked(number, "--status", code=1)
    assert "does not say who pushed" in str(found["not_imported"])
    assert on_gitlab.statuses == ["pending"]


@pytest.mark.attack("R20")
def test_no_words_of_others_become_a_command(on_gitlab: GitLabFleet) -> None:
    on_gitlab.propose("alice", {**BRIEF, "agents/support/triage/\n/merge": "x\n"}, "x", title="/merge\n/approve @all")
    assert on_gitlab.check(1, *COMMENT).code == 1
    assert on_gitlab.forge.commands == []
    assert "\n/" not in on_gitlab.forge.comments[0].body


def test_an_external_status_check_is_answered_in_place_of_a_commit_status(on_gitlab: GitLabFleet) -> None:
    on_gitlab.forge.status_checks[12] = "agentgov"
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.forge.approve(number, "bob")
    args = ("check", "--pr", str(number), "--status")
    assert on_gitlab.run("mallory", *args, env={"AGENTGOV_GITLAB_STATUS_CHECK": "12"}).code == 0
    assert (list(on_gitlab.forge.of(number).checks.values()), on_gitlab.statuses) == (["passed"], [])
    assert on_gitlab.run("mallory", *args, env={"AGENTGOV_GITLAB_STATUS_CHECK": "twelve"}).code == 2


def test_governance_still_takes_personal_signatures(on_gitlab: GitLabFleet) -> None:
    text = (on_gitlab.commands.fleet / ACCESS).read_text()
    number = on_gitlab.propose("alice", {ACCESS: text.replace("bots:", "# a word\nbots:")})
    on_gitlab.forge.approve(number, "carol")
    assert on_gitlab.asked(number, code=1)["verdict"] == "pending"


@pytest.mark.attack("R7")
def test_wherever_gitlab_goes_down_there_is_no_pass(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.forge.approve(number, "bob")
    on_gitlab.fake.faults.clear()
    assert on_gitlab.check(number, "--status").code == 0
    asked = on_gitlab.fake.faults.seen
    assert asked > 15
    for first in range(1, asked + 1):
        on_gitlab.forge.jobs.clear()
        on_gitlab.fake.faults.clear()
        for place in range(first, first + 80):
            on_gitlab.fake.faults.add("503", number=place)
        found = on_gitlab.check(number, "--status")
        assert found.code == 3, (first, found)
        assert "success" not in on_gitlab.statuses, first


def test_elsewhere_it_is_judged_by_commits_and_by_the_groups_of_gitlab(on_gitlab: GitLabFleet, tmp_path: Path) -> None:
    world = on_gitlab.forge
    on_gitlab.push("carol", {"CODEOWNERS": "* @sim/platform\n/agents/support/ @sim/support\n"}, "main")
    number = on_gitlab.propose("alice", BRIEF)
    world.team("@sim/support", "bob", "dave")
    world.permission("bob", "write")
    world.permission("dave", "write")
    args = ("--by", "commits", "--write-facts", str(tmp_path / "facts.json"))
    before = on_gitlab.asked(number, *args, code=1)
    assert (before["judged_by"], before["missing_paths"]) == ("commits", [PROMPT])
    world.approve(number, "bob")
    assert on_gitlab.asked(number, *args, code=1)["would_pass"]["people"] == ["dave"]  # its author is unknown
    world.approve(number, "dave")
    direct = on_gitlab.asked(number, *args, "--status", code=0)
    again = on_gitlab.commands.asked("alice", "check", "--facts", str(tmp_path / "facts.json"))
    assert {key: direct[key] for key in again} == again
    assert on_gitlab.statuses == ["success"]
    world.hidden_groups.add("sim/support")
    found = on_gitlab.check(number, *args, "--status")
    assert (found.code, on_gitlab.statuses) == (3, ["failed"])
    assert "@sim/support" in found.err
