"""`check --pr` of a pull request that does not stand still: judged once over, then exit 3, never by what was before."""

from collections.abc import Callable
from typing import Any

import pytest
from prworld import PullRequestWorld
from unit.cli.command_world import PROMPT

BRIEF = {PROMPT: "Sort tickets by urgency. Be brief.\n"}


def after_reading(world: PullRequestWorld, operation: str, times: int, then: Callable[[], object]) -> None:
    """Let something happen right after the forge told something, so many times."""
    answer, told = world.fake._routes[operation], list[int]()

    def answered(asked: Any) -> Any:
        reply = answer(asked)
        told.append(1)
        if len(told) <= times:
            then()
        return reply

    world.fake._routes[operation] = answered


def pushed(world: PullRequestWorld) -> None:
    count = len(world.forge.pushes)
    world.commit("alice", {PROMPT: f"Text {count}.\n"}, "topic")
    world.push("alice", "topic")


def test_a_push_meanwhile_is_what_is_judged(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    after_reading(on_github, "repos/list-activities", 1, lambda: pushed(on_github))
    found = on_github.asked(number, "--status", code=1)
    assert found["pull_request"]["head"] == on_github.forge.pulls[number].head
    assert [run.commit for run in on_github.forge.check_runs] == [on_github.forge.pulls[number].head]


def test_pushes_that_do_not_end_are_no_answer(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    after_reading(on_github, "repos/list-activities", 99, lambda: pushed(on_github))
    found = on_github.check(number, "--status")
    assert found.code == 3
    assert "changed while it was" in found.err
    assert {run.conclusion for run in on_github.forge.check_runs} == {"failure"}


def test_a_dismissal_meanwhile_is_seen(on_github: PullRequestWorld) -> None:
    number = on_github.propose("alice", BRIEF)
    review = on_github.forge.review(number, "bob", "APPROVED")
    after_reading(on_github, "pulls/list-reviews", 1, lambda: on_github.forge.dismiss(number, review, "carol"))
    assert on_github.asked(number, "--status", code=1)["verdict"] == "pending"
    assert [run.status for run in on_github.forge.check_runs] == ["in_progress"]


def test_a_fault_of_our_own_takes_an_earlier_pass_away(
    on_github: PullRequestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = on_github.propose("alice", BRIEF)
    on_github.forge.review(number, "bob", "APPROVED")
    assert on_github.check(number, "--status").code == 0

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("agentgov.cli.change.check_contents.preview", broken)
    with pytest.raises(AssertionError, match="internal error: ZeroDivisionError"):
        on_github.check(number, "--status")
    assert on_github.forge.check_runs[-1].conclusion == "failure"
