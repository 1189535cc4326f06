"""What the adapter reads from GitHub: all of it, by numbers, or an error; never a part."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakeserver import Reply, Request
from githubtalk import Talk, talk

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError, RefusedError
from agentgov.forge.port import Account, File, ForgePort
from agentgov.forge.reading import read_change
from agentgov.review.votes import Submitted

APPROVED = Submitted.APPROVED


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Talk]:
    with talk(tmp_path) as found:
        yield found


def test_a_change_is_read_whole(github: Talk) -> None:
    world = github.world
    first = world.review(1, "ana", "APPROVED")
    for number in range(105):
        world.review(1, f"person-{number}", "COMMENTED")
    world.review(1, "gone", "APPROVED")
    world.delete_account(world.account("gone"))
    world.review(1, "bo", "CHANGES_REQUESTED", commit=None)
    world.review(1, "cy", "PENDING")
    world.dismiss(1, first, "dev")
    change = read_change(github.port(), 1)
    told = [(one.by.login if one.by else None, one.state, one.commit) for one in change.reviews]
    head = change.pull_request.head
    assert told[0] == ("ana", Submitted.DISMISSED, head)
    assert told[-2:] == [(None, APPROVED, head), ("bo", Submitted.CHANGES_REQUESTED, None)]
    assert len(told) == 108
    assert change.reviews[-1].why_no_commit == "GitHub does not say which commit it is of"
    assert [commit.sha for commit in change.commits] == [head]
    assert change.files == (File("b.txt", "added"),)
    assert (change.pull_request.state, change.pull_request.fork, change.pull_request.merge_commit) == (
        "open",
        False,
        None,
    )


def test_lists_that_are_not_needed_are_not_asked_for(github: Talk) -> None:
    change = read_change(github.port(), 1, commits=False, files=False)
    assert (change.commits, change.files) == ((), ())
    assert not [one for one in github.fake.requests if one.path.endswith("/files")]


@pytest.mark.parametrize("what", ["commits", "files"])
def test_fewer_than_are_counted_is_not_enough(github: Talk, what: str) -> None:
    github.fake.faults.add("reply", match=f"GET /repos/acme/fleet/pulls/1/{what}", reply=Reply(200, []), times=9)
    with pytest.raises(IncompleteError, match=f"has 1 {what}, and the forge tells 0 of them") as raised:
        read_change(github.port(), 1)
    assert raised.value.rule == "forge.incomplete"


@pytest.mark.attack("N2")
def test_a_page_whose_link_was_taken_away_is_missed(github: Talk) -> None:
    for number in range(100):
        github.world.review(1, f"person-{number}", "COMMENTED")
    pull = github.port().pull_request(1)
    assert len(github.port().reviews(pull)) == 100
    github.world.review(1, "owner", "CHANGES_REQUESTED")
    answer = github.fake._answer

    def without_links(request: Request) -> Reply:
        told = answer(request)
        return Reply(told.status, told.body, {name: text for name, text in told.headers.items() if name != "link"})

    github.fake._answer = without_links
    with pytest.raises(IncompleteError, match="goes on, and does not say so"):
        github.port().reviews(pull)


def while_reading(github: Talk, times: int) -> None:
    """Somebody pushes each time when the reviews are read."""
    answer = github.fake._answer

    def and_push(request: Request) -> Reply:
        nonlocal times
        if request.path.endswith("/reviews") and times > 0:
            times -= 1
            github.push("dev", {"b.txt": f"{times}\n"})
        return answer(request)

    github.fake._answer = and_push


def test_a_push_while_it_is_read_has_it_read_once_over(github: Talk) -> None:
    github.world.review(1, "ana", "APPROVED")
    while_reading(github, 1)
    change = read_change(github.port(), 1)
    assert change.pull_request.head == change.commits[-1].sha == github.world.pulls[1].head
    assert change.reviews[0].commit != change.pull_request.head


def test_pushes_that_do_not_end_end_it(github: Talk) -> None:
    while_reading(github, 99)
    with pytest.raises(IncompleteError, match="changed while it was read") as raised:
        read_change(github.port(), 1)
    assert raised.value.rule == "forge.moved"


@pytest.mark.attack("N2")
@pytest.mark.parametrize("kind", ["503", "reset", "cut-half", "html", "not-json", "empty", "secondary", "401"])
def test_whichever_request_fails_there_is_no_change(github: Talk, kind: str) -> None:
    github.world.review(1, "ana", "APPROVED")
    token = github.fake.token("bot")
    read_change(github.port(token), 1)
    requests = github.fake.faults.seen
    for number in range(1, requests):
        github.fake.faults.clear()
        for again in range(number, requests + 50):
            github.fake.faults.add(kind, number=again, retry_after=9999 if kind == "secondary" else None)
        with pytest.raises((IncompleteError, ConfigurationError) if kind == "401" else IncompleteError):
            read_change(github.port(token), 1)


def read_text(github: Talk, path: str) -> str | None:
    return github.port().text(path, github.world.tip("refs/heads/topic"))


def test_texts_are_read_as_they_are(github: Talk) -> None:
    long = "é" * (600 * 1024)
    github.push(
        "dev", {"CODEOWNERS": "* @acme/all\n", "docs/long name%20#?.txt": long, "x/bytes": b"\xff", "empty": ""}
    )
    assert read_text(github, "CODEOWNERS") == "* @acme/all\n"
    assert read_text(github, "docs/long name%20#?.txt") == long
    assert read_text(github, "empty") == ""
    assert read_text(github, "nowhere") is None
    assert read_text(github, "docs") is None
    with pytest.raises(IncompleteError, match="no UTF-8"):
        read_text(github, "x/bytes")


def test_files_of_a_commit_are_all_of_them(github: Talk) -> None:
    head = github.push("dev", {f"many/{number}": "x" for number in range(320)})
    assert len(github.port().files_of(head)) == 320


def test_pull_requests_are_listed_from_a_time_on_in_the_order_of_their_updates(github: Talk) -> None:
    world, port = github.world, github.port()
    for number in range(2, 6):
        world.push("dev", github.clone, f"topic-{number}")
        world.open("dev", f"topic-{number}")
        world.pulls[number].updated += number
    world.pulls[1].updated += 100
    since = world.pulls[3].updated
    assert [pull.number for pull in port.pull_requests(since=since)] == [3, 4, 5, 1]
    world.close(4, "dev")
    assert 4 not in [pull.number for pull in port.pull_requests(since=0, state="open")]
    assert {pull.number for pull in port.pull_requests_of(world.pulls[1].head)} == {1, 2, 3, 5}


def test_a_merged_one_says_what_main_got_and_an_open_one_does_not(github: Talk) -> None:
    merged = github.world.merge(1, "dev", "squash")
    found = github.port().pull_request(1)
    assert (found.state, found.merge_commit) == ("merged", merged)


def test_what_is_not_there_or_not_to_be_seen_is_told(github: Talk) -> None:
    with pytest.raises(ConfigurationError, match="no pull request 7"):
        github.port().pull_request(7)
    for project in ("acme/none", "other/fleet"):
        with pytest.raises(ConfigurationError, match="no repository"):
            github.port(project=project)
    with pytest.raises(RefusedError) as raised:
        github.port(github.fake.token("bot", "contents:read")).pull_request(1)
    assert raised.value.hint == "give the token this right: pull_requests=read"


def test_a_renamed_repository_is_followed_and_named_as_it_is_now(github: Talk) -> None:
    github.world.former_names.add("acme/old")
    port = github.port(project="acme/old")
    assert port.project.name == "acme/fleet"
    assert port.create_comment(1, "hello").body == "hello"


def test_another_pull_request_than_was_asked_for_is_no_answer(github: Talk) -> None:
    port = github.port()
    other = github.fake.shapes.pull(1) | {"number": 2}
    github.fake.faults.add("reply", match="*/pulls/1", reply=Reply(200, other))
    with pytest.raises(IncompleteError):
        port.pull_request(1)
    elsewhere = github.fake.shapes.pull(1)
    elsewhere["base"]["repo"]["id"] = 666
    github.fake.faults.add("reply", match="*/pulls/1", reply=Reply(200, elsewhere))
    with pytest.raises(IncompleteError, match="another repository"):
        port.pull_request(1)


def members(port: ForgePort, handle: str) -> set[str] | None:
    found = port.team(handle)
    return None if found is None else {one.login for one in found}


def test_a_team_has_the_members_of_the_teams_below_it_and_one_that_is_hidden_is_not_nobody(github: Talk) -> None:
    github.world.team("@acme/billing", "ana")
    github.world.team("@acme/billing-leads", "bo", child_of="@acme/billing")
    assert members(github.port(), "@acme/billing") == {"ana", "bo"}
    assert members(github.port(), "@acme/none") is None
    for blind in (github.fake.installation(), github.fake.token("bot", "contents:read")):
        for handle in ("@acme/billing", "@acme/none"):
            with pytest.raises(IncompleteError, match="cannot be seen") as raised:
                github.port(blind).team(handle)
            assert raised.value.rule == "forge.team-hidden"


def test_permissions_are_of_the_number_and_not_of_the_login(github: Talk) -> None:
    world, port = github.world, github.port()
    for level in ("admin", "maintain", "write", "triage", "read", "none"):
        number = world.account(level)
        world.permission(level, level)
        assert port.permission(Account(number, level)) == level
    world.rename(world.account("admin"), "admin-of-old")
    taken = world.account("admin")
    world.permission("admin", "admin")
    with pytest.raises(IncompleteError, match="changed hands"):
        port.permission(Account(taken - 1, "admin"))
    assert port.permission(Account(1, "nobody-here")) == "none"


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_whose_the_token_is(tmp_path: Path, prefix: str) -> None:
    with talk(tmp_path, prefix) as github:
        own = github.world.account("bot")
        assert github.port().whoami() == Account(own, "bot")
        actions = github.port(github.fake.installation()).whoami()
        assert actions == Account(41898282, "github-actions[bot]", bot=True)
        with pytest.raises(ConfigurationError) as raised:
            github.port("ghp_of-nobody")
        assert raised.value.rule == "forge.token"
        assert "ghp_of-nobody" not in raised.value.message + raised.value.hint


def test_no_error_of_the_adapter_holds_the_token(github: Talk) -> None:
    token = github.fake.token("bot")
    port = github.port(token)
    for kind in ("401", "403", "404", "422", "500", "reset", "html"):
        github.fake.faults.clear()
        github.fake.faults.add(kind, times=99)
        for ask in (port.whoami, lambda: port.team("@a/b"), lambda: port.reviews(port.pull_request(1))):
            with pytest.raises(AgentgovError) as raised:
                ask()
            assert token not in raised.value.message + raised.value.hint
