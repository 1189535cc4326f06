"""What the adapter writes to GitHub: once, under its own name, and never what lets a change pass by itself."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gitworld
import pytest
from forgeworld import CheckRun
from forgeworld import Status as Given
from githubtalk import Talk, talk

from agentgov.errors import IncompleteError, RefusedError
from agentgov.forge.port import Annotation, State, Status

NAME = "agentgov/reviews"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Talk]:
    with talk(tmp_path) as found:
        yield found


def status(github: Talk, state: State = State.PASS, **words: object) -> Status:
    told = Status(NAME, github.world.pulls[1].head, state, "3 of 3 paths pass", "All **good**.", "https://x.example/1")
    return replace(told, **words)  # type: ignore[arg-type]


def token(github: Talk, kind: str) -> str:
    return github.fake.token("bot") if kind == "person" else github.fake.installation()


@pytest.mark.parametrize("kind", ["person", "app"])
def test_a_status_is_written_when_it_changes_and_only_then(github: Talk, kind: str) -> None:
    port = github.port(token(github, kind))
    expected = "created"
    for state in (State.PENDING, State.BLOCKED, State.UNKNOWN, State.PASS, State.PENDING):
        title = f"it is {state}"
        assert port.publish(status(github, state, title=title)) == expected
        writes = len(github.fake.writes())
        assert port.publish(status(github, state, title=title)) == "unchanged"
        assert len(github.fake.writes()) == writes
        (found,) = port.statuses(github.world.pulls[1].head, NAME)
        assert found.own
        assert found.title == title
        assert (found.state is State.PASS) == (state is State.PASS)
        expected = "updated"


def test_nothing_that_is_published_lets_a_required_check_pass_but_a_pass(github: Talk) -> None:
    for kind in ("person", "app"):
        port = github.port(token(github, kind))
        for state in State:
            port.publish(status(github, state, title=str(state)))
    given = [one.state for one in github.world.statuses]
    assert given == ["success", "pending", "failure", "error"]
    ended = [(run.status, run.conclusion) for run in github.world.check_runs]
    assert ended == [("completed", "success"), ("completed", "failure"), ("completed", "failure")]


def test_a_waiting_check_is_in_progress_and_goes_on_in_the_same_run(github: Talk) -> None:
    port = github.port(github.fake.installation())
    port.publish(status(github, State.PENDING))
    (run,) = github.world.check_runs
    assert (run.status, run.conclusion) == ("in_progress", None)
    port.publish(status(github))
    assert github.world.check_runs == [run]
    assert (run.status, run.conclusion, run.title, run.summary, run.url) == (
        "completed",
        "success",
        "3 of 3 paths pass",
        "All **good**.",
        "https://x.example/1",
    )


def test_a_status_of_our_name_by_somebody_else_is_not_ours_and_does_not_keep_ours_away(github: Talk) -> None:
    world, head = github.world, github.world.pulls[1].head
    port, app = github.port(), github.port(github.fake.installation())
    world.statuses.append(
        Given(1, head, NAME, "success", "3 of 3 paths pass", world.account("eve"), 1, "https://x.example/1")
    )
    world.check_runs.append(CheckRun(9001, head, NAME, 77, "completed", "success", "3 of 3 paths pass"))
    assert [one.own for one in port.statuses(head, NAME)] == [False, False]
    assert [one.own for one in app.statuses(head, NAME)] == [False, False]
    assert port.publish(status(github)) == "updated"
    assert app.publish(status(github)) == "created"
    assert [one.own for one in app.statuses(head, NAME)].count(True) == 1
    world.statuses.append(Given(2, head, NAME, "success", "forged", world.account("eve"), 2))
    assert port.publish(status(github, State.BLOCKED)) == "updated"
    assert world.statuses[-1].state == "failure"


def test_neutral_is_never_read_as_a_pass(github: Talk) -> None:
    head = github.world.pulls[1].head
    for conclusion in ("neutral", "skipped", "cancelled"):
        github.world.check_runs[:] = [CheckRun(9001, head, NAME, 15368, "completed", conclusion, "hm")]
        (found,) = github.port(github.fake.installation()).statuses(head, NAME)
        assert found.state is State.UNKNOWN


def test_more_annotations_than_one_request_takes_come_in_several_and_never_twice(github: Talk) -> None:
    port = github.port(github.fake.installation())
    marks = tuple(Annotation(f"a{n}.yaml", 1, "failure", "waits", "an owner is missing") for n in range(120))
    port.publish(status(github, State.BLOCKED, annotations=marks))
    assert [len(run.annotations) for run in github.world.check_runs] == [120]
    assert port.publish(status(github, State.BLOCKED, annotations=marks)) == "unchanged"
    port.publish(status(github, State.PENDING, annotations=marks[:2]))
    assert [len(run.annotations) for run in github.world.check_runs] == [120, 2]


def test_a_long_text_is_cut_to_what_github_takes(github: Talk) -> None:
    long = status(github, title="t" * 999, summary="s" * 99_999)
    for kind in ("person", "app"):
        port = github.port(token(github, kind))
        port.publish(long)
        assert port.publish(long) == "unchanged"
    assert len(github.world.check_runs[0].summary) == 65_535
    assert len(github.world.statuses[0].description) == 140


@pytest.mark.parametrize("kind", ["person", "app"])
@pytest.mark.parametrize("fault", ["lost", "reset", "503"])
def test_a_status_without_an_answer_is_looked_at_before_it_is_said_again(github: Talk, kind: str, fault: str) -> None:
    port = github.port(token(github, kind))
    github.fake.faults.add(fault, match="POST *")
    port.publish(status(github))
    assert len(github.world.statuses) + len(github.world.check_runs) == 1


def test_a_comment_without_an_answer_is_found_and_not_written_twice(github: Talk) -> None:
    port = github.port()
    github.fake.faults.add("lost", match="POST *comments")
    assert port.create_comment(1, "one\ntwo  \n").body == "one\ntwo  \n"
    assert len(github.world.comments) == 1
    github.fake.faults.clear()
    github.fake.faults.add("503", match="POST *comments", times=9)
    with pytest.raises(IncompleteError):
        port.create_comment(1, "three")
    assert len(github.world.comments) == 1


def test_comments_are_read_with_who_wrote_them_and_changed_in_place(github: Talk) -> None:
    port, app = github.port(), github.port(github.fake.installation())
    first = app.create_comment(1, "first")
    for number in range(101):
        port.create_comment(1, f"more {number}")
    assert app.update_comment(1, first.id, "other words").body == "other words"
    found = port.comments(1)
    assert len(found) == 102
    assert found[0].body == "other words"
    assert found[0].by == app.whoami()


def test_a_token_that_may_only_read_is_told_which_right_it_lacks(github: Talk) -> None:
    reader = github.port(github.fake.installation("contents:read", "pull_requests:read"))
    for write, right in (
        (lambda: reader.create_comment(1, "hello"), "pull_requests=write"),
        (lambda: reader.publish(status(github)), "checks=read"),
    ):
        with pytest.raises(RefusedError) as raised:
            write()
        assert raised.value.hint == f"give the token this right: {right}"
    assert not github.world.comments


def test_the_page_of_a_release_is_written_for_a_tag_that_is_there_and_is_ours(github: Talk) -> None:
    port, mark, tag = github.port(), "<!-- agentgov:release v1 -->\n", "support/refunds/v1.2.0"
    with pytest.raises(RefusedError, match="has no tag"):
        port.publish_release(tag, "Refunds 1.2.0", mark + "news")
    gitworld.git(github.world.remote, "tag", tag, "main")
    assert port.publish_release(tag, "Refunds 1.2.0", mark + "news") == "created"
    assert port.publish_release(tag, "Refunds 1.2.0", mark + "news\n") == "unchanged"
    assert port.publish_release(tag, "Refunds 1.2.0", mark + "more") == "updated"
    (page,) = github.world.releases
    page.body = "a person wrote this"
    with pytest.raises(RefusedError, match="somebody else"):
        port.publish_release(tag, "Refunds 1.2.0", mark + "more")
    assert page.body == "a person wrote this"
    with pytest.raises(RefusedError, match="somebody else"):
        port.publish_release(tag, "Refunds", "a person wrote this\nand this")
