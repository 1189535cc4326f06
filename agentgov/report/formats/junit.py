"""Findings as JUnit XML, in the form of Jenkins' xUnit plugin, which GitLab and others read too.

One suite for governance and one for each workspace; one case for each agent and each file outside of agents, passed
ones too. A case has at most one failure, which holds all that fails it: GitLab and Jenkins show the first. What fails
nobody stands in `system-out`, suppressed findings too. Times are nought: nothing is measured.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from agentgov.model.finding import Finding, Suppressed
from agentgov.report.findings import Report, counts, told
from agentgov.report.page import safe


@dataclass(slots=True)
class _Case:
    """One agent or file: what fails it, and what else there is to say."""

    failures: list[Finding] = field(default_factory=list)
    notes: list[Finding | Suppressed] = field(default_factory=list)


def render(report: Report) -> str:
    """The document with its declaration; every character is one that XML 1.0 can hold."""
    suites = _suites(report)
    cases = [case for found in suites.values() for case in found.values()]
    head = f'name="agentgov {report.command}" {_figures(cases)} time="0"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {head}>"]
    for suite, members in suites.items():
        lines.append(f'<testsuite name={_attribute(suite)} {_figures(members.values())} time="0">')
        lines += [line for name, case in members.items() for line in _case(suite, name, case)]
        lines.append("</testsuite>")
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"


def _suites(report: Report) -> dict[str, dict[str, _Case]]:
    suites: dict[str, dict[str, _Case]] = {}
    for path in report.checked.paths():
        suite, name = _place(path)
        suites.setdefault(suite, {}).setdefault(name, _Case())
    for found in report.findings:
        suite, name = _place(found.where.file)
        case = suites.setdefault(suite, {}).setdefault(name, _Case())
        (case.failures if found.severity in report.failing else case.notes).append(found)
    for one in report.suppressed:
        suite, name = _place(one.finding.where.file)
        suites.setdefault(suite, {}).setdefault(name, _Case()).notes.append(one)
    return suites


def _place(path: str) -> tuple[str, str]:
    """The suite and the case that a file belongs to."""
    parts = path.split("/", 3)
    if len(parts) == 4 and parts[0] == "agents":
        return f"agents/{parts[1]}", parts[2]
    return (f"agents/{parts[1]}", path) if parts[0] == "agents" and len(parts) == 3 else ("governance", path)


def _figures(cases: Iterable[_Case]) -> str:
    known = list(cases)
    failed = sum(bool(case.failures) for case in known)
    return f'tests="{len(known)}" failures="{failed}" errors="0"'


def _case(suite: str, name: str, case: _Case) -> Iterator[str]:
    opened = f'<testcase classname={_attribute(f"agentgov.{suite}")} name={_attribute(name)} time="0"'
    if not case.failures and not case.notes:
        yield f"{opened}/>"
        return
    yield f"{opened}>"
    if case.failures:
        first = case.failures[0]
        message = told(first, 500).partition("\n")[0] if len(case.failures) == 1 else counts(case.failures)
        text = "\n\n".join(map(_entry, case.failures))
        yield f'<failure type="{first.code}" message={_attribute(message)}>{escape(text)}</failure>'
    if case.notes:
        notes = "\n\n".join(map(_entry, case.notes))
        yield f"<system-out>{escape(notes)}</system-out>"
    yield "</testcase>"


def _entry(one: Finding | Suppressed) -> str:
    if isinstance(one, Suppressed):
        found = one.finding
        return f"{safe(str(found.where))}: suppressed {found.code}: {told(found)}\nbecause {safe(one.reason)}"
    return f"{safe(str(one.where))}: {one.severity} {one.code}: {told(one)}"


def _attribute(text: str) -> str:
    return quoteattr(safe(text))
