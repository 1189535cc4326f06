"""Commits, tags and trees as bytes: the inverse of `objects`, refusing to write what that grammar would not read.

Values in, bytes out. Nothing here signs, reads a clock or a repository.
"""

from collections.abc import Iterable, Sequence

from agentgov.model.snapshot import path_bytes
from agentgov.repo.objects import Ident, TreeEntry, parse_commit, parse_tag, parse_tree, tree_order

_UNFIT = str.maketrans("", "", "<>\n\r\0")


def ident(name: str, email: str, when: int, tz: str = "+0000") -> Ident:
    """An identity that git can write: characters that would break the header are left out."""
    return Ident(name.translate(_UNFIT).strip(), email.translate(_UNFIT).strip(), when, tz)


def commit_bytes(tree: str, parents: Sequence[str], author: Ident, committer: Ident, message: bytes) -> bytes:
    """An unsigned commit: exactly the payload that its signature has to sign."""
    lines = [f"tree {tree}".encode(), *(f"parent {parent}".encode() for parent in parents)]
    lines += [b"author " + _ident_bytes(author), b"committer " + _ident_bytes(committer)]
    raw = b"\n".join(lines) + b"\n\n" + message
    parse_commit(raw)
    return raw


def signed_commit(payload: bytes, armour: bytes) -> bytes:
    """The commit with its signature as git's `gpgsig` header, placed last among the headers."""
    head, _, message = payload.partition(b"\n\n")
    indented = armour.rstrip(b"\n").replace(b"\n", b"\n ")
    raw = head + b"\ngpgsig " + indented + b"\n\n" + message
    parse_commit(raw)
    return raw


def tag_bytes(target: str, kind: str, name: str, tagger: Ident, message: bytes) -> bytes:
    """An unsigned annotated tag: exactly the payload that its signature has to sign; ends with a newline."""
    ending = b"" if message.endswith(b"\n") else b"\n"
    head = f"object {target}\ntype {kind}\n".encode() + b"tag " + path_bytes(name)
    raw = head + b"\ntagger " + _ident_bytes(tagger) + b"\n\n" + message + ending
    parse_tag(raw)
    return raw


def signed_tag(payload: bytes, armour: bytes) -> bytes:
    """The tag with its signature as git's: appended to the message."""
    raw = payload + armour.rstrip(b"\n") + b"\n"
    parse_tag(raw)
    return raw


def tree_bytes(entries: Iterable[TreeEntry]) -> bytes:
    """A tree, sorted by git's order; ObjectError for entries that the grammar of trees refuses."""
    ordered = sorted(entries, key=tree_order)
    raw = b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(oid)) for mode, name, oid in ordered)
    parse_tree(raw, lenient=True)
    return raw


def _ident_bytes(who: Ident) -> bytes:
    return path_bytes(f"{who.name} <{who.email}> {who.when} {who.tz}")
