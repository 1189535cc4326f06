"""What is told on GitLab: once, as the token's own account, and never a command in somebody else's words."""

from collections.abc import Iterator
from pathlib import Path

import gitworld
import pytest
from gitlabfake import READER
from gitlabtalk import Talk, talk
from gitlabworld import Job

from agentgov.errors import AgentgovError, RefusedError
from agentgov.forge.port import PullRequest, State, Status

NAME = "agentgov/reviews"


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[Talk]:
    with talk(tmp_path) as found:
        yield found


def opened(gitlab: Talk, fork: str = "") -> PullRequest:
    gitlab.push("dev", {"b.txt": "1\n"}, fork=fork)
    return gitlab.forge().pull_request(gitlab.world.open("dev", "topic", fork=fork))


def status(read: PullRequest, state: State, title: str = "2 of 5 paths wait") -> Status:
    return Status(NAME, read.head, state, title)


def test_a_note_is_written_read_and_changed_by_its_own_account(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    made = forge.create_comment(read.number, "<!-- agentgov:check v1 -->\nwaits\n")
    gitlab.world.note(read.number, "ana", "approved this merge request")
    assert [(one.id, one.by.id) for one in forge.comments(read.number) if one.by] == [(made.id, forge.whoami().id)]
    assert forge.update_comment(read.number, made.id, "passes").body == "passes"
    assert [one.body for one in forge.comments(read.number)] == ["passes"]


@pytest.mark.attack("R20")
def test_no_line_of_a_note_is_a_command_to_gitlab(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    hostile = "by mallory:\n/merge\n/approve\r\n/close\r  /title x\n/APPROVE\n`\n/merge\n`"
    made = forge.create_comment(read.number, hostile)
    forge.update_comment(read.number, made.id, f"again\n{hostile}")
    assert gitlab.world.commands == []
    assert "\n\\/merge\n" in forge.comments(read.number)[0].body


def test_a_note_whose_answer_was_lost_is_not_written_twice(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    gitlab.fake.faults.add("lost", match="POST */notes")
    made = forge.create_comment(read.number, "waits  \n")
    assert [one.id for one in forge.comments(read.number)] == [made.id]
    gitlab.fake.faults.add("reset", match="POST */notes")
    with pytest.raises(AgentgovError) as told:
        forge.create_comment(read.number, "another")
    assert told.value.exit_code == 3


def test_a_token_that_may_only_read_writes_nothing_and_says_what_it_lacks(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge(token=READER)
    for write in (
        lambda: forge.create_comment(read.number, "x"),
        lambda: forge.publish(status(read, State.PASS), read),
    ):
        with pytest.raises(RefusedError, match="insufficient_scope") as told:
            write()
        assert told.value.rule == "forge.permission"
    assert gitlab.world.comments == []


def test_a_status_is_written_once_and_falls_back_when_the_verdict_does(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    assert forge.publish(status(read, State.PASS, "every path has its reviews"), read) == "created"
    assert forge.publish(status(read, State.PASS, "every path has its reviews"), read) == "unchanged"
    for state in (State.PENDING, State.UNKNOWN, State.PASS, State.BLOCKED):
        assert forge.publish(status(read, state), read) == "updated"
    told = forge.statuses(read.head, NAME)
    assert [(one.state, one.title, one.own) for one in told] == [(State.BLOCKED, "2 of 5 paths wait", True)]
    assert len(gitlab.fake.writes) == 5


def test_a_status_that_goes_on_waiting_is_left_as_it_is(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    forge.publish(status(read, State.PENDING, "3 of 5 paths wait"), read)
    assert forge.publish(status(read, State.PENDING, "2 of 5 paths wait"), read) == "unchanged"
    assert forge.publish(status(read, State.PASS), read) == "updated"


def test_a_status_whose_answer_was_lost_or_that_another_run_wrote_meanwhile_is_there(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    gitlab.fake.faults.add("lost", match="POST */statuses/*")
    assert forge.publish(status(read, State.PASS), read) == "created"
    other = gitlab.forge()
    gitlab.fake.after("GET */pipelines", lambda: pending_by_the_bot(gitlab, read))
    assert other.publish(status(read, State.PENDING), read) == "updated"
    assert [job.status for job in gitlab.world.jobs] == ["success", "pending"]
    gitlab.fake.faults.add("reset", match="POST */statuses/*")
    with pytest.raises(AgentgovError) as told:
        forge.publish(status(read, State.PASS), read)
    assert told.value.exit_code == 3


def pending_by_the_bot(gitlab: Talk, read: PullRequest) -> None:
    last = gitlab.world.jobs[-1]
    last.retried = True
    made = Job(gitlab.world.next_id(), last.pipeline, read.head, last.ref, NAME, gitlab.fake.bot, "pending")
    gitlab.world.jobs.append(made)


def test_what_could_not_be_decided_never_reads_as_a_pass(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    forge.publish(status(read, State.UNKNOWN, "could not be decided, run again"), read)
    assert [job.status for job in gitlab.world.jobs] == ["failed"]


def test_a_status_goes_into_the_pipeline_that_gitlab_looks_at(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    gitlab.world.pipeline(read.head, "elsewhere")
    gitlab.world.pipeline(read.head, "topic", project=77)
    wanted = gitlab.world.pipeline(read.head, f"refs/merge-requests/{read.number}/head")
    forge.publish(status(read, State.PASS), read)
    assert [job.pipeline for job in gitlab.world.jobs] == [wanted]


def test_a_status_for_a_fork_stands_on_the_commit_that_the_project_keeps(gitlab: Talk) -> None:
    gitlab.world.fork("dev")
    read = opened(gitlab, fork="dev")
    assert gitlab.forge().publish(status(read, State.PASS), read) == "created"
    assert [job.ref for job in gitlab.world.jobs] == ["refs/merge-requests/1/head"]


def test_a_status_of_the_same_name_by_another_account_is_not_ones_own(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge()
    gitlab.fake.tokens["glpat-mallory"] = gitlab.world.account("mallory")
    gitlab.forge(token="glpat-mallory").publish(status(read, State.PASS), read)
    assert [(one.state, one.own) for one in forge.statuses(read.head, NAME)] == [(State.PASS, False)]
    assert forge.publish(status(read, State.BLOCKED), read) == "created"
    assert [(one.state, one.own) for one in forge.statuses(read.head, NAME)] == [(State.BLOCKED, True)]


def test_an_external_status_check_is_answered_where_one_is_set(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge(check=12)
    gitlab.world.status_checks = {11: "other", 12: NAME}
    said = gitlab.world.of(read.number).checks
    for state, word in ((State.PASS, "passed"), (State.PENDING, "pending"), (State.UNKNOWN, "failed")):
        assert forge.publish(status(read, state), read) == "updated"
        assert said == {(12, read.head): word}
    assert forge.publish(status(read, State.BLOCKED), read) == "unchanged"
    assert gitlab.world.jobs == []
    with pytest.raises(RefusedError, match="no external status check 13"):
        gitlab.forge(check=13).publish(status(read, State.PASS), read)


def test_an_external_status_check_of_an_older_head_is_not_answered(gitlab: Talk) -> None:
    read, forge = opened(gitlab), gitlab.forge(check=12)
    gitlab.world.status_checks = {12: NAME}
    gitlab.push("dev", {"b.txt": "2\n"})
    with pytest.raises(AgentgovError):
        forge.publish(status(read, State.PASS), read)
    assert gitlab.world.of(read.number).checks == {}


def test_the_page_of_a_release_needs_its_tag_and_is_only_ones_own(gitlab: Talk) -> None:
    forge, tag = gitlab.forge(), "support/refunds/v1.2.0"
    with pytest.raises(RefusedError, match="no tag"):
        forge.publish_release(tag, "Refunds 1.2.0", "what changed")
    gitworld.git(gitlab.world.remote, "tag", tag, "refs/heads/main")
    assert forge.publish_release(tag, "Refunds 1.2.0", "what changed") == "created"
    assert forge.publish_release(tag, "Refunds 1.2.0", "what changed\n") == "unchanged"
    assert forge.publish_release(tag, "Refunds 1.2.0", "more") == "updated"
    gitlab.world.releases[0].by = gitlab.world.account("ana")
    with pytest.raises(RefusedError, match="another account"):
        forge.publish_release(tag, "Refunds 1.2.0", "mine now")
    assert gitlab.world.releases[0].body == "more"
