"""`agentgov explain`: why. A code or rule, a path, an agent, or a change. Reads what travels along, and the fleet."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from agentgov.cli.completing import complete_code
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import AgentgovError, UsageError
from agentgov.model import guess
from agentgov.report.page import Page

Answer = tuple[Page, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the subject as written, where, and about whom."""

    subject: str
    repo: str
    person: str


@click.command()
@click.argument("subject", metavar="CODE|RULE|PATH|AGENT|CHANGE", shell_complete=complete_code)
@click.option("--for", "person", default="", metavar="WHO", help="Why WHO is asked, or is not (with a CHANGE).")
@repo_option
@format_option()
def explain(subject: str, person: str, repo: str, output: str) -> int:
    """Why: what a finding or a rule means, who has to agree to what, and what would make a change pass.

    CODE or RULE: yaml.tag, review.owners; the first word alone lists its family. PATH and AGENT: whose it is, by which
    line, and which review rules speak of it. CHANGE, as main, a branch or main...HEAD: which rules were tried on each
    path, why they ask or do not, and the fewest people whose approval would make it pass.
    """
    question = Question(subject, repo, person)
    for ask in _SUBJECTS if not person else (_change,):
        found = ask(question)
        if found is not None:
            page, document = found
            answer(output, page, {"schema": "agentgov.explain/1", **document})
            return 0
    raise _unknown(subject)


def _code(question: Question) -> Answer | None:
    """One code of a finding."""
    from agentgov.report import explanation as render
    from agentgov.validate.explanations import explanation

    found = explanation(question.subject)
    return None if found is None else (render.page(found), {"kind": "finding", **render.document(found)})


def _rule(question: Question) -> Answer | None:
    """One rule of a verdict, such as review.owners."""
    from agentgov.model.rule_ids import rule
    from agentgov.report import explanation as render

    found = rule(question.subject)
    return None if found is None else (render.rule_page(found), {"kind": "rule", **render.rule_document(found)})


def _family(question: Question) -> Answer | None:
    """All codes and rules of a family."""
    from agentgov.model.rule_ids import RULES
    from agentgov.report import explanation as render
    from agentgov.validate.codes import CODES

    family = question.subject
    codes = {code: told for code, told in CODES.items() if code.partition(".")[0] == family}
    rules = {one.rule: one.meaning for one in RULES if one.rule.partition(".")[0] == family}
    if not codes and not rules:
        return None
    page = render.family_page(family, codes, rules)
    return page, {"kind": "family", **render.family_document(family, codes, rules)}


def _agent(question: Question) -> Answer | None:
    """An agent of the fleet."""
    from agentgov.cli.change.explaining import agent_explained
    from agentgov.model.names import agent_id
    from agentgov.report import why

    agent = agent_id(question.subject)
    if agent is None or _is_revision(question):
        return None
    document, files, judge = agent_explained(question.repo, agent)
    page = why.agent_page(agent, document, files, judge.name)
    return page, {"kind": "agent", **why.agent_document(agent, document, files, judge.name)}


def _path(question: Question) -> Answer | None:
    """A governed path, whether a file is there or not."""
    from agentgov.cli.change.explaining import path_explained
    from agentgov.report import why

    found = path_explained(question.repo, question.subject) or path_explained(question.repo, _from_here(question))
    if found is None:
        return None
    told, judge = found
    return why.path_page(told, judge.name), {"kind": "path", **why.path_document(told, judge.name)}


def _change(question: Question) -> Answer | None:
    """A change: a revision, or BASE...HEAD."""
    from agentgov.cli.change.explaining import change_explained
    from agentgov.report import why

    if "..." not in question.subject and not _is_revision(question):
        return None
    told, commit, view = change_explained(question.repo, question.subject, question.person)
    from agentgov.cli.context import journal_json, journal_line

    page = why.change_page(told, commit, question.person).line(journal_line(view))
    document = why.change_document(told, commit, question.person)
    return page, {"kind": "change", **document, "journal": journal_json(view)}


def _from_here(question: Question) -> str:
    """The subject as a path of the working directory, relative to the root of the repository; "" where it is none."""
    from agentgov.repo.location import find_repository

    try:
        root = find_repository(question.repo).root
    except AgentgovError:
        return ""
    full = (Path(question.repo) / question.subject).absolute()
    full = full.parent.resolve() / full.name
    return full.relative_to(root).as_posix() if root is not None and full.is_relative_to(root) else ""


def _is_revision(question: Question) -> bool:
    from agentgov.repo.repository import Repository

    try:
        Repository.open(question.repo).resolve(question.subject)
    except AgentgovError:
        return False
    return True


# What a subject may be, in this order: the first that knows it answers.
_SUBJECTS: tuple[Callable[[Question], Answer | None], ...] = (_code, _rule, _family, _agent, _path, _change)


def _unknown(subject: str) -> UsageError:
    from agentgov.model.rule_ids import RULES
    from agentgov.validate.codes import CODES

    known = (*CODES, *(one.rule for one in RULES))
    families = dict.fromkeys(code.partition(".")[0] for code in known)
    close = guess.closest(subject, (*known, *families))
    named = [code for code in known if code.partition(".")[2] == subject or code.startswith(subject)]
    meant = named[0] if named else close
    if meant:
        return UsageError(f"there is nothing called {subject} to explain", f'did you mean "{meant}"?')
    hint = f"a governed path, an agent's id, a revision, a code or rule of {', '.join(families)}"
    return UsageError(f"there is nothing called {subject} to explain", hint)
