"""Findings as people, programs and GitHub read them. Decides nothing: order and severity come from outside."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from agentgov.model.finding import Finding, Severity, Suppressed
from agentgov.report.page import Page, Span, Style, safe

SHOWN = 200  # findings that the text shows; all other formats show every one

_STYLES: dict[Severity, Style] = {Severity.ERROR: "bad", Severity.WARNING: "warn"}


def page(findings: Sequence[Finding], clean: str, checked: str) -> Page:
    """Findings by file, each with its fix, then one line of summary: `clean` where there are none."""
    out = Page()
    file = None
    for found in findings[:SHOWN]:
        if file not in (None, found.where.file):
            out.blank()
        file = found.where.file
        severity = Span(f"{found.severity:<7}", _STYLES[found.severity])
        out.line(f"{found.where}  ", severity, "  ", Span(found.code, "dim"), f"  {_one_line(found.message)}")
        if found.fix:
            out.line(Span("    fix: ", "accent"), _one_line(found.fix))
    if len(findings) > SHOWN:
        rest = f"... and {len(findings) - SHOWN:,} more; all of them: --format json, or one kind of them: --select CODE"
        out.blank().line(Span(rest, "dim"))
    if findings:
        files = len({found.where.file for found in findings})
        return out.blank().line(Span(counts(findings), "bold"), f" in {plural(files, 'file')}; {checked}")
    return out.line(Span(clean, "good"), f": {checked}")


def suppressed_page(suppressed: Sequence[Suppressed]) -> Page:
    """What marks in the files take out, each with the reason that the mark gives and its place."""
    out = Page()
    for one in suppressed:
        found = one.finding
        out.line(f"{found.where}  ", Span("suppressed", "dim"), "  ", Span(found.code, "dim"), f"  {found.message}")
        out.line(Span("    because: ", "accent"), f"{_one_line(one.reason)} ({one.mark})")
    return out.blank()


def suppressed_document(one: Suppressed) -> dict[str, Any]:
    """One suppressed finding as JSON, with the reason and the place of the mark."""
    mark = {"file": one.mark.file, "line": one.mark.line, "column": one.mark.column}
    return {**document(one.finding), "reason": one.reason, "mark": mark}


def counts(findings: Iterable[Finding]) -> str:
    """`2 errors, 1 warning`; only what there is."""
    number = dict.fromkeys(Severity, 0)
    for found in findings:
        number[found.severity] += 1
    return ", ".join(plural(count, severity.value) for severity, count in number.items() if count) or "no findings"


def document(found: Finding) -> dict[str, Any]:
    """One finding as JSON; line and column are 0 where it is about a file as a whole."""
    return {
        "code": found.code,
        "severity": found.severity.value,
        "file": found.where.file,
        "line": found.where.line,
        "column": found.where.column,
        "pointer": found.where.pointer,
        "message": found.message,
        "fix": found.fix,
    }


def github(findings: Iterable[Finding]) -> Iterator[str]:
    """One workflow command a finding (docs.github.com, "Workflow commands": `::error file=...::message`)."""
    for found in findings:
        properties = {"file": found.where.file, "title": found.code}
        if found.where.line:
            properties["line"] = str(found.where.line)
        if found.where.column:
            properties["col"] = str(found.where.column)
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        text = found.message if not found.fix else f"{found.message}\nfix: {found.fix}"
        yield f"::{found.severity.value} {listed}::{_data(text)}"


def plural(count: int, word: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _data(text: str) -> str:
    return safe(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
