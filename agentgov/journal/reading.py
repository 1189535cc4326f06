"""Reads what the next acts of the journal need in few goes, so that a long journal is not one question to git after
another. Decides nothing and raises nothing: what is missing or malformed is told by whoever asks for it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from agentgov.errors import IncompleteError
from agentgov.model.governed import ROOTS
from agentgov.model.snapshot import EXECUTABLE, FILE, TREE, path_bytes
from agentgov.model.state import SIGNATURES_FILE
from agentgov.repo.changes import TreeDiff
from agentgov.repo.objects import Commit, ObjectError
from agentgov.repo.repository import Repository

_AT_ONCE = 256  # acts
_MANY = 4096  # files of main: more are asked for one by one
_MAIN = re.compile(rb"^Agentgov-Main: ([0-9a-f]{40})$", re.MULTILINE)
_SIGNATURES = path_bytes(SIGNATURES_FILE)

Act = tuple[str, Commit | None]  # a commit of the journal; None for one that the strict grammar refuses


def read_ahead(repo: Repository, acts: Sequence[Act]) -> Iterator[Act]:
    """The acts one by one, with their trees and signatures, and what main changes at them, read some hundred ahead."""
    for start in range(0, len(acts), _AT_ONCE):
        some = acts[start : start + _AT_ONCE]
        if len(some) > 1:
            commits = [commit for _, commit in some if commit is not None]
            _read(repo, [commit.tree for commit in commits])
            _read_main(repo, [main for commit in commits for main in _MAIN.findall(commit.message)])
        yield from some


def _read(repo: Repository, trees: Sequence[str]) -> None:
    folders, signatures = [], []
    with suppress(ObjectError, IncompleteError):
        repo.read_trees(trees)
    for tree in trees:
        with suppress(ObjectError, IncompleteError):
            entries = repo.tree(tree)
            folders += [entry.oid for entry in entries if entry.mode == TREE]
            signatures += [entry.oid for entry in entries if entry.name == _SIGNATURES and entry.mode != TREE]
    with suppress(ObjectError, IncompleteError):
        repo.read_trees(folders)
    with suppress(ObjectError, IncompleteError):
        repo.read_ahead("blob", signatures)


def _read_main(repo: Repository, mains: Sequence[bytes]) -> None:
    """The commits of main that acts name, and the files that differ from each to the next."""
    blobs: set[str] = set()
    with suppress(ObjectError, IncompleteError):
        oids = [main.decode("ascii") for main in mains]
        repo.read_ahead("commit", oids)
        trees = [repo.commit(oid).tree for oid in oids]
        for _, _, *both in TreeDiff(repo, ROOTS).compare(pairwise(trees)):
            blobs.update(entry.oid for entry in both if entry is not None and entry.mode in (FILE, EXECUTABLE))
            if len(blobs) > _MANY:
                return
        repo.read_ahead("blob", sorted(blobs))
