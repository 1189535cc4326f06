"""agent.yaml is written so that it reads back as it was meant, with comments where something is to be filled in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.importers import unknown
from agentgov.importers.unknown import Line, Placeholder
from agentgov.importers.writer import plain, render
from agentgov.validate.worklist import fill_ins
from agentgov.validate.yaml_reader import read

# What the strict reader hands over: text without hidden characters, finite numbers, no other types.
_TEXT = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), include_characters="\n\t"), max_size=40)
_SCALARS = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | _TEXT | st.floats(-1e6, 1e6, width=32)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=12
)


@settings(max_examples=100)
@given(st.dictionaries(_TEXT, _VALUES, min_size=1, max_size=4))
def test_whatever_is_written_reads_back_equal(document: dict[str, Any]) -> None:
    try:
        text = render(document, "# head\n")
    except ValueError:
        # Allowed to refuse, and then nothing is written; but only for characters that the reader refuses too.
        assert not repr(document).isascii()
        return
    assert read(text.encode(), "x").value == document


@pytest.mark.parametrize(
    "text", ["no", "Yes", "null", "1:30", "0o7", "1_000", "012", "~", "-", "# x", "a: b", "{x}", "y"]
)
def test_texts_that_other_readers_take_for_something_else_are_quoted(text: str) -> None:
    assert f'key: "{text}"' in render({"key": text}, "")


def test_several_lines_are_a_block() -> None:
    assert render({"key": "one\ntwo\n"}, "") == "key: |\n  one\n  two\n"


def test_what_is_unknown_becomes_a_comment_at_its_line() -> None:
    text = render({"spec": {"owner": unknown.OWNER, "later": (unknown.BUDGET, unknown.ONCALL), "last": 1}}, "# head\n")
    lines = text.splitlines()
    assert lines[2].startswith('  owner: "team:fill-in" # agentgov: fill in: owner')
    assert lines[3].startswith("  # agentgov: fill in: budget")
    assert lines[4].startswith("  # agentgov: fill in: oncall")
    assert lines[5] == "  last: 1"
    assert [finding.where.line for finding in fill_ins(text.encode(), "agent.yaml")] == [3, 4, 5]


def test_words_from_a_source_cannot_leave_their_comment() -> None:
    hostile = "x\nspec: {risk: low}\r\u2028# agentgov\x1b[2J"
    document = {"a": Placeholder("v", hostile), "b": Line(hostile), "c": 1}
    assert read(render(document, "").encode(), "x").value == {"a": "v", "c": 1}


def test_plain_leaves_out_what_is_only_said_in_comments() -> None:
    assert plain({"a": Placeholder(1, "x"), "b": (Line("y"),), "c": [Placeholder("z", "")]}) == {"a": 1, "c": ["z"]}


def test_what_cannot_be_read_back_is_refused() -> None:
    deep: Any = 1
    for _ in range(80):
        deep = [deep]
    with pytest.raises(ValueError, match="nesting"):
        render({"key": deep}, "")
