"""Which acts of the journal concern a workspace: those about its agents or its files, and those about the whole fleet.

An act that names several workspaces concerns each of them. What names no agent and no file (a revoked key, a waiver, an
order for every agent with a label, a tool or a model) is about the whole fleet: it reaches agents of every workspace,
today's or later ones.
"""

from collections.abc import Iterable, Iterator

from agentgov.journal.anchoring import read_anchors
from agentgov.journal.content_paths import parse_content_path
from agentgov.journal.query import Logged
from agentgov.journal.view import TreeReader
from agentgov.model.governed import WORKSPACES_FOLDER
from agentgov.model.selector import parse_selector
from agentgov.model.state import AUTHORISED, State
from agentgov.repo.changes import changed_paths
from agentgov.repo.repository import Repository

FLEET = ""  # the whole fleet, beside workspaces


def concerns_workspace(repo: Repository, logged: Logged, workspace: str) -> bool:
    """Whether an act concerns a workspace, or the whole fleet."""
    return any_of(_workspaces(repo, logged), workspace)


def any_of(workspaces: Iterable[str], workspace: str) -> bool:
    """Whether a workspace, or the whole fleet, is among them; where there are none, the whole fleet is meant."""
    found = frozenset(workspaces)
    return not found or not found.isdisjoint({workspace, FLEET})


def workspace_of_agent(agent: str) -> str:
    """The workspace in an agent's id."""
    return agent.partition("/")[0]


def workspace_of_path(path: str) -> str:
    """The workspace that a governed file belongs to; `FLEET` where it belongs to none."""
    parts = path.split("/")
    if path.startswith(f"{WORKSPACES_FOLDER}/") and len(parts) == 3:
        return parts[2].removesuffix(".yaml")
    return parts[1] if parts[0] == "agents" and len(parts) > 2 else FLEET


def _workspaces(repo: Repository, logged: Logged) -> Iterator[str]:
    """The workspaces of whatever an act names or moves."""
    act = logged.act
    for agent in (*act.all("Agent"), *act.all("Formerly"), *act.all("Closure")):
        yield workspace_of_agent(agent)
    selector = parse_selector(act.get("Selector"))
    if selector is not None:
        yield FLEET if selector.needs_traits else workspace_of_agent(selector.name)
    if act.kind == "checkpoint":
        yield from (FLEET if one.tree.startswith("_") else one.tree for one in read_anchors(act))
    elif act.kind == "review":
        for text in act.all("Path"):
            bound = parse_content_path(text)
            yield workspace_of_path(bound.path) if bound is not None else FLEET
    elif act.kind in ("advance", "init"):
        yield from map(workspace_of_path, _moved(repo, logged))
    elif act.kind in ("override", "confirm"):
        yield from _let_through(repo, logged)


def _moved(repo: Repository, logged: Logged) -> Iterable[str]:
    """The paths whose authorised contents an act moved."""
    before = repo.entry(repo.commit(logged.parent).tree, AUTHORISED) if logged.parent is not None else None
    after = repo.entry(logged.tree, AUTHORISED)
    return changed_paths(repo, before.oid if before is not None else None, after.oid if after is not None else None)


def _let_through(repo: Repository, logged: Logged) -> Iterator[str]:
    """What an override lets through, or the one that a follow-up review is about."""
    record = State(TreeReader(repo, logged.tree)).overrides().get(logged.act.get("Override") or logged.act.id)
    if record is not None:
        yield from map(workspace_of_agent, (*((record.agent,) if record.agent else ()), *record.closures))
        yield from (workspace_of_path(one.path) for one in record.paths)
