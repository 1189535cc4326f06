"""The changelog of a release: riskiest first, never too long, and nothing in it acts."""

import json
from typing import Any

import msgspec
from unit.diff.diff_sample import DOCUMENT, ID

from agentgov.diff.compare import compare
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import Agent
from agentgov.model.merge import merge_patch
from agentgov.model.names import ReleaseName
from agentgov.release.changes import Changes
from agentgov.report.changelog import changelog_markdown, changelog_page

COMMIT = "ab" * 20
PRIOR, NAME = ReleaseName(ID, "1.4.0"), ReleaseName(ID, "1.5.0")


def version(patch: dict[str, Any] | None = None) -> AgentVersion:
    document = merge_patch(json.loads(json.dumps(DOCUMENT)), patch or {})
    return AgentVersion(ID, msgspec.convert(document, Agent))


def changes(patch: dict[str, Any], *, reviewers: tuple[str, ...] = (), passed: tuple[str, ...] = ()) -> Changes:
    return Changes(PRIOR, COMMIT, compare(version(), version(patch)), reviewers, passed)


BOTH = {"spec": {"budget": {"day": "80.00 USD", "month": "500.00 USD"}, "description": "Answers refunds."}}


def test_what_loosens_comes_first() -> None:
    text = changelog_markdown(NAME, changes(BOTH))
    words = ("May do more", "- `budget 40.00", "Other changes", "May do less", "- `budget 900")
    order = [text.index(word) for word in words]
    assert order == sorted(order)
    assert text.startswith("**support/refunds 1.5.0**: `")
    assert "\nSince v1.4.0: 3 changes, at commit ababababa.\n" in text
    assert "`agentgov diff 1.4.0 1.5.0 --agent support/refunds`" in text


def test_who_reviewed_and_what_had_no_reviews_is_said() -> None:
    text = changelog_markdown(NAME, changes(BOTH, reviewers=("alice", "bob"), passed=("1 path overridden by carol",)))
    assert "\nReviewed by alice, bob.\n" in text
    assert "\nPassed without its reviews: 1 path overridden by carol.\n" in text
    assert "Reviewed by" not in changelog_markdown(NAME, changes(BOTH))


def test_a_first_release_says_that_it_is_one() -> None:
    first = Changes(None, COMMIT, compare(None, version()))
    text = changelog_markdown(ReleaseName(ID, "1.0.0"), first)
    assert "The first release: " in text
    assert "`agentgov show support/refunds --at 1.0.0`" in text


def test_nothing_that_people_wrote_acts() -> None:
    nasty = "@acme/team <img src=x> [a](http://x) `b` #1 \u202e ![](http://y)\n## heading"
    text = changelog_markdown(
        NAME, changes({"spec": {"description": nasty}}, reviewers=("@acme/team",), passed=(nasty,))
    )
    outside = "".join(part for number, part in enumerate(text.replace("``", "`").split("`")) if number % 2 == 0)
    for acting in ("<img", "](http", "@acme", "\n## "):
        assert acting not in outside, outside
    assert "\u202e" not in text


def test_it_never_gets_longer_than_a_page_may_be() -> None:
    tools = [{"name": f"tool.{number:05}", "effect": "write"} for number in range(5_000)]
    text = changelog_markdown(NAME, changes({"spec": {"tools": tools, "description": "x"}}))
    assert 100_000 < len(text.encode()) <= 125_000
    assert "more changes: `agentgov diff 1.4.0 1.5.0" in text
    assert text.index("tool.00000") < text.index("more changes")
    assert len(changelog_markdown(NAME, changes(BOTH), 800).encode()) <= 800


def test_a_terminal_sees_the_riskiest_dozen() -> None:
    tools = [{"name": f"tool.{number}", "effect": "write"} for number in range(30)]
    lines = changelog_page(changes({"spec": {"tools": tools}}, reviewers=("bob",))).text().splitlines()
    assert lines[0].startswith("    loosens ")
    assert len(lines) == 14
    assert lines[-2].strip().startswith("and ")
    assert lines[-1] == "    reviewed by bob"
