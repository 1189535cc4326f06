"""`check --event`: pull requests, merge groups and pushes, from files in which nothing is believed but numbers."""

import json
from pathlib import Path
from typing import Any

import pytest
from prworld import PullRequestWorld
from simulator import TRIAGE
from unit.cli.command_world import PROMPT, Ran

BRIEF = {PROMPT: "Sort tickets by urgency. Be brief.\n"}
MANIFEST = f"{TRIAGE.folder}/agent.yaml"


def check(world: PullRequestWorld, tmp_path: Path, event: Any, *args: str) -> Ran:
    file = tmp_path / "event.json"
    file.write_bytes(event if isinstance(event, bytes) else json.dumps(event).encode())
    return world.run("check", "--event", str(file), *args)


@pytest.mark.attack("R11")
@pytest.mark.parametrize("name", ["pull_request.opened", "pull_request_review.submitted"])
def test_a_pull_request_is_judged_by_its_number(on_github: PullRequestWorld, tmp_path: Path, name: str) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    event = on_github.fake.event(name, number)
    event["repository"]["url"] = "http://evil.example/"
    found = check(on_github, tmp_path, event, "--status")
    assert found.code == 0, found
    assert on_github.forge.check_runs[0].conclusion == "success"


def test_a_run_for_a_fork_is_found_by_its_head(on_github: PullRequestWorld, tmp_path: Path) -> None:
    on_github.forge.fork("alice")
    number = on_github.propose("alice", BRIEF, fork="alice")
    head = on_github.forge.pulls[number].head
    event = {"workflow_run": {"head_sha": head, "pull_requests": []}}
    assert check(on_github, tmp_path, event).code == 1
    event["workflow_run"]["head_sha"] = on_github.commands.git("rev-parse", "origin/main")
    found = check(on_github, tmp_path, event)
    assert found.code == 2
    assert "no open pull request" in found.err


def test_an_event_of_an_older_head_is_judged_at_the_newer_one(on_github: PullRequestWorld, tmp_path: Path) -> None:
    number = on_github.propose("alice", BRIEF)
    event = on_github.fake.event("pull_request.opened", number)
    on_github.commit("alice", {PROMPT: "Sort by age.\n"}, "topic")
    on_github.push("alice", "topic")
    found = check(on_github, tmp_path, event)
    assert "the pull request has moved on" in found.err


def group(world: PullRequestWorld, *numbers: int) -> Any:
    world.forge.queue(*numbers)
    return world.fake.event("merge_group.checks_requested")


@pytest.mark.attack("R9")
def test_a_merge_group_passes_with_the_reviews_of_all_its_pull_requests(
    on_github: PullRequestWorld, tmp_path: Path
) -> None:
    described = on_github.commands.edit(MANIFEST, "The triage agent", "The agent for triage")
    first, second = on_github.propose("alice", BRIEF), on_github.propose("bob", {MANIFEST: described}, "words")
    event = group(on_github, first, second)
    on_github.forge.review(first, "bob", "APPROVED")
    one = check(on_github, tmp_path, event, "--status", "--json")
    assert one.document["missing_paths"] == [MANIFEST]  # an unreviewed pull request is in the group
    on_github.forge.review(second, "alice", "APPROVED")
    found = check(on_github, tmp_path, event, "--status", "--json")
    assert found.code == 0, found
    last = on_github.forge.check_runs[-1]
    assert (last.commit, last.conclusion) == (event["merge_group"]["head_sha"], "success")
    assert on_github.forge.comments == []


@pytest.mark.attack("R9", "R10")
def test_elsewhere_a_merge_group_rests_on_recorded_passes(on_github: PullRequestWorld, tmp_path: Path) -> None:
    on_github.forge.team("@sim/support", "alice", "bob")
    on_github.forge.permission("bob", "write")
    on_github.token = on_github.fake.token("carol")
    first = on_github.propose("alice", BRIEF)
    event = group(on_github, first)
    args = ("--by", "commits", "--status")
    waiting = check(on_github, tmp_path, event, *args)
    assert waiting.code == 1
    assert f"pull request {first}: it has no recorded pass (forge.merge-group)" in waiting.out
    on_github.forge.review(first, "bob", "APPROVED")
    assert on_github.check(first, *args).code == 0
    assert check(on_github, tmp_path, event, *args).code == 0
    stranger, on_github.token = on_github.token, on_github.fake.token("mallory")
    assert check(on_github, tmp_path, event, "--by", "commits").code == 1  # the pass is somebody else's word
    on_github.token = stranger


def test_a_push_is_judged_by_the_journal(on_github: PullRequestWorld, tmp_path: Path) -> None:
    on_github.commit("alice", BRIEF, "topic")
    before = on_github.commands.git("rev-parse", "origin/main")
    head = on_github.push("alice", "topic")
    event = {"ref": "refs/heads/topic", "before": before, "after": head}
    assert check(on_github, tmp_path, event, "--status").code == 1
    on_github.commands.must("bob", "review", "approve", head)
    assert check(on_github, tmp_path, event, "--status").code == 0
    assert on_github.forge.check_runs[-1].conclusion == "success"


@pytest.mark.attack("R11")
@pytest.mark.parametrize(
    ("event", "word"),
    [
        (b"[" * 100_000, "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", "holds no event"),
        (b" " * (10 * 2**20 + 1), "larger than 10 MiB"),
        ({"pull_request": {"number": "12; rm -rf /"}}, "says no pull request"),
        ({"pull_request": {"number": True}}, "says no pull request"),
        ({"merge_group": {"head_sha": "--upload-pack=x", "base_sha": "b" * 40}}, "does not say its commits"),
        ({"action": "opened"}, "says no pull request"),
    ],
)
def test_an_event_that_says_nothing_useful_is_refused(
    on_github: PullRequestWorld, tmp_path: Path, event: Any, word: str
) -> None:
    found = check(on_github, tmp_path, event, "--status")
    assert found.code == 2
    assert word in found.err
    assert on_github.fake.writes() == []
