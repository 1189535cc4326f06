"""A YAML text as nodes with the places where they begin and end, for those who change a few characters of it.

Says where things stand in a text that the strict reader has accepted; builds no values and changes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from agentgov.validate.yaml_text import events

Step = str | int


@dataclass(slots=True)
class Node:
    """One node: `start` is the index of its first character (of its anchor, where it has one), `end` the one behind
    its last. `parts` are the elements of a list, or keys and values of a mapping by turns."""

    kind: Literal["scalar", "list", "mapping", "alias"]
    start: int
    end: int
    flow: bool = False
    value: str = ""
    parts: list["Node"] = field(default_factory=list)

    def pairs(self) -> Iterator[tuple["Node", "Node"]]:
        """Keys and values of a mapping."""
        if self.kind == "mapping":
            yield from zip(self.parts[::2], self.parts[1::2], strict=True)

    def member(self, name: str) -> tuple["Node", "Node"] | None:
        """The key and the value of that name in a mapping."""
        return next((pair for pair in self.pairs() if pair[0].value == name), None)


def tree(text: str) -> Node:
    """The root of a text; yaml.YAMLError where it is no YAML."""
    source = events(text)
    open_nodes: list[Node] = []
    root: Node | None = None
    while type(event := source.get_event()) is not StreamEndEvent:
        if type(event) in (MappingEndEvent, SequenceEndEvent):
            _close(open_nodes.pop(), event, text)
            continue
        node = _node(event, text)
        if node is None:
            continue
        if open_nodes:
            open_nodes[-1].parts.append(node)
        root = root or node
        if node.kind in ("list", "mapping"):
            open_nodes.append(node)
    return root if root is not None else Node("scalar", 0, 0)


def at(root: Node, steps: Sequence[Step]) -> Node | None:
    """The node that steps from the root lead to; None where there is none, and behind an alias."""
    node: Node | None = root
    for step in steps:
        if node is None:
            return None
        if isinstance(step, int):
            node = node.parts[step] if node.kind == "list" and step < len(node.parts) else None
        else:
            found = node.member(step)
            node = found[1] if found is not None else None
    return node


def _node(event: Any, text: str) -> Node | None:
    """The node that begins with an event, None for what is no node."""
    kind = type(event)
    if kind not in (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent):
        return None
    start, end = event.start_mark.index, event.end_mark.index
    if kind is ScalarEvent:
        end = start + len(text[start:end].rstrip()) if event.style in ("|", ">") else end
        return Node("scalar", start, end, value=event.value)
    if kind is AliasEvent:
        return Node("alias", start, end)
    return Node("mapping" if kind is MappingStartEvent else "list", start, end, bool(event.flow_style))


def _close(node: Node, event: Any, text: str) -> None:
    """A collection in brackets ends behind its bracket; one in lines ends with its last part, because the parser
    counts the comments that follow too."""
    if node.flow:
        node.end = event.end_mark.index
    elif node.parts:
        node.end = node.parts[-1].end
