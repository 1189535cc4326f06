"""The acts of one journal in their order: which commit, which id, which contents stood authorised after it.

Read once, shared by all views of one journal, and extended as it grows, so that what looks back (is this id new, since
when does this content stand) stays linear over a whole replay. Threads that look back take turns. Reads what is there;
whether it is true is `replay`'s to tell. Commits that are no acts are passed over where the records of a later act say
so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import RLock

import msgspec

from agentgov.errors import IncompleteError
from agentgov.journal.records import from_bytes
from agentgov.model.act import ActError, parse
from agentgov.model.skipped import Skipped
from agentgov.model.snapshot import TREE, path_text
from agentgov.model.state import AUTHORISED
from agentgov.repo.repository import Repository

_HINT = "run: agentgov journal verify"
WORTH_KEEPING = 64  # acts more than were kept before


@dataclass(frozen=True, slots=True)
class Standing:
    """Authorised contents: the number of the act from which they stood, and their tree."""

    seq: int
    tree: str


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """The acts of a journal; a tree is "" where it is that of the act before."""

    commits: list[str]
    ids: list[str]
    trees: list[str]
    changes: dict[str, list[int]]


class Line:
    """Acts by number, counted from 0. After a lost race the end may be exchanged; nothing else ever changes."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._commits: list[str] = []
        self._ids: list[str] = []
        self._trees: list[str] = []
        self._seq_of: dict[str, int] = {}
        self._seq_of_id: dict[str, int] = {}
        self._changes: dict[str, list[int]] = {}  # folder of an agent, or of shared texts -> acts that changed it
        self._kept: Callable[[], bytes | None] | None = None  # what an earlier process kept, not asked for yet
        self._from_kept = 0
        self._turn = RLock()

    def follow(self, tip: str) -> int:
        """The number of the act at this commit, after reading what is not known yet. IncompleteError: no journal."""
        with self._turn:
            return self._followed(tip)

    def _followed(self, tip: str) -> int:
        if self._kept is not None:
            kept, self._kept = self._kept(), None
            self._restore(kept)
        unread: list[str] = []
        commit: str | None = tip
        past = passed_over(self._repo, tip) if tip not in self._seq_of else {}
        while commit is not None and commit not in self._seq_of:
            unread.append(commit)
            parents = self._repo.commit(commit).parents
            commit = past.get(parents[0], parents[0]) if parents else None
        for new in reversed(unread):
            self._read(new, commit)
            commit = new
        return self._seq_of[tip]

    def add(self, commit: str, after: str | None, act_id: str, authorised: str) -> None:
        """An act that was read already, and the one that it follows. What else followed that one is forgotten."""
        with self._turn:
            if commit in self._seq_of:
                return
            seq = self._seq_of[after] + 1 if after is not None else 0
            self._cut(seq)
            before = self._trees[-1] if self._trees else None
            self._commits.append(commit)
            self._ids.append(act_id)
            self._trees.append(authorised)
            self._seq_of[commit] = seq
            self._seq_of_id.setdefault(act_id, seq)
            for folder in _changed_folders(self._repo, before, authorised):
                self._changes.setdefault(folder, []).append(seq)

    def keep_from(self, kept: Callable[[], bytes | None]) -> None:
        """Where `kept_until` of an earlier process can be had, once somebody looks back; from a place that is trusted
        as this process is."""
        self._kept = kept

    def kept_until(self, tip: str, more: int = WORTH_KEEPING) -> bytes | None:
        """The acts up to a tip, as `keep_from` takes them; None where they are not so many more than were kept."""
        with self._turn:
            last = self._seq_of.get(tip)
            if last is None or last + 1 - self._from_kept < more:
                return None
            self._from_kept = end = last + 1
            changes = {
                folder: early
                for folder, acts in self._changes.items()
                if (early := [seq for seq in acts if seq <= last])
            }
            before, trees = "", []
            for tree in self._trees[:end]:
                trees.append("" if tree == before else tree)
                before = tree
            return msgspec.msgpack.encode(_Kept(self._commits[:end], self._ids[:end], trees, changes))

    def _restore(self, raw: bytes | None) -> None:
        """Begin with what was kept, where nothing is known yet."""
        if raw is None or self._commits:
            return
        try:
            kept = msgspec.msgpack.decode(raw, type=_Kept)
        except msgspec.DecodeError:
            return
        tree = ""
        for seq, (commit, act_id, changed) in enumerate(zip(kept.commits, kept.ids, kept.trees, strict=True)):
            tree = changed or tree
            self._trees.append(tree)
            self._seq_of[commit] = seq
            self._seq_of_id.setdefault(act_id, seq)
        self._commits, self._ids, self._changes = kept.commits, kept.ids, kept.changes
        self._from_kept = len(self._commits)

    def seq_of(self, commit: str, tip: str) -> int | None:
        """The number of the act at a commit, None where it does not stand in the journal that ends in `tip`."""
        with self._turn:
            last, seq = self.follow(tip), self._seq_of.get(commit)
        return seq if seq is not None and seq <= last else None

    def commits(self, tip: str) -> list[str]:
        """The commit of every act of the journal that ends in `tip`, by number."""
        with self._turn:
            last = self.follow(tip)
            return self._commits[: last + 1]

    def holds(self, act_id: str, tip: str) -> bool:
        """Whether an act of this id stands in the journal that ends in `tip`."""
        return self.number_of(act_id, tip) is not None

    def number_of(self, act_id: str, tip: str) -> int | None:
        """The number of the act of this id in the journal that ends in `tip`, None where it holds none."""
        with self._turn:
            last, seq = self.follow(tip), self._seq_of_id.get(act_id)
        return seq if seq is not None and seq <= last else None

    def commit_of(self, act_id: str, tip: str) -> str | None:
        """The commit of the act of this id in the journal that ends in `tip`, None where it holds none."""
        with self._turn:
            seq = self.number_of(act_id, tip)
            return self._commits[seq] if seq is not None else None

    def standings(self, folders: tuple[str, ...], tip: str) -> Iterator[Standing]:
        """The contents that stood, newest first, one entry for each act that changed one of the folders."""
        with self._turn:
            last = self.follow(tip)
            acts = {seq for folder in folders for seq in self._changes.get(folder, ()) if seq <= last}
            found = [Standing(seq, self._trees[seq]) for seq in sorted(acts, reverse=True)]
        return iter(found)

    def contents(self, tip: str) -> Iterator[Standing]:
        """All contents that ever stood in the journal that ends in `tip`, newest first."""
        with self._turn:
            last = self.follow(tip)
            trees = self._trees[: last + 1]
        for seq in range(len(trees) - 1, -1, -1):
            if seq == 0 or trees[seq] != trees[seq - 1]:
                yield Standing(seq, trees[seq])

    def _read(self, oid: str, after: str | None) -> None:
        commit = self._repo.commit(oid)
        authorised = self._repo.entry(commit.tree, AUTHORISED)
        try:
            act_id = parse(commit.message).id
        except ActError as error:
            raise IncompleteError(f"journal commit {oid[:12]} is no act: {error}", _HINT) from error
        if authorised is None or authorised.mode != TREE:
            raise IncompleteError(f"journal commit {oid[:12]} holds no authorised contents", _HINT)
        self.add(oid, after, act_id, authorised.oid)

    def _cut(self, length: int) -> None:
        """Forget the acts from a number on."""
        if length == len(self._commits):
            return
        for commit, act_id in zip(self._commits[length:], self._ids[length:], strict=True):
            del self._seq_of[commit]
            if self._seq_of_id.get(act_id, -1) >= length:
                del self._seq_of_id[act_id]
        trees = self._trees
        for seq in range(length, len(trees)):  # few acts change contents, and a fleet has very many folders
            for folder in _changed_folders(self._repo, trees[seq - 1] if seq else None, trees[seq]):
                kept = [one for one in self._changes.pop(folder, ()) if one < length]
                if kept:
                    self._changes[folder] = kept
        del self._commits[length:], self._ids[length:], self._trees[length:]


def passed_over(repo: Repository, tip: str) -> dict[str, str]:
    """What is no act in the journal that ends in the act at `tip`: by the last commit of each run, the act before."""
    folder = repo.entry(repo.commit(tip).tree, "skipped")
    found: dict[str, str] = {}
    for item in repo.tree(folder.oid) if folder is not None and folder.mode == TREE else ():
        record = from_bytes(f"skipped/{path_text(item.name)}", repo.blob(item.oid))
        if isinstance(record, Skipped) and record.after:
            found[record.last] = record.after
    return found


def _changed_folders(repo: Repository, old: str | None, new: str) -> Iterator[str]:
    """The folders agents/<workspace>/<name> that differ between two trees of contents; of names, not of files."""
    if old == new:
        return
    before, after = _folders(repo, old, b"agents"), _folders(repo, new, b"agents")
    for workspace in _different(before, after):
        inside_before, inside_after = _folders(repo, before.get(workspace)), _folders(repo, after.get(workspace))
        for name in _different(inside_before, inside_after):
            yield f"agents/{path_text(workspace)}/{path_text(name)}"


def _different(before: dict[bytes, str], after: dict[bytes, str]) -> list[bytes]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _folders(repo: Repository, tree: str | None, below: bytes = b"") -> dict[bytes, str]:
    found = {item.name: item.oid for item in repo.tree(tree) if item.mode == TREE} if tree is not None else {}
    if not below:
        return found
    return _folders(repo, found.get(below))
