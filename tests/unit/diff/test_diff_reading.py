"""Word diffs read as a person would tell them: words, sentences, lines that moved, scripts without spaces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import ends

from agentgov.diff.prompts import only_written
from agentgov.diff.tokens import count_words, lines, tokens
from agentgov.diff.words import word_diff


def told(before: str, after: str) -> str:
    """The edits in one text, moved lines with a mark of their own."""
    marks = {
        ("insert", False): "{+%s+}",
        ("delete", False): "[-%s-]",
        ("insert", True): "<here %s>",
        ("delete", True): "<left %s>",
    }
    return "".join(marks.get((edit.kind, edit.moved), "%s") % edit.text for edit in word_diff(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("You don't know.", "You do not know.", "You [-don't-]{+do not+} know."),
        ("reach 0.97 of all", "reach 0.98 of all", "reach [-0.97-]{+0.98+} of all"),
        ("- a\n- c\n", "- a\n- b\n- c\n", "- a\n{+- b\n+}- c\n"),
        ("Be kind. Ask twice.", "Be kind. Never guess. Ask twice.", "Be kind. {+Never guess. +}Ask twice."),
        ("One.\n\nTwo.\n\nThree.\n", "One.\n\nThree.\n", "One.\n\n[-Two.\n\n-]Three.\n"),
        ("short answers, only facts", "long words, no facts", "[-short answers, only-]{+long words, no+} facts"),
        ("請禮貌地回答。", "請簡短地回答。", "請[-禮貌-]{+簡短+}地回答。"),
        ("您是助手。不要承诺退款。", "您是助手。不要承诺任何退款。", "您是助手。不要承诺{+任何+}退款。"),
        ("यह एक परीक्षण है", "यह दो परीक्षण है", "यह [-एक-]{+दो+} परीक्षण है"),
        ("ตอบคำถามอย่างสุภาพ", "ตอบคำถามสั้นๆอย่างสุภาพ", "ตอบคำถาม{+สั้นๆ+}อย่างสุภาพ"),
        ("```\nx = 1\n```\n", "```\nx = 2\n```\n", "```\nx = [-1-]{+2+}\n```\n"),
        ("a\n", "a", "a[-\n-]"),
    ],
)
def test_edits_stand_where_a_reader_sees_them(before: str, after: str, expected: str) -> None:
    assert told(before, after) == expected


MOVED = "Always answer with the order number first.\n"
OTHER = "Never promise a refund above fifty euros.\n"


def test_a_line_that_moved_is_no_deletion_and_insertion() -> None:
    before = f"# One\n\n{MOVED}{OTHER}\n# Two\n\nSay goodbye.\n"
    after = f"# One\n\n{OTHER}\n# Two\n\nSay goodbye.\n{MOVED}"
    assert told(before, after) == f"# One\n\n<left {MOVED}>{OTHER}\n# Two\n\nSay goodbye.\n<here {MOVED}>"


def test_a_text_that_was_wrapped_anew_has_only_line_breaks() -> None:
    words = [f"word{number}" for number in range(200)]
    before, after = (
        "".join(" ".join(words[start : start + wide]) + "\n" for start in range(0, 200, wide)) for wide in (10, 8)
    )
    assert only_written(before, after) == "line breaks"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a\r\nb\r\n", "a\nb\n", "line endings"),
        ("a b", "a b\n", "line breaks at the end"),
        ("a b\nc", "a\nb c", "line breaks"),
        ("a  b", "a b", "spaces"),
        ("a  b", "a\nb", "spaces and line breaks"),
        ("您好世界", "您好\n世界", "spaces and line breaks"),
        ("now here", "nowhere", ""),
        ("a", "b", ""),
        ("a", "a", ""),
    ],
)
def test_what_differs_beside_words_is_named(before: str, after: str, expected: str) -> None:
    assert only_written(before, after) == expected


@given(st.text(st.characters(max_codepoint=127), max_size=40))
@settings(max_examples=300)
def test_ascii_is_cut_as_any_other_text(text: str) -> None:
    assert tokens(f"{text}\n\u00e9") == [*tokens(text), "\n", "\u00e9"]
    assert count_words(text) == count_words(f"{text} \u00e9") - 1


def test_words_are_counted_as_people_count_them() -> None:
    assert count_words("one, two\n three") == 3
    assert count_words("您好 world") == 3
    assert lines("a\nb\u2028c\n") == ["a\n", "b\u2028c\n"]
    assert "".join(tokens("e\u0301 x\u200by 🇫🇷 'tis \x00")) == "e\u0301 x\u200by 🇫🇷 'tis \x00"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a " * 50_000, "b a " * 40_000),
        (
            "".join(f"{number} x\n" for number in range(20_000)),
            "".join(f"{number} x\n" for number in range(19_999, 0, -1)),
        ),
        ("x" * 100_000, "y" * 100_000),
        ("您" * 50_000, "好您" * 25_000),
        ("\n" * 100_000, " " * 100_000),
        (".a" * 50_000, "a." * 50_000),
    ],
    ids=["repeated", "reversed", "one-word", "characters", "blank", "points"],
)
def test_hostile_texts_cost_little(before: str, after: str) -> None:
    with ends():
        edits = word_diff(before, after)
    assert "".join(edit.text for edit in edits if edit.kind != "insert") == before
    assert "".join(edit.text for edit in edits if edit.kind != "delete") == after
