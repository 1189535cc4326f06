"""Workflow commands as GitHub's runner reads them, for any finding; and which ten of many it is given."""

import re
from dataclasses import dataclass, replace

from hypothesis import given, settings
from unit.report.findings_sample import finding, many, report, reports, silenced

from agentgov.model.finding import Severity
from agentgov.report.findings import Lines, Report
from agentgov.report.formats import github
from agentgov.report.page import safe


@dataclass(frozen=True)
class Command:
    """One command, as the runner understood it."""

    name: str
    properties: dict[str, str]
    message: str


def commands(log: str) -> list[Command]:
    """What the runner takes for commands, by its own rules (actions/runner, ActionCommand.cs): a line that starts with
    `::` after white space and holds a second `::`, else one with `##[...]` anywhere."""
    found = []
    for line in re.split(r"\r\n|\r|\n", log):
        text = line.lstrip()
        end = text.find("::", 2)
        if text.startswith("::") and end > 0:
            name, _, listed = text[2:end].partition(" ")
            pairs = (pair.partition("=") for pair in listed.split(",") if pair)
            properties = {key.strip(): unescaped(value, property=True) for key, _, value in pairs}
            found.append(Command(name, properties, unescaped(text[end + 2 :])))
        elif "##[" in line:
            found.append(Command("old", {}, line))
    return found


def unescaped(text: str, *, property: bool = False) -> str:  # noqa: A002
    for code, char in (("%0D", "\r"), ("%0A", "\n"), *((("%3A", ":"), ("%2C", ",")) if property else ())):
        text = text.replace(code, char)
    return text.replace("%25", "%")


@settings(max_examples=80)
@given(reports(most=30))
def test_the_runner_reads_what_was_said_and_nothing_else(told: Report) -> None:
    found = commands(github.render(told))
    assert {one.name for one in found} <= {"error", "warning", "notice", "group", "endgroup"}
    places = {(safe(told.path(one)), str(one.where.line or "")) for one in told.findings}
    places |= {(safe(told.path(one.finding)), str(one.finding.where.line or "")) for one in told.suppressed}
    for severity, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning")):
        kind = [one for one in told.findings if one.severity is severity]
        shown = [one for one in found if one.name == word]
        assert len(shown) == min(len(kind), github.KEPT)
        for one in shown[:9]:
            assert set(one.properties) <= {"file", "line", "col", "title"}
            assert (one.properties["file"], one.properties.get("line", "")) in places


def test_ten_of_a_kind_and_the_tenth_says_how_many_more() -> None:
    told = report([*many(45), *many(3, Severity.WARNING)])
    found = commands(github.render(told))
    assert [one.name for one in found] == ["error"] * 10 + ["warning"] * 3 + ["group", "endgroup"]
    assert found[9].message.startswith("36 more errors: ")
    assert found[9].properties == {"title": "36 more errors"}
    log = github.render(told)
    for one in told.findings:
        assert one.where.pointer.removeprefix("/spec/") + " " in log  # annotated or not, it is in the log
    assert log.splitlines()[-1] == told.summary()


def test_the_worst_on_changed_lines_come_first() -> None:
    lines: dict[str, Lines] = {"agents/a/n7/agent.yaml": [(100, 200)], "agents/a/n8/agent.yaml": [(1, 1)]}
    told = replace(report(many(300)), changed=lines.get)
    found = commands(github.render(told))
    assert [(one.properties["file"], one.properties["line"]) for one in found[:6]] == [
        ("agents/a/n7/agent.yaml", "108"),
        ("agents/a/n7/agent.yaml", "8"),
        ("agents/a/n7/agent.yaml", "208"),
        ("agents/a/n8/agent.yaml", "9"),
        ("agents/a/n8/agent.yaml", "109"),
        ("agents/a/n8/agent.yaml", "209"),
    ]


def test_a_suppressed_finding_in_a_changed_file_is_a_notice_with_its_reason() -> None:
    told = report([], suppressed=(silenced(finding(message="odd"), "the vendor asks for it"),))
    assert commands(github.render(told)) == []
    lines: dict[str, Lines] = {"agents/a/one/agent.yaml": [(9, 9)]}
    (one,) = commands(github.render(replace(told, changed=lines.get)))
    assert (one.name, one.message) == ("notice", "odd\nsuppressed because the vendor asks for it")
