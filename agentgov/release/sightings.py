"""Tags that the journal has not recorded yet: the release that each one is, or why it is none.

Judged as it stands, by the journal as it stands. A tag can be pushed by anybody, so nothing in one, however malformed,
large or incomplete, stops the look at the others. Writes nothing.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentgov.errors import IncompleteError
from agentgov.journal.tags import judge_tag
from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName, release_name
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal
from agentgov.model.verdict import Reason, deny
from agentgov.release.refs import Refs
from agentgov.release.tagging import refuse_content
from agentgov.repo.objects import ObjectError
from agentgov.repo.snapshot import TreeSnapshot, commit_snapshot

if TYPE_CHECKING:
    from agentgov.validate.neighbours import Neighbours

# Of commits, with the neighbours of their agents, so that what many tags point at is looked at once.
Snapshots = dict[str, "tuple[TreeSnapshot, Neighbours]"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tag that the journal has not seen: the release it is, or why it is none."""

    name: ReleaseName
    raw: bytes
    found: Release | Refusal


def see_tags(view: View, refs: Refs, recorded: Container[str] = frozenset()) -> tuple[Sighting, ...]:
    """Every release tag that the journal has not recorded, lowest version of an agent first. Tags that are known to be
    recorded are not looked up again."""
    snapshots: Snapshots = {}
    fresh = fresh_tags(view, refs, recorded)
    return tuple(look_at(view, name, oid, snapshots) for agent in sorted(fresh) for name, oid in fresh[agent].items())


def fresh_tags(view: View, refs: Refs, recorded: Container[str]) -> dict[AgentId, dict[ReleaseName, str]]:
    """The objects of the tags that the journal has not recorded, by agent, lowest version first."""
    others = [tag for tag in refs.tags if tag not in recorded]
    names = {name: refs.tags[tag] for tag in others if (name := release_name(tag)) is not None}
    found: dict[AgentId, dict[ReleaseName, str]] = {}
    for name in sorted(names, key=lambda one: one.precedence):
        if view.state.release(name) is None:
            found.setdefault(name.agent, {})[name] = names[name]
    return found


def first_of_each(sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """The lowest release of each agent. The next one is judged anew once that is recorded: alone it may be a release,
    and after that one hide older content under a higher number."""
    first: dict[AgentId, Sighting] = {}
    for one in sightings:
        if isinstance(one.found, Release):
            first.setdefault(one.name.agent, one)
    return tuple(first.values())


def refusals(sightings: Iterable[Sighting]) -> tuple[Reason, ...]:
    """Why each of the tags that are no releases is none."""
    return tuple(
        deny(one.found.code, one.found.message, str(one.name)) for one in sightings if isinstance(one.found, Refusal)
    )


def sight(view: View, name: ReleaseName, oid: str, snapshots: Snapshots | None = None) -> Sighting:
    """A tag object under this name, judged as it stands: trust, and content that may be released.

    IncompleteError where an object is missing.
    """
    kind = view.repo.kind(oid)
    if kind is None:
        raise IncompleteError(f"the tag {name} could not be fetched", "run the command again")
    if kind != "tag":
        return Sighting(name, b"", Refusal("tag.lightweight", f"{name} is no annotated tag but points at a {kind}"))
    try:
        raw = view.repo.read(oid, "tag")
    except ObjectError as error:
        return Sighting(name, b"", Refusal("tag.object", f"the tag object cannot be read: {error}"))
    found = judge_tag(view, name, oid, raw)
    if isinstance(found, Release):
        found = _refuse_content(view, name, found, {} if snapshots is None else snapshots) or found
    return Sighting(name, raw, found)


def look_at(view: View, name: ReleaseName, oid: str, snapshots: Snapshots) -> Sighting:
    """The same, where what cannot be told is not a yes, and asked again at the next look."""
    try:
        return sight(view, name, oid, snapshots)
    except IncompleteError as error:
        return Sighting(name, b"", Refusal("tag.incomplete", f"it cannot be told yet: {error.message}"))


def _refuse_content(view: View, name: ReleaseName, release: Release, snapshots: Snapshots) -> Refusal | None:
    from agentgov.validate.neighbours import neighbours  # all checks, as below

    commit = release.commit
    try:
        if commit not in snapshots:
            snapshot = commit_snapshot(view.repo, commit)
            snapshots[commit] = snapshot, neighbours(snapshot.entries())
        return refuse_content(view, name.agent, *snapshots[commit])
    except ObjectError as error:
        return Refusal("tag.commit", f"the commit of the tag cannot be read: {error}")
