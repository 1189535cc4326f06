"""What the remote says now: the tip of main and the release tags, fetched without moving anything of the user's.

Reads refs and objects; whether a tag is a release is `journal.tags`'s to tell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentgov.journal.branch import Journal
from agentgov.model.names import release_name
from agentgov.model.state import Release
from agentgov.release.view import Moved

KEPT = "refs/heads/agentgov/kept"  # history that no other ref leads to (see `keeping`)
TAGS = "refs/tags/"
_SEEN = "refs/agentgov/tags/"  # where fetched tag objects are kept, so that git never prunes what was seen
_AT_ONCE = 500  # refs fetched by one command, so that its line never gets too long


@dataclass(frozen=True, slots=True)
class Refs:
    """The tip of main ("" for no such branch), every tag whose name spells a release with the object it points at, and
    the tip of the kept history ("" for none)."""

    main: str
    tags: Mapping[str, str]
    kept: str = ""


def observe_refs(journal: Journal, main: str) -> Refs:
    """What the remote has, objects fetched; the local refs where there is no remote.

    IncompleteError when the remote cannot be reached.
    """
    branch = f"refs/heads/{main}"
    if journal.remote is None:
        repo = journal.repo
        return Refs(repo.ref(branch) or "", _releases(repo.refs(TAGS)), repo.ref(KEPT) or "")
    found = journal.remote.ls(branch, KEPT, f"{TAGS}*")
    refs = Refs(found.get(branch, ""), _releases(found), found.get(KEPT, ""))
    _fetch(journal, branch, refs)
    return refs


def known_refs(journal: Journal, main: str) -> Refs:
    """The same from what this clone has, without asking the remote."""
    repo = journal.repo
    remote = f"refs/remotes/{journal.remote.name}/{main}" if journal.remote is not None else ""
    tip = (repo.ref(remote) if remote else None) or repo.ref(f"refs/heads/{main}") or ""
    return Refs(tip, _releases(repo.refs(TAGS)))


def moved_tags(releases: Iterable[Release], refs: Refs) -> tuple[Moved, ...]:
    """The recorded releases whose ref points elsewhere now, or is gone."""
    return tuple(
        Moved(release, observed)
        for release in releases
        if (observed := refs.tags.get(release.name, "none")) != release.tag
    )


def _releases(refs: Mapping[str, str]) -> dict[str, str]:
    """Names without refs/tags/ that spell a release, with what they point at."""
    tags = {name.removeprefix(TAGS): oid for name, oid in refs.items() if name.startswith(TAGS)}
    return {name: oid for name, oid in tags.items() if release_name(name) is not None}


def _fetch(journal: Journal, branch: str, refs: Refs) -> None:
    remote, repo = journal.remote, journal.repo
    assert remote is not None
    wanted = [(f"{TAGS}{name}", f"{_SEEN}{name}") for name, oid in refs.tags.items() if not repo.has(oid)]
    for ref, tip in ((branch, refs.main), (KEPT, refs.kept)):
        tracking = f"refs/remotes/{remote.name}/{ref.removeprefix('refs/heads/')}"
        if tip and (not repo.has(tip) or (repo.ref(tracking) != tip and not repo.is_locked(tracking))):
            wanted.append((ref, tracking))
    for start in range(0, len(wanted), _AT_ONCE):
        remote.fetch(*(f"+{ref}:{kept}" for ref, kept in wanted[start : start + _AT_ONCE]))
