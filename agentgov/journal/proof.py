"""What a commit holds at some paths, shown by the raw objects that lead there, so that nobody needs the commit itself.

Whoever reviews on a forge reviews a commit that main may never hold, once it was squashed or its branch is gone. The
commit, the folders on the way and the files are written one after another, in the order in which they are needed, each
as git hashes it (`<kind> <bytes>`, NUL, content). Only a proof that holds exactly these is one.
"""

import hashlib
import re
from collections.abc import Callable, Iterable

from agentgov.errors import UsageError
from agentgov.model.snapshot import TREE, Entry, path_bytes
from agentgov.repo.objects import ObjectError, TreeEntry, object_id, parse_commit, parse_tree
from agentgov.repo.repository import Repository
from agentgov.repo.storage import Kind

MAX_PROOF = 16 * 2**20  # bytes
_HEADER = re.compile(rb"(commit|tree|blob) (0|[1-9][0-9]{0,8})\x00")
_KINDS: dict[bytes, Kind] = {b"commit": "commit", b"tree": "tree", b"blob": "blob"}
_ABSENT = "-"
_Get = Callable[[str, Kind], bytes]


def prove(repo: Repository, commit: str, paths: Iterable[str]) -> bytes:
    """The proof for these paths. IncompleteError where the commit is not here, UsageError where it is too large."""
    objects: dict[str, bytes] = {}

    def get(oid: str, kind: Kind) -> bytes:
        raw = repo.read(oid, kind)
        objects.setdefault(oid, b"%s %d\x00%s" % (kind.encode(), len(raw), raw))
        return raw

    _contents(get, commit, paths)
    proof = b"".join(objects.values())
    if len(proof) > MAX_PROOF:
        raise UsageError("what was reviewed is too large to be imported", "sign it: agentgov review approve")
    return proof


def proven(proof: bytes, commit: str, paths: Iterable[str]) -> dict[str, str]:
    """What a commit holds at these paths, as reviews bind contents; ObjectError where the proof shows it not."""
    objects = _objects(proof)
    used: dict[str, None] = {}

    def get(oid: str, kind: Kind) -> bytes:
        found = objects.get(oid)
        if found is None or found[0] != kind:
            raise ObjectError("object.malformed", f"the {kind} {oid[:12]} is not among what was reviewed")
        used[oid] = None
        return found[1]

    contents = _contents(get, commit, paths)
    if list(used) != list(objects):
        raise ObjectError("object.malformed", "what was reviewed is not written down as it must be")
    return contents


def _objects(proof: bytes) -> dict[str, tuple[Kind, bytes]]:
    found: dict[str, tuple[Kind, bytes]] = {}
    at = 0
    while at < len(proof) <= MAX_PROOF:
        header = _HEADER.match(proof, at)
        end = header.end() + int(header[2]) if header is not None else 0
        if header is None or end > len(proof):
            break
        kind, raw = _KINDS[header[1]], proof[header.end() : end]
        if found.setdefault(object_id(kind, raw), (kind, raw))[1] is not raw:
            break
        at = end
    if at != len(proof):
        raise ObjectError("object.malformed", "what was reviewed is not written down as it must be")
    return found


def _contents(get: _Get, commit: str, paths: Iterable[str]) -> dict[str, str]:
    root, trees = parse_commit(get(commit, "commit"), lenient=True).tree, dict[str, dict[bytes, TreeEntry]]()
    found = {}
    for path in sorted(paths, key=path_bytes):
        entry: TreeEntry | None = TreeEntry(TREE, b"", root)
        for name in path_bytes(path).split(b"/"):
            if entry is None or entry.mode != TREE:
                entry = None
                break
            if entry.oid not in trees:
                trees[entry.oid] = {item.name: item for item in parse_tree(get(entry.oid, "tree"))}
            entry = trees[entry.oid].get(name)
        found[path] = _content(get, entry)
    return found


def _content(get: _Get, entry: TreeEntry | None) -> str:
    if entry is None or entry.mode == TREE:
        return _ABSENT
    if not Entry(entry.mode, entry.oid).is_file:
        return ""
    return f"{entry.mode:o}:{hashlib.sha256(get(entry.oid, 'blob')).hexdigest()}"
