"""The text of a YAML file and the events in it: what is refused before a parser sees it, and which parser is used.

Both parsers of PyYAML follow YAML 1.1 where it differs from 1.2 in line breaks and directives, so such texts are
refused here: two readers must not see two documents. Values are built elsewhere (`yaml_reader`, `positions`).
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from agentgov.model.finding import Finding
from agentgov.model.verdict import Location
from agentgov.validate import characters
from agentgov.validate.codes import finding

MAX_BYTES = 1 << 20
MOST_HIDDEN = 100  # hidden characters reported for one file

# YAML 1.1 readers break lines here, YAML 1.2 readers do not.
_OLD_BREAKS = re.compile("[\x85\u2028\u2029]")
# %TAG would also make libyaml quadratic in the number of lines.
_DIRECTIVE = re.compile(r"(?:^|\r)%(?!YAML 1\.2[ \t]*\r?$)", re.MULTILINE)
_TAB = re.compile(r"^[ ]*\t", re.MULTILINE)


_UNEXPECTED = ("expected <block end>", "did not find expected key", "expected '-' indicator")
# What the parsers say (libyaml's words, then those of the parser in Python), what it means, what to do.
_PLAIN_WORDS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("mapping values are not allowed", "found unexpected ':'"),
        "a colon and a space inside unquoted text",
        "quote the text, or look at the line above: its colon, its indentation",
    ),
    (("cannot start any token",), "a text cannot start with this character", "quote the text"),
    (
        _UNEXPECTED,
        "the indentation does not fit the lines above",
        "indent entries of one mapping or list equally",
    ),
    (("sequence entries are not allowed",), "a list cannot start here", "put it on a line of its own, below its key"),
    (("mapping keys are not allowed",), "a key cannot stand here", "put it on a line of its own"),
    (("could not find expected ':'",), "a key without a colon and a value", "write `key: value`"),
    (("',' or '}'", "',' or ']'"), "a bracket is opened and not closed", "close it, or quote the text"),
    (
        ("<document start>",),
        "a line `...` ends the document, and something stands beside or behind it",
        "remove one of them",
    ),
    (("end of stream",), "the file ends inside a quoted text or a bracket", "close it"),
    (("unexpected document",), "`---` or `...` inside a text that is not closed", "close it, or indent the line"),
    (
        ("comment or line break", "comment or a line break", "chomping or indentation"),
        "something stands behind `|` or `>`, where only a comment may",
        "start the text on the next line, or quote a text that starts with | or >",
    ),
    (("unknown escape",), "an escape that YAML does not have", "write \\\\ for a backslash, or use single quotes"),
    (
        ("hexdecimal", "hexadecimal", "invalid Unicode character"),
        "an escape of a character that does not exist",
        "write \\xNN, \\uNNNN or \\UNNNNNNNN of a real character, or use single quotes",
    ),
    (
        ("alphabetic or numeric",),
        "a text cannot start with & or *, which name anchors",
        "quote the text",
    ),
    (("undefined tag handle", "URI", "expected '!'", "expected '>'"), "a text cannot start with !", "quote the text"),
    (
        ("whitespace or line break", "expected ' '"),
        "an anchor or a tag runs into what follows",
        "put a space between them",
    ),
    (("indentation indicator",), "an indentation of 0 behind `|` or `>`", "write 1 to 9, or leave it out"),
    (("tab character",), "a tab is used to indent", "indent with spaces"),
    (
        ("node content", "expected the node"),
        "a value is missing here, or a comma or bracket is too many",
        "remove it, or write it",
    ),
    (("block collection", "while parsing"), "the indentation does not fit the lines above", "indent entries equally"),
)


class EventSource(Protocol):
    """What both parsers of PyYAML offer."""

    def get_event(self) -> Any: ...


class PureParser(Reader, Scanner, Parser):
    """PyYAML's parser in Python, for machines without libyaml; same events, slower."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def events(text: str) -> EventSource:
    """A parser over a text that `decode` has passed; raises yaml.YAMLError while it is read."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return PureParser(text)
    source: EventSource = CParser(text)
    return source


def decode(data: bytes, file: str) -> tuple[str | None, list[Finding]]:
    """The text of a YAML file, None where no parser may see it, and what is wrong with its characters."""
    if len(data) > MAX_BYTES:
        return None, [too_large(data, file)]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        where = Location(file, *characters.place(before, len(before)))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return None, [finding("yaml.not-utf8", where, message, "save the file as UTF-8")]
    findings: list[Finding] = []
    if text.startswith("\ufeff"):
        text = text[1:]
        message = "the file starts with a byte order mark"
        findings.append(finding("yaml.byte-order-mark", Location(file, 1, 1), message, "save as UTF-8 without it"))
    if not characters.is_plain(data):
        findings.extend(_hidden(text, file))
    refused = list(_refused(text, file))
    return None if refused else text, findings + refused


def too_large(data: bytes, file: str) -> Finding:
    """That a file is over the limit, whatever it is."""
    message = f"the file has {len(data):,} bytes; the limit is {MAX_BYTES:,}"
    return finding("file.too-large", Location(file, 1, 1), message, "keep large files outside of the fleet")


def _hidden(text: str, file: str) -> Iterator[Finding]:
    place = characters.placing(text)
    for index, name in islice(characters.hidden(text), MOST_HIDDEN):
        where = Location(file, *place(index))
        yield finding("text.hidden-character", where, f"hidden character {name}", "remove it")


def _refused(text: str, file: str) -> Iterator[Finding]:
    if not text.isascii() and (match := _OLD_BREAKS.search(text)):
        where = Location(file, *characters.place(text, match.start()))
        message = f"{characters.name(match[0])} ends a line for some readers and not for others"
        yield finding("yaml.line-separator", where, message, "use an ordinary line break")
    if "%" in text and (match := _DIRECTIVE.search(text)):
        where = Location(file, *characters.place(text, match.end() - 1))
        yield finding("yaml.directive", where, "a line that starts with % is a YAML directive", "remove the line")


def syntax_finding(error: yaml.YAMLError, text: str, file: str) -> Finding:
    """What the parser could not read, in plain words where the cause is known."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # only a ReaderError has no mark; its position counts characters or bytes
        return finding("yaml.syntax", Location(file, 1, 1), "the text holds a character that YAML does not allow")
    problem = str(getattr(error, "problem", None) or getattr(error, "context", None) or "not YAML")
    where = Location(file, mark.line + 1, mark.column + 1)
    if "nesting depth" in problem:  # libyaml has a limit of its own, and comes to it first where it reads ahead
        return finding("yaml.too-deep", where, "far too many levels of nesting")
    lines = characters.lines(text)
    line = lines[mark.line] if mark.line < len(lines) else ""
    message, fix = _explain(problem, line, mark.column)
    return finding("yaml.syntax", where, message, fix)


def _explain(problem: str, line: str, column: int) -> tuple[str, str]:
    if _TAB.match(line):
        return "a tab is used to indent", "indent with spaces"
    if any(needle in problem for needle in _UNEXPECTED) and line[:column].strip():
        return "something stands behind a value that is complete", "remove it, or quote the whole text"
    for needles, message, fix in _PLAIN_WORDS:
        if any(needle in problem for needle in needles):
            return message, fix
    return f"this is not YAML: {problem}", ""
