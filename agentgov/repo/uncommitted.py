"""What lies in a working tree or an index and in no commit, as changes of HEAD: git says which files differ.

A tracked file that git calls unchanged is its blob, whatever filters made of it on disk; all others are their bytes on
disk. Files that were marked to be looked away from (assume-unchanged, skip-worktree) are looked at where they are
there. Ignored files are not in the fleet, since they would not be committed. Never writes, refreshes no index.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentgov.model.governed import ROOTS, is_governed
from agentgov.model.snapshot import SUBMODULE, TREE, path_bytes, path_text
from agentgov.repo.disk import Disk
from agentgov.repo.index import Answer, IndexQuestions, index_file
from agentgov.repo.overlay import Overlay
from agentgov.repo.partition import TreePartition
from agentgov.repo.repository import Repository
from agentgov.repo.status import Record, records
from agentgov.repo.treeedit import EMPTY_TREE, Change

_STATUS = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignored=matching", "--no-renames")
_STAGED = ("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ita-invisible-in-index")
_FLAGS = ("ls-files", "-v", "-z", "--full-name")
_LARGE_INDEX = 1 << 19  # bytes: about 5,000 files
_ORDINARY = b"HMRCK"  # the tags of `ls-files -v` that hide nothing: lower case is assume-unchanged, S skip-worktree


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """The files of a fleet before they are committed, by part.

    `unmerged` are the paths with an unresolved conflict, `odd` those where something is that git cannot commit (a
    pipe), `ignored` what git ignores in governed folders (a folder ends with a slash).
    """

    partition: TreePartition
    unmerged: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


class Reading:
    """The questions about a working tree or an index: asked at once, answered when the answer is needed."""

    def __init__(self, repo: Repository, prefix: str = "", *, staged: bool = False) -> None:
        """`prefix` is the folder of the fleet in the repository: empty, or with a slash at its end."""
        self.repo = repo
        self.prefix = prefix
        self._prefix = path_bytes(prefix)
        self._staged = staged
        head = repo.head()
        self._paths = [f"{prefix}{root}" for root in ROOTS]
        self.base = _tree_at(repo, head, prefix.rstrip("/"))
        self._questions = IndexQuestions(repo.location, head)
        self._running: list[Answer] = []
        try:
            if staged:
                self._ask(*_STAGED, head or EMPTY_TREE, "--", *self._paths)
            else:
                self._ask(*_STATUS, "--", *self._paths)
                self._ask(*_FLAGS, "--", *self._paths)
        except BaseException:
            self.close()
            raise

    def result(self) -> Uncommitted:
        """What git said, read and put together; IncompleteError or ProgramError where it could not tell."""
        try:
            return self._of_index() if self._staged else self._of_work_tree()
        finally:
            self.close()

    def comes_within(self, seconds: float) -> bool:
        """Whether git has its answer soon; it is not waited for where there are many files to compare."""
        try:
            if index_file(self.repo.location).stat().st_size > _LARGE_INDEX:
                return False
        except OSError:
            return True  # no index yet
        return all(answer.comes_within(seconds) for answer in self._running)

    def close(self) -> None:
        """End what still runs, and leave nothing behind."""
        for answer in self._running:
            answer.stop()
        self._questions.close()

    def _ask(self, *args: str) -> Answer:
        answer = self._questions.start(*args)
        self._running.append(answer)
        return answer

    def _of_index(self) -> Uncommitted:
        changes: dict[str, Change] = {}
        unmerged: list[str] = []
        fields = self._running[0].fields()
        for head in fields:
            _, mode, _, oid, kind = path_text(head).split(" ")
            path = self._inside(next(fields))
            if not is_governed(path):
                continue
            if kind == "U":
                unmerged.append(path)
            else:
                changes[path] = None if kind == "D" else (int(mode, 8), oid)
        if unmerged:
            changes |= self._one_side(unmerged)
        overlay = Overlay(self.repo)
        tree = overlay.changed(self.base, changes)
        return Uncommitted(TreePartition(overlay, tree, "index", base=self.base), tuple(dict.fromkeys(unmerged)))

    def _one_side(self, unmerged: list[str]) -> dict[str, Change]:
        """Our side of each conflict, and theirs where we have none: enough to judge the files around it."""
        found: dict[str, Change] = dict.fromkeys(unmerged)
        for field in self._ask("ls-files", "-u", "-z", "--full-name", "--", *self._paths).fields():
            head, _, raw = field.partition(b"\t")
            mode, oid, stage = path_text(head).split(" ")
            path = self._inside(raw)
            if path in found and (stage == "2" or (stage == "3" and found[path] is None)):
                found[path] = (int(mode, 8), oid)
        return found

    def _of_work_tree(self) -> Uncommitted:
        assert self.repo.root is not None
        overlay = Overlay(self.repo)
        root = self.repo.root / path_text(self._prefix)
        disk = Disk(root, overlay)
        changes: dict[str, Change] = {}
        others: dict[str, list[str]] = {"unmerged": [], "ignored": []}
        status, flags = self._running
        hidden = [field for field in flags.fields() if field[0] not in _ORDINARY]  # soon there, while status compares
        for record in records(status.fields()):
            path = self._inside(record.path)
            if not is_governed(path):
                continue
            if record.kind in others:
                others[record.kind].append(path)
            if record.kind != "ignored":
                changes[path.rstrip("/")] = _change(record, path, disk)
        for path in self._looked_away_from(hidden, root):
            changes[path] = disk.change(path_bytes(path))
        tree = overlay.changed(self.base, changes)
        partition = TreePartition(overlay, tree, "working tree", base=self.base)
        return Uncommitted(partition, tuple(others["unmerged"]), tuple(disk.odd), tuple(others["ignored"]))

    def _looked_away_from(self, flagged: list[bytes], root: Path) -> Iterator[str]:
        """Tracked files that git was told to look away from, but for those that a sparse checkout left out."""
        for field in flagged:
            path = self._inside(field[2:])
            if is_governed(path) and (field[:1] not in b"Ss" or os.path.lexists(root / path)):
                yield path

    def _inside(self, raw: bytes) -> str:
        return path_text(raw.removeprefix(self._prefix))


def _change(record: Record, path: str, disk: Disk) -> Change:
    if record.kind == "changed" and record.index_mode == SUBMODULE and record.on_disk != "D":
        return SUBMODULE, record.index_oid
    if record.kind == "changed" and record.on_disk == ".":
        return (record.index_mode, record.index_oid) if record.index_mode else None
    return disk.change(path_bytes(path.rstrip("/")), record.disk_mode)


def _tree_at(repo: Repository, commit: str | None, folder: str) -> str | None:
    """The tree of a folder in a commit, None where there is none."""
    if commit is None:
        return None
    tree = repo.commit(commit).tree
    if not folder:
        return tree
    entry = repo.entry(tree, folder)
    return entry.oid if entry is not None and entry.mode == TREE else None
