"""What differs between two trees, and what one commit changes: a diff of raw tree ids that skips what is equal.

Paths are bytes in git and text with `surrogateescape` here, never quoted, so no name escapes a rule. Modes count as
content. Nothing recurses, and the number of entries is bounded: nested copies of one tree can name more paths than
there are atoms.
"""

from collections.abc import Sequence

from agentgov.model.snapshot import TREE, Entry, path_bytes, path_text
from agentgov.repo.objects import ObjectError, TreeEntry
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import MAX_DEPTH

MAX_PATHS = 2_000_000

Changes = dict[str, tuple[Entry | None, Entry | None]]


def changed_paths(repo: Repository, old_tree: str | None, new_tree: str | None, roots: Sequence[str] = ()) -> Changes:
    """Path to (old entry, new entry) for every file that differs, in the order of the paths' bytes.

    None as a tree is the empty tree; `roots` limits the comparison to these entries of the root. A file that became a
    folder is one removed path and the paths below it. ObjectError for trees too deep or too large to be honest.
    """
    wanted = {path_bytes(root) for root in roots}
    found: dict[bytes, tuple[Entry | None, Entry | None]] = {}
    todo: list[tuple[bytes, str | None, str | None]] = [(b"", old_tree, new_tree)]
    while todo:
        prefix, old, new = todo.pop()
        if old == new:
            continue
        if prefix.count(b"/") > MAX_DEPTH or len(found) > MAX_PATHS:
            raise ObjectError("tree.too-large", "the folders are nested too deep, or hold too many files")
        before, after = _entries(repo, old), _entries(repo, new)
        for name in before.keys() | after.keys():
            if prefix or not wanted or name in wanted:
                _compare(prefix + name, before.get(name), after.get(name), found, todo)
    return {path_text(path): found[path] for path in sorted(found)}


def touches(repo: Repository, commit_oid: str, roots: Sequence[str] = ()) -> set[str]:
    """The paths that a commit itself changes: those that differ from every one of its parents.

    A merge touches only what none of its parents holds (the conflict it resolved, or what it slipped in); the first
    commit touches all its paths.
    """
    commit = repo.commit(commit_oid)
    if not commit.parents:
        return set(changed_paths(repo, None, commit.tree, roots))
    touched: set[str] | None = None
    for parent in dict.fromkeys(commit.parents):
        differing = changed_paths(repo, repo.commit(parent).tree, commit.tree, roots).keys()
        touched = set(differing) if touched is None else touched & differing
        if not touched:
            break
    return touched or set()


def _entries(repo: Repository, oid: str | None) -> dict[bytes, TreeEntry]:
    return {entry.name: entry for entry in repo.tree(oid)} if oid is not None else {}


def _compare(
    path: bytes,
    old: TreeEntry | None,
    new: TreeEntry | None,
    found: dict[bytes, tuple[Entry | None, Entry | None]],
    todo: list[tuple[bytes, str | None, str | None]],
) -> None:
    """Note a difference between two entries of one name; folders are put on the list of what is to be compared."""
    if old is not None and new is not None and old[::2] == new[::2]:
        return
    old_file = Entry(old.mode, old.oid) if old is not None and old.mode != TREE else None
    new_file = Entry(new.mode, new.oid) if new is not None and new.mode != TREE else None
    if old_file is not None or new_file is not None:
        found[path] = (old_file, new_file)
    old_folder = old.oid if old is not None and old.mode == TREE else None
    new_folder = new.oid if new is not None and new.mode == TREE else None
    if old_folder is not None or new_folder is not None:
        todo.append((path + b"/", old_folder, new_folder))
