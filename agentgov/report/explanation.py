"""The explanation of a code as a page for people and as JSON. The words are those of docs/findings/."""

from collections.abc import Iterable, Mapping
from typing import Any

from agentgov.model.finding import Severity
from agentgov.model.rule_id import RuleId
from agentgov.report.page import Page, Span, Style
from agentgov.validate.explanations import Example, Explanation


def page(found: Explanation) -> Page:
    """The meaning, why it matters, a bad and a good example, and the way to mend it."""
    style: Style = "bad" if found.severity == Severity.ERROR else "warn"
    out = Page().line(Span(found.code, "bold"), "  ", Span(found.severity, style), f"  {found.meaning}").blank()
    for line in found.why.split("\n"):
        out.line(line)
    for example in found.examples:
        out.blank()
        _example(out, example)
    return out.blank().line(Span("fix: ", "accent"), found.fix)


def rule_page(found: RuleId) -> Page:
    """One rule of verdicts, and what to do about it."""
    page = Page().line(Span(found.rule, "bold"), f"  {found.meaning}")
    return page.blank().line(Span("to do: ", "accent"), found.mend) if found.mend else page


def rule_document(found: RuleId) -> dict[str, Any]:
    """The same as JSON."""
    return {"code": found.rule, "meaning": found.meaning, "fix": found.mend}


def family_page(family: str, codes: Mapping[str, tuple[Severity, str]], rules: Mapping[str, str]) -> Page:
    """The codes of findings of a family, each with its severity and one line, and the rules of verdicts."""
    rows = [(code, severity.value, meaning) for code, (severity, meaning) in codes.items()]
    rows += [(code, "rule", meaning) for code, meaning in rules.items()]
    return Page().table(("code", "severity", "meaning"), rows).blank().line(f"more: agentgov explain {family}.NAME")


def document(found: Explanation) -> dict[str, Any]:
    """One code as JSON."""
    return {
        "code": found.code,
        "severity": found.severity,
        "meaning": found.meaning,
        "why": found.why,
        "bad": _examples(example for example in found.examples if not example.good),
        "good": _examples(example for example in found.examples if example.good),
        "fix": found.fix,
    }


def family_document(family: str, codes: Mapping[str, tuple[Severity, str]], rules: Mapping[str, str]) -> dict[str, Any]:
    """A family as JSON."""
    rows = [
        {"code": code, "severity": severity.value, "meaning": meaning} for code, (severity, meaning) in codes.items()
    ]
    rows += [{"code": code, "severity": "rule", "meaning": meaning} for code, meaning in rules.items()]
    return {"family": family, "codes": rows}


def _example(out: Page, example: Example) -> None:
    word = Span("good", "good") if example.good else Span("bad", "bad")
    if example.text is None:
        out.line(word, f"  without {example.file}")
        return
    how = " (bytes escaped)" if example.escaped else ""
    out.line(word, Span(f"  {example.file}{how}", "dim"))
    for line in example.text.rstrip("\n").split("\n"):
        out.line(f"    {line}")


def _examples(examples: Iterable[Example]) -> list[dict[str, Any]]:
    return [{"file": one.file, "text": one.text, "escaped": one.escaped} for one in examples]
