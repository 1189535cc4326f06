"""`spec.tools` in the making: what a source says of the tools of an agent, as far as agent.yaml has words for it.

The effect of a tool is taken over where the source itself says that it only reads, and is unknown otherwise. A name
that agent.yaml cannot hold becomes a line to fill in. Arguments become a JSON Schema in a file of their own.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentgov.importers import unknown
from agentgov.importers.unknown import Line

MOST_TOOLS = 256  # as many as agent.yaml may list
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}\Z")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\Z")


@dataclass(slots=True)
class Tools:
    """`spec.tools` in the making: entries by name, lines to settle, and the files of argument schemas."""

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: Any, *, reads: bool = False, words: str = "", description: Any = None) -> bool:
        """Take a tool over; a name that agent.yaml cannot hold becomes a line. The first entry of a name stays."""
        if not isinstance(name, str) or not _NAME.match(name):
            self.tell(f"{str(name)[:60]!r} is no name of a tool here")
            return False
        if name in self.entries:
            return False
        if len(self.entries) >= MOST_TOOLS:
            self.tell(f"{name} is beyond the {MOST_TOOLS} that agent.yaml may list")
            return False
        entry: dict[str, Any] = {"name": name, "effect": "read" if reads else unknown.effect(name, words)}
        if isinstance(description, str) and description.strip():
            entry["description"] = description.strip()[:2000]
        self.entries[name] = entry
        return True

    def tell(self, words: str) -> None:
        """Something about tools that somebody has to settle."""
        line = Line(f"tools: {words}")
        if line not in self.lines and len(self.lines) < MOST_TOOLS:
            self.lines.append(line)

    def take_properties(self, name: str, properties: Any, required: Iterable[Any] = ()) -> None:
        """Give an added tool its arguments: the properties of a JSON Schema, each a schema of its own."""
        if isinstance(properties, dict) and all(isinstance(item, dict) for item in properties.values()):
            known = [item for item in required if isinstance(item, str) and item in properties]
            schema = {"type": "object", "additionalProperties": False}
            self.take_schema(name, {**schema, **({"required": known} if known else {}), "properties": properties})

    def take_schema(self, name: str, schema: Mapping[str, Any]) -> None:
        """Give an added tool the JSON Schema of its arguments; one that is no schema stays in runtime."""
        head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": name}
        whole = {**head, **{key: value for key, value in schema.items() if key not in head}}
        if _FILE_NAME.match(name) and name in self.entries and _is_schema(whole):
            path = f"tools/{name}.schema.json"
            self.files[path] = f"{json.dumps(whole, indent=2, ensure_ascii=False)}\n".encode()
            self.entries[name]["args"] = {"file": path}


def _is_schema(schema: Mapping[str, Any]) -> bool:
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft7Validator.check_schema(schema)
    except SchemaError:
        return False
    return True
