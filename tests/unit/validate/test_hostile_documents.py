"""Large documents of every kind that are built to be tedious: no rule may take a time that grows with the square."""

from collections.abc import Callable, Mapping

import pytest
from unit.validate.contained import contained
from unit.validate.fleet_sample import (
    ACCESS,
    AGENT,
    FILES,
    FLEET,
    OWNERS,
    PIPELINE,
    PROMPT,
    WORKSPACE,
    Edit,
    findings,
)

MANY = range(8000)


def listed(line: str) -> str:
    """A line for each of many numbers."""
    return "".join(line.replace("%", str(number)) for number in MANY)


def joined(word: str) -> str:
    return ", ".join(word.replace("%", str(number)) for number in MANY)


def access(people: str = "", more: str = "") -> Mapping[str, Edit]:
    return {ACCESS: FILES[ACCESS].replace("bots:\n", f"{people}bots:\n") + more}


def agent(old: str, new: str) -> Mapping[str, Edit]:
    return {AGENT: (old, new)}


PEOPLE = listed("  - {id: p%, emails: [p%@x.example], github: {login: l%, id: 9%}}\n")
DOCUMENTS: dict[str, Callable[[], Mapping[str, Edit]]] = {
    "people": lambda: access(PEOPLE),
    "people with one id": lambda: access(listed("  - {id: alice, emails: [a@x.example]}\n")),
    "teams of nobody": lambda: access("", listed("  - {id: t%, members: [z%]}\n")),
    "a team of all": lambda: access(PEOPLE, f"  - {{id: big, members: [{joined('p%')}]}}\n"),
    "bindings": lambda: access(
        "", "bindings:\n" + listed("  - {role: viewer, who: [team:support], agents: ['w%/*']}\n")
    ),
    "review rules": lambda: {FLEET: FILES[FLEET] + listed("    - {when: {changed: [x%]}, approvals: 1, from: [z%]}\n")},
    "exemptions": lambda: {FLEET: f"{FILES[FLEET]}  exempt: [{joined(chr(39) + 'docs/**/a*b*%' + chr(39))}]\n"},
    "freezes": lambda: {PIPELINE: f"{FILES[PIPELINE]}freezes:\n" + listed("  - {name: f%, start: 2026-02-30}\n")},
    "models": lambda: {WORKSPACE: ('["openai/*"]', f"[{joined(chr(34) + '*a*b*c%' + chr(34))}]")},
    "lines of CODEOWNERS": lambda: {OWNERS: "* @sample/support\n" + listed("/agents/support/**/*a*b% @x%\n") * 2},
    "owners of one line": lambda: {OWNERS: f"* @sample/support {joined('@x%').replace(',', '')}\n"},
    "variables in a prompt": lambda: {PROMPT: listed("{{v%}}\n") * 8},
    "open braces in a prompt": lambda: {PROMPT: "{{a " * 200_000},
    "variables": lambda: agent("variables: {customer", f"variables: {{{joined('v%: {type: string}')}, customer"),
    "labels": lambda: agent("{name: refunds}", f"{{name: refunds, labels: {{{joined('l%: x')}}}}}"),
    "secrets": lambda: {AGENT: f"{FILES[AGENT]}  runtime:\n" + listed("    password%: correct-horse\n")},
    "people on call": lambda: agent("escalate: [", f"escalate: [{joined('z%')}, "),
    "fields of an environment": lambda: agent('{day: "1.00 USD"}', f"{{{joined('k%: 1')}}}"),
    "files": lambda: {f"agents/support/refunds/f{number}.md": "x" for number in MANY},
    "agents": lambda: {f"agents/support/a{number}/agent.yml": "x: [" for number in range(2000)},
    "brackets of JSON": lambda: {"agents/support/refunds/tools/lookup.json": "[" * 500_000},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_takes_long(name: str) -> None:
    edits = DOCUMENTS[name]()
    findings()  # what is imported and compiled once is not the document's doing
    contained(lambda: len(findings(edits)))
