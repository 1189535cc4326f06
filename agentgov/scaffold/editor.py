"""What editors need: the line in a file that names its schema, and where copies of the schemas lie in a fleet.

The copies are part of the repository, so that completion works offline, and for the version that the fleet uses.
"""

from agentgov.model.governed import kind_of, schema_file

SCHEMAS = ".agentgov/schemas"  # where the copies lie, from the root of the fleet


def modeline(path: str) -> str:
    """The first line of a document for yaml-language-server, with its newline; empty where no schema is about it."""
    kind = kind_of(path)
    if kind is None:
        return ""
    return f"# yaml-language-server: $schema={'../' * path.count('/')}{SCHEMAS}/{schema_file(kind)}\n"
