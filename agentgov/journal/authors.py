"""Who wrote a change of main: the people whose own word on it never counts.

For every path: authors, committers, co-authors and signers of the commits that touched it since it was last authorised.
Names in commits are claims, and a claim only ever *adds* an exclusion. Where the claims lead to nobody in Access, or
history cannot be read, the set is not established, and more reviews are needed (`review.change`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from agentgov.errors import IncompleteError, UsageError
from agentgov.journal.commits import Mode, Signatures, is_machine, person_of, why_unsigned
from agentgov.model.governed import ROOTS
from agentgov.repo.changes import HistoryDiff, changed_paths
from agentgov.repo.objects import Commit, ObjectError
from agentgov.repo.repository import Repository
from agentgov.review.change import AuthorSet
from agentgov.trust.identity import Directory
from agentgov.trust.signatures import claimed_key

_CO_AUTHOR = re.compile(rb"^[ \t]*co-authored-by[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_EMAIL = re.compile(rb"[^\s<>()\[\],;:\"]{1,128}@[^\s<>()\[\],;:\"]{1,254}")

_MOST_REMEMBERED = 1 << 17
_AT_ONCE = 256


class Touches:
    """What commits themselves change, remembered; many can be compared in few goes before they are asked for."""

    def __init__(self, repo: Repository) -> None:
        self._diff = HistoryDiff(repo, ROOTS)
        self._known: dict[str, frozenset[str]] = {}

    def __call__(self, oid: str) -> frozenset[str]:
        """The governed roots' paths that a commit changes; ObjectError where it cannot be read."""
        found = self._known.get(oid)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known = {}
            found = self._known[oid] = frozenset(self._diff.touches(oid))
        return found

    def ahead(self, commits: Iterable[tuple[str, Commit]]) -> Iterator[tuple[str, Commit]]:
        """The commits of a walk one by one, compared some hundred ahead. What stops the walk is raised behind the last
        commit that came before it: whoever wrote that one is not forgotten."""
        walk, stopped = iter(commits), None
        while stopped is None:
            some = []
            try:
                for commit in islice(walk, _AT_ONCE):
                    some.append(commit)  # noqa: PERF402 - a list of all would be lost with the error
            except (ObjectError, IncompleteError) as error:
                stopped = error
            if not some and stopped is None:
                return
            self._diff.read_ahead([oid for oid, _ in some if oid not in self._known])
            yield from some
        raise stopped


@dataclass(slots=True)
class _Found:
    """What is known of the authors of one path so far."""

    people: set[str] = field(default_factory=set)
    doubt: str = ""
    touched: bool = False
    commits: list[str] = field(default_factory=list)


def author_sets(
    repo: Repository,
    directory: Directory,
    main: str,
    since: Mapping[str, str],
    touched: Touches | None = None,
    *,
    mode: Mode = "any",
    signatures: Signatures | None = None,
    time: int = 0,
) -> dict[str, AuthorSet]:
    """The author set of each path of `since` (path to the commit of main where it last was authorised), looking at the
    commits that `main` has and that commit has not. `touched` and `signatures` remember what a commit changes and who
    signed it, where one asks often; `mode` says which commits must be signed, as of journal `time`.
    IncompleteError where history is missing.
    """
    touched = touched or Touches(repo)
    found = {path: _Found() for path in since}
    for start in sorted(set(since.values())):
        mine = {path: found[path] for path, commit in since.items() if commit == start}
        try:
            _look_through(repo, directory, repo.walk(main, exclude=_if_here(repo, start)), mine, touched)
        except ObjectError as error:  # one damaged commit must not stop main for ever
            _doubt(mine.values(), f"history cannot be read: {error}")
    why = _unsigned(found.values(), directory, mode, signatures or Signatures(repo), time)
    return {
        path: AuthorSet(frozenset(known.people), known.doubt, *_first(reversed(known.commits), why))
        for path, known in found.items()
    }


def _unsigned(
    found: Iterable[_Found], directory: Directory, mode: Mode, signatures: Signatures, time: int
) -> dict[str, str]:
    """Every commit that is not signed as the fleet asks, and why; each is asked once, however many paths it touches."""
    if mode == "any":
        return {}
    bad = {}
    for oid, signed in signatures.of_all(dict.fromkeys(oid for known in found for oid in known.commits)):
        if isinstance(signed, ObjectError):
            bad[oid] = f"commit {oid[:9]} cannot be read: {signed}"
        elif why := why_unsigned(oid, signed, directory, mode, time):
            bad[oid] = why
    return bad


def _if_here(repo: Repository, oid: str) -> list[str]:
    """The commit, where it is here: it was read a moment ago, so that git is not asked."""
    try:
        repo.commit(oid)
    except (IncompleteError, UsageError):
        return []
    return [oid]


def _first(commits: Iterable[str], why: Mapping[str, str]) -> tuple[str, str]:
    """Why the first of these that is not signed as it must be is not, and which one that is; "" where all are."""
    return next(((why[oid], oid) for oid in commits if oid in why), ("", ""))


def _look_through(
    repo: Repository,
    directory: Directory,
    commits: Iterable[tuple[str, Commit]],
    found: Mapping[str, _Found],
    touched: Touches,
) -> None:
    merges: list[Commit] = []
    for oid, commit in touched.ahead(commits):
        if len(commit.parents) > 1:
            merges.append(commit)
        try:
            paths = touched(oid) & found.keys()
        except ObjectError as error:
            _doubt(found.values(), f"commit {oid[:9]} cannot be read: {error}")
            continue
        for path in paths:
            found[path].touched = True
            found[path].commits.append(oid)
            found[path].people.update(_known(commit, directory))
            for email in _strangers(commit, directory):
                _doubt([found[path]], f"{oid[:9]} is by {email}, who is nobody in Access")
    untouched = {path for path, known in found.items() if not known.touched}
    _doubt((found[path] for path in untouched), "no commit of main shows who changed it")
    for merge in merges if untouched else ():  # a merge took one side of it: going back is a change, too
        for side in {repo.commit(parent).tree for parent in merge.parents}:
            for path in untouched & changed_paths(repo, side, merge.tree, ROOTS).keys():
                found[path].people.update(_known(merge, directory))


def _doubt(found: Iterable[_Found], why: str) -> None:
    for known in found:
        known.doubt = known.doubt or why


def _known(commit: Commit, directory: Directory) -> Iterator[str]:
    for email in (commit.author.email, commit.committer.email, *_co_authors(commit)):
        person = person_of(email, directory)
        if person is not None:
            yield person
    signer = _claimed_signer(commit, directory)
    if signer is not None:
        yield signer


def _strangers(commit: Commit, directory: Directory) -> Iterable[str]:
    author, committer = commit.author.email, commit.committer.email
    found = [email for email in (author, committer) if person_of(email, directory) is None]
    return [email for email in found if email == author or not is_machine(email, directory)]


def _co_authors(commit: Commit) -> Iterator[str]:
    for line in _CO_AUTHOR.finditer(commit.message):
        for match in _EMAIL.finditer(line[1]):
            yield match[0].decode("utf-8", "replace")


def _claimed_signer(commit: Commit, directory: Directory) -> str | None:
    # Not verified: a forged claim can only exclude the person whom it names.
    key = claimed_key(commit.signature, directory.certificate) if commit.signature is not None else None
    identity = directory.lister_of(key) if key is not None else None
    return identity.id if identity is not None and identity.kind == "person" else None
