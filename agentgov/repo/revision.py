"""Names that people type for a commit, to the one commit they mean: a small, exact part of git's revision syntax.

A full or abbreviated id, a branch, tag or remote branch, `HEAD` and `@`, followed by any number of `~N`, `^N`, `^{}`
and `^{commit}`. Never the reflog, never a search in messages, and a name that means two commits is refused.
"""

import re
from typing import Protocol

from agentgov.errors import UsageError
from agentgov.repo.objects import Commit, Tag, is_object_id

_PLACES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
_STEPS = re.compile(r"(?:~[0-9]{0,9}|\^[0-9]{0,9}|\^\{(?:commit)?\})*\Z")
_STEP = re.compile(r"([~^])([0-9]*)(?!\{)")  # ^{} and ^{commit} change nothing: a commit is meant anyway
_ABBREVIATION = re.compile(r"[0-9a-f]{4,39}\Z")
_MAX_NESTED_TAGS = 16


class Names(Protocol):
    """What is asked of the repository."""

    def head(self) -> str | None: ...
    def ref(self, name: str) -> str | None: ...
    def kind(self, oid: str) -> str | None: ...
    def expand(self, prefix: str) -> str | None: ...
    def commit(self, oid: str) -> Commit: ...
    def tag(self, oid: str, lenient: bool = ...) -> Tag: ...


def resolve_commit(names: Names, rev: str) -> str:
    """The commit id that a revision names; UsageError when it names none, or more than one."""
    base, steps = _parts(rev)
    commit = _base_commit(names, base)
    if commit is None:
        raise UsageError(f"{rev!r} names no commit of this repository", "list what there is: git branch -a; git tag")
    for sign, count in _STEP.findall(steps):
        if sign == "~":
            for _ in range(int(count or "1")):
                commit = _parent(names, commit, 1, rev)
        else:
            commit = _parent(names, commit, int(count or "1"), rev)
    return commit


def peel(names: Names, oid: str) -> str | None:
    """The commit behind an object: itself, or what an annotated tag points to; None for trees and blobs."""
    for _ in range(_MAX_NESTED_TAGS):
        kind = names.kind(oid)
        if kind == "commit":
            return oid
        if kind != "tag":
            return None
        oid = names.tag(oid, lenient=True).object
    return None


def _parts(rev: str) -> tuple[str, str]:
    """(name, steps) of a revision; UsageError for what this module does not understand."""
    cut = min((place for place in (rev.find("~"), rev.find("^")) if place >= 0), default=len(rev))
    base, steps = rev[:cut], rev[cut:]
    understood = base and not base.startswith("-") and not re.search(r"[\x00-\x20\x7f:?*\[\\]|@\{|\.\.", base)
    if not understood or _STEPS.match(steps) is None:
        raise UsageError(f"{rev!r} is not a revision that agentgov understands", "give a branch, a tag or a commit id")
    return base, steps


def _base_commit(names: Names, base: str) -> str | None:
    if base in ("HEAD", "@"):
        return names.head()  # git lets it point to nothing but a commit, and whoever reads it as one checks that
    if is_object_id(base):
        return peel(names, base)
    found = {commit for place in _PLACES if (commit := _commit_of_ref(names, place.format(base))) is not None}
    if len(found) > 1:
        raise UsageError(f"{base!r} is ambiguous: several refs have this name", f"write it in full: refs/heads/{base}")
    if found:
        return found.pop()
    oid = names.expand(base) if _ABBREVIATION.match(base) else None
    return peel(names, oid) if oid else None


def _commit_of_ref(names: Names, name: str) -> str | None:
    oid = names.ref(name) if name.startswith("refs/") else None
    return peel(names, oid) if oid else None


def _parent(names: Names, commit: str, number: int, rev: str) -> str:
    """The parent of that number, counted from 1; 0 is the commit itself."""
    if number == 0:
        return commit
    parents = names.commit(commit).parents
    if number > len(parents):
        message = f"{rev!r} goes beyond the first commit, or to a parent that does not exist"
        raise UsageError(message, "see what there is: git log --graph --oneline")
    return parents[number - 1]
