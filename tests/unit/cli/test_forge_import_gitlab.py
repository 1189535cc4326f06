"""`forge import-reviews` on GitLab: approvals come into the journal with the contents they were given to."""

from typing import Any

import gitworld
import pytest
from gitlabfleet import GitLabFleet
from unit.cli.command_world import PROMPT
from unit.cli.output_schema import assert_holds

BRIEF = {PROMPT: "Be brief.\n"}
LOUD = {PROMPT: "Be loud.\n"}


def imported(on_gitlab: GitLabFleet, *args: str, code: int = 0) -> dict[str, Any]:
    env = {"AGENTGOV_KEY_FILE": str(on_gitlab.commands.keys / "importer")}
    ran = on_gitlab.run("importer", "forge", "import-reviews", *args, "--json", env=env)
    assert ran.code == code, ran
    assert_holds(ran.document, "forge-import-reviews")
    return ran.document


def pending(on_gitlab: GitLabFleet) -> list[str]:
    on_gitlab.later(60)
    done = on_gitlab.commands.must("reconciler", "reconcile", "--once", "--json")
    return [one["path"] for one in done.document["pending"]]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_was_approved_and_merged_is_authorised_however_it_was_merged(on_gitlab: GitLabFleet, method: Any) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.forge.approve(number, "bob")
    assert on_gitlab.check(number).code == 0
    on_gitlab.forge.merge(number, "bob", method)
    on_gitlab.forge.delete_branch("bob", "topic")
    assert pending(on_gitlab) == [PROMPT]
    imported(on_gitlab, "--since", "2h")
    assert pending(on_gitlab) == []
    before = gitworld.git(on_gitlab.commands.remote, "rev-parse", "agentgov/journal")
    imported(on_gitlab, "--pr", str(number))
    assert gitworld.git(on_gitlab.commands.remote, "rev-parse", "agentgov/journal") == before


def test_an_approval_that_was_taken_back_is_taken_back_in_the_journal(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.forge.approve(number, "bob")
    imported(on_gitlab, "--pr", str(number))
    on_gitlab.forge.unapprove(number, "bob")
    imported(on_gitlab, "--pr", str(number))
    assert on_gitlab.check(number).code == 1
    on_gitlab.forge.merge(number, "bob", "merge")
    assert pending(on_gitlab) == [PROMPT]


@pytest.mark.attack("R18")
def test_an_approval_in_doubt_is_not_imported_and_is_told(on_gitlab: GitLabFleet) -> None:
    number = on_gitlab.propose("alice", BRIEF)
    on_gitlab.push("alice", LOUD)
    on_gitlab.later(-3570)
    on_gitlab.forge.approve(number, "bob")
    told = imported(on_gitlab, "--pr", str(number))
    assert "approved right after a push; approve again" in str(told)
    on_gitlab.forge.merge(number, "bob", "merge")
    assert pending(on_gitlab) == [PROMPT]


def test_nothing_is_imported_where_the_fork_is_hidden(on_gitlab: GitLabFleet) -> None:
    on_gitlab.forge.fork("alice")
    number = on_gitlab.propose("alice", BRIEF, fork="alice")
    on_gitlab.forge.approve(number, "bob")
    on_gitlab.forge.hide_fork("alice")
    assert "forge.pushers-unknown" in str(imported(on_gitlab, "--pr", str(number), code=1))
