"""Whole answers of `validate` about fleets that were judged before: nothing but the root of the tree is looked at.

An answer is kept under the ids of the root's governed entries and the digest of the program's rules; whatever is odd
about its bytes, there is none. Loads none of the rules.
"""

import json
from dataclasses import dataclass
from typing import Any

from agentgov.cli.change.kept import KeptFiles
from agentgov.model.finding import Finding, Severity, Suppressed
from agentgov.model.verdict import Location


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to print: findings in order, those that marks have taken out, and how much was looked at."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    agents: int
    files: int


class Answers:
    """The answers that are kept."""

    def __init__(self, kept: KeptFiles, rules: str) -> None:
        self._kept = kept
        self._rules = rules

    def get(self, roots: tuple[tuple[str, str], ...]) -> Answer | None:
        """The answer about a fleet, by the ids of its root's entries."""
        content = self._kept.load(self._name(roots))
        if content is None:
            return None
        try:
            agents, files, rows, taken = json.loads(content)
            suppressed = tuple(Suppressed(_finding(row), str(reason), _place(mark)) for row, reason, mark in taken)
            return Answer(tuple(map(_finding, rows)), suppressed, int(agents), int(files))
        except (ValueError, TypeError, RecursionError):
            return None

    def put(self, roots: tuple[tuple[str, str], ...], found: Answer) -> None:
        """Keep an answer."""
        rows = list(map(_row, found.findings))
        taken = [(_row(one.finding), one.reason, _place_row(one.mark)) for one in found.suppressed]
        self._kept.store(self._name(roots), json.dumps([found.agents, found.files, rows, taken]).encode("ascii"))

    def _name(self, roots: tuple[tuple[str, str], ...]) -> str:
        return f"answer-{self._rules}-{json.dumps(roots)}"


def _row(found: Finding) -> tuple[object, ...]:
    return found.code, found.severity, _place_row(found.where), found.message, found.fix


def _finding(row: list[Any]) -> Finding:
    code, severity, where, message, fix = row
    return Finding(str(code), Severity(severity), _place(where), str(message), str(fix))


def _place_row(where: Location) -> tuple[object, ...]:
    return where.file, where.line, where.column, where.pointer


def _place(row: list[Any]) -> Location:
    file, line, column, pointer = row
    return Location(str(file), int(line), int(column), str(pointer))
