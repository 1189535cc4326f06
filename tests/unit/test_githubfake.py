"""The fake of GitHub: what it tells is what happened in its world, as GitHub tells it; nothing else is let by."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import gitworld
import pytest
from fakeserver import Reply
from fakeserver import Request as Asked
from forgeworld import ForgeWorld
from githubfake import GitHubFake
from openapi import OffenceError, github_api
from patience import PATIENCE

HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28", "user-agent": "tests"}


class Hand:
    """Asks the fake by hand."""

    def __init__(self, fake: GitHubFake, token: str) -> None:
        self.fake, self.token, self.links = fake, token, ""

    def __call__(self, path: str, body: object = None, method: str = "", **headers: str) -> Any:
        url = path if path.startswith("http") else self.fake.url + path
        sent = {**HEADERS, "authorization": f"Bearer {self.token}", "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data, sent, method=method or ("GET" if body is None else "POST"))
        with urlopen(request, timeout=PATIENCE) as response:
            self.links = response.headers.get("link", "")
            self.tag = response.headers.get("etag", "")
            read = response.read()
        return json.loads(read) if read else None

    def all(self, path: str) -> list[Any]:
        found = list(self(path))
        while link := re.search(r'<([^>]+)>; rel="next"', self.links):
            found += self(link[1])
        return found


def status(error: BaseException) -> int:
    return int(getattr(error, "code", 0))


def files(count: int) -> dict[str, gitworld.Content]:
    return {f"many/{number}.txt": str(number) for number in range(count)}


@pytest.fixture
def world(tmp_path: Path) -> ForgeWorld:
    world = ForgeWorld(tmp_path)
    clone = world.clone("dev")
    world.commit("dev", clone, {"a.txt": "1\n", "docs/b.txt": "2\n"}, "first")
    world.push("dev", clone, "main")
    return world


@pytest.fixture
def fake(world: ForgeWorld) -> Iterator[GitHubFake]:
    with GitHubFake(world).serve() as fake:
        yield fake


@pytest.fixture
def ask(fake: GitHubFake) -> Hand:
    return Hand(fake, fake.token("bot"))


def opened(world: ForgeWorld, who: str = "dev", *, changes: Mapping[str, gitworld.Content] | None = None) -> int:
    clone = world.clone(who)
    world.commit(who, clone, dict(changes or {"a.txt": "1\nmore\n"}), "second")
    world.push(who, clone, f"topic-{len(world.pulls)}")
    return world.open(who, f"topic-{len(world.pulls)}")


def test_a_pull_request_is_told_with_its_commits_files_and_pushes(world: ForgeWorld, ask: Hand) -> None:
    number = opened(world, changes={"a.txt": None, "docs/b.txt": None, "docs/c.txt": "2\n"})
    pull = ask(f"/repos/acme/fleet/pulls/{number}")
    assert (pull["commits"], pull["changed_files"], pull["state"], pull["user"]["login"]) == (1, 2, "open", "dev")
    commits = ask(f"/repos/acme/fleet/pulls/{number}/commits")
    assert [one["author"]["login"] for one in commits] == ["dev"]
    assert commits[-1]["sha"] == pull["head"]["sha"] == world.tip(f"refs/pull/{number}/head")
    told = [
        (one["filename"], one["status"], one.get("previous_filename"))
        for one in ask(f"/repos/acme/fleet/pulls/{number}/files")
    ]
    assert told == [("a.txt", "removed", None), ("docs/c.txt", "renamed", "docs/b.txt")]
    (push,) = ask("/repos/acme/fleet/activity?ref=refs/heads/topic-0")
    assert (push["actor"]["login"], push["after"], push["activity_type"]) == (
        "dev",
        pull["head"]["sha"],
        "branch_creation",
    )
    assert [one["number"] for one in ask(f"/repos/acme/fleet/commits/{pull['head']['sha']}/pulls")] == [number]


def test_long_lists_come_in_pages_whose_links_bear_numbers(world: ForgeWorld, ask: Hand) -> None:
    number = opened(world, changes=files(130))
    for count in range(101):
        world.review(number, f"person-{count}", "COMMENTED")
    assert len(ask(f"/repos/acme/fleet/pulls/{number}/reviews?per_page=100")) == 100
    assert f"/repositories/{world.project_id}/pulls/" in ask.links
    assert len(ask.all(f"/repos/acme/fleet/pulls/{number}/reviews?per_page=100")) == 101
    assert len(ask.all(f"/repos/acme/fleet/pulls/{number}/files?per_page=50")) == 130
    world.team("@acme/all", *(f"person-{count}" for count in range(31)))
    assert len(ask.all("/orgs/acme/teams/all/members")) == 31
    assert len(ask.all("/repos/acme/fleet/activity?per_page=1")) == 2


def test_a_dismissal_changes_the_review_and_accounts_may_vanish(world: ForgeWorld, ask: Hand) -> None:
    number = opened(world)
    review = world.review(number, "ana", "APPROVED")
    world.review(number, "bo", "PENDING")
    world.dismiss(number, review, "root")
    world.delete_account(world.account("ana"))
    world.delete_account(world.account("dev"))
    (told,) = ask(f"/repos/acme/fleet/pulls/{number}/reviews")
    assert (told["state"], told["user"]) == ("DISMISSED", None)
    assert ask(f"/repos/acme/fleet/pulls/{number}")["user"]["login"] == "ghost"
    assert [one["event"] for one in ask(f"/repos/acme/fleet/issues/{number}/timeline")] == [
        "committed", "review_dismissed", "reviewed",
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_merging_makes_real_commits(world: ForgeWorld, ask: Hand, method: Any, parents: int) -> None:
    number, other = opened(world), opened(world, changes={"docs/b.txt": "3\n"})
    world.merge(other, "root", "merge")
    result = world.merge(number, "root", method)
    pull = ask(f"/repos/acme/fleet/pulls/{number}")
    assert (pull["merged"], pull["state"], pull["merge_commit_sha"]) == (True, "closed", result)
    commit = ask(f"/repos/acme/fleet/commits/{result}")
    assert (len(commit["parents"]), commit["committer"]["login"]) == (parents, "web-flow")
    assert world.blob("main", "a.txt") + world.blob("main", "docs/b.txt") == b"1\nmore\n3\n"
    assert [one["number"] for one in ask(f"/repos/acme/fleet/commits/{result}/pulls")] == [number]


def test_a_merge_group_is_a_branch_until_it_lands(world: ForgeWorld, fake: GitHubFake, ask: Hand) -> None:
    first, second = opened(world), opened(world, changes={"docs/b.txt": "3\n"})
    _, head = world.queue(first, second)
    event = fake.event("merge_group.checks_requested")
    assert event["merge_group"]["head_sha"] == head
    assert ask(f"/repos/acme/fleet/pulls/{second}")["state"] == "open"
    world.land_queue()
    assert world.tip("refs/heads/main") == head
    assert ask(f"/repos/acme/fleet/pulls/{first}")["merged"]


def test_a_fork_may_be_pushed_to_hidden_and_deleted(world: ForgeWorld, ask: Hand) -> None:
    world.fork("ulf")
    clone = world.clone("ulf", fork="ulf")
    world.commit("ulf", clone, {"a.txt": "5\n"})
    world.push("ulf", clone, "topic", fork="ulf")
    number = world.open("ulf", "topic", fork="ulf")
    world.commit("eve", clone, {"a.txt": "6\n"})
    head = world.push("eve", clone, "topic", fork="ulf")
    pull = ask(f"/repos/acme/fleet/pulls/{number}")
    assert (pull["head"]["repo"]["full_name"], pull["head"]["sha"]) == ("ulf/fleet", head)
    assert [one["actor"]["login"] for one in ask("/repos/ulf/fleet/activity")] == ["eve", "ulf"]
    world.hide_fork("ulf")
    with pytest.raises(OSError, match="404"):
        ask("/repos/ulf/fleet/activity")
    world.delete_fork("ulf")
    assert ask(f"/repos/acme/fleet/pulls/{number}")["head"]["repo"] is None


def test_contents_permissions_and_an_unchanged_answer(world: ForgeWorld, ask: Hand) -> None:
    world.permission("mel", "maintain")
    told = ask("/repos/acme/fleet/collaborators/mel/permission")
    assert (told["permission"], told["role_name"]) == ("write", "maintain")
    content = ask("/repos/acme/fleet/contents/docs/b.txt?ref=main")
    assert b64decode(content["content"]) == b"2\n"
    with pytest.raises(OSError, match="304"):
        ask("/repos/acme/fleet/contents/docs/b.txt?ref=main", if_none_match=ask.tag)


def test_writing_needs_its_permission_and_stays(world: ForgeWorld, fake: GitHubFake) -> None:
    number = opened(world)
    path, head = f"/repos/acme/fleet/issues/{number}/comments", world.pulls[number].head
    bot, app = Hand(fake, fake.token("bot", "contents:read")), Hand(fake, fake.installation())
    with pytest.raises(OSError, match="403"):
        bot(path, {"body": "hello"})
    comment = app(path, {"body": "hello"})
    app(f"/repos/acme/fleet/issues/comments/{comment['id']}", {"body": "again"}, "PATCH")
    assert [one.body for one in world.comments] == ["again"]
    run = {"name": "x", "head_sha": head, "conclusion": "success", "output": {"title": "t", "summary": "s"}}
    app("/repos/acme/fleet/check-runs", run)
    assert app(f"/repos/acme/fleet/commits/{head}/check-runs?check_name=x")["check_runs"][0]["conclusion"] == "success"
    app(f"/repos/acme/fleet/statuses/{head}", {"state": "pending", "context": "y"})
    assert [one["context"] for one in app(f"/repos/acme/fleet/commits/{head}/statuses")] == ["y"]
    with pytest.raises(OSError, match="403"):
        app("/user")
    viewer = app("/graphql", {"query": "query { viewer { databaseId login } }"})
    assert viewer["data"]["viewer"] == {"databaseId": 41898282, "login": "github-actions[bot]"}


def test_a_renamed_project_answers_with_where_it_is(world: ForgeWorld, ask: Hand) -> None:
    world.former_names.add("acme/ships")
    assert ask("/repos/acme/ships")["full_name"] == "acme/fleet"  # urllib follows


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/repos/acme/fleet/pulls?colour=red", None),
        ("/repos/acme/fleet/pulls?per_page=101", None),
        ("/repos/acme/fleet/pulls?state=merged", None),
        ("/repos/acme/fleet/hooks", None),
        ("/repos/acme/fleet/issues/1/comments", {"body": "x", "colour": "red"}),
        ("/repos/acme/fleet/releases", {"tag_name": "v9"}),
    ],
)
def test_what_github_does_not_take_fails_the_test(world: ForgeWorld, path: str, body: object) -> None:
    opened(world)
    fake = GitHubFake(world)
    with pytest.raises(AssertionError, match=r"OffenceError"), fake.serve(), pytest.raises(OSError, match="500"):
        Hand(fake, fake.token("bot"))(path, body)


def test_an_answer_that_github_would_not_give_is_an_offence() -> None:
    api = github_api()
    request = Asked("GET", "/repos/a/b/pulls/1/reviews", {}, {}, b"", "/repos/a/b/pulls/1/reviews")
    operation, names = api.operation(request)
    assert (operation.id, names["pull_number"]) == ("pulls/list-reviews", "1")
    api.check_reply(operation, request, Reply(200, []))
    with pytest.raises(OffenceError, match="is not as pulls/list-reviews says"):
        api.check_reply(operation, request, Reply(200, [{"id": "one"}]))
    with pytest.raises(OffenceError, match="never answers 202"):
        api.check_reply(operation, request, Reply(202, []))


@pytest.mark.parametrize(
    "name",
    ["pull_request.opened", "pull_request.synchronize", "pull_request.closed", "pull_request.converted_to_draft",
     "pull_request_review.submitted", "pull_request_review.dismissed", "push", "ping", "workflow_run.completed"],
)  # fmt: skip
def test_events_are_as_github_sends_them(world: ForgeWorld, fake: GitHubFake, name: str) -> None:
    number = opened(world)
    review = world.review(number, "ana", "APPROVED")
    if name.endswith("dismissed"):
        world.dismiss(number, review, "root")
    if name.endswith("draft"):
        world.set_draft(number, True, "dev")
    if name.endswith("closed"):
        world.close(number, "dev")
    asked = number if name.startswith("pull") else 0
    assert fake.event(name, asked)["repository"]["id"] == world.project_id
