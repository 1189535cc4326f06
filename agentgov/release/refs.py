"""What the remote says now: the tip of main and the release tags, fetched without moving anything of the user's.

Reads refs and objects; whether a tag is a release is `journal.tags`'s to tell. A fleet has tags by the ten thousand,
and few of them are new: only those are parsed, looked for and fetched that the look before did not see.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Seen:
    """The last look of this process, whose objects are here."""

    found: Mapping[str, str] = field(default_factory=dict)
    refs: Refs | None = None


def observe_refs(journal: Journal, main: str, seen: Seen | None = None, recorded: Container[str] = frozenset()) -> Refs:
    """What the remote has, objects fetched; the local refs where there is no remote. `seen` is carried on from look to
    look, `recorded` are names that are known to spell releases.

    IncompleteError when the remote cannot be reached.
    """
    branch, repo = f"refs/heads/{main}", journal.repo
    if journal.remote is None:
        return Refs(repo.ref(branch) or "", _releases(repo.refs(TAGS), recorded), repo.ref(KEPT) or "")
    seen = seen if seen is not None else Seen()
    found = journal.remote.ls(branch, KEPT, f"{TAGS}*")
    if seen.refs is not None and found is seen.found:
        return seen.refs
    fresh = {name: oid for name, oid in found.items() if seen.found.get(name) != oid}
    gone = {name.removeprefix(TAGS) for name in seen.found.keys() - found.keys()}
    new = _releases(fresh, recorded)
    known = seen.refs.tags.items() if seen.refs is not None else ()
    tags = {name: oid for name, oid in known if name not in gone} | new
    refs = Refs(found.get(branch, ""), tags, found.get(KEPT, ""))
    _fetch(journal, branch, refs, new)
    seen.found, seen.refs = found, refs
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


def _releases(refs: Mapping[str, str], recorded: Container[str] = frozenset()) -> dict[str, str]:
    """Names without refs/tags/ that spell a release, with what they point at."""
    tags = {name.removeprefix(TAGS): oid for name, oid in refs.items() if name.startswith(TAGS)}
    return {name: oid for name, oid in tags.items() if name in recorded or release_name(name) is not None}


def _fetch(journal: Journal, branch: str, refs: Refs, tags: Mapping[str, str]) -> None:
    remote, repo = journal.remote, journal.repo
    assert remote is not None
    missing = repo.missing(list(tags.values()))
    wanted = [(f"{TAGS}{name}", f"{_SEEN}{name}") for name, oid in tags.items() if oid in missing]
    for ref, tip in ((branch, refs.main), (KEPT, refs.kept)):
        tracking = f"refs/remotes/{remote.name}/{ref.removeprefix('refs/heads/')}"
        if tip and (not repo.has(tip) or (repo.ref(tracking) != tip and not repo.is_locked(tracking))):
            wanted.append((ref, tracking))
    for start in range(0, len(wanted), _AT_ONCE):
        remote.fetch(*(f"+{ref}:{kept}" for ref, kept in wanted[start : start + _AT_ONCE]))
