"""The adapter of GitLab reads a project over a real socket: complete values, or an error that is no yes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import gitworld
import pytest
from gitlabtalk import Talk, talk
from gitworld import Content

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError
from agentgov.forge.gitlab.approvals import AFTER_PUSH
from agentgov.forge.port import Account, File
from agentgov.forge.reading import read_change
from agentgov.review.votes import Submitted


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[Talk]:
    with talk(tmp_path) as found:
        yield found


def opened(gitlab: Talk, who: str = "dev", files: Mapping[str, Content] | None = None) -> tuple[int, str]:
    head = gitlab.push(who, files or {"b.txt": "new\n"})
    number = gitlab.world.open(who, "topic")
    gitlab.later(3600)
    return number, head


def test_a_merge_request_is_read_whole(gitlab: Talk) -> None:
    number, first = opened(gitlab)
    second = gitlab.push("eve", {"a.txt": None, "c/d.txt": "2\n"})
    gitlab.later(3600)
    gitlab.world.approve(number, "ana")
    change = read_change(gitlab.forge(), number)
    assert [commit.sha for commit in change.commits] == [first, second]
    assert {(file.path, file.status) for file in change.files} == {
        ("b.txt", "added"),
        ("c/d.txt", "added"),
        ("a.txt", "removed"),
    }
    assert [(review.by.login if review.by else "", review.commit) for review in change.reviews] == [("ana", second)]
    assert ({one.login for one in change.pushers.accounts}, change.pushers.known) == ({"dev", "eve"}, True)
    told = change.pull_request
    assert (told.base, told.base_ref, told.head_ref) == (gitlab.world.tip("refs/heads/main"), "main", "topic")
    assert (told.state, told.draft, told.fork, told.files) == ("open", False, False, 3)


def test_an_approval_before_a_push_speaks_of_what_was_there(gitlab: Talk) -> None:
    number, first = opened(gitlab)
    gitlab.world.approve(number, "ana")
    gitlab.later(3600)
    gitlab.push("dev", {"b.txt": "2\n"})
    review = gitlab.forge().reviews(gitlab.forge().pull_request(number))[0]
    assert (review.state, review.commit) == (Submitted.APPROVED, first)


def test_an_approval_half_a_minute_after_a_push_is_not_counted_and_says_why(gitlab: Talk) -> None:
    number, _ = opened(gitlab)
    gitlab.push("dev", {"b.txt": "2\n"})
    gitlab.later(30)
    gitlab.world.approve(number, "ana")
    review = gitlab.forge().reviews(gitlab.forge().pull_request(number))[0]
    assert (review.commit, review.why_no_commit) == (None, AFTER_PUSH)


def test_approvals_that_were_taken_back_or_reset_are_dismissed(gitlab: Talk) -> None:
    number, _ = opened(gitlab)
    gitlab.world.approve(number, "ana")
    gitlab.world.approve(number, "bo")
    gitlab.later(600)
    gitlab.world.unapprove(number, "ana")
    forge = gitlab.forge()
    states = {one.by.login: one.state for one in forge.reviews(forge.pull_request(number)) if one.by}
    assert states == {"ana": Submitted.DISMISSED, "bo": Submitted.APPROVED}
    gitlab.world.resets = True
    gitlab.push("dev", {"b.txt": "2\n"})
    assert {one.state for one in forge.reviews(forge.pull_request(number))} == {Submitted.DISMISSED}


def test_a_request_for_changes_is_told(gitlab: Talk) -> None:
    number, head = opened(gitlab)
    gitlab.world.approve(number, "ana")
    gitlab.later(60)
    gitlab.world.request_changes(number, "ana")
    forge = gitlab.forge()
    told = [(one.state, one.commit) for one in forge.reviews(forge.pull_request(number))]
    assert told == [(Submitted.DISMISSED, None), (Submitted.CHANGES_REQUESTED, head)]


def test_numbers_decide_and_bots_and_deleted_accounts_are_told(gitlab: Talk) -> None:
    number, _ = opened(gitlab)
    ana, robot = gitlab.world.account("ana"), gitlab.world.account("robot", bot=True)
    gone = gitlab.world.account("gone")
    for who in ("ana", "robot", "gone"):
        gitlab.world.approve(number, who)
    gitlab.world.rename(ana, "ana-maria")
    other = gitlab.world.account("ana")
    gitlab.world.delete_account(gone)
    forge = gitlab.forge()
    by = [one.by for one in forge.reviews(forge.pull_request(number))]
    assert [(one.id, one.login, one.bot) for one in by[:2] if one] == [
        (ana, "ana-maria", False),
        (robot, "robot", True),
    ]
    assert by[2] is None or by[2].id not in (ana, robot, gone, other)


def test_a_fork_is_read_and_a_hidden_or_deleted_one_leaves_the_pushers_unknown(gitlab: Talk) -> None:
    gitlab.world.fork("mallory")
    gitlab.push("mallory", {"b.txt": "1\n"}, fork="mallory")
    number = gitlab.world.open("mallory", "topic", fork="mallory")
    forge = gitlab.forge()
    read = forge.pull_request(number)
    assert read.fork
    assert read.head_project is not None
    assert read.head_project.name == "mallory/fleet"
    assert forge.pushers(read, ()).known
    gitlab.world.hide_fork("mallory")
    hidden = forge.pull_request(number)
    assert (hidden.head_project, hidden.fork, forge.pushers(hidden, ()).known) == (None, True, False)
    assert {one.login for one in forge.pushers(hidden, ()).accounts} == {"mallory"}
    gitlab.world.delete_fork("mallory")
    assert forge.pull_request(number).head_project is None


def test_the_pushers_of_a_merged_branch_that_is_gone_are_known(gitlab: Talk) -> None:
    number, head = opened(gitlab)
    result = gitlab.world.merge(number, "ana", "merge")
    gitlab.world.delete_branch("ana", "topic")
    forge = gitlab.forge()
    read = forge.pull_request(number)
    assert (read.state, read.merge_commit, read.head) == ("merged", result, head)
    assert ([one.login for one in forge.pushers(read, ()).accounts], forge.pushers(read, ()).known) == (["dev"], True)
    assert [one.number for one in forge.pull_requests_of(result)] == [number]


def test_a_merge_request_that_gitlab_still_prepares_is_no_answer(gitlab: Talk) -> None:
    number, _ = opened(gitlab)
    gitlab.world.preparing.add(number)
    with pytest.raises(IncompleteError, match="still prepares") as told:
        gitlab.forge().pull_request(number)
    assert told.value.rule == "forge.moved"
    assert gitlab.forge().pull_requests(since=0) == ()


def test_long_lists_are_read_to_their_end(gitlab: Talk) -> None:
    number, head = opened(gitlab, files={f"many/{place}.txt": "x\n" for place in range(230)})
    for place in range(120):
        gitlab.world.note(number, f"owner{place}", "mentioned in !7")
        gitlab.world.approve(number, f"owner{place}")
    forge = gitlab.forge()
    change = read_change(forge, number)
    assert len(change.files) == 230
    assert [review.commit for review in change.reviews] == [head] * 120


def test_files_that_gitlab_stopped_counting_are_no_answer(gitlab: Talk) -> None:
    number, _ = opened(gitlab, files={f"many/{place}.txt": "x\n" for place in range(1001)})
    forge = gitlab.forge()
    read = forge.pull_request(number)
    assert read.files is None
    with pytest.raises(IncompleteError, match="more files than GitLab counts"):
        forge.files(read)
    assert read_change(forge, number, commits=False, files=False).files == ()


def test_merge_requests_are_listed_by_when_they_were_updated(gitlab: Talk) -> None:
    first, _ = opened(gitlab)
    since = gitlab.clock()
    gitlab.push("dev", {"c.txt": "1\n"}, "other")
    second = gitlab.world.open("dev", "other")
    gitlab.later(60)
    gitlab.world.close(first, "dev")
    forge = gitlab.forge()
    assert [one.number for one in forge.pull_requests(since=since)] == [second, first]
    assert [one.number for one in forge.pull_requests(since=since, state="open")] == [second]
    assert [one.number for one in forge.pull_requests(since=since, state="closed")] == [first]
    assert forge.pull_requests(since=gitlab.clock() + 1) == ()


def test_files_of_commits_are_read_and_a_missing_commit_is_no_missing_file(gitlab: Talk) -> None:
    gitlab.push("dev", {"docs/ä b.md": "hello\n"}, "main")
    tip = gitlab.world.tip("refs/heads/main")
    forge = gitlab.forge()
    assert forge.text("docs/ä b.md", tip) == "hello\n"
    assert forge.text("docs/none.md", tip) is None
    assert forge.files_of(tip) == (File("docs/ä b.md", "added"),)
    with pytest.raises(IncompleteError, match="no commit"):
        forge.text("README.md", "f" * 40)


def test_a_group_is_its_direct_members_from_developer_on(gitlab: Talk) -> None:
    world = gitlab.world
    world.team("@acme/billing", "ana", "bo", "cy", "guest")
    world.member_states[world.account("cy")] = "blocked"
    world.member_levels[world.account("guest")] = 20
    forge = gitlab.forge()
    assert [one.login for one in forge.team("@acme/billing") or ()] == ["ana", "bo"]
    assert forge.team("@ana") is None
    world.hidden_groups.add("acme/billing")
    for name in ("@acme/billing", "@nobody"):
        with pytest.raises(IncompleteError) as told:
            forge.team(name)
        assert told.value.rule == "forge.team-hidden"


def test_permissions_are_those_of_the_project(gitlab: Talk) -> None:
    levels = ("admin", "maintain", "write", "triage", "read", "none")
    for level in levels:
        gitlab.world.permission(level, level)
    forge = gitlab.forge()
    told = [forge.permission(account(gitlab, level)) for level in levels]
    assert told == list(levels)


def account(gitlab: Talk, login: str) -> Account:
    return Account(gitlab.world.account(login), login)


def test_the_private_address_of_an_account_names_the_author_of_a_commit(gitlab: Talk) -> None:
    number, _ = opened(gitlab)
    ana, clone = gitlab.world.account("ana"), gitlab.world.clone("dev")
    gitworld.git(clone, "reset", "-q", "--hard", gitlab.world.tip("refs/heads/topic"))
    for address in (f"{ana}-former@users.noreply.gitlab.com", "99999-ana@users.noreply.gitlab.com"):
        gitworld.commit_files(clone, {address: "x\n"}, name="X", email=address)
    gitlab.world.push("dev", clone, "topic")
    forge = gitlab.forge()
    told = forge.commits(forge.pull_request(number))
    assert [one.author for one in told] == [None, Account(ana, "ana"), None]


def test_a_branch_is_told_by_its_name_and_an_account_by_its_login(gitlab: Talk) -> None:
    forge = gitlab.forge()
    head = gitlab.push("dev", {"b.txt": "new\n"}, "feature/x")
    assert forge.tip("feature/x") == head
    robot = gitlab.world.account("robot", bot=True)
    assert forge.account("Robot") == Account(robot, "robot", bot=True)
    assert forge.account("nobody") is None


def test_a_project_that_is_not_to_be_seen_and_a_wrong_token_are_told(gitlab: Talk) -> None:
    with pytest.raises(ConfigurationError, match="no project acme/other") as told:
        gitlab.forge(project="acme/other")
    assert told.value.rule == "forge.unknown-project"
    with pytest.raises(ConfigurationError) as told:
        gitlab.forge(token="glpat-wrong-0000")
    assert told.value.rule == "forge.token"
    assert "glpat" not in told.value.message + told.value.hint


def test_approvals_that_change_while_they_are_read_are_read_again(
    gitlab: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, head = opened(gitlab)
    forge = gitlab.forge()
    read = forge.pull_request(number)
    gitlab.fake.after("*/notes", lambda: gitlab.world.approve(number, "ana"))
    assert [(one.state, one.commit) for one in forge.reviews(read)] == [(Submitted.APPROVED, head)]


def test_no_request_that_fails_becomes_an_answer(gitlab: Talk) -> None:
    number, _ = opened(gitlab)
    gitlab.world.approve(number, "ana")
    forge = gitlab.forge()
    gitlab.fake.faults.clear()
    whole = read_change(forge, number)
    asked = gitlab.fake.faults.seen
    assert asked > 10
    for kind in ("503", "not-json", "html", "cut-half"):
        for place in range(1, asked + 1):
            gitlab.fake.faults.clear()
            gitlab.fake.faults.add(kind, number=place)
            if kind in ("503", "cut-half"):
                assert read_change(gitlab.forge(), number) == whole
                continue
            with pytest.raises(AgentgovError) as told:
                read_change(forge, number)
            assert told.value.exit_code == 3, (kind, place)


def test_a_push_that_only_a_note_tells_of_may_have_brought_anything(gitlab: Talk) -> None:
    number, head = opened(gitlab)
    gitlab.world.note(number, "dev", "added 1 commit\n\n<ul><li>x</li></ul>")
    forge = gitlab.forge()
    (made,) = forge.pushers(forge.pull_request(number), ()).pushes
    assert (made.by.login, made.before, made.after) == ("dev", "", head)
    for who in ("dev", "ana"):
        gitlab.world.note(number, who, "added 1 commit\n\n<ul><li>x</li></ul>")
    told = forge.pushers(forge.pull_request(number), ()).pushes[1:]
    assert [(one.by.login, one.before, one.after) for one in told] == [("dev", "", ""), ("ana", "", "")]
