"""Word diffs are exact, readable, and cost little whatever the texts."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from patience import ends

from agentgov.diff.sequence import in_order, keyed, runs
from agentgov.diff.words import WordEdit, word_diff

TEXT = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(["be", "kind", " ", "\n", ".", "  ", "refund"]), max_size=40).map("".join),
)


@given(TEXT, TEXT)
@settings(max_examples=300)
def test_the_edits_hold_both_texts_exactly(before: str, after: str) -> None:
    edits = word_diff(before, after)
    assert "".join(edit.text for edit in edits if edit.kind != "insert") == before
    assert "".join(edit.text for edit in edits if edit.kind != "delete") == after
    assert all(edit.text for edit in edits)
    assert not any(one.kind == other.kind for one, other in pairwise(edits))


def test_words_are_replaced_not_letters() -> None:
    assert word_diff("You answer refund questions.", "You answer billing questions.") == (
        WordEdit("equal", "You answer "),
        WordEdit("delete", "refund"),
        WordEdit("insert", "billing"),
        WordEdit("equal", " questions."),
    )


def test_a_phrase_is_one_edit() -> None:
    edits = word_diff("promise them some money now", "promise him no refund now")
    assert [edit.kind for edit in edits] == ["equal", "delete", "insert", "equal"]
    assert edits[1].text == "them some money"


def test_the_same_text_has_no_edits() -> None:
    assert word_diff("same", "same") == (WordEdit("equal", "same"),)
    assert word_diff("", "") == ()


def test_huge_texts_are_compared_in_bounded_time() -> None:
    lines = [f"line {number} says word{number % 97}\n" for number in range(40_000)]
    other = [line.replace("says", "tells") if number % 2 else line for number, line in enumerate(lines)]
    with ends():
        edits = word_diff("".join(lines), "".join(other))
    assert "".join(edit.text for edit in edits if edit.kind != "delete") == "".join(other)


def test_a_small_edit_in_a_huge_text_is_still_exact() -> None:
    text = "".join(f"line {number} is here\n" for number in range(50_000))
    edits = word_diff(text, text.replace("line 25000 is", "line 25000 was"))
    assert [edit for edit in edits if edit.kind != "equal"] == [WordEdit("delete", "is"), WordEdit("insert", "was")]


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
@settings(max_examples=200)
def test_runs_cover_both_sides_in_order(before: list[int], after: list[int]) -> None:
    steps = runs(before, after)
    assert [index for step in steps for index in step.before] == list(range(len(before)))
    assert [index for step in steps for index in step.after] == list(range(len(after)))
    for step in steps:
        left, right = [before[index] for index in step.before], [after[index] for index in step.after]
        assert (left == right) if step.equal else (left != right)


def test_numbers_that_hash_alike_are_not_equal() -> None:
    assert hash(-1) == hash(-2)
    assert [step.equal for step in runs([-1], [-2])] == [False]


def test_keys_that_stand_twice_are_kept() -> None:
    assert keyed(["a", "b", "a"], str) == {("a", 0): (0, "a"), ("b", 0): (1, "b"), ("a", 1): (2, "a")}
    assert in_order([0, 0, 3])
    assert not in_order([1, 0])
