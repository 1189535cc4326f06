"""The review verdict in a workflow: one annotation that says what is missing, and a log in which nothing acts."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.report.findings_sample import TEXTS
from unit.report.test_report_github import commands

from agentgov.report.check_github import github


def verdict(missing: int, state: str, names: tuple[str, ...] = ("owners",), blockers: tuple[str, ...] = ()) -> Any:
    """What the annotation needs of a document of `check --json`."""
    requirements = [
        {"count": 1, "name": name, "missing": missing, "path": f"agents/a/{name}", "candidates": ["ana"]}
        for name in names
    ]
    return {"verdict": state, "missing_paths": ["x"], "blocked_by": list(blockers), "requirements": requirements}


def test_a_workflow_gets_one_annotation_for_all_and_one_for_a_path() -> None:
    log = "pending 1 of 2\n::error::not a command\n##[error]nor this\n"
    one, path = commands(github(verdict(1, "pending"), log))
    assert (path.name, path.message) == ("warning", "1 more of owners: ana")
    assert path.properties == {"file": "agents/a/owners", "line": "1", "title": "waits for a review"}
    assert (one.name, one.properties) == ("error", {"title": "reviews: pending"})
    assert one.message == "1 of 1 requirement not met: 1 of owners"
    assert commands(github(verdict(0, "pass"), log)) == []
    assert commands(github(verdict(1, "blocked", blockers=("bob",)), ""))[0].message == "bob asked for changes"
    assert "1 path cannot pass yet" in commands(github(verdict(0, "pending"), ""))[0].message


@settings(max_examples=60)
@given(st.lists(TEXTS, max_size=3), TEXTS)
def test_whatever_names_hold_there_are_no_other_commands(names: list[str], log: str) -> None:
    found = commands(github(verdict(1, "pending", tuple(names)), log))
    assert [one.name for one in found] == ["error", *["warning"] * min(len(set(names)), 9)]
