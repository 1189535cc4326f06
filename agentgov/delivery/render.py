"""The tree of one environment: a document and a manifest for each agent that may run, and an index.

A pure function of the journal at one act, so that anybody can compute the same tree again. Starting from the tree of an
earlier act only what may have changed since is rendered. Never decides what runs, and never publishes.
"""

from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import Protocol

import msgspec

from agentgov.delivery.document import Documents, canonical
from agentgov.journal.moves import former_ids
from agentgov.journal.parts import Overlay
from agentgov.journal.view import View
from agentgov.model.names import AgentId, agent_id
from agentgov.model.selector import by_name, parse_selector
from agentgov.model.snapshot import FILE
from agentgov.repo.changes import changed_paths
from agentgov.repo.treeedit import Change

INDEX = "index.json"
_AT_ONCE = 128  # agents of a part of the whole
LARGEST = 900 * 1024  # bytes of a manifest: Kubernetes takes a ConfigMap of 1 MiB
_MANIFEST = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  labels:
    app.kubernetes.io/managed-by: agentgov
    agentgov.dev/environment: {environment}
data:
  agent.json: |
    {document}
"""
_DECIDE = ("deployments", "overrides")  # records that a document depends on, beside pauses; releases never change


class Writer(Protocol):
    """Where blobs and trees go: a repository, or one's memory."""

    def write_blob(self, content: bytes) -> str: ...
    def put_files(self, tree_oid: str | None, changes: Mapping[str, Change], /) -> str: ...


class Unwritten:
    """Computes the ids of blobs and trees, and writes nothing."""

    def __init__(self, trees: Overlay) -> None:
        self._trees = trees

    def write_blob(self, content: bytes) -> str:
        """The id that a blob would have."""
        from agentgov.repo.objects import object_id

        return object_id("blob", content)

    def put_files(self, tree_oid: str | None, changes: Mapping[str, Change], /) -> str:
        """The id that a tree would have."""
        return self._trees.put_files(tree_oid, changes)


class _Index(msgspec.Struct):
    agents: int
    too_large: list[str] = msgspec.field(name="tooLarge", default_factory=list)

    def count(self, files: Mapping[str, bytes | None], present: Collection[str] = ()) -> None:
        """Count these files in, of which some were there before."""
        large = set(self.too_large)
        for path, raw in files.items():
            if path.startswith("config/"):
                agent = path.split("/", 2)[2].removesuffix(".json")
                self.agents += (raw is not None) - (path in present)
                large.discard(agent)
                if raw is not None and len(raw) > LARGEST:
                    large.add(agent)
        self.too_large = sorted(large)


def rendered(view: View, documents: Documents, only: Collection[AgentId] | None = None) -> dict[str, bytes | None]:
    """Path to bytes of every agent, or of some; None where there must be no file. Without the index."""
    agents = only if only is not None else [one.agent_id for one in view.state.deployments()]
    files: dict[str, bytes | None] = {}
    for agent in agents:
        document = documents.of(view, agent)
        config, manifest = paths_of(agent)
        files[config] = document
        files[manifest] = _manifest(agent, documents.environment, document)
    return files


def whole(view: View, documents: Documents) -> dict[str, bytes]:
    """Path to bytes of every file of the tree, the index last."""
    files = rendered(view, documents)
    index = _Index(0)
    index.count(files)
    return {path: raw for path, raw in files.items() if raw is not None} | {INDEX: _index(view, documents, index)}


def whole_tree(view: View, documents: Documents, writer: Writer) -> Iterator[str]:
    """The tree at this act from nothing, some agents at a time: "" after each part, and its id at the end."""
    index, changes = _Index(0), dict[str, Change]()
    agents = (one.agent_id for one in view.state.deployments())
    while part := tuple(islice(agents, _AT_ONCE)):
        files = rendered(view, documents, part)
        index.count(files)
        changes |= {path: (FILE, writer.write_blob(raw)) for path, raw in files.items() if raw is not None}
        yield ""
    changes[INDEX] = FILE, writer.write_blob(_index(view, documents, index))
    yield writer.put_files(None, changes)


def paths_of(agent: AgentId) -> tuple[str, str]:
    """Where the document and the manifest of an agent lie, in one of 256 folders."""
    folder = sha256(str(agent).encode()).hexdigest()[:2]
    return f"config/{folder}/{agent}.json", f"manifests/{folder}/{agent.workspace}.{agent.name}.yaml"


def write_tree(view: View, documents: Documents, writer: Writer, before: tuple[View, str] | None = None) -> str:
    """The tree at this act. `before` is an earlier or later act and its tree, if it is known to be right."""
    only = may_differ(before[0], view) if before is not None else None
    files = rendered(view, documents, only) if only is not None else {}
    index = _counted(view, before[1], files) if before is not None and only is not None else None
    if before is None or index is None:
        *_, tree = whole_tree(view, documents, writer)
        return tree
    files[INDEX] = _index(view, documents, index)
    changes = {path: (FILE, writer.write_blob(raw)) if raw is not None else None for path, raw in files.items()}
    return writer.put_files(before[1], changes)


def may_differ(before: View, after: View) -> frozenset[AgentId] | None:
    """The agents whose documents may differ between two acts of one journal; None for all of them."""
    changed = changed_paths(after.repo, before.tree, after.tree, _DECIDE)
    names = {path.removeprefix("deployments/").removesuffix(".yaml") for path in changed}
    if any(path.startswith("overrides/") for path in changed):
        names |= {one.agent for state in (before.state, after.state) for one in state.overrides().values()}
    paused = _paused_otherwise(before, after)
    return paused | {agent for agent in map(agent_id, names) if agent is not None} if paused is not None else None


def _paused_otherwise(before: View, after: View) -> frozenset[AgentId] | None:
    """The agents that pauses may mean which count at one of the acts alone; None where they have to be read for it."""
    old, new = _running(before), _running(after)
    selectors = {old.get(key) or new[key] for key in old.keys() ^ new.keys()}
    if before.authorised != after.authorised:  # labels, tools and models may be others
        selectors |= {one for one in (*old.values(), *new.values()) if _needs_traits(one)}
    if any(map(_needs_traits, selectors)):
        return None
    if not selectors:
        return frozenset()
    agents = (one.agent_id for one in after.state.deployments())
    return frozenset(
        agent
        for agent in agents
        if any(by_name(selector, one) for one in (agent, *former_ids(after, agent)) for selector in selectors)
    )


def _running(view: View) -> dict[str, str]:
    """The selectors of the pauses that count at an act, by the acts that ordered them."""
    time = view.state.head.time
    return {key: one.selector for key, one in view.state.pauses().items() if one.until == 0 or time < one.until}


def _needs_traits(selector: str) -> bool:
    parsed = parse_selector(selector)
    return parsed is not None and parsed.needs_traits


def _counted(view: View, base: str, files: Mapping[str, bytes | None]) -> _Index | None:
    """How many agents the tree holds, and which have no manifest, from what a tree before says; None where that does
    not say it."""
    entry = view.repo.entry(base, INDEX)
    if entry is None or not entry.is_file:
        return None
    try:
        index = msgspec.json.decode(view.repo.blob(entry.oid), type=_Index)
    except (msgspec.DecodeError, RecursionError):
        return None
    index.count(files, frozenset(path for path in files if view.repo.entry(base, path) is not None))
    return index


def _index(view: View, documents: Documents, index: _Index) -> bytes:
    head = view.state.head
    return canonical(
        {
            "schema": "agentgov.rendered/1",
            "fleet": head.fleet,
            "environment": documents.environment,
            "journal": {"seq": head.seq, "tip": view.tip, "time": head.time},
            "governance": head.governance,
            "agents": index.agents,
            "tooLarge": index.too_large,
        }
    )


def _manifest(agent: AgentId, environment: str, document: bytes | None) -> bytes | None:
    if document is None or len(document) > LARGEST:
        return None
    name, text = f"{agent.workspace}.{agent.name}", document.decode("ascii").rstrip("\n")
    return _MANIFEST.format(name=name, environment=environment, document=text).encode("ascii")
