"""Change one thing in the text of a YAML file and leave every other character as it is: comments, quotes, order.

Each function takes a text and gives the new one. It writes in the style that is there (in brackets, or line by line);
where it cannot tell how (an alias, a form nobody meant it for), SpliceError says so and nothing is changed. Whether the
new text says what was meant is not believed here: `access_edit` and `alert_edit` read it again and compare.
"""

import json
import re
from collections.abc import Mapping, Sequence

from agentgov.scaffold.text import quoted
from agentgov.scaffold.yaml_tree import Node, Step, at, tree

Value = str | int | Sequence["Value"] | Mapping[str, "Value"]

# Plain only where every reader of YAML agrees that it is text.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.@+/-]*(?: [A-Za-z0-9_.@+/'()-]+)*\Z")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_DASH = re.compile(r"([ ]*(?:- +)*)-[ ]*(?:#.*)?\Z")
_COMMENT = re.compile(r"([ ]*)#")


class SpliceError(ValueError):
    """It cannot be told how to write this into the text; the message is one plain sentence."""


def insert_item(text: str, steps: Sequence[Step], value: Value) -> str:
    """Add an element at the end of the list that the steps lead to; where there is no such member, the list too."""
    root = tree(text)
    node = at(root, steps)
    if node is None:
        return insert_member(text, steps[:-1], str(steps[-1]), [value])
    if node.kind != "list":
        raise SpliceError(f"{_spoken(steps)} is written in another place of the file (an anchor)")
    if node.flow and not node.parts:
        return _fill(text, root, steps, node, value)
    if node.flow:
        return _append_in_brackets(text, node, flow(value))
    indent, column = _dash(text, node.parts[-1])
    lines = _item_lines(value, node.parts[-1].flow, indent, _offset(text, root))
    return _insert_lines(text, node.end, column + 1, lines)


def insert_member(text: str, steps: Sequence[Step], name: str, value: Value) -> str:
    """Add a member at the end of the mapping that the steps lead to."""
    root = tree(text)
    node = at(root, steps)
    if node is None or node.kind != "mapping" or not node.parts:
        raise SpliceError(f"{_spoken(steps)} is not a mapping written here")
    if node.flow:
        return _append_in_brackets(text, node, f"{name}: {flow(value)}")
    first = node.parts[0]
    indent = _column(text, first.start)
    lines = _member_lines(name, value, " " * indent, _offset(text, root))
    return _insert_lines(text, node.end, indent, lines)


def replace_scalar(text: str, steps: Sequence[Step], value: str | int) -> str:
    """Write another plain value where the steps lead to."""
    node = at(tree(text), steps)
    if node is None or node.kind != "scalar" or text[node.start : node.start + 1] in ("&", "|", ">"):
        raise SpliceError(f"{_spoken(steps)} is not a plain value written here")
    return text[: node.start] + flow(value) + text[node.end :]


def remove_item(text: str, steps: Sequence[Step], index: int) -> str:
    """Take an element out of a list, with the comment on its own line; comments on lines before it stay."""
    root = tree(text)
    node = at(root, steps)
    if node is None or node.kind != "list" or not 0 <= index < len(node.parts):
        raise SpliceError(f"{_spoken(steps)} is written in another place of the file (an anchor)")
    return _remove_in_brackets(text, node, index) if node.flow else _remove_lines(text, root, steps, node, index)


def flow(value: Value) -> str:
    """A value on one line."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return value if len(value) < 80 and _PLAIN.match(value) and value.lower() not in _WORDS else quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(flow(item) for item in value) + "]"


# --- lists and mappings in brackets ----------------------------------------------------------------------------------


def _append_in_brackets(text: str, node: Node, written: str) -> str:
    """Behind the last part; on a line of its own where the parts stand so."""
    last = node.parts[-1]
    comma = _comma(text, last.end, node.end - 1)
    begin = node.parts[-2].start if node.kind == "mapping" else last.start
    if not _alone(text, begin) or _line_end(text, last.end) > node.end - 1:
        if comma is not None:
            return f"{text[: comma + 1]} {written},{text[comma + 1 :]}"
        return f"{text[: last.end]}, {written}{text[last.end :]}"
    end = _line_end(text, last.end if comma is None else comma)
    line = f"{_newline(text)}{' ' * _column(text, begin)}{written}"
    if comma is not None:
        return f"{text[:end]}{line},{text[end:]}"
    return f"{text[: last.end]},{text[last.end : end]}{line}{text[end:]}"


def _remove_in_brackets(text: str, node: Node, index: int) -> str:
    part = node.parts[index]
    comma = _comma(text, part.end, node.parts[index + 1].start if index + 1 < len(node.parts) else node.end - 1)
    behind = part.end if comma is None else comma + 1
    rest = text[behind : _line_end(text, behind)].strip()
    if _alone(text, part.start) and (not rest or rest.startswith("#")):
        begin, end = part.start - _column(text, part.start), _next_line(text, behind)
    elif len(node.parts) == 1:
        begin, end = part.start, behind
    elif index + 1 < len(node.parts):
        begin, end = part.start, node.parts[index + 1].start
    else:
        begin, end = node.parts[index - 1].end, part.end
    outside = text[begin : part.start] + text[part.end : end]
    if "#" in outside and not _alone(text, part.start):
        raise SpliceError("a comment stands between what is taken out and what stays")
    return text[:begin] + text[end:]


def _comma(text: str, start: int, end: int) -> int | None:
    """Where a comma stands between two places, outside of comments."""
    place = start
    while place < end:
        if text[place] == ",":
            return place
        place = _line_end(text, place) if text[place] == "#" else place + 1
    return None


# --- lists and mappings in lines -------------------------------------------------------------------------------------


def _fill(text: str, root: Node, steps: Sequence[Step], node: Node, value: Value) -> str:
    """The first element of `[]`: in lines, where the list is a member of a mapping in lines."""
    holder = at(root, steps[:-1])
    if text[node.start : node.end].strip("[] ") or text[node.start] != "[":
        raise SpliceError(f"{_spoken(steps)} has an anchor, or a comment inside its brackets")
    if holder is None or holder.flow:
        return f"{text[: node.start]}[{flow(value)}]{text[node.end :]}"
    pair = holder.member(str(steps[-1]))
    assert pair is not None
    offset = _offset(text, root)
    indent = " " * (_column(text, pair[0].start) + offset)
    lines = _item_lines(value, False, indent, offset)
    before, behind = text[: node.start].rstrip(" "), text[node.end :]
    return _insert_lines(before + behind, len(before), len(indent) + 1, lines)


def _remove_lines(text: str, root: Node, steps: Sequence[Step], node: Node, index: int) -> str:
    part = node.parts[index]
    _, column = _dash(text, part)
    begin = _dash_line(text, part)
    if text[begin : begin + column].strip():
        raise SpliceError("the element begins on a line with others")
    end = _skip_comments(text, _next_line(text, part.end), column + 1)
    if len(node.parts) > 1:
        return text[:begin] + text[end:]
    holder = at(root, steps[:-1])
    pair = holder.member(str(steps[-1])) if holder is not None else None
    if pair is None or (found := re.compile(r"[ ]*:").match(text, pair[0].end)) is None:
        raise SpliceError("the last element of this list cannot be taken out")
    return f"{text[: found.end()]} []{text[found.end() : begin]}{text[end:]}"


def _item_lines(value: Value, in_brackets: bool, indent: str, offset: int) -> list[str]:
    """An element of a list in lines."""
    if not isinstance(value, Mapping) or in_brackets:
        return [f"{indent}- {flow(value)}"]
    lines = [line for name, item in value.items() for line in _member_lines(name, item, f"{indent}  ", offset)]
    return [f"{indent}- {lines[0].lstrip()}", *lines[1:]]


def _member_lines(name: str, value: Value, indent: str, offset: int) -> list[str]:
    """A member of a mapping in lines; lists of texts that are long, and of mappings, in lines too."""
    written = f"{indent}{name}: {flow(value)}"
    if isinstance(value, (str, int, Mapping)) or (len(written) < 100 and all(map(_is_short, value))):
        return [written]
    return [f"{indent}{name}:"] + [
        line for item in value for line in _item_lines(item, False, indent + " " * offset, offset)
    ]


def _insert_lines(text: str, end: int, column: int, lines: list[str]) -> str:
    """Lines behind the one on which something ends, and behind the comments below it that are indented as far."""
    place = _skip_comments(text, _next_line(text, end), column)
    newline = _newline(text)
    written = "".join(f"{line}{newline}" for line in lines)
    if place and text[place - 1] != "\n":  # the file lacks its last newline, and goes on lacking it
        return f"{text}{newline}{written.removesuffix(newline)}"
    return text[:place] + written + text[place:]


def _skip_comments(text: str, place: int, column: int) -> int:
    while (found := _COMMENT.match(text, place)) is not None and len(found[1]) >= column:
        place = _next_line(text, place)
    return place


def _dash(text: str, part: Node) -> tuple[str, int]:
    """How far the elements of a list in lines are indented, and the column of their dash."""
    begin = _dash_line(text, part)
    here = part.start if _line_start(text, part.start) == begin else _line_end(text, begin)
    found = _DASH.match(text[begin:here].rstrip("\r"))
    if found is None:
        raise SpliceError("it cannot be told where the elements of this list begin")
    return " " * len(found[1]), len(found[1])


def _dash_line(text: str, part: Node) -> int:
    """Where the line begins on which the dash of an element stands: its own, or one above blank lines and comments."""
    begin = _line_start(text, part.start)
    if text[begin : part.start].strip():
        return begin
    while begin:
        begin = _line_start(text, begin - 1)
        line = text[begin : _line_end(text, begin)].strip()
        if line and not line.startswith("#"):
            return begin
    raise SpliceError("it cannot be told where the elements of this list begin")


def _offset(text: str, root: Node) -> int:
    """How much further lists in lines are indented than their keys: as the file does it first, else two."""
    todo = [root]
    while todo:
        node = todo.pop(0)
        for key, value in node.pairs():
            if value.kind == "list" and not value.flow and value.parts:
                return max(_dash(text, value.parts[0])[1] - _column(text, key.start), 0)
        todo += node.parts
    return 2


# --- places in a text ------------------------------------------------------------------------------------------------


def _alone(text: str, start: int) -> bool:
    """Whether nothing stands before a place on its line."""
    return not text[_line_start(text, start) : start].strip()


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _line_end(text: str, place: int) -> int:
    """Where the line of a place ends, before its line break."""
    end = text.find("\n", place)
    end = len(text) if end < 0 else end
    return end - 1 if end > place and text[end - 1] == "\r" else end


def _next_line(text: str, place: int) -> int:
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _column(text: str, place: int) -> int:
    return place - _line_start(text, place)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _is_short(value: Value) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and len(value) < 60)


def _spoken(steps: Sequence[Step]) -> str:
    return json.dumps("/".join(map(str, steps)) or "the document")
