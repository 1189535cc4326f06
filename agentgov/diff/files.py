"""The files in an agent's folder that agent.yaml does not name, and the modes of all of its files.

What reads an unnamed file is not known here, so every change of one loosens; what is no ordinary file is always told.
"""

import posixpath
from collections.abc import Iterator

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.version import AgentVersion
from agentgov.model.closure import named_files
from agentgov.model.snapshot import EXECUTABLE, FILE, SUBMODULE, SYMLINK

_KINDS = {FILE: "a file", EXECUTABLE: "executable", SYMLINK: "a symlink", SUBMODULE: "a submodule"}


def files(base: AgentVersion, head: AgentVersion) -> Iterator[FieldChange]:
    """Changes of unnamed files, by their path relative to the agent's folder, and of modes."""
    before, after = _relative(base), _relative(head)
    named_before, named_after = _named(base), _named(head)
    for name in sorted(before.keys() | after.keys(), key=lambda name: name.encode("utf-8", "surrogateescape")):
        old, new = before.get(name), after.get(name)
        if new is not None and name not in named_after:
            text, was = head.texts.get(new), base.texts.get(old) if old is not None else None
            if old is None:
                yield change("files.added", Place(new), None, None, f"file {short(name)} added")
            elif text != was:
                yield change("files.changed", Place(new), None, None, f"file {short(name)} changed")
        elif old is not None and new is None and name not in named_before:
            yield change("files.removed", Place(old), None, None, f"file {short(name)} removed")
        yield from _mode(name, old, base, new, head)


def _mode(name: str, old: str | None, base: AgentVersion, new: str | None, head: AgentVersion) -> Iterator[FieldChange]:
    if new is None:
        return
    was = base.modes.get(old, FILE) if old is not None else FILE
    now = head.modes.get(new, FILE)
    # A symlink is told even where both sides have one: what it points at is not compared.
    if was != now or now not in (FILE, EXECUTABLE):
        kinds = _KINDS.get(was, oct(was)), _KINDS.get(now, oct(now))
        said = " -> ".join(dict.fromkeys(kinds if old is not None else kinds[1:]))
        yield change("files.mode.changed", Place(new), f"{was:o}", f"{now:o}", f"file {short(name)}: {said}")


def _relative(version: AgentVersion) -> dict[str, str]:
    folder = version.agent_id.folder
    return {posixpath.relpath(path, folder): path for path in version.texts.keys() | version.modes.keys()}


def _named(version: AgentVersion) -> set[str]:
    return {posixpath.normpath(reference) for reference in named_files(version.agent)}
