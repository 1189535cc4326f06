"""Markdown that fits a comment, and in which nothing that people wrote acts; parsed by a real parser."""

import re

from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token
from unit.report.findings_sample import TEXTS, finding, many, report, reports

from agentgov.report.findings import Report
from agentgov.report.formats import markdown
from agentgov.report.markup import code, prose
from agentgov.report.page import safe

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ALLOWED = {"text", "code_inline", "html_inline", "softbreak"}


def inline(tokens: list[Token]) -> list[Token]:
    """Every token inside of lines."""
    return [child for token in tokens for child in token.children or ()]


@settings(max_examples=80)
@given(TEXTS)
def test_prose_reads_the_same_and_is_text_alone(text: str) -> None:
    line = " ".join(safe(text).split())
    rendered = PARSER.parse(f"| a | b |\n| --- | --- |\n| x {prose(text)} | y |\n")
    cells = [token for token in rendered if token.type == "inline"]
    assert len(cells) == 4
    assert {child.type for child in cells[2].children or ()} <= {"text"}
    shown = "".join(child.content for child in cells[2].children or ())
    assert shown.replace("\u200b", "") == f"x {line}".rstrip().replace("\u200b", "")
    assert not re.search(r"[@#!$%~&^]\w", shown)
    assert "https://" not in prose(text)
    assert "www." not in prose(text).lower()


@settings(max_examples=80)
@given(TEXTS)
def test_code_cannot_be_left(text: str) -> None:
    line = " ".join(safe(text).split())
    rendered = PARSER.parse(f"| a | b |\n| --- | --- |\n| {code(text)} | y |\n")
    cells = [token for token in rendered if token.type == "inline"]
    assert len(cells) == 4
    assert [child.content.strip() for child in cells[2].children or ()] == ([line.strip()] if line else [])


@settings(max_examples=80)
@given(reports())
def test_every_finding_is_one_row(told: Report) -> None:
    tokens = PARSER.parse(markdown.render(told))
    rows = sum(token.type == "tr_open" for token in tokens) - sum(token.type == "thead_open" for token in tokens)
    assert rows == len(told.findings) + len(told.suppressed)
    assert {token.type for token in inline(tokens)} <= ALLOWED
    assert {token.content for token in inline(tokens) if token.type == "html_inline"} <= {"<br>"}


def test_a_comment_never_grows_too_long_and_loses_whole_sections() -> None:
    told = report(many(9000))
    text = markdown.render(told)
    assert len(text) <= markdown.COMMENT
    assert text.startswith("<!-- agentgov validate -->\n## agentgov validate failed: 9,000 errors\n")
    said = re.search(r"\*\*(\d+) more sections are left out here\*\*", text)
    assert said is not None
    assert text.count("\n### ") + int(said[1]) == 100
    for section in text.split("\n### ")[1:]:
        assert section.count("\n| ") - 2 == 90  # every table that is there is whole


def test_a_file_with_very_many_findings_has_several_tables() -> None:
    told = report([finding(line=number + 1) for number in range(250)])
    titles = [line for line in markdown.render(told).splitlines() if line.startswith("### ")]
    assert titles == [
        f"### `agents/a/one/agent.yaml`: 250 errors, {part}" for part in ("1 to 100", "101 to 200", "201 to 250")
    ]


def test_a_step_summary_is_as_long_as_there_is_room() -> None:
    told = report(many(9000))
    for room in (20_000, 300_000, 1_000_000):
        text = markdown.summary(told, room)
        assert room - 12_000 < len(text.encode()) <= room
        assert "more sections are left out here" in text
    assert "left out" not in markdown.summary(report(many(1000)), 1_000_000)
