"""Word diffs are shown with a little around them, wrapped, and marked where nothing paints them."""

from agentgov.diff.words import word_diff
from agentgov.report.page import Page
from agentgov.report.words import MOST_LINES, word_lines


def shown(before: str, after: str, *, marks: bool = True, width: int = 40) -> list[str]:
    return [
        "".join(span.text for span in line) for line in word_lines(word_diff(before, after), marks=marks, width=width)
    ]


def test_marks_and_context() -> None:
    text = "one\ntwo\nthree\nfour\nfive\nsix\n"
    assert shown(text, text.replace("four", "4")) == ["...", "three", "[-four-]{+4+}", "five", "..."]


def test_without_marks_the_style_tells() -> None:
    (line,) = word_lines(word_diff("be kind", "be brief"), marks=False)
    assert [(span.text, span.style) for span in line] == [
        ("be ", "plain"),
        ("kind", "delete"),
        ("brief", "insert"),
    ]
    assert "\x1b[" in Page().line(*line).text(colour=True, width=80)


def test_added_lines() -> None:
    assert shown("a\nb\n", "a\nnew one\nb\n") == ["a", "{+new one+}", "b"]


def test_long_lines_are_wrapped_at_spaces() -> None:
    lines = shown("", "word " * 30)
    assert all(len(line.rstrip()) <= 40 for line in lines)
    assert "".join(lines).replace(" ", "") == "{+" + "word" * 30 + "+}"


def test_a_word_longer_than_a_line_is_broken() -> None:
    assert all(len(line) <= 40 for line in shown("", "x" * 1000))


def test_long_unchanged_stretches_are_left_out() -> None:
    words = " ".join(f"word{number}" for number in range(200))
    lines = shown(f"{words} old {words}", f"{words} new {words}", width=400)
    assert len(lines) == 1
    assert "[-old-]{+new+}" in lines[0]
    assert lines[0].startswith("... ")
    assert lines[0].rstrip().endswith(" ...")
    assert len(lines[0]) < 200


def test_output_is_bounded() -> None:
    lines = shown("", "line\n" * 10_000)
    assert len(lines) == MOST_LINES + 1
    assert "more" in lines[-1]
