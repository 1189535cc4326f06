"""Whether a merge is what comes of merging by itself: nobody chose, edited or slipped in anything. Writes nothing.

Each path must hold what the one side that changed it made of it, or, where both changed a file, what git's own merge of
the three texts gives without a conflict, byte for byte. No attribute, driver, configuration or hook has a say, since
whoever writes a branch could bring one. Renames are not followed: a merge that needed it is not known to be automatic.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from agentgov.model.snapshot import TREE, Entry
from agentgov.repo.repository import Repository

_MOST_FOLDERS = 10_000  # that both sides changed, of one merge
_MOST_TEXTS = 50  # files that both sides changed, of one merge: git is started for each
_MOST_BYTES = 4 * 2**20  # of one of them
_FILES = (0o100644, 0o100755)

_Sides = tuple[Entry | None, Entry | None, Entry | None, Entry | None]  # at one path: base, ours, theirs, the merge


def is_automatic_merge(repo: Repository, oid: str) -> bool:
    """Whether a commit is a merge of two parents whose tree is what merging them gives without a conflict.

    False also where that cannot be told: no or several merge bases, a rename, a submodule that both sides moved, too
    much to compare. IncompleteError where an object is missing, ObjectError where one cannot be read.
    """
    merge = repo.commit(oid)
    if len(merge.parents) != 2:
        return False
    bases = repo.merge_bases(*merge.parents)
    if len(bases) != 1:
        return False
    trees = [repo.commit(one).tree for one in (bases[0], *merge.parents)]
    base, ours, theirs, result = (Entry(TREE, tree) for tree in (*trees, merge.tree))
    return _Comparison(repo).holds((base, ours, theirs, result))


class _Comparison:
    """One merge, compared folder by folder; what one side alone changed is not looked into."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._texts = 0

    def holds(self, root: _Sides) -> bool:
        """Whether the merge holds at each path what it must."""
        todo, folders = [root], 0
        while todo:
            base, ours, theirs, result = sides = todo.pop()
            if base == theirs or ours == theirs:
                fits = result == ours
            elif base == ours:
                fits = result == theirs
            elif all(one is None or one.mode == TREE for one in sides):
                folders += 1
                first, second, third, merged = (self._inside(one) for one in sides)
                fits = folders <= _MOST_FOLDERS and (result is None or bool(merged) or sides == root)
                names = {*first, *second, *third, *merged}
                todo += [(first.get(name), second.get(name), third.get(name), merged.get(name)) for name in names]
            else:
                fits = self._is_merged_file(sides)
            if not fits:
                return False
        return True

    def _inside(self, folder: Entry | None) -> Mapping[bytes, Entry]:
        found = () if folder is None else self._repo.tree(folder.oid)
        return {name: Entry(mode, oid) for mode, name, oid in found}

    def _is_merged_file(self, sides: _Sides) -> bool:
        """Whether a file that both sides changed was merged so, its mode and its text each by itself."""
        base, ours, theirs, result = sides
        if base is None or ours is None or theirs is None or result is None:
            return False
        if any(one.mode not in _FILES for one in (base, ours, theirs, result)):
            return False
        # Of two modes, one of which was there before, a side that changed it chose the other one.
        if result.mode != (ours.mode if base.mode == theirs.mode else theirs.mode):
            return False
        if ours.oid == theirs.oid or base.oid == theirs.oid:
            return result.oid == ours.oid
        if base.oid == ours.oid:
            return result.oid == theirs.oid
        self._texts += 1
        return self._texts <= _MOST_TEXTS and self._is_merged_text(base.oid, ours.oid, theirs.oid, result.oid)

    def _is_merged_text(self, base: str, ours: str, theirs: str, result: str) -> bool:
        texts = [self._repo.blob(oid) for oid in (ours, base, theirs)]
        if any(len(text) > _MOST_BYTES for text in texts):
            return False
        with tempfile.TemporaryDirectory(prefix="agentgov-merge-") as folder:
            files = [Path(folder) / name for name in ("ours", "base", "theirs")]
            for file, text in zip(files, texts, strict=True):
                file.write_bytes(text)
            done = self._repo.plumbing.git("merge-file", "--stdout", "--quiet", *map(str, files), check=False)
        return done.code == 0 and done.out == self._repo.blob(result)
