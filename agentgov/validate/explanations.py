"""What a code means: its section of docs/findings/, taken apart into meaning, prose, examples and the way to mend it.

The pages are written for people and read here in the one form that they all have (docs/findings/README.md). Decides
nothing about fleets, and knows nothing of terminals.
"""

import re
from collections.abc import Iterator

import msgspec

from agentgov.resources import folder

AGENT_FILE = "agents/support/refunds/agent.yaml"  # where an example stands that names no file

_SECTION = re.compile(r"^## `([a-z.0-9-]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_HEAD = re.compile(r"\A\s*\*\*(error|warning)\*\*: (.+)\n")
_EXAMPLE = re.compile(
    r"^(?P<word>Bad|Good)(?:, (?P<without>without )?`(?P<file>[^`]+)`)?(?:, (?P<how>bytes escaped|the whole file))?"
    r"(?::\n\n```(?P<language>[a-z]+)\n(?P<text>.*?)^```|\.)$",
    re.MULTILINE | re.DOTALL,
)
_FIX = re.compile(r"^\*\*Fix\*\*: (.+)\Z", re.MULTILINE | re.DOTALL)


class Example(msgspec.Struct, frozen=True):
    """A piece of a file that yields the code, or does not: what stands there, or None where there is no such file.

    `escaped`: the text shows bytes as `\\xNN`. `whole`: the file holds nothing else.
    """

    good: bool
    file: str
    text: str | None
    escaped: bool = False
    whole: bool = False


class Explanation(msgspec.Struct, frozen=True):
    """One code: `severity` and `meaning` are those of `codes`; `why` is prose, its paragraphs apart by empty lines."""

    code: str
    severity: str
    meaning: str
    why: str
    examples: tuple[Example, ...]
    fix: str


def families() -> tuple[str, ...]:
    """The names of all pages, which are the words that codes start with, sorted."""
    return tuple(sorted(page.stem for page in folder("docs/findings").glob("*.md") if page.stem != "README"))


def page(family: str) -> str:
    """The text of the page of a family; FileNotFoundError where there is none."""
    return (folder("docs/findings") / f"{family}.md").read_text("utf-8")


def explanation(code: str) -> Explanation | None:
    """The section of one code; None where there is no such code."""
    family = code.partition(".")[0]
    if family not in families():
        return None
    return next((found for found in explanations(page(family)) if found.code == code), None)


def explanations(text: str) -> Iterator[Explanation]:
    """Every section of a page, in its order; ValueError for one that does not have the form."""
    for match in _SECTION.finditer(text):
        yield _explanation(match[1], match[2])


def _explanation(code: str, text: str) -> Explanation:
    head, fix = _HEAD.match(text), _FIX.search(text)
    if head is None or fix is None:
        raise ValueError(f"the section {code} does not say its severity, or not how to mend it")
    found = list(_EXAMPLE.finditer(text))
    prose = text[head.end() : found[0].start() if found else fix.start()]
    return Explanation(
        code=code,
        severity=head[1],
        meaning=head[2],
        why=prose.strip(),
        examples=tuple(_example(match) for match in found),
        fix=" ".join(fix[1].split()),
    )


def _example(match: re.Match[str]) -> Example:
    return Example(
        good=match["word"] == "Good",
        file=match["file"] or AGENT_FILE,
        text=match["text"],
        escaped=match["how"] == "bytes escaped",
        whole=match["how"] == "the whole file",
    )
