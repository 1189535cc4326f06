"""Which releases are due: agents whose authorised content at a commit differs from their last release.

Proposes a version for each and says why the others wait. It signs nothing and needs no key: a person runs the command
that makes the tag, and the reconciler judges that tag as any other. Major versions are never guessed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from agentgov.diff.compare import AgentDiff
from agentgov.errors import IncompleteError
from agentgov.journal.parts import shared_folder
from agentgov.journal.query import reviews_after
from agentgov.journal.tags import authorised_closure, authorised_since, parse_tag_message
from agentgov.journal.view import View, agents_in
from agentgov.model.act import Act
from agentgov.model.names import AgentId, ReleaseName, agent_id, release_name
from agentgov.model.selector import by_name
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal
from agentgov.release.changes import Changes, changes_of
from agentgov.release.tagging import Bump, next_version, refuse_content
from agentgov.repo.objects import ObjectError, parse_tag
from agentgov.repo.snapshot import TreeSnapshot, commit_snapshot


@dataclass(frozen=True, slots=True)
class Proposed:
    """A release that a person may sign now; `bump` is None for the first one."""

    name: ReleaseName
    bump: Bump | None
    closure: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class Waiting:
    """An agent that differs from its last release and cannot be released yet: the rule, and why."""

    agent: AgentId
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """What is due at a commit, by agent; `tagged` are releases that are made and that the journal has not seen."""

    commit: str
    due: tuple[Proposed, ...]
    waiting: tuple[Waiting, ...]
    tagged: tuple[ReleaseName, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What all agents have in common, read once: the commit, its contents, every review of the journal."""

    commit: str
    snapshot: TreeSnapshot
    reviews: Callable[[], tuple[tuple[int, Act], ...]]


def propose(
    view: View,
    commit: str,
    tags: Mapping[str, str],
    only: str = "",
    tell: Callable[[int, int], object] = lambda done, total: None,
    bump: Bump | None = None,
) -> Proposals:
    """What is due at a commit; `tags` are those that spell releases, with the tag objects that they point at. `only` is
    a selector of agents; `tell` hears how many have been looked at, and of how many; `bump` is the part of the version
    that goes up, whatever changed.

    IncompleteError where something that is needed is not in this clone.
    """
    tree = view.repo.commit(commit).tree
    known = _Known(commit, commit_snapshot(view.repo, commit), cache(lambda: tuple(reviews_after(view, 0))))
    by_agent: dict[str, dict[str, str]] = {}
    for tag, oid in tags.items():
        by_agent.setdefault(tag.rpartition("/v")[0], {})[tag] = oid
    found: list[Proposed | Waiting | ReleaseName] = []
    agents = list(_agents(view, tree, only))
    for number, agent in enumerate(agents):
        tell(number, len(agents))
        closure, mine = _new_closure(view, agent, tree), by_agent.get(str(agent), {})
        if closure is not None:
            made = _made_already(view, agent, closure, mine)
            found.append(made or _judged(view, agent, closure, known, frozenset(mine), bump))
    return Proposals(
        commit,
        tuple(one for one in found if isinstance(one, Proposed)),
        tuple(one for one in found if isinstance(one, Waiting)),
        tuple(one for one in found if isinstance(one, ReleaseName)),
    )


def bump_of(diff: AgentDiff) -> Bump:
    """Which part of the version goes up: `minor` where the agent may do more than before, else `patch`."""
    return "minor" if diff.klass == "loosens" else "patch"


def _agents(view: View, tree: str, only: str) -> Iterator[AgentId]:
    """The agents of a tree by id, all or those of a selector; one that is named, where it is there."""
    one = agent_id(only)
    if one is None:
        yield from (each for each in agents_in(view.repo, tree) if not only or by_name(only, each))
    elif view.repo.entry(tree, one.file) is not None:
        yield one


def _new_closure(view: View, agent: AgentId, tree: str) -> str | None:
    """The closure of an agent in a tree ("" where it cannot be released), None where it is that of its last release.

    Most agents of a fleet are as they were released, which two ids of folders tell.
    """
    last = _last(view, agent)
    if last is not None and view.repo.has(last.commit):
        before = view.repo.commit(last.commit).tree
        if all(
            view.repo.entry(before, one) == view.repo.entry(tree, one) for one in (agent.folder, shared_folder(agent))
        ):
            return None
    closure = authorised_closure(view, tree, agent)
    return None if last is not None and closure == last.closure else closure


def _last(view: View, agent: AgentId) -> Release | None:
    """The highest release of an agent that the journal has seen."""
    return next(reversed(view.state.releases(agent)), None)


def _made_already(view: View, agent: AgentId, closure: str, tags: Mapping[str, str]) -> ReleaseName | None:
    """The highest tag of this very content that the journal has not seen. Whether it is a release, the reconciler
    judges; a tag that says so keeps nobody from making another by hand."""
    names = [name for tag in tags if (name := release_name(tag)) is not None and name.agent == agent]
    unseen = [name for name in names if view.state.release(name) is None]
    for name in sorted(unseen, key=lambda one: one.precedence, reverse=True):
        try:
            text = parse_tag_message(parse_tag(view.repo.read(tags[str(name)], "tag")).message)
        except (ObjectError, IncompleteError):
            continue
        if text is not None and text.closure == closure:
            return name
    return None


def _judged(
    view: View, agent: AgentId, closure: str, known: _Known, tags: frozenset[str], wanted: Bump | None
) -> Proposed | Waiting:
    commit = known.commit
    since = authorised_since(view, agent, closure) if closure else None
    if isinstance(since, Refusal):
        message = f"its content at commit {commit[:9]} is not authorised: agentgov check --head {commit[:9]}"
        return Waiting(agent, since.code, message)
    refusal = refuse_content(view, agent, known.snapshot)
    if refusal is not None:
        return Waiting(agent, refusal.code, refusal.message)
    if since is None:
        return Waiting(
            agent, "tag.link", f"{agent} cannot be released as it is: a symlink or a submodule is part of it"
        )
    last = _last(view, agent)
    try:
        changes = changes_of(view, agent, commit, last, known.reviews())
    except IncompleteError as error:
        if last is not None and not view.repo.has(last.commit):
            raise  # another clone can tell
        return Waiting(agent, "tag.commit", error.message)
    bump = (wanted or bump_of(changes.diff)) if last is not None else None
    return Proposed(_version_after(view, agent, last, bump, tags), bump, closure, changes)


def _version_after(
    view: View, agent: AgentId, last: Release | None, bump: Bump | None, tags: frozenset[str]
) -> ReleaseName:
    """The next version; after a pre-release that is higher, the version that it led to."""
    name = next_version(view, agent, bump or "minor", tags)
    if last is None or last.release_name.precedence < name.precedence:
        return name
    return ReleaseName(agent, ".".join(map(str, last.release_name.precedence[:3])))
