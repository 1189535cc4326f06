"""What people see of findings: the line, the place in it, and what is left out."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from unit.report.findings_sample import TEXTS, finding, many, report, reports, silenced

from agentgov.model.finding import Finding, Severity
from agentgov.model.verdict import Location
from agentgov.report.findings import Report
from agentgov.report.formats.text import page, render


def sourced(found: Finding, source: str, width: int = 80) -> list[str]:
    """The lines of text about one finding in a file."""
    data = source.encode("utf-8", "surrogatepass")
    told = replace(report([found]), read=lambda path: data if path == found.where.file else None)
    return page(told, width).text().splitlines()


def harmless(text: str) -> bool:
    """Whether nothing in it hides or moves the cursor: characters that show, tabs, and spaces of any width."""
    return all(char.isprintable() or char == "\t" or unicodedata.category(char) == "Zs" for char in text)


def at(line: int, column: int, message: str = "odd") -> Finding:
    return Finding("schema.unknown-field", Severity.ERROR, Location("a.yaml", line, column, "/x"), message, "mend it")


def test_a_caret_stands_below_the_place() -> None:
    assert sourced(at(2, 3), "a: 1\n  rsk: low\n")[:6] == [
        "a.yaml:2:3  error  schema.unknown-field",
        "  odd",
        "  2 |   rsk: low",
        "    |   ^",
        "  fix: mend it",
        "",
    ]


@pytest.mark.parametrize(
    ("source", "column", "shown", "caret"),
    [
        ("\tx: 1", 2, " x: 1", " ^"),
        ("日本: x", 5, "日本: x", "      ^"),
        ("\u200bx: 1", 2, "\\u{200b}x: 1", "        ^"),
        ("x: 1", 99, "x: 1", "    ^"),
        ("x" * 200, 150, f"…{'x' * 74}…", None),
    ],
)
def test_the_caret_stands_right_whatever_is_in_the_line(
    source: str, column: int, shown: str, caret: str | None
) -> None:
    lines = sourced(at(1, column), source)
    if caret is not None:
        assert lines[2:4] == [f"  1 | {shown}", f"    | {caret}"]
    assert all(cell_len(line) <= 80 for line in lines[2:4])


@settings(max_examples=80)
@given(TEXTS, st.integers(0, 600), st.integers(20, 200))
def test_a_line_of_source_never_breaks_the_screen(text: str, column: int, width: int) -> None:
    lines = sourced(at(1, column), text * 20, width)
    for line in lines[2:4]:
        assert cell_len(line) <= max(width, 32)
        assert harmless(line)


def test_a_long_line_is_shown_around_the_place() -> None:
    source = "a" * 300 + "HERE" + "b" * 300
    text, caret = sourced(at(1, 301), source)[2:4]
    assert text[caret.index("^") :].startswith("HERE")
    assert (text[6], text[-1]) == ("…", "…")


def test_files_that_cannot_be_read_show_no_line() -> None:
    assert sourced(replace(at(9, 1)), "one line\n")[2] == "  fix: mend it"


def test_when_there_are_many_errors_are_kept_and_the_rest_is_counted() -> None:
    told = report([*many(300, Severity.WARNING), *many(50)])
    text = render(told)
    assert text.count("  error    ") == 50
    assert text.count("  warning  ") == 150
    assert "... and 150 more (150 warnings); all of them: --format json" in text
    assert text.endswith("50 errors, 300 warnings in 100 files; checked 2 agents, 4 files (working tree)\n")


def test_suppressed_findings_are_counted_and_told_with_their_reasons_if_asked_for() -> None:
    told = report([], suppressed=(silenced(finding(line=3), "the vendor\nasks for it"),))
    last = "no findings: 1 suppressed; checked 2 agents, 4 files (working tree)\n"
    assert render(told) == last
    assert page(told, suppressed=True).text() == (
        "agents/a/one/agent.yaml:3:2  suppressed  schema.unknown-field  unknown field\n"
        "    because: the vendor asks for it (agents/a/one/agent.yaml:2:1)\n"
        f"\n{last}"
    )


@settings(max_examples=80)
@given(reports())
def test_what_is_printed_cannot_move_the_cursor(told: Report) -> None:
    for text in (render(told), page(told, 60, suppressed=True).text()):
        assert all(harmless(line) for line in text.split("\n"))
