"""agent.yaml as text: plain values and what is unknown in, YAML 1.2 with guiding comments out (ruamel.yaml).

A key whose value is a `Line` or a tuple of them becomes comment lines; a `Placeholder` is its value with a comment.
Texts that another reader could take for something else are quoted. What was written is read back and compared:
ValueError when it would not be read as meant.
"""

import io
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from agentgov.importers.unknown import Line, Placeholder
from agentgov.validate.worklist import MARK
from agentgov.validate.yaml_reader import read

# Plain only where YAML 1.1 and 1.2 agree that it is text: words, names, ids, sentences without punctuation that counts.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?:[ ,]+[A-Za-z0-9_./'()-]+)*[.!?]?\Z")
_ODD = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def render(document: dict[str, Any], head: str) -> str:
    """The text of a document under the comment lines of `head`; ValueError where it would not read back as it is."""
    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    buffer = io.StringIO()
    yaml.dump(_mapping(document, 0), buffer)
    text = f"{head}{buffer.getvalue()}"
    back = read(text.encode("utf-8", "surrogatepass"), "agent.yaml")
    if back.findings or back.value != plain(document):
        raise ValueError(back.findings[0].message if back.findings else "a value cannot be written as YAML")
    return text


def plain(value: Any) -> Any:
    """The values of a document without what is unknown about them."""
    if isinstance(value, Placeholder):
        return value.value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if not _is_lines(item)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _mapping(source: dict[str, Any], depth: int) -> CommentedMap:
    out = CommentedMap()
    waiting: list[str] = []
    for key, value in source.items():
        if _is_lines(value):
            waiting += [_comment(line.words) for line in (value if isinstance(value, tuple) else (value,))]
            continue
        name = _scalar(key)
        out[name] = _node(value, depth + 1)
        if waiting:
            out.yaml_set_comment_before_after_key(name, before="\n".join(waiting), indent=2 * depth)
            waiting = []
        if isinstance(value, Placeholder):
            out.yaml_add_eol_comment(_comment(value.words), name, column=0)
    if waiting:
        raise ValueError("comment lines need a field after them")
    return out


def _node(value: Any, depth: int) -> Any:
    if isinstance(value, Placeholder):
        return _scalar(value.value)
    if isinstance(value, dict):
        return _mapping(value, depth)
    if isinstance(value, (list, tuple)):
        return CommentedSeq([_node(item, depth + 1) for item in value])
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if "\n" in value and not value[0].isspace() and not value.endswith("\n\n") and not _ODD.search(value):
        return LiteralScalarString(value)
    if len(value) < 2000 and _PLAIN.match(value) and value.lower() not in _WORDS:
        return value
    return DoubleQuotedScalarString(value)


def _comment(words: str) -> str:
    """One line, whatever the source put into it."""
    shown = "".join(char if char.isprintable() else " " for char in words)
    return f"{MARK}: {' '.join(shown.split())[:400]}"


def _is_lines(value: Any) -> bool:
    return isinstance(value, Line) or (isinstance(value, tuple) and bool(value) and isinstance(value[0], Line))
