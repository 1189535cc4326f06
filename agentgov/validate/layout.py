"""Is every governed file where its path says what it is: the fixed layout, ordinary files, names that cannot collide.

Looks at paths and modes only; what stands in the files is judged elsewhere. Paths are compared as bytes by the rest of
the product, so two that only a case-sensitive, non-normalising file system can tell apart are refused here.
"""

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping

from agentgov.model.finding import Finding
from agentgov.model.names import SHARED, AgentId, is_label
from agentgov.model.snapshot import SUBMODULE, SYMLINK, Entry
from agentgov.model.verdict import Location
from agentgov.validate import characters
from agentgov.validate.codes import finding
from agentgov.validate.view import Subject, View

_GOVERNANCE_FILES = ("access.yaml", "pipeline.yaml", "actions.yaml", "alerts.yaml", "retention.yaml", "prices.yaml")
_ALWAYS_WELCOME = frozenset({"README.md", ".gitkeep", ".gitattributes"})
_AGENT_FILE = "agent.yaml"
_NAME_RULE = "use lower-case letters, digits and inner hyphens, at most 63"


def check_files(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    """What is wrong with the places of files, whatever stands in them."""
    for path, entry in entries.items():
        if not entry.is_file:
            yield _not_a_file(path, entry)
        if not (path.isascii() and path.isprintable()):
            yield from _odd_name(path)
        if path.rpartition("/")[2] not in _ALWAYS_WELCOME:
            yield from _unexpected(path)


def check_folder(folder: str, entries: Mapping[str, Entry]) -> Iterator[Finding]:
    """What is wrong with one folder below a workspace, given its files: the name, no agent.yaml, names that collide."""
    _, workspace, name = folder.split("/")
    for what, word in (("workspace", workspace), ("agent", name)):
        if not is_label(word):
            path = next(iter(entries))
            yield finding("layout.bad-name", Location(path, 1, 1), f"{word} is no name for a {what}", _NAME_RULE)
    if is_label(name) and name != SHARED and f"{folder}/{_AGENT_FILE}" not in entries:
        message = f"{folder} holds files and no {_AGENT_FILE}"
        yield finding("layout.agent-missing", Location(f"{folder}/{_AGENT_FILE}"), message, "add it, or remove them")
    yield from check_names(entries)


def check_names(paths: Iterable[str]) -> Iterator[Finding]:
    """Which of these paths, and of the folders they lie in, are one path on other machines.

    Only names in one folder can collide, so parts of a fleet can be asked one by one, and then one path of each.
    """
    for names, files in collisions(paths):
        for file in files:
            yield _collision(names, file)


def check_uncommitted(unmerged: Iterable[str], odd: Iterable[str]) -> Iterator[Finding]:
    """What only git and the disk know of files before they are committed: conflicts, and what is no file at all."""
    for path in unmerged:
        message = f"{path} has a conflict that is not resolved"
        yield finding("layout.unmerged", Location(path, 1, 1), message, "resolve it, then git add it")
    for path in odd:
        yield _not_a_file(path, Entry(0))


def check_closure(
    view: View, agent: AgentId, own: Collection[str], colliding: Iterable[Collection[str]]
) -> Iterator[Finding]:
    """What is wrong with the places of the files of one agent, other files being there or not; `colliding` are the
    names of the snapshot that are one path on other machines."""
    for path in own:
        if path in view.entries and not view.entries[path].is_file:
            yield _not_a_file(path, view.entries[path])
        if not (path.isascii() and path.isprintable()):
            yield from _odd_name(path)
        if path.rpartition("/")[2] not in _ALWAYS_WELCOME:
            yield from _unexpected(path)
    for names in colliding:
        if any(path == name or path.startswith(f"{name}/") for name in names for path in own):
            yield _collision(names, agent.file)


def check_workspaces(view: View) -> Iterator[Finding]:
    """Workspaces are called like their files."""
    for name, workspace in view.parts.workspaces.items():
        if workspace.name != name:
            file = f"governance/workspaces/{name}.yaml"
            message = f"the workspace is called {workspace.name}, its file {name}.yaml"
            yield view.at("layout.name-mismatch", file, "/name", message, f"write name: {name}, or rename the file")


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """An agent is called like its folder."""
    name = subject.agent.metadata.name
    if name != subject.id.name:
        message = f"the agent is called {name}, its folder {subject.id.name}"
        fix = f"write name: {subject.id.name}, or rename the folder"
        yield view.at("layout.name-mismatch", subject.file, "/metadata/name", message, fix)


def _not_a_file(path: str, entry: Entry) -> Finding:
    if entry.mode == SYMLINK:
        return finding(
            "layout.symlink", Location(path, 1, 1), f"{path} is a symbolic link", "put the file itself there"
        )
    if entry.mode == SUBMODULE:
        return finding(
            "layout.submodule", Location(path, 1, 1), f"{path} is a submodule", "put the files themselves there"
        )
    return finding("layout.not-a-file", Location(path, 1, 1), f"{path} is not an ordinary file", "remove it")


def _odd_name(path: str) -> Iterator[Finding]:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        yield finding("layout.path-characters", Location(path, 1, 1), "the path is not UTF-8", "rename the file")
        return
    control = [characters.name(char) for char in path if char in "\t\n\r"]
    for name in [*(name for _, name in characters.hidden(path)), *control][:1]:
        message = f"the path holds the hidden character {name}"
        yield finding("layout.path-characters", Location(path, 1, 1), message, "rename the file")


def _unexpected(path: str) -> Iterator[Finding]:
    """A file in a place where nothing reads it, although somebody will think so."""
    parts = path.split("/")
    if parts[0] == "agents":
        fix = _fix_in_agents(parts)
    elif parts[0] == "governance":
        fix = _fix_in_governance(parts)
    elif parts[0] in ("playbooks", "drills") and parts[-1].endswith((".yml", ".json")):
        fix = f"write it as {path.rpartition('.')[0]}.yaml"
    else:
        return
    if fix:
        yield finding("layout.unexpected-file", Location(path, 1, 1), f"nothing reads {path} in this place", fix)


def _fix_in_agents(parts: list[str]) -> str:
    """What to do about a file below agents/; empty where it belongs there."""
    home = f"an agent lives in agents/{parts[1] if len(parts) > 2 else '<workspace>'}/<agent>/{_AGENT_FILE}"
    if len(parts) < 4 or (len(parts) > 4 and parts[-1] == _AGENT_FILE):
        return home
    if parts[2] == SHARED:
        return "no agent can be called `shared`" if parts[3:] == [_AGENT_FILE] else ""
    if len(parts) > 4 or parts[-1] == _AGENT_FILE:
        return ""
    stem, _, extension = parts[-1].lower().rpartition(".")
    resembles = extension in ("yaml", "yml", "json") and difflib.get_close_matches(stem, ["agent"], 1, 0.8)
    return f"rename it to {_AGENT_FILE}" if resembles else ""


def _fix_in_governance(parts: list[str]) -> str:
    """What to do about a file below governance/; empty where it belongs there."""
    if len(parts) == 2:
        name = parts[1].lower().replace(".yml", ".yaml")
        close = difflib.get_close_matches(name, _GOVERNANCE_FILES, 1, 0.7)
        meant = f'did you mean "governance/{close[0]}"?' if close else "move it out of governance/"
        return "" if parts[1] in _GOVERNANCE_FILES else meant
    if parts[1] == "workspaces" and len(parts) == 3 and parts[2].endswith(".yaml"):
        return "" if is_label(parts[2].removesuffix(".yaml")) else _NAME_RULE
    return "a workspace is governance/workspaces/<workspace>.yaml"


def _collision(names: Collection[str], file: str) -> Finding:
    message = f"{' and '.join(names)} are one path where case or Unicode form does not count"
    return finding("layout.collision", Location(file, 1, 1), message, "rename one of them")


def collisions(paths: Iterable[str]) -> Iterator[tuple[Collection[str], Collection[str]]]:
    """Files and folders that differ only in case or in Unicode normalisation: on other machines they are one. Each
    with a file that is it, or is in it."""
    groups: dict[str, dict[str, str]] = {}  # folded path or folder -> how it is written -> a file that is or is in it
    for path in paths:
        end = len(path)
        while end > 0:
            part = path[:end]
            written = groups.setdefault(_folded(part), {})
            if part in written:
                break  # this folder and those above it are known
            written[part] = path
            end = path.rfind("/", 0, end)
    for written in groups.values():
        if len(written) > 1:
            for folder in {name.rpartition("/")[0]: None for name in written}:  # folders that collide are told once
                here = {name: file for name, file in written.items() if name.rpartition("/")[0] == folder}
                if len(here) > 1:
                    yield here.keys(), here.values()


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
