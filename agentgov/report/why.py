"""Why a path, an agent or a change needs the reviews it needs, as a page for people and as JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from agentgov.model.agent import Agent
from agentgov.model.names import AgentId
from agentgov.owners.codeowners import Match
from agentgov.report.page import Page, Span, Style
from agentgov.report.passing import passing_document, with_passing
from agentgov.report.review import asked_for, requirement_document, requirement_fields
from agentgov.review.explained import Asked, ChangedPath, ChangeExplained, PathExplained
from agentgov.review.tried import TriedRule
from agentgov.review.why import PersonOnPath, Standing

MOST_PATHS = 30  # on a page for people; --json has them all

_MATCHED: dict[str, tuple[str, Style]] = {
    "yes": ("applies   ", "good"),
    "no": ("does not  ", "dim"),
    "depends": ("depends   ", "warn"),
}
_STANDING: dict[Standing, tuple[str, Style]] = {
    "counted": ("counts    ", "good"),
    "asked": ("asked     ", "accent"),
    "met": ("not needed", "dim"),
    "barred": ("cannot    ", "warn"),
    "not-asked": ("not asked ", "dim"),
}


def path_page(told: PathExplained, judge: str) -> Page:
    """Whose a path is, which rules speak of it, and what any change of it needs."""
    page = Page().line(Span(told.path, "bold"))
    _owned(page, told.owned, told.file)
    for agent, risk in told.holders.items():
        page.line("  part of ", str(agent), Span(f"  {risk} risk", "dim"))
    if told.governance_set:
        page.line("  in the governance set: a change always takes administrators, whatever CODEOWNERS says")
    _rules(page, told.rules)
    page.line("any change needs")
    for asked in told.asked:
        _asked(page, asked)
    authors = "an author may be one of them" if told.governance_set else "the authors of a change never count"
    return page.line(Span(f"by {judge}; {authors}", "dim"))


def path_document(told: PathExplained, judge: str) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "path": told.path,
        "source": judge,
        **_ownership(told.owned, told.file),
        "agents": [{"agent": str(agent), "risk": risk} for agent, risk in told.holders.items()],
        "governance_set": told.governance_set,
        "rules": [_rule(rule) for rule in told.rules],
        "needs": [_need(asked) for asked in told.asked],
    }


def agent_page(agent: AgentId, document: Agent, files: Sequence[PathExplained], judge: str) -> Page:
    """What an agent is made of, and who has to agree to a change of each file."""
    spec = document.spec
    page = Page().line(Span(str(agent), "bold"), f"  {spec.risk} risk, {spec.lifecycle.state}, owner {spec.owner}")
    rows = []
    for file in files[:MOST_PATHS]:
        rule = file.owned.rule
        line = f"{file.file}:{rule.line}" if rule is not None else "no line matches"
        needs = "; ".join(f"{asked.requirement.count} of {asked.requirement.name}" for asked in file.asked)
        rows.append((file.path, " ".join(file.owned.owners) or Span("nobody", "bad"), line, needs))
    page.table(("file", "owners", "decided by", "any change needs"), rows)
    if len(files) > MOST_PATHS:
        page.line(Span(f"and {len(files) - MOST_PATHS} more files: --json lists them all", "dim"))
    if files:
        _rules(page, files[0].rules)
    page.line(Span(f"who may act on it: agentgov who VERB {agent}; a file of it: agentgov explain FILE", "dim"))
    return page.line(Span(f"by {judge}", "dim"))


def agent_document(agent: AgentId, document: Agent, files: Sequence[PathExplained], judge: str) -> dict[str, Any]:
    """The same as JSON."""
    spec = document.spec
    return {
        "agent": str(agent),
        "source": judge,
        "risk": spec.risk,
        "owner": spec.owner,
        "state": spec.lifecycle.state,
        "files": [path_document(file, judge) for file in files],
    }


def change_page(told: ChangeExplained, commit: str, person: str) -> Page:
    """Each path with the rules that were tried on it, how a person stands to it, and what would make it pass."""
    looks: dict[str, Style] = {"pass": "good", "pending": "warn", "blocked": "bad"}
    page = Page().line(Span(f"{told.state} ", looks[told.state]), f"the change at commit {commit[:9]}")
    shown = sorted(told.paths, key=lambda path: path.verdict.state == "pass")[:MOST_PATHS]
    for path in shown:
        page.line(Span(f"{path.verdict.state:<8}", looks[path.verdict.state]), Span(path.verdict.change.path, "bold"))
        _owned(page, path.owned, told.file)
        _rules(page, path.rules)
        if path.person is not None:
            _person(page, person, path.person)
    if len(told.paths) > len(shown):
        page.line(Span(f"and {len(told.paths) - len(shown)} more paths: --json lists them all", "dim"))
    if told.state != "pass":
        _passing(page, told)
    return page


def change_document(told: ChangeExplained, commit: str, person: str) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "commit": commit,
        "verdict": told.state,
        "for": person or None,
        "paths": [_changed(path, told.file) for path in told.paths],
        "would_pass": passing_document(told.passing if told.confirmed and told.passing.people else None),
        "held_by": list(told.held),
    }


def _passing(page: Page, told: ChangeExplained) -> None:
    if told.confirmed and told.passing.people:
        with_passing(page, told.passing)
        return
    page.line(Span("would not pass ", "bad"), "by approvals alone:")
    for item in told.passing.short:
        needed = item.requirement
        could = ", ".join(item.could) or "nobody"
        page.line(f"  {needed.path}: {item.missing} more of {needed.name}, and {could} could give it")
    for line in told.held[:MOST_PATHS]:
        page.line(f"  {line}")


def _owned(page: Page, owned: Match, file: str) -> None:
    for section in owned.sections:
        kind = "optional" if section.optional else f"{section.approvals} needed"
        who = " ".join(section.owners) or "nobody"
        page.line(f"  section {section.name} ({kind}): {who}", Span(f"  {file}:{section.rule.line}", "dim"))
    if owned.sections:
        return
    rule = owned.rule
    where = f"  {file}:{rule.line}  {rule.pattern}" if rule is not None else "  no line of CODEOWNERS matches"
    page.line("  owned by ", " ".join(owned.owners) or Span("nobody", "bad"), Span(where, "dim"))


def _rules(page: Page, rules: Iterable[TriedRule]) -> None:
    for rule in rules:
        word, style = _MATCHED[rule.matched]
        whom = " or ".join(rule.sources) if rule.mode == "any" else f"each of {' and '.join(rule.sources)}"
        count = f"{rule.approvals} of {whom}" if rule.mode == "any" else whom
        page.line("  ", Span(word, style), f"{rule.name}: {count}", Span(f"  {rule.why}", "dim"))


def _asked(page: Page, asked: Asked) -> None:
    could = ", ".join(asked.could) or Span("nobody could give it", "bad")
    page.line(f"  {asked_for(asked.requirement)}: ", could)


def _person(page: Page, person: str, told: PersonOnPath) -> None:
    word, style = _STANDING[told.standing]
    page.line("  ", Span(word, style), f"{person} {told.why}")
    for line in told.uncounted:
        page.line("  ", Span("not counted ", "warn"), line)


def _ownership(owned: Match, file: str) -> dict[str, Any]:
    rule = owned.rule
    return {
        "owners": list(owned.owners),
        "rule": None if rule is None else {"file": file, "line": rule.line, "pattern": rule.pattern},
        "sections": [
            {
                "name": section.name,
                "optional": section.optional,
                "approvals": section.approvals,
                "owners": list(section.owners),
                "line": section.rule.line,
            }
            for section in owned.sections
        ],
    }


def _rule(rule: TriedRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "pointer": rule.pointer,
        "approvals": rule.approvals,
        "from": list(rule.sources),
        "mode": rule.mode,
        "matched": rule.matched,
        "why": rule.why,
    }


def _need(asked: Asked) -> dict[str, Any]:
    return {**requirement_fields(asked.requirement), "candidates": list(asked.could)}


def _changed(path: ChangedPath, file: str) -> dict[str, Any]:
    verdict, person = path.verdict, path.person
    return {
        "path": verdict.change.path,
        "state": verdict.state,
        "message": verdict.message,
        **_ownership(path.owned, file),
        "rules": [_rule(rule) for rule in path.rules],
        "requirements": [requirement_document(item) for item in verdict.requirements],
        "not_counted": [
            {"user": one.person, "reason": one.reason, "message": one.message} for one in verdict.uncounted
        ],
        "person": None
        if person is None
        else {"standing": person.standing, "why": person.why, "not_counted": list(person.uncounted)},
    }
