"""Who wrote a change of main: the people whose own word on it never counts.

For every path: authors, committers, co-authors and signers of the commits that touched it since it was last authorised.
Names in commits are claims, and a claim only ever *adds* an exclusion. Where the claims lead to nobody in Access the
set is not established, and more reviews are needed (`review.change`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from agentgov.model.governed import ROOTS
from agentgov.repo.changes import touches
from agentgov.repo.objects import Commit
from agentgov.repo.repository import Repository
from agentgov.review.change import AuthorSet
from agentgov.trust.identity import Directory
from agentgov.trust.sshsig import SignatureError, dearmour
from agentgov.trust.sshsig import parse as parse_signature

_CO_AUTHOR = re.compile(rb"(?im)^co-authored-by:[^\n<]*<([^<>\n]{1,254})>[ \t]*$")
# Forges commit merges and web edits in their own name; that says nothing about who wrote the content.
_FORGE_COMMITTERS = frozenset({"noreply@github.com", "noreply@gitlab.com"})


def author_sets(repo: Repository, directory: Directory, main: str, since: Mapping[str, str]) -> dict[str, AuthorSet]:
    """The author set of each path of `since` (path to the commit of main where it last was authorised), looking at the
    commits that `main` has and that commit has not. IncompleteError where history is missing."""
    people: dict[str, set[str]] = defaultdict(set)
    unknown: dict[str, str] = {}
    touched: set[str] = set()
    for start in sorted(set(since.values())):
        paths = {path for path, commit in since.items() if commit == start}
        for oid, commit in repo.walk(main, exclude=[start] if repo.has(start) else []):
            for path in touches(repo, oid, ROOTS) & paths:
                touched.add(path)
                people[path] |= set(_known(commit, directory))
                for email in _strangers(commit, directory):
                    unknown.setdefault(path, f"{oid[:9]} is by {email}, who is nobody in Access")
    return {
        path: AuthorSet(
            frozenset(people[path]),
            unknown.get(path, "" if path in touched else "no commit of main shows who changed it"),
        )
        for path in since
    }


def _known(commit: Commit, directory: Directory) -> Iterator[str]:
    for email in (commit.author.email, commit.committer.email, *_co_authors(commit)):
        person = directory.by_email(email)
        if person is not None:
            yield person
    signer = _claimed_signer(commit, directory)
    if signer is not None:
        yield signer


def _strangers(commit: Commit, directory: Directory) -> Iterable[str]:
    author, committer = commit.author.email, commit.committer.email
    found = [email for email in (author, committer) if directory.by_email(email) is None]
    return [email for email in found if email not in _FORGE_COMMITTERS or email == author]


def _co_authors(commit: Commit) -> Iterator[str]:
    for match in _CO_AUTHOR.finditer(commit.message):
        yield match[1].decode("utf-8", "replace").strip()


def _claimed_signer(commit: Commit, directory: Directory) -> str | None:
    # Not verified: a forged claim can only exclude the person whom it names.
    if commit.signature is None or not commit.signature.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        return None
    try:
        identity = directory.by_key(parse_signature(dearmour(commit.signature)).public_key)
    except (SignatureError, ValueError):
        return None
    return identity.id if identity is not None and identity.kind == "person" else None
