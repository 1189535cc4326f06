"""A semantic diff as people, programs and pull requests read it. Order, classes and sentences come from outside."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentgov.diff.change import FieldChange
from agentgov.diff.compare import AgentDiff
from agentgov.diff.fields import Class
from agentgov.diff.summary import summary_line
from agentgov.diff.words import WordEdit, only_spaces, word_diff
from agentgov.model.finding import Finding
from agentgov.report import findings as findings_report
from agentgov.report.page import Page, Span, Style, safe
from agentgov.report.words import word_lines

_STYLES: dict[Class, Style] = {"loosens": "warn", "neutral": "dim", "tightens": "good"}
_TEXTS = ("prompt.changed", "prompt.added", "prompt.removed", "tools.args.changed", "evals.changed")
_LONG = 400_000  # characters of both texts; how longer ones differ is left to the files


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a diff: what the user called it, the commit (None: no commit), and its name in sentences."""

    rev: str
    commit: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that the command says: agents riskiest first, governance, and what could not be read."""

    base: Side
    head: Side
    agents: tuple[AgentDiff, ...]
    governance: tuple[FieldChange, ...]
    problems: tuple[Finding, ...]

    @property
    def differs(self) -> bool:
        """Whether anything is told."""
        return bool(self.agents or self.governance)


def page(answer: Answer, *, marks: bool) -> Page:
    """The diff for a terminal or a pipe; `marks` where nothing paints insertions and deletions."""
    out = Page()
    for diff in answer.agents:
        out.line(Span(str(diff.agent_id), "bold"), "  ", Span(diff.klass, _STYLES[diff.klass]), f"  {_status(diff)}")
        out.line(f"  {_summary(diff)}")
        for change in diff.changes:
            _change_line(out, change)
        for change in diff.changes:
            _text_lines(out, change, marks)
        out.blank()
    if answer.governance:
        out.line(Span("governance", "bold"), "  takes the administrators")
        for change in answer.governance:
            _change_line(out, change, change.path)
        out.blank()
    return out.line(Span(_counts(answer), "dim"))


def _summary(diff: AgentDiff) -> str:
    """The summary without the class, which the header says already."""
    return summary_line(diff).removesuffix(f": {diff.klass}")


def _status(diff: AgentDiff) -> str:
    return f"{diff.status}, {diff.risk} risk"


def _change_line(out: Page, change: FieldChange, file: str = "") -> None:
    where = [Span(f"{file}: ", "dim")] if file else []
    out.line(
        "  ",
        Span(f"{change.klass:<8}", _STYLES[change.klass]),
        "  ",
        *where,
        change.summary,
        Span(f"  {change.field}", "dim"),
    )


def _text_lines(out: Page, change: FieldChange, marks: bool) -> None:
    edits = _edits(change)
    if not edits or only_spaces(edits):
        return
    out.line("  ", Span(change.path, "accent"))
    for line in word_lines(edits, marks=marks):
        out.line("    ", *line)


def _edits(change: FieldChange) -> tuple[WordEdit, ...]:
    """The word diff of a change of a text; empty where there is none, or where it would be too long to read."""
    if change.field not in _TEXTS:
        return ()
    before, after = change.before or "", change.after or ""
    return word_diff(before, after) if len(before) + len(after) <= _LONG else ()


def _counts(answer: Answer) -> str:
    loose = sum(1 for diff in answer.agents if diff.klass == "loosens")
    agents = findings_report.plural(len(answer.agents), "agent")
    said = f"{agents} changed, {loose} loosened" if answer.agents else "no change in what any agent is"
    if answer.governance:
        said += f"; {findings_report.plural(len(answer.governance), 'change')} of governance"
    if answer.problems:
        said += "; not everything could be read"
    return f"{said} ({answer.base.name} to {answer.head.name})"


def problems_page(problems: Sequence[Finding]) -> Page:
    """What could not be read, for stderr: one finding a line, each with its place."""
    out = Page()
    for found in problems:
        out.line(Span("error:", "bad"), f" {found.where}  {found.message}")
    return out


def document(answer: Answer) -> dict[str, Any]:
    """The diff as JSON, `agentgov.diff/1`."""
    return {
        "schema": "agentgov.diff/1",
        "base": _side(answer.base),
        "head": _side(answer.head),
        "agents": [
            {
                "agent": str(diff.agent_id),
                "status": diff.status,
                "class": diff.klass,
                "risk": diff.risk,
                "summary": summary_line(diff),
                "changes": [_change(change) for change in diff.changes],
            }
            for diff in answer.agents
        ],
        "governance": [_change(change) for change in answer.governance],
        "problems": [findings_report.document(found) for found in answer.problems],
    }


def _side(side: Side) -> dict[str, Any]:
    return {"rev": side.rev, "commit": side.commit, "name": side.name}


def _change(change: FieldChange) -> dict[str, Any]:
    found: dict[str, Any] = {
        "field": change.field,
        "class": change.klass,
        "summary": change.summary,
        "path": change.path,
        "pointer": change.pointer,
        "also": list(change.also),
        "before": _plain(change.before),
        "after": _plain(change.after),
        "environments": list(change.environments),
    }
    if change.field in _TEXTS:
        found["words"] = [{"kind": edit.kind, "text": edit.text} for edit in _edits(change)]
    return found


def _plain(value: Any) -> Any:
    """A value that JSON can hold: it has no word for infinity. Depth is what the YAML reader lets through."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def markdown(answer: Answer) -> str:
    """The diff as GitHub Flavored Markdown, for a comment; what people wrote stands in code, where nothing acts."""
    return "".join(f"{line}\n" for line in _markdown(answer))


def _markdown(answer: Answer) -> Iterator[str]:
    yield f"**{_counts(answer)}**"
    for diff in answer.agents:
        yield from (
            "",
            f"### {_code(str(diff.agent_id))} {diff.klass}",
            "",
            f"{_status(diff)}: {_code(_summary(diff))}",
            "",
        )
        yield from _table(diff.changes)
        for change in diff.changes:
            edits = _edits(change)
            if edits and not only_spaces(edits):
                text = ["".join(span.text for span in line).rstrip() for line in word_lines(edits, marks=True)]
                yield from (
                    "",
                    f"<details><summary>{_html(change.path)}</summary>",
                    "",
                    *_fenced(text),
                    "",
                    "</details>",
                )
    if answer.governance:
        yield from ("", "### Governance: takes the administrators", "", *_table(answer.governance))
    if answer.problems:
        yield from ("", "### Could not be read", "")
        yield from (f"- {_code(f'{found.where}  {found.message}')}" for found in answer.problems)


def _table(changes: Iterable[FieldChange]) -> Iterator[str]:
    yield from ("| class | change | field | file |", "| --- | --- | --- | --- |")
    for change in changes:
        cells = (_code(change.summary), _code(change.field), _code(change.path))
        yield f"| {change.klass} | {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _code(text: str) -> str:
    """Inline code in a fence of backticks that the text cannot close."""
    line = " ".join(safe(text).split())
    fence = "`" * (_longest_run(line) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def _fenced(lines: Sequence[str]) -> Iterator[str]:
    fence = "`" * max(3, max((_longest_run(line) for line in lines), default=0) + 1)
    yield from (fence, *(safe(line) for line in lines), fence)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _html(text: str) -> str:
    return safe(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
