"""Findings as one value that every format renders, and the words and figures that formats share.

Decides nothing: which findings there are, how severe they are and which of them fail a run come from outside.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agentgov import __version__
from agentgov.model.finding import Finding, Severity, Suppressed, order
from agentgov.report.page import Page, Span, Style, safe

# Where a text was changed: ranges of lines, first and last, counted from 1 in what stands there now.
Lines = Sequence[tuple[int, int]]

STYLES: dict[Severity, Style] = {Severity.ERROR: "bad", Severity.WARNING: "warn"}
_RANK = {severity: rank for rank, severity in enumerate(Severity)}  # errors first


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at. `paths` lists every file, sorted, and is asked only by formats that show what passed."""

    agents: int
    files: int
    source: str  # "working tree", "commit 1a2b3c4"
    paths: Callable[[], Iterable[str]] = tuple

    def __str__(self) -> str:
        agents = f"{plural(self.agents, 'agent')}, " if self.agents else ""
        return f"checked {agents}{plural(self.files, 'file')} ({self.source})"


@dataclass(frozen=True, slots=True)
class Report:
    """What one command found, whatever it will look like.

    `findings` are sorted by `model.finding.order`. `inside` is the folder of the fleet in its repository, empty or
    ending with a slash: forges count paths from the repository's root. `changed` gives the changed lines of a path,
    None where the file is no part of the change, and is itself None where no change is known. `read` gives the bytes
    of a file, None where there is none.
    """

    command: str  # "validate": names the check in titles and categories
    findings: tuple[Finding, ...]
    checked: Checked
    suppressed: tuple[Suppressed, ...] = ()
    failing: frozenset[Severity] = frozenset({Severity.ERROR})
    inside: str = ""
    changed: Callable[[str], Lines | None] | None = None
    read: Callable[[str], bytes | None] = lambda _: None
    version: str = __version__

    @property
    def failed(self) -> bool:
        """Whether one of the findings is of a severity that fails the run."""
        return any(found.severity in self.failing for found in self.findings)

    def summary(self) -> str:
        """`2 errors, 1 warning in 2 files; 1 suppressed; checked 3 agents, 9 files (working tree)`."""
        checked = f"{len(self.suppressed):,} suppressed; {self.checked}" if self.suppressed else str(self.checked)
        if not self.findings:
            return f"no findings: {checked}"
        files = plural(len({found.where.file for found in self.findings}), "file")
        return f"{counts(self.findings)} in {files}; {checked}"

    def path(self, found: Finding) -> str:
        """The file of a finding as its forge knows it, counted from the root of the repository."""
        return f"{self.inside}{found.where.file}"

    def worst_first(self) -> list[Finding]:
        """Findings in the order in which a reader with little room wants them: errors before warnings, and of each
        what is on changed lines, then what is in changed files, then the others."""
        near = {found: self._distance(found) for found in self.findings} if self.changed is not None else {}
        return sorted(self.findings, key=lambda found: (_RANK[found.severity], near.get(found, 0), order(found)))

    def touched(self, found: Finding) -> bool:
        """Whether the change, where one is known, touches the file of a finding."""
        return self.changed is not None and self.changed(found.where.file) is not None

    def _distance(self, found: Finding) -> int:
        lines = self.changed(found.where.file) if self.changed is not None else None
        if lines is None:
            return 2
        line = found.where.line
        return 0 if not line or any(first <= line <= last for first, last in lines) else 1


def severity_span(severity: Severity, width: int = 0) -> Span:
    """The word for a severity in its colour."""
    return Span(severity.value.ljust(width), STYLES[severity])


def page(findings: Sequence[Finding]) -> Page:
    """Findings by file, one line each and its fix, with nothing left out and nothing summed up."""
    out = Page()
    file = None
    for found in findings:
        if file not in (None, found.where.file):
            out.blank()
        file = found.where.file
        out.line(f"{found.where}  ", severity_span(found.severity, 7), "  ", Span(found.code, "dim"), _said(found))
        if found.fix:
            out.line(Span("    fix: ", "accent"), one_line(found.fix))
    return out


def suppressed_page(suppressed: Sequence[Suppressed]) -> Page:
    """What marks in the files take out, each with the reason that the mark gives and its place."""
    out = Page()
    for one in suppressed:
        found = one.finding
        out.line(f"{found.where}  ", Span("suppressed", "dim"), "  ", Span(found.code, "dim"), _said(found))
        out.line(Span("    because: ", "accent"), f"{one_line(one.reason)} ({one.mark})")
    return out.blank()


def _said(found: Finding) -> str:
    return f"  {one_line(found.message)}"


def worst(findings: Sequence[Finding], limit: int) -> list[Finding]:
    """At most so many findings, in order; where some must be left out, warnings go first."""
    if len(findings) <= limit:
        return list(findings)
    return sorted(sorted(findings, key=lambda found: _RANK[found.severity])[:limit], key=order)


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


def suppressed_document(one: Suppressed) -> dict[str, Any]:
    """One suppressed finding as JSON, with the reason and the place of the mark."""
    mark = {"file": one.mark.file, "line": one.mark.line, "column": one.mark.column}
    return {**document(one.finding), "reason": one.reason, "mark": mark}


def plural(count: int, word: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def told(found: Finding, limit: int = 4000) -> str:
    """Message and fix as plain text of at most so many characters, what hides in it made visible."""
    text = safe(found.message if not found.fix else f"{found.message}\nfix: {found.fix}")
    return shortened(text, limit)


def shortened(text: str, limit: int) -> str:
    """The text, or as much of it as fits before an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
