"""What the remote says now: the tip of main and the release tags, fetched without moving anything of the user's.

Reads refs and objects; whether a tag is a release is `journal.tags`'s to tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agentgov.errors import ConfigurationError
from agentgov.journal.branch import Journal
from agentgov.journal.view import View
from agentgov.model.names import release_name
from agentgov.release.view import Moved

_TAGS = "refs/tags/"
_KEPT = "refs/agentgov/tags/"  # where fetched tag objects are kept, so that git never prunes what was seen


@dataclass(frozen=True, slots=True)
class Refs:
    """The tip of main, and every tag whose name spells a release with the object it points at."""

    main: str
    tags: Mapping[str, str]


def observe_refs(journal: Journal, main: str) -> Refs:
    """What the remote has, objects fetched; the local refs where there is no remote.

    ConfigurationError when there is no such branch, IncompleteError when the remote cannot be reached.
    """
    branch = f"refs/heads/{main}"
    if journal.remote is None:
        found = {branch: journal.repo.ref(branch) or "", **journal.repo.refs(_TAGS)}
    else:
        found = journal.remote.ls(branch, f"{_TAGS}*")
    tip = found.pop(branch, "")
    if not tip:
        raise ConfigurationError(
            f"there is no branch {main}", "push it, or name another one as `main` in agentgov.yaml"
        )
    tags = {name.removeprefix(_TAGS): oid for name, oid in found.items() if _spells_release(name)}
    if journal.remote is not None:
        _fetch(journal, branch, tip, tags)
    return Refs(tip, tags)


def known_refs(journal: Journal, main: str) -> Refs:
    """The same from what this clone has, without asking the remote; the tip is "" where the branch is unknown."""
    repo = journal.repo
    remote = f"refs/remotes/{journal.remote.name}/{main}" if journal.remote is not None else ""
    tip = (repo.ref(remote) if remote else None) or repo.ref(f"refs/heads/{main}") or ""
    tags = {name.removeprefix(_TAGS): oid for name, oid in repo.refs(_TAGS).items() if _spells_release(name)}
    return Refs(tip, tags)


def moved_tags(view: View, refs: Refs) -> tuple[Moved, ...]:
    """Every recorded release whose ref points elsewhere now, or is gone."""
    moved = []
    for deployment in view.state.deployments():
        for release in view.state.releases(deployment.agent_id):
            observed = refs.tags.get(release.name, "none")
            if observed != release.tag:
                moved.append(Moved(release, observed))
    return tuple(moved)


def _spells_release(ref: str) -> bool:
    return release_name(ref.removeprefix(_TAGS)) is not None


def _fetch(journal: Journal, branch: str, tip: str, tags: Mapping[str, str]) -> None:
    assert journal.remote is not None
    wanted = [f"+{_TAGS}{name}:{_KEPT}{name}" for name, oid in tags.items() if not journal.repo.has(oid)]
    tracking = f"refs/remotes/{journal.remote.name}/{branch.removeprefix('refs/heads/')}"
    if journal.repo.ref(tracking) != tip or not journal.repo.has(tip):
        wanted.append(f"+{branch}:{tracking}")
    if wanted:
        journal.remote.fetch(*wanted)
