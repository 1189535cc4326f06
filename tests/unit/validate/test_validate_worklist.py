"""The worklist of an import: marks in comments and reserved words are findings, texts that look like them are not."""

import pytest

from agentgov.model.finding import Severity
from agentgov.validate.worklist import fill_ins

FILE = "agents/a/b/agent.yaml"


def test_every_mark_is_a_finding_with_its_line_and_pointer() -> None:
    text = (
        "spec:\n  risk: critical # agentgov: fill in: how risky\n  # agentgov: fill in: budget: {day: ...}\n  x: []\n"
    )
    first, second = fill_ins(text.encode(), FILE)
    assert (first.where.line, first.where.column, first.where.pointer) == (2, 3, "/spec/risk")
    assert first.message == "how risky"
    assert first.severity is Severity.ERROR
    assert (second.where.line, second.where.column) == (3, 3)
    assert second.message == "budget: {day: ...}"


@pytest.mark.parametrize(
    "text",
    [
        'a: "# agentgov: fill in: no"\n',
        "a: |\n  text\n  # agentgov: fill in: no\n",
        "a: >-\n  # agentgov: fill in: no\n",
        "a: 'x\n  # agentgov: fill in: no'\n",
        "# something about agentgov: fill in\na: 1\n",
        "x: team:fill-in\n",
    ],
)
def test_a_mark_inside_a_text_is_text(text: str) -> None:
    assert fill_ins(text.encode(), FILE) == ()


def test_a_mark_after_a_block_of_text_counts() -> None:
    text = "a: |\n  text\n# agentgov: fill in: yes\nb: 1\n"
    assert [finding.where.line for finding in fill_ins(text.encode(), FILE)] == [3]


@pytest.mark.parametrize("line", ["owner: team:fill-in", 'owner: "team:fill-in"', "model: {primary: fill-in/model}"])
def test_reserved_words_are_reported_when_their_comment_is_gone(line: str) -> None:
    found = fill_ins(f"spec:\n  {line}\n".encode(), FILE)
    assert [finding.where.line for finding in found] == [2]


def test_a_marked_reserved_word_is_reported_once() -> None:
    text = "spec:\n  owner: team:fill-in # agentgov: fill in: who\n"
    assert [finding.message for finding in fill_ins(text.encode(), FILE)] == ["who"]


@pytest.mark.parametrize(
    "data", [b"\xff# agentgov: fill in", b"a: [1\n# agentgov: fill in: x\n", b"# agentgov: fill in"]
)
def test_files_that_cannot_be_read_do_no_harm(data: bytes) -> None:
    assert len(fill_ins(data, FILE)) <= 1


def test_ordinary_files_have_no_worklist() -> None:
    assert fill_ins(b"spec: {owner: team:support}\n", FILE) == ()
