"""Text files that begin with front matter (`---`, YAML, `---`) and go on with a prompt: both without secrets.

The prompt is kept as it is, but for secrets. Where a file has no front matter the reader of its format decides.
"""

import re
from dataclasses import dataclass
from typing import Any

from agentgov.importers.documents import Cleaned, document, secret
from agentgov.importers.result import Failure, Source
from agentgov.importers.secrets import Cleaner
from agentgov.model.finding import Finding
from agentgov.validate.positions import positions

# Possessive: the end of a comment could else be read in two ways, and n lines in 2^n ways.
_OPENS = re.compile(r"\ufeff?(?:[ \t]*+(?:#[^\n]*+)?+\r?\n)*+---[ \t]*\r?\n")
_CLOSES = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
BODY = "/prompt"  # the pointer of a secret that stood in the text below the front matter


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands above and below: `meta`, the text, the line it begins in, what both lost, the findings about it."""

    meta: dict[str, Any]
    body: str
    line: int
    removed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    yaml: str = ""
    above: int = 0

    def line_of(self, key: str) -> int:
        """The line of the file in which a field of the front matter stands."""
        return positions(self.yaml.encode()).key("", f"/{key}").line + self.above


def split(source: Source) -> FrontMatter | Failure | None:
    """The two parts of a file; None where it has no front matter."""
    try:
        text = source.data.decode()
    except UnicodeDecodeError:
        return Failure(source.name, "not UTF-8 text")
    opens = _OPENS.match(text)
    closes = _CLOSES.search(text, opens.end()) if opens else None
    if opens is None or closes is None:
        return None
    yaml, above = text[opens.end() : closes.start()], text.count("\n", 0, opens.end())
    found = document(yaml.encode(), source.name, above) if _says_something(yaml) else Cleaned({})
    if isinstance(found, Failure):
        return found
    if not isinstance(found.value, dict):
        return Failure(source.name, f"line {above + 1}: the front matter is no mapping")
    line = text.count("\n", 0, closes.end()) + 1
    body, lost = clean_prompt(text[closes.end() :], source.name, line)
    removed = (*found.removed, *([BODY] if lost else []))
    return FrontMatter(found.value, body, line, removed, (*found.findings, *lost), yaml, above)


def clean_prompt(text: str, name: str, line: int = 1) -> tuple[str, tuple[Finding, ...]]:
    """A prompt without secrets, and a finding where it lost one; `line` is where the text begins in the file."""
    clean = Cleaner().prose(text, BODY)
    if clean == text:
        return text, ()
    pairs = zip(text.split("\n"), clean.split("\n"), strict=False)
    first = next((number for number, (old, new) in enumerate(pairs) if old != new), 0)
    return clean, (secret(name, line + first),)


def _says_something(yaml: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in yaml.split("\n"))
