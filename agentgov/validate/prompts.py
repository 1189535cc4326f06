"""Do the texts of an agent and its variables agree: every {{name}} declared, every declared name used, UTF-8 text.

Placeholders are mustache's ({{name}}, {{{name}}}, {{#name}}, {{^name}}, {{/name}}, {{&name}}); nothing is rendered.
"""

import re
from collections.abc import Iterator

from agentgov.model import guess
from agentgov.model.closure import resolve
from agentgov.model.finding import Finding
from agentgov.model.verdict import Location
from agentgov.validate import characters, pointers
from agentgov.validate.codes import finding
from agentgov.validate.references import named_texts
from agentgov.validate.view import Subject, View
from agentgov.validate.yaml_text import MAX_BYTES

_PLACEHOLDER = re.compile(r"\{\{\{?[ \t]*(?:[#^/&][ \t]*)?([A-Za-z_][A-Za-z0-9_]*)[^{}\r\n]{0,200}\}\}")


def names_in(text: str) -> tuple[str, ...]:
    """The names of all variables that a text uses, each once, in their order."""
    return tuple(dict.fromkeys(match[1] for match in _PLACEHOLDER.finditer(text)))


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """Variables and texts of one agent."""
    declared = subject.agent.spec.prompts.variables
    used: set[str] = set()
    readable = True
    for pointer, reference in named_texts(subject):
        path = resolve(subject.id, reference)
        text = view.text(path) if path is not None else None
        if path is None or text is None:
            readable = False
            if path is not None and view.is_file(path) and len(view.snapshot.read(path)) <= MAX_BYTES:
                yield view.at("prompt.not-utf8", subject.file, pointer, f"{path} is not UTF-8 text", "save it as UTF-8")
            continue
        if not text.strip():
            yield view.at("prompt.empty", subject.file, pointer, f"{path} says nothing")
        place = characters.placing(text) if "{{" in text else None
        for match in _PLACEHOLDER.finditer(text):
            name = match[1]
            if name not in declared and name not in used and place is not None:
                where = Location(path, *place(match.start()))
                message = f"{{{{{name}}}}} is no variable of {subject.id}"
                meant = guess.question(name, declared)
                fix = meant or f"declare it: variables: {{{name}: {{type: string}}}}"
                yield finding("prompt.undeclared-variable", where, message, fix)
            used.add(name)
    if readable:
        for name in declared:
            if name not in used:
                pointer = pointers.child("/spec/prompts/variables", name)
                message = f"no text of {subject.id} uses {{{{{name}}}}}"
                yield view.at_key("prompt.unused-variable", subject.file, pointer, message, "remove it, or use it")
