"""Findings as workflow commands of GitHub Actions, which become annotations of the change.

GitHub keeps ten annotations of a kind for a step, so the worst on changed lines come first and the tenth says how many
more there are; the step's log has every one. Escaping is that of actions/toolkit (`escapeData`, `escapeProperty`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from agentgov.model.finding import Finding, Severity, Suppressed
from agentgov.report import findings
from agentgov.report.findings import Report, counts, plural, told
from agentgov.report.page import safe

KEPT = 10  # annotations of each kind that GitHub keeps of a step

Found = TypeVar("Found")
_Command = tuple[Mapping[str, str], str]  # properties, message


def render(report: Report) -> str:
    """Annotations, every finding that got none in a group of the log, and the summary.

    What was suppressed is told where the change touches the file, and in the step's summary in any case.
    """
    lines: list[str] = []
    shown: set[Finding] = set()
    ordered = report.worst_first()
    for severity in Severity:
        kind = [found for found in ordered if found.severity is severity]
        kept = _kept(kind)
        shown.update(kept)
        commands = [_annotation(report, found) for found in kept]
        lines += _lines(severity.value, commands, len(kind), severity.value)
    silenced = [one for one in report.suppressed if report.touched(one.finding)]
    notices = [_notice(report, one) for one in _kept(silenced)]
    lines += _lines("notice", notices, len(silenced), "suppressed finding")
    rest = tuple(found for found in report.findings if found not in shown)
    if rest:
        log = findings.page(rest).text()
        lines += [f"::group::{counts(rest)} without an annotation", *map(harmless, log.splitlines()), "::endgroup::"]
    lines.append(harmless(report.summary()))
    return "".join(f"{line}\n" for line in lines)


def _kept(found: Sequence[Found]) -> Sequence[Found]:
    """Those that get an annotation: where ten are not enough, nine, and the tenth says so."""
    return found if len(found) <= KEPT else found[: KEPT - 1]


def _lines(kind: str, commands: Sequence[_Command], count: int, word: str) -> Iterator[str]:
    for properties, message in commands:
        yield command(kind, properties, message)
    if count > len(commands):
        more = plural(count - len(commands), f"more {word}")
        where = "the summary of this run and the log of this step have all of them"
        yield command(kind, {"title": more}, f"{more}: {where}")


def command(kind: str, properties: Mapping[str, str], message: str) -> str:
    """A workflow command, whatever the values hold."""
    listed = ",".join(f"{name}={_property(safe(value))}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(safe(message))}"


def _annotation(report: Report, found: Finding, title: str = "") -> _Command:
    properties = {"file": safe(report.path(found))}
    if found.where.line:
        properties["line"] = str(found.where.line)
    if found.where.line and found.where.column:
        properties["col"] = str(found.where.column)
    return properties | {"title": title or found.code}, told(found)


def _notice(report: Report, one: Suppressed) -> _Command:
    properties, message = _annotation(report, one.finding, f"suppressed: {one.finding.code}")
    return properties, f"{message}\nsuppressed because {safe(one.reason)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def harmless(line: str) -> str:
    """A line of the log that the runner takes for no command: neither `::name::` at its start nor `##[name]` in it."""
    text = safe(line).replace("##[", "\\x23#[")
    return text.replace("::", "\\x3a:", 1) if text.lstrip().startswith("::") else text
