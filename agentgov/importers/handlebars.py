"""Handlebars templates as Dotprompt has them: what they include, which of their words are helpers, where they break.

Nothing is rendered. A tag or block that is not closed is a problem with its line, because no framework could read it.
"""

import re
from dataclasses import dataclass, field

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
# Words of Handlebars and of Dotprompt that take no argument everywhere.
_KEYWORDS = frozenset({"else", "this", "history", "if", "unless", "each", "with", "lookup", "log", "role", "media"})
_KEYWORDS |= {"section", "json", "ifEquals", "unlessEquals"}
_LITERALS = frozenset({"true", "false", "null", "undefined", "as", "this"})


@dataclass(slots=True)
class Template:
    """What was found in a template; lines count from 1. `arguments` are names that helpers are called with."""

    problems: list[tuple[int, str]] = field(default_factory=list)
    partials: dict[str, int] = field(default_factory=dict)
    helpers: set[str] = field(default_factory=set)
    arguments: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    stray: int = 0  # the line of a first `}}` that closes nothing, which is text


def scan(text: str) -> Template:
    """Look through a template once."""
    found = Template()
    stack: list[tuple[str, int]] = []
    at = line = 0
    while True:
        start = text.find("{{", at)
        between = text[at : start if start >= 0 else len(text)]
        if "}}" in between and not found.stray:
            found.stray = line + between.count("\n", 0, between.index("}}")) + 1
        if start < 0:
            break
        line += between.count("\n")
        end = _end(text, start)
        if end < 0:
            found.problems.append((line + 1, "a tag is opened with {{ and not closed"))
            return found
        _take(found, stack, text[start:end], line + 1)
        line += text.count("\n", start, end)
        at = end
    found.problems += [(opened, f"the block {{{{#{name}}}}} is not closed") for name, opened in stack]
    return found


def _end(text: str, start: int) -> int:
    """Where the tag that starts there ends; -1 where it does not."""
    if text.startswith(("{{!--", "{{~!--"), start):
        end = text.find("--", text.index("--", start) + 2)
        while end >= 0 and not re.compile(r"--~?\}\}").match(text, end):
            end = text.find("--", end + 1)
        return text.index("}}", end) + 2 if end >= 0 else -1
    closing = "}}}" if text.startswith("{{{", start) else "}}"
    end = text.find(closing, start + 2)
    comment = text.startswith(("{{!", "{{~!"), start)
    if end < 0 or (not comment and text.find("{{", start + len(closing), end) >= 0):
        return -1
    return end + len(closing)


def _take(found: Template, stack: list[tuple[str, int]], tag: str, line: int) -> None:
    inner = tag.strip("{}").strip("~").strip()
    if inner.startswith("!"):
        return
    kind = inner[0] if inner[:1] in tuple("#^/>&") else ""
    rest = inner[len(kind) :].strip()
    if kind == "#" and rest.startswith(">"):
        kind, rest = "#>", rest[1:].strip()
    name = match[0] if (match := _NAME.match(rest)) else ""
    if kind in (">", "#>") and name:
        found.partials.setdefault(name, line)
        found.helpers.add(name)
    if kind in ("#", "#>") or (kind == "^" and name):
        stack.append((name, line))
    elif kind == "/":
        if not stack or stack[-1][0] != name:
            found.problems.append((line, f"{{{{/{name}}}}} closes no block that is open here"))
        else:
            stack.pop()
    _take_words(found, kind, rest)


def _take_words(found: Template, kind: str, rest: str) -> None:
    """The first word of a tag with arguments is a helper, and so is every word that the language has."""
    if kind == "/":
        return
    words = _WORD.findall(_STRING.sub("", rest))
    first = match[0] if (match := _WORD.match(rest)) else ""
    if first and kind != ">" and kind != "#>" and (first in _KEYWORDS or len(rest.split()) > 1):
        found.helpers.add(first)
        found.arguments.update(word for word in words[1:] if word not in _KEYWORDS | _LITERALS)
        if first == "role" and (said := _STRING.search(rest)):
            found.roles.add(said[0][1:-1])
