"""Reads what the next acts of the journal need in few goes, so that a long journal is not one question to git after
another. Decides nothing and raises nothing: what is missing or malformed is told by whoever asks for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from agentgov.errors import IncompleteError
from agentgov.model.snapshot import TREE, path_bytes
from agentgov.model.state import SIGNATURES_FILE
from agentgov.repo.objects import Commit, ObjectError
from agentgov.repo.repository import Repository

_AT_ONCE = 256  # acts
_SIGNATURES = path_bytes(SIGNATURES_FILE)

Act = tuple[str, Commit | None]  # a commit of the journal; None for one that the strict grammar refuses


def read_ahead(repo: Repository, acts: Sequence[Act]) -> Iterator[Act]:
    """The acts one by one, with their trees and signatures read some hundred acts ahead."""
    for start in range(0, len(acts), _AT_ONCE):
        some = acts[start : start + _AT_ONCE]
        if len(some) > 1:
            _read(repo, [commit.tree for _, commit in some if commit is not None])
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
