"""One repository as a value: raw reads, names, ancestry, identities, new objects, refs by compare-and-swap.

Reads are checked against object ids; parents come from raw commits; the repository's hooks and configuration have no
say (its configuration is read for identity and addresses, as data). Never checks out, never merges, never decides.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.model.snapshot import TREE, Entry, path_bytes, path_text
from agentgov.repo.compose import tree_bytes
from agentgov.repo.history import Node, is_ancestor, merge_bases, walk
from agentgov.repo.location import Location, find_repository
from agentgov.repo.objects import Commit, ObjectError, Tag, TreeEntry, is_object_id, parse_either_way, parse_tag
from agentgov.repo.plumbing import Plumbing
from agentgov.repo.program import Completed, ProgramError, first_line
from agentgov.repo.refs import Refs
from agentgov.repo.rehash import refuse_collisions
from agentgov.repo.revision import resolve_commit
from agentgov.repo.storage import Kind, ReadAhead, SmallBlobs, Storage
from agentgov.repo.treeedit import EMPTY_TREE, Change, Edits, put_files, spliced
from agentgov.repo.trees import Difference, TreeCache, differing

_ZEROS = "0" * 40
_LOCK_WAITS = (0.02, 0.05, 0.1, 0.3)  # seconds between attempts at a ref that another process has locked
_IDENTITY_HINT = 'git config --global user.name "Your Name"; git config --global user.email you@example.com'


class Repository:
    """A git repository. `root` is the work tree (None when bare), `git_dir` its git directory."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.root = location.root
        self.git_dir = location.git_dir
        self.plumbing = Plumbing(location)
        self._common_dir = location.common_dir
        self._storage = Storage(location, self.plumbing)
        self._refs = Refs(location)
        self._set_up_caches(self._storage)

    def _set_up_caches(self, storage: Storage) -> None:
        """Caches over `storage` alone: were they over `self`, a repository and its children would outlive their use."""

        ahead = self._ahead = ReadAhead(storage)

        def commit(oid: str) -> tuple[Commit, ObjectError | None]:
            return parse_either_way(ahead.take(oid, "commit"))

        def node(oid: str) -> Node:
            found = cached_commit(oid)[0]  # a walk asks for the same commit soon after
            return found.parents, found.committer.when

        def digest(oid: str) -> str:
            return sha256(blob(oid)).hexdigest()

        self._cached_blob = blob = SmallBlobs(lambda oid: ahead.take(oid, "blob"))
        cached_commit = lru_cache(maxsize=1024)(commit)
        self._cached_commit = cached_commit
        self._cached_node = lru_cache(maxsize=32768)(node)
        self._cached_digest = lru_cache(maxsize=65536)(digest)
        self._trees = TreeCache(lambda oid: ahead.take(oid, "tree"))

    @classmethod
    def open(cls, start: Path | str = ".") -> "Repository":
        """The repository around a folder; ConfigurationError where there is none, IncompleteError for its format."""
        return cls(find_repository(start))

    # Objects

    def read(self, oid: str, kind: Kind) -> bytes:
        """The raw content of an object; IncompleteError when missing, ObjectError when it is not what it says."""
        return self._storage.read(oid, kind)

    def commit(self, oid: str, lenient: bool = True) -> Commit:
        """A commit; strict (`lenient=False`) wherever its signature is counted."""
        found, refusal = self._cached_commit(oid)
        if refusal is not None and not lenient:
            raise ObjectError(refusal.code, str(refusal))
        return found

    def tag(self, oid: str, lenient: bool = False) -> Tag:
        """An annotated tag object, strict unless told otherwise."""
        return parse_tag(self.read(oid, "tag"), lenient)

    def tree(self, oid: str) -> tuple[TreeEntry, ...]:
        """The entries of a tree, in git's order."""
        return () if oid == EMPTY_TREE else self._trees.entries(oid)

    def differing(self, old: str, new: str) -> Difference:
        """(name, old entry, new entry) for every entry in which two trees differ."""
        if EMPTY_TREE in (old, new):
            return differing(self.tree(old), self.tree(new))
        return self._trees.differing(old, new)

    def read_trees(self, oids: Sequence[str]) -> None:
        """Several trees will be asked for next: read those in one go that were not read before."""
        self._ahead.read(self._trees.unknown([oid for oid in oids if oid != EMPTY_TREE]), "tree")

    def read_ahead(self, kind: Kind, oids: Sequence[str]) -> None:
        """Several objects of a kind will be asked for next: read them in one go, as many as fit into 32 MiB."""
        if kind == "tree":
            self.read_trees(oids)
        else:
            self._ahead.read(oids, kind)

    def read_history(self, oid: str, count: int) -> None:
        """A commit and the first parents before it will be asked for next: read up to `count` of them in one go.

        git names them, so this is a guess at what will be asked for and no more: parents come from raw commits.
        """
        said = self.plumbing.git("rev-list", "--first-parent", f"--max-count={count}", oid, "--", check=False)
        self._ahead.read([name for name in said.out.decode("ascii", "replace").split() if is_object_id(name)], "commit")

    def blob(self, oid: str) -> bytes:
        """The content of a file, as stored: no filter, no line ending is converted."""
        return self._cached_blob(oid)

    def blobs(self, oids: Sequence[str]) -> dict[str, bytes]:
        """The contents of several files in one go: of the first of them, as far as they are here and not too large."""
        return self._storage.read_some(oids, "blob")

    def is_here(self, oid: str) -> bool:
        """Whether an object is in memory; here none is, see `overlay`."""
        return False

    def files_below(self, tree_oid: str) -> Iterator[tuple[bytes, int, str]]:
        """(path, mode, object id) of every file at any depth of a tree, as git lists it: many times faster than `tree`
        on every folder, and not checked against the ids of the folders."""
        listing = self.plumbing.git("ls-tree", "-r", "-z", "--full-tree", tree_oid).out
        for head, _, path in (line.partition(b"\t") for line in listing.split(b"\0")[:-1]):
            mode, _, oid = head.split(b" ")
            yield path, int(mode, 8), oid.decode("ascii")

    def blob_digest(self, oid: str) -> str:
        """SHA-256 of a blob's content, in hex."""
        return self._cached_digest(oid)

    def kind(self, oid: str) -> Kind | None:
        """The type of an object, None when it is not here."""
        return self._storage.kind(oid) if is_object_id(oid) else None

    def has(self, oid: str) -> bool:
        """Whether the object is here."""
        return self.kind(oid) is not None

    def missing(self, oids: Sequence[str]) -> set[str]:
        """Those of several objects that are not here; `has` for many at a time."""
        return self._storage.missing(oids)

    def expand(self, prefix: str) -> str | None:
        """The full id that an abbreviation stands for, None when it stands for none or for several."""
        return self._storage.expand(prefix)

    def entry(self, tree_oid: str, path: str) -> Entry | None:
        """What stands at a path of a tree, None when nothing does; a folder has mode TREE."""
        mode, oid = TREE, tree_oid
        for part in path_bytes(path).split(b"/"):
            for there, name, inside in self.tree(oid) if mode == TREE else ():
                if name == part:
                    mode, oid = there, inside
                    break
            else:
                return None
        return Entry(mode, oid)

    def refuse_collisions(self, *tips: str) -> None:
        """Raise ObjectError where something that these commits reach was made to collide; see `rehash`."""
        refuse_collisions(self.plumbing, tips)

    # Names

    def resolve(self, rev: str) -> str:
        """The commit that a branch, tag, id or `HEAD~2` names; UsageError when unknown or ambiguous."""
        return resolve_commit(self, rev)

    def ref(self, name: str) -> str | None:
        """The object that a full ref name points to, None when there is no such ref."""
        return self._refs.target(name)

    def is_locked(self, name: str) -> bool:
        """Whether a ref cannot be moved now: somebody moves it, or was killed at it and left the lock behind."""
        return self._refs.is_locked(name)

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Full names that start with the prefix, sorted, with what they point to; symbolic refs are left out."""
        return self._refs.under(prefix)

    def head_branch(self) -> str | None:
        """The full name of the branch that HEAD is on, None when detached."""
        return self._refs.symbolic("HEAD")

    def head(self) -> str | None:
        """The commit that HEAD is at, None on a branch without commits."""
        return self.ref("HEAD")

    # Ancestry

    @property
    def is_shallow(self) -> bool:
        """Whether history was cut off when this repository was cloned."""
        return (self._common_dir / "shallow").exists()

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether `ancestor` is `descendant` or can be reached from it."""
        return is_ancestor(self._cached_node, ancestor, descendant)

    def merge_base(self, first: str, second: str) -> str | None:
        """The best common ancestor (of several the latest), None for unrelated histories."""
        return next(iter(self.merge_bases(first, second)), None)

    def merge_bases(self, first: str, second: str) -> tuple[str, ...]:
        """All best common ancestors, latest first."""
        return merge_bases(self._cached_node, first, second)

    def walk(self, include: str, exclude: Iterable[str] = ()) -> Iterator[tuple[str, Commit]]:
        """Every commit reachable from `include` and from none of `exclude`, children first where dates are sane."""
        for oid in walk(self._cached_node, include, exclude):
            yield oid, self.commit(oid)

    # Configuration

    def config(self, key: str) -> str | None:
        """The value that git would use here, the repository's own configuration included; None when unset."""
        return _config_value(self.plumbing.own_config("-z", "--get", key), key)

    def settings(self) -> dict[str, str]:
        """Everything that git would use here, by the names that `git config --list` gives; asked of git each time."""
        done = self.plumbing.own_config("-z", "--list")
        if done.code != 0:
            raise _unreadable("its settings", done)
        pairs = (path_text(line).partition("\n") for line in done.out.split(b"\0") if line)
        return {key: value for key, _, value in pairs}

    def config_global(self, key: str) -> str | None:
        """The value that the user or the machine set, without the repository's word; None when unset."""
        return _config_value(self.plumbing.git("config", "-z", "--get", key, check=False), key)

    def ident(self) -> tuple[str, str]:
        """(name, e-mail) of the user, as git would write them as author; ConfigurationError when unset."""
        found, known = [], self.settings()
        for variable, field in (("GIT_AUTHOR_NAME", "name"), ("GIT_AUTHOR_EMAIL", "email")):
            value = os.environ.get(variable) or known.get(f"author.{field}") or known.get(f"user.{field}")
            if not value or not re.sub(r"[<>\s\0]", "", value):
                raise ConfigurationError("git does not know who you are", _IDENTITY_HINT)
            found.append(value)
        return found[0], found[1]

    # Writing

    def packing(self) -> AbstractContextManager[None]:
        """Objects written inside can be read here at once, and become durable together at the end; see `batch`."""
        return self._storage.packing()

    def write_blob(self, content: bytes) -> str:
        """Store a file's content and return its id."""
        return self._storage.write("blob", content)

    def write_tree(self, entries: Iterable[TreeEntry]) -> str:
        """Store a tree and return its id; the entries may come in any order."""
        return self._storage.write("tree", tree_bytes(entries))

    def splice_tree(self, oid: str, edits: Edits) -> str:
        """Store a tree that differs in few entries from one that is here, and return its id."""
        raw, entries = spliced(self._storage.read(oid, "tree"), self.tree(oid), edits)
        return self._trees.add(self._storage.write("tree", raw), entries)

    def write_object(self, kind: Kind, raw: bytes) -> str:
        """Store a commit or tag (see `compose`) and return its id."""
        return self._storage.write(kind, raw)

    def put_files(self, tree_oid: str | None, changes: Mapping[str, Change]) -> str:
        """The id of a tree with some paths set to (mode, object id) or deleted (None); see `treeedit`."""
        return put_files(self, tree_oid, changes)

    def update_ref(self, name: str, new: str | None, old: str | None) -> bool:
        """Move a ref from `old` to `new` in one step; None is "there is no such ref". False on a lost race.

        ProgramError when git refuses for another reason (a broken lock, a name that cannot be).
        """
        what = ["-d", name] if new is None else [name, new]
        done = self.plumbing.git("update-ref", "--no-deref", *what, old or _ZEROS, check=False)
        for wait in _LOCK_WAITS:
            if done.code == 0 or self.ref(name) != old:
                return done.code == 0
            time.sleep(wait)  # somebody holds the lock and has not decided yet
            done = self.plumbing.git("update-ref", "--no-deref", *what, old or _ZEROS, check=False)
        if done.code != 0 and self.ref(name) == old:
            raise ProgramError(f"{name} cannot be updated: {first_line(done.err)}", "is another git running here?")
        return done.code == 0

    def move_refs(self, moves: Mapping[str, tuple[str | None, str]]) -> bool:
        """Move refs in one step, each from what it is to what it shall be, all or none; None is "there is no such ref".
        False where one of them is something else, or cannot be."""
        lines = "".join(f"update {name} {new} {old or _ZEROS}\n" for name, (old, new) in moves.items())
        done = self.plumbing.git("update-ref", "--no-deref", "--stdin", input=path_bytes(lines), check=False)
        return done.code == 0


def _config_value(done: Completed, key: str) -> str | None:
    if done.code == 0:
        return path_text(done.out.removesuffix(b"\0"))
    if done.code == 1:
        return None
    raise _unreadable(f"the setting {key}", done)


def _unreadable(what: str, done: Completed) -> ConfigurationError:
    return ConfigurationError(f"git cannot read {what}: {first_line(done.err)}", "look at: git config --list")
