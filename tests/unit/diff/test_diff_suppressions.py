"""Marks that suppress findings are a change of an agent, although no value of agent.yaml is."""

from collections.abc import Mapping

import pytest
from unit.validate.fleet_sample import AGENT, FILES, PROMPT, REFUNDS, Edit, fleet

from agentgov.diff.change import matches
from agentgov.diff.compare import AgentDiff, compare
from agentgov.diff.version import version_of
from agentgov.model.mark import written
from agentgov.validate.load import load_agent
from agentgov.validate.suppress import suppressions

MARK = "# agentgov: ignore[prompt.empty, secret.literal] because it is a sample"


def difference(before: Mapping[str, Edit], after: Mapping[str, Edit]) -> AgentDiff:
    sides = []
    for edits in (before, after):
        snapshot = fleet(edits)
        agent, findings = load_agent(snapshot, REFUNDS)
        assert agent is not None, findings
        sides.append(version_of(REFUNDS, agent, snapshot))
    return compare(sides[0], sides[1])


def marked(mark: str) -> Mapping[str, Edit]:
    return {AGENT: ("  risk: medium\n", f"  risk: medium  {mark}\n")}


def test_a_new_mark_loosens_and_is_told_with_its_reason() -> None:
    diff = difference({}, marked(MARK))
    assert [(found.field, found.klass, found.summary) for found in diff.changes] == [
        ("suppressions.added", "loosens", "findings prompt.empty suppressed, because it is a sample"),
        ("suppressions.added", "loosens", "findings secret.literal suppressed, because it is a sample"),
    ]
    assert all(matches(found, "suppressions") for found in diff.changes)


def test_a_mark_that_is_gone_tightens() -> None:
    assert [found.field for found in difference(marked(MARK), {}).changes] == ["suppressions.removed"] * 2


def test_another_reason_is_another_mark() -> None:
    diff = difference(marked(MARK), marked(MARK.replace("a sample", "needed")))
    assert sorted({found.field for found in diff.changes}) == ["suppressions.added", "suppressions.removed"]


def test_a_mark_that_moved_and_other_comments_are_no_change() -> None:
    moved = {AGENT: ("  risk: medium\n", f"  # about the risk\n  {MARK}\n\n  risk: medium\n")}
    assert difference(marked(MARK), moved).changes == ()


def test_a_new_agent_is_told_with_what_it_suppresses() -> None:
    snapshot = fleet(marked(MARK))
    agent, _ = load_agent(snapshot, REFUNDS)
    assert agent is not None
    diff = compare(None, version_of(REFUNDS, agent, snapshot))
    assert [found.field for found in diff.changes].count("suppressions.added") == 2


@pytest.mark.parametrize(
    "line",
    [
        MARK,
        "#agentgov: ignore[a.b]  because  so",
        "# agentgov: ignore[a.b]",
        "# agentgov: ignore a.b because so",
        "x: 1 # agentgov: ignore[a.b] because so # and more",
        "# agentgov: ignored[a.b] because so",
        "",
    ],
)
def test_every_mark_that_counts_is_seen(line: str) -> None:
    data = f"{FILES[AGENT]}{line}\n".replace("x: 1", "  x-a: 1").encode()
    counted = [(one.where.line, code, one.reason) for one in suppressions(data, AGENT) for code in one.codes]
    assert list(written(data)) == counted


def test_a_prompt_holds_no_marks() -> None:
    assert [found.field for found in difference({}, {PROMPT: f"You help {{{{customer}}}}. {MARK}\n"}).changes] == [
        "prompt.changed"
    ]
