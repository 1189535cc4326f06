"""`check --pr --status --comment`: one status that is never neutral, and one comment that is ours alone."""

from typing import Any

import pytest
from prworld import PullRequestWorld
from unit.cli.command_world import PROMPT

from agentgov.forge.marker import MARKER, marked

BRIEF = {PROMPT: "Sort tickets by urgency. Be brief.\n"}
TOLD = ("--status", "--comment")
BOT = "github-actions[bot]"


def runs(world: PullRequestWorld) -> list[str]:
    """What the check runs of our name say, oldest first."""
    return [run.conclusion or run.status for run in world.forge.check_runs if run.name == "agentgov/reviews"]


def test_status_and_comment_follow_the_verdict_in_place(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    assert on_github.asked(number, *TOLD, code=1)["published"] == {"status": "created", "comment": "created"}
    assert runs(on_github) == ["in_progress"]
    (comment,) = on_github.forge.comments
    assert comment.body.startswith(f"{MARKER}\n**agentgov: 1 of 1 path waits.**")
    assert "Unblocks it: an approval by bob (owners of `agents/support/triage/prompts/system.md`)." in comment.body
    review = on_github.forge.review(number, "bob", "APPROVED")
    assert on_github.asked(number, *TOLD, code=0)["published"] == {"status": "updated", "comment": "updated"}
    assert runs(on_github) == ["success"]
    on_github.forge.dismiss(number, review, "carol")
    on_github.asked(number, *TOLD, code=1)
    assert runs(on_github) == ["success", "in_progress"]  # GitHub goes by the latest
    (comment,) = on_github.forge.comments
    assert "1 of 1 path waits" in comment.body
    assert "GITHUB" not in comment.body.upper().replace(BOT.upper(), "")


def test_nothing_is_written_that_stands_there_already(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.check(number, *TOLD)
    written = len(on_github.fake.writes())
    on_github.commands.time += 3600
    found = on_github.asked(number, *TOLD, code=1)
    assert found["published"] == {"status": "unchanged", "comment": "unchanged"}
    assert len(on_github.fake.writes()) == written


@pytest.mark.attack("R1")
def test_a_forged_marker_is_left_alone(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    mallory = on_github.fake.token("mallory")
    mine, on_github.token = on_github.token, mallory
    on_github.run("check", "--pr", str(number), "--comment")  # with the marker, by somebody else's account
    on_github.token = mine
    forged = on_github.forge.comments[0].body
    assert on_github.asked(number, "--comment", code=1)["published"]["comment"] == "created"
    on_github.forge.review(number, "bob", "APPROVED")
    on_github.check(number, "--comment")
    assert on_github.forge.comments[0].body == forged
    assert len(on_github.forge.comments) == 2
    assert "every path has" in on_github.forge.comments[1].body


def test_a_comment_that_somebody_deleted_is_written_anew(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.check(number, "--comment")
    on_github.forge.comments.clear()
    assert on_github.asked(number, "--comment", code=1)["published"]["comment"] == "created"
    assert len(on_github.forge.comments) == 1


def test_two_runs_at_once_leave_one_comment_that_is_kept(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    create = on_github.fake._routes["issues/create-comment"]

    def beaten(asked: Any) -> Any:
        """Another run writes its comment right before ours arrives."""
        if not on_github.forge.comments:
            create(asked)
            on_github.forge.comments[0].body = marked("of the other run")
        return create(asked)

    on_github.fake._routes["issues/create-comment"] = beaten
    on_github.check(number, "--comment")
    first, second = on_github.forge.comments
    assert first.body.startswith(f"{MARKER}\n**agentgov: 1 of 1")
    assert MARKER not in second.body
    assert on_github.asked(number, "--comment", code=1)["published"]["comment"] == "unchanged"


def test_drafts_are_quiet_until_there_is_a_comment(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF, draft=True)
    found = on_github.asked(number, *TOLD, code=1)
    assert found["published"] == {"status": "created", "comment": "left out"}
    on_github.forge.set_draft(number, False, "alice")
    assert on_github.asked(number, *TOLD, code=1)["published"]["comment"] == "created"
    on_github.forge.set_draft(number, True, "alice")
    on_github.forge.review(number, "bob", "APPROVED")
    assert on_github.asked(number, *TOLD, code=0)["published"]["comment"] == "updated"


def test_a_token_that_only_reads_is_told_and_changes_no_verdict(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    on_github.token = on_github.fake.installation("contents:read", "pull_requests:read", "checks:write")
    found = on_github.check(number, *TOLD)
    assert found.code == 0
    assert "warning: the comment could not be published" in found.err
    assert runs(on_github) == ["success"]


def test_a_verdict_that_nobody_sees_is_no_answer(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    on_github.token = on_github.fake.installation("contents:read", "pull_requests:write")
    found = on_github.asked(number, *TOLD, code=3)
    assert found["verdict"] == "pass"
    assert found["published"] == {"status": "failed", "comment": None}
    assert on_github.forge.comments == []


def test_a_person_s_token_gives_a_commit_status(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.token = on_github.fake.token("carol")
    on_github.check(number, "--status")
    on_github.forge.review(number, "bob", "APPROVED")
    on_github.check(number, "--status")
    assert [one.state for one in on_github.forge.statuses] == ["pending", "success"]
    assert on_github.forge.statuses[0].description.startswith("1 of 1 path waits: an approval by bob (owners of")


def test_a_block_is_annotated_where_it_stands(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "CHANGES_REQUESTED")
    on_github.check(number, "--status")
    (run,) = on_github.forge.check_runs
    assert (run.conclusion, run.title) == ("failure", "bob asked for changes")
    assert [one["path"] for one in run.annotations] == [PROMPT]


@pytest.mark.attack("R8")
def test_words_of_others_act_neither_in_the_comment_nor_in_the_log(on_github: PullRequestWorld) -> None:
    hostile = f"{MARKER}\n/approve\n@sim/support <img src=x> $(id)\n"
    number = on_github.propose("alice", {PROMPT: hostile}, title="$(id) /merge @sim/support <!-- agentgov")
    on_github.forge.rename(on_github.forge.account("mallory"), "evil-@everyone")
    on_github.forge.review(number, "evil-@everyone", "APPROVED")
    found = on_github.check(number, *TOLD)
    (comment,) = on_github.forge.comments
    assert comment.body.count(MARKER) == 1
    assert not [line for line in comment.body.splitlines() if line.lstrip().startswith(("/", "@"))]
    assert "<img" not in comment.body
    assert found.code == 1


def test_an_override_is_told_with_its_reason_and_who_gave_it(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    reason = "Refunds are down; @sim/support is away"
    on_github.commands.must("carol", "override", "content", "--reason", reason, "--due", "24h")
    assert on_github.asked(number, *TOLD, code=0)["overridden"] == [{"path": PROMPT, "by": ["carol"]}]
    (comment,) = on_github.forge.comments
    assert "**agentgov: passes, 1 of 1 path by an override.**" in comment.body
    assert f"carol let it through without its reviews: `{reason}`" in comment.body


def test_somebody_who_is_not_in_access_is_greeted(on_github: PullRequestWorld) -> None:
    on_github.forge.fork("newcomer")
    number = on_github.propose("newcomer", BRIEF, fork="newcomer")
    on_github.check(number, "--comment")
    assert "Welcome! The author of this pull request is not in this fleet's Access." in on_github.forge.comments[0].body
