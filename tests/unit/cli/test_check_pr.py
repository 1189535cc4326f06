"""`check --pr`: which reviews of a forge count for a fleet, and that no failure is ever a pass."""

import json
from pathlib import Path
from typing import Any

import gitworld
import pytest
from prworld import NUMBERS, PullRequestWorld
from unit.cli.command_world import ACCESS, PROMPT, CommandWorld

BRIEF = {PROMPT: "Sort tickets by urgency. Be brief.\n"}
LOUD = {PROMPT: "Sort tickets by urgency. Be loud.\n"}


def verdict(world: PullRequestWorld, number: int, *args: str) -> str:
    """The verdict; its exit code says the same."""
    found = world.check(number, "--json", *args)
    assert found.code == (0 if found.document["verdict"] == "pass" else 1), found
    return str(found.document["verdict"])


def reasons(document: dict[str, Any]) -> list[str]:
    return [one["reason"] for one in document["not_imported"]]


def test_an_ordinary_approval_counts(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    before = on_github.asked(number, code=1)
    assert (before["verdict"], before["judged_by"]) == ("pending", "contents")
    assert before["would_pass"] == {"people": ["bob"], "fewest": True}
    assert before["published"] == {"status": None, "comment": None}
    on_github.forge.review(number, "bob", "APPROVED")
    after = on_github.asked(number, code=0)
    assert after["pull_request"]["head"] == on_github.forge.pulls[number].head
    assert on_github.fake.writes() == []


def test_a_push_of_other_contents_leaves_the_approval_behind_and_a_rebase_does_not(
    on_github: PullRequestWorld,
) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    on_github.commands.git("commit", "-q", "--amend", "-m", "Other words, same contents", who="alice")
    on_github.push("alice", "topic", force=True)
    assert verdict(on_github, number) == "pass"
    on_github.commit("alice", LOUD, "topic")
    on_github.push("alice", "topic")
    assert verdict(on_github, number) == "pending"
    assert on_github.asked(number, code=1)["reviews"][0]["reason"] == "stale"


@pytest.mark.attack("R4")
def test_approving_an_old_commit_approves_its_contents_only(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    old = on_github.forge.pulls[number].head
    on_github.commit("alice", LOUD, "topic")
    on_github.push("alice", "topic")
    on_github.forge.review(number, "bob", "APPROVED", commit=old)
    assert verdict(on_github, number) == "pending"


@pytest.mark.attack("R5")
def test_a_dismissed_approval_counts_no_more(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    review = on_github.forge.review(number, "bob", "APPROVED")
    assert verdict(on_github, number) == "pass"
    on_github.forge.dismiss(number, review, "alice")
    assert verdict(on_github, number) == "pending"


def test_a_request_for_changes_blocks_until_the_same_person_approves(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "CHANGES_REQUESTED")
    assert on_github.asked(number, code=1)["blocked_by"] == ["bob"]
    on_github.forge.review(number, "bob", "APPROVED")
    assert verdict(on_github, number) == "pass"


@pytest.mark.attack("R3")
def test_whoever_pushed_approves_nothing_whatever_name_the_commits_bear(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.commit("alice", LOUD, "topic")
    on_github.push("bob", "topic")
    on_github.forge.review(number, "bob", "APPROVED")
    found = on_github.asked(number, code=1)
    assert found["reviews"] == [{"user": "bob", "opinion": "approve", "counted": False, "reason": "author"}]


@pytest.mark.attack("A6")
def test_a_login_that_changed_hands_is_nobody_and_the_number_is_still_bob(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.rename(NUMBERS["bob"], "robert")
    on_github.forge.review(number, "bob", "APPROVED")  # somebody who registered the login anew
    assert verdict(on_github, number) == "pending"
    on_github.forge.review(number, "robert", "APPROVED")
    assert verdict(on_github, number) == "pass"


def test_reviews_that_cannot_be_imported_are_told_and_count_for_nothing(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.account("helper[bot]", bot=True)
    on_github.forge.review(number, "helper[bot]", "APPROVED")
    on_github.forge.review(number, "bob", "APPROVED", commit=None)
    found = on_github.asked(number, code=1)
    assert {one["login"] for one in found["not_imported"]} == {"helper[bot]", "bob"}
    text = on_github.check(number).out
    assert "not imported helper[bot] (approve): bots review nothing" in text


@pytest.mark.attack("R6")
@pytest.mark.parametrize("commit", [None, "a" * 40])
def test_a_request_for_changes_of_a_commit_that_nobody_knows_holds(
    on_github: PullRequestWorld, commit: str | None
) -> None:
    number = on_github.propose("alice", BRIEF)
    review = on_github.forge.review(number, "bob", "CHANGES_REQUESTED", commit=commit)
    assert on_github.asked(number, code=1)["blocked_by"] == ["bob"]
    on_github.forge.dismiss(number, review, "carol")
    assert verdict(on_github, number) == "pending"


def test_where_nobody_can_tell_who_pushed_no_approval_counts(on_github: PullRequestWorld) -> None:
    on_github.forge.fork("alice")
    number = on_github.propose("alice", BRIEF, fork="alice")
    on_github.forge.review(number, "bob", "APPROVED")
    assert verdict(on_github, number) == "pass"
    on_github.forge.delete_fork("alice")
    found = on_github.asked(number, code=1)
    assert "does not say who pushed" in reasons(found)[0]
    assert "agentgov review approve" in reasons(found)[0]


def test_governance_takes_personal_signatures_and_the_comment_says_how(on_github: PullRequestWorld) -> None:
    text = (on_github.commands.fleet / ACCESS).read_text()
    number = on_github.propose("alice", {ACCESS: f"# looked over\n{text}"})
    on_github.forge.review(number, "carol", "APPROVED")
    found = on_github.asked(number, "--comment", code=1)
    assert found["reviews"] == [{"user": "carol", "opinion": "approve", "counted": False, "reason": "personal"}]
    head = on_github.forge.pulls[number].head
    assert f"`agentgov review approve {head}`" in on_github.forge.comments[0].body
    on_github.commands.must("carol", "review", "approve", head)
    assert verdict(on_github, number) == "pass"


@pytest.mark.attack("P1")
def test_a_change_does_not_decide_who_judges_it(on_github: PullRequestWorld) -> None:
    fleet = (on_github.commands.fleet / "agentgov.yaml").read_text()
    assert "journal: {" in fleet
    mine = {
        **BRIEF,
        ".github/CODEOWNERS": "* @sim/support\n",
        "agentgov.yaml": fleet.replace("journal: {", "journal: {branch: alice/journal, "),
    }
    number = on_github.propose("alice", mine)
    on_github.forge.review(number, "bob", "APPROVED")
    assert on_github.asked(number, code=1)["missing_paths"][:1] == [".github/CODEOWNERS"]


@pytest.mark.attack("R2")
def test_a_pull_request_to_another_branch_is_compared_with_main(on_github: PullRequestWorld) -> None:
    fleet = (on_github.commands.fleet / "agentgov.yaml").read_text()
    own = fleet.replace("journal: {", "journal: {branch: alice/journal, ")
    on_github.commit("alice", {**LOUD, "agentgov.yaml": own, ".github/CODEOWNERS": "* @sim/support\n"}, "elsewhere")
    on_github.push("alice", "elsewhere")
    on_github.commands.git("switch", "-q", "-c", "topic")
    on_github.commands.change("alice", {"README.md": "Nothing governed.\n"}, push=False)
    on_github.push("alice", "topic")
    number = on_github.forge.open("alice", "topic", base="elsewhere")
    found = on_github.asked(number, "--comment", code=1)
    assert found["missing_paths"] == [".github/CODEOWNERS", "agentgov.yaml", PROMPT]
    assert "It goes to `elsewhere`, and is compared with `main`" in on_github.forge.comments[0].body


def test_it_works_in_a_bare_repository_and_checks_nothing_out(on_github: PullRequestWorld, tmp_path: Path) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    bare = gitworld.make_repository(tmp_path / "bare.git", bare=True)
    gitworld.git(bare, "remote", "add", "origin", str(on_github.commands.remote))
    found = on_github.run("check", "--pr", str(number), "--comment", cwd=bare)
    assert found.code == 0, found
    assert "- `support/triage` " in on_github.forge.comments[0].body
    refs = gitworld.git(bare, "for-each-ref", "--format=%(refname)").decode().split()
    assert refs == ["refs/remotes/origin/agentgov/journal"]


def test_recorded_facts_give_the_same_verdict(on_github: PullRequestWorld, tmp_path: Path) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    file = str(tmp_path / "facts.json")
    direct = on_github.asked(number, "--write-facts", file, code=0)
    again = on_github.commands.asked("alice", "check", "--facts", file)
    assert {key: direct[key] for key in again} == again


def test_elsewhere_it_is_judged_by_commits(on_github: PullRequestWorld, tmp_path: Path) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.team("@sim/support", "alice", "bob")
    on_github.forge.team("@sim/platform", "carol")
    on_github.forge.permission("bob", "write")
    on_github.token = on_github.fake.token("carol")
    policy, file = tmp_path / "policy.json", tmp_path / "facts.json"
    policy.write_text(json.dumps({"approvals": 1}))
    args = ("--by", "commits", "--policy", str(policy), "--write-facts", str(file))
    before = on_github.asked(number, *args, code=1)
    assert (before["judged_by"], before["missing_paths"]) == ("commits", [PROMPT])
    on_github.forge.review(number, "bob", "APPROVED")
    direct = on_github.asked(number, *args, "--status", code=0)
    again = on_github.commands.asked("alice", "check", "--facts", str(file))
    assert {key: direct[key] for key in again} == again
    assert [one.name for one in on_github.forge.statuses] == ["agentgov/reviews"]


@pytest.mark.attack("R2")
def test_by_commits_a_status_for_another_branch_has_another_name(on_github: PullRequestWorld) -> None:
    on_github.forge.team("@sim/support", "alice", "bob")
    on_github.token = on_github.fake.token("carol")
    on_github.commands.git("push", "-q", "origin", "origin/main:refs/heads/release/1.x")
    number = on_github.propose("alice", BRIEF, base="release/1.x")
    on_github.asked(number, "--by", "commits", "--status", code=1)
    assert [one.name for one in on_github.forge.statuses] == ["agentgov/reviews (release/1.x)"]


@pytest.mark.attack("R7")
def test_wherever_the_forge_goes_down_there_is_no_pass(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    on_github.fake.faults.clear()
    assert on_github.check(number, "--status").code == 0
    asked = on_github.fake.faults.seen
    assert asked > 8
    for first in range(1, asked + 1):
        on_github.forge.check_runs.clear()
        on_github.fake.faults.clear()
        for place in range(first, first + 60):
            on_github.fake.faults.add("503", number=place)
        found = on_github.check(number, "--status")
        assert found.code == 3, (first, found)
        assert on_github.forge.check_runs == [], first


@pytest.mark.attack("R7")
def test_whatever_cannot_be_read_takes_an_earlier_pass_away(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    before = len(on_github.fake.requests)
    assert on_github.check(number, "--status").code == 0
    lines = dict.fromkeys(one.line for one in on_github.fake.requests[before:] if one.method == "GET")
    told = [
        line
        for line in lines
        if "/check-runs" not in line and not line.endswith(("/user", "/fleet", f"/pulls/{number}"))
    ]
    assert len(told) >= 3
    for line in told:
        on_github.fake.faults.clear()
        on_github.fake.faults.add("503", line, times=100)
        found = on_github.check(number, "--status")
        assert found.code == 3, (line, found)
        on_github.fake.faults.clear()
        last = on_github.forge.check_runs[-1]
        assert (last.conclusion, last.title) == ("failure", "The reviews could not be judged: run it again"), line
        assert on_github.check(number, "--status").code == 0


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("--pr", "1", "--head", "HEAD"), "--head or --base and --pr"),
        (("--comment",), "for a pull request"),
        (("--pr", "1", "--assume-approval", "bob", "--status"), "only assumed"),
        (("--pr", "1", "--by", "contents", "--policy", "/dev/null"), "/dev/null"),
        (("--pr", "0"), "0"),
    ],
)
def test_options_that_contradict_each_other_are_refused(begun: CommandWorld, args: tuple[str, ...], word: str) -> None:
    found = begun.run("alice", "check", *args, "--forge", "github", "--project", "sim/fleet")
    assert found.code == 2
    assert word in found.err
