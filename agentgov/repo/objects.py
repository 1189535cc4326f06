"""The grammar of raw git objects: bytes in, values out, or a refusal with a stable code.

Stock git and libgit2 accept commits, tags and trees that different readers understand differently (two `tree` headers,
two signatures, text behind a NUL, unsorted trees). Strict parsing, the default for everything that a signature is
counted on, admits exactly one reading. Lenient parsing is for history that nobody signed for us: it admits what real
repositories hold (merge tags, odd identities), and still refuses whatever could be read in two ways. Nothing here reads
a repository, checks a signature or recurses.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from agentgov.errors import AgentgovError
from agentgov.model.snapshot import path_text
from agentgov.repo.armour import armour_begins, armour_problem

MAX_TEXT_OBJECT = 4 * 2**20  # a commit or tag; the largest honest ones carry a few merge tags
MAX_TREE = 64 * 2**20

_FULL_ID = re.compile(r"[0-9a-f]{40}\Z")
_OID = re.compile(rb"[0-9a-f]{40}\Z")
_IDENT = re.compile(rb"([^<>\n]*) <([^<>\n]*)> (0|[1-9][0-9]{0,17}) ([+-][0-9]{4})\Z")
_WHO = rb" ([^<>\n]*) <([^<>\n]*)> (0|[1-9][0-9]{0,17}) ([+-][0-9]{4})\n"
_PLAIN_COMMIT = re.compile(
    rb"tree ([0-9a-f]{40})\n((?:parent [0-9a-f]{40}\n)*)author"
    + _WHO
    + rb"committer"
    + _WHO
    # The armour takes all lines that begin with a blank, so that what follows is the empty line or another header.
    + rb"(?:gpgsig ([^\n]*(?:\n [^\n]*)*)\n)?\n"
)
_LOOSE_DATE = re.compile(rb"> *([0-9]{1,18}) +([+-][0-9]{4})\s*\Z")
_HEADER_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9-]*\Z")
_TREE_ENTRY = re.compile(rb"(100644|100755|120000|160000|40000) ([^/\0]+)\0(.{20})", re.DOTALL)
_LENIENT_TREE_ENTRY = re.compile(rb"(100644|100755|100664|120000|160000|40000) ([^/\0]+)\0(.{20})", re.DOTALL)
_MODES = {text: int(text, 8) for text in (b"100644", b"100755", b"100664", b"120000", b"160000", b"40000")}
_FORBIDDEN_NAMES = frozenset({b".", b"..", b".git"})
_SIGNATURE_HEADERS = (b"gpgsig", b"gpgsig-sha256")


class ObjectError(AgentgovError):
    """An object that the grammar refuses; `code` is stable and documented (`object.duplicate-header`)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Ident:
    """Who and when, as a commit or tag claims it: seconds since the epoch, and the zone as written (`+0200`)."""

    name: str
    email: str
    when: int
    tz: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. `payload` is what its signature signs; `signature` is the armour, None when there is none to count."""

    tree: str
    parents: tuple[str, ...]
    author: Ident
    committer: Ident
    signature: bytes | None
    payload: bytes
    message: bytes
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """An annotated tag. `message` is without the signature; `tagger` is None only in old tags parsed leniently."""

    object: str
    type: str
    name: str
    tagger: Ident | None
    message: bytes
    signature: bytes | None
    payload: bytes


class TreeEntry(NamedTuple):
    """One entry of a tree: the mode as a number, the name as bytes, the object id in hex."""

    mode: int
    name: bytes
    oid: str


class _Header(NamedTuple):
    name: bytes
    value: bytes  # continuation lines joined by a newline, their leading space removed
    start: int
    end: int


def object_id(kind: str, raw: bytes) -> str:
    """The object id that git gives a raw object: SHA-1 over `<kind> <length>`, NUL and the bytes."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(raw)) + raw, usedforsecurity=False).hexdigest()


def is_object_id(text: str) -> bool:
    """Whether the text is a full object id: 40 lower-case hex digits."""
    return _FULL_ID.match(text) is not None


def parse_either_way(raw: bytes) -> tuple[Commit, ObjectError | None]:
    """The commit in a raw object, and what the strict grammar has against it; ObjectError where even the lenient one
    refuses it. What both admit, both read alike."""
    try:
        return parse_commit(raw), None
    except ObjectError as refusal:
        return parse_commit(raw, lenient=True), refusal.with_traceback(None)


def parse_commit(raw: bytes, lenient: bool = False) -> Commit:
    """The commit in a raw object; ObjectError where the grammar refuses it (see the module)."""
    found = _plain_commit(raw)
    if found is None:
        return _parse_commit(raw, lenient)
    if found.signature is not None and not lenient:
        _check_armour(found.signature)
    return found


def _plain_commit(raw: bytes) -> Commit | None:
    """A commit of exactly the headers that git writes, read in one go: nearly every one. None for any other."""
    match = _PLAIN_COMMIT.match(raw)
    if match is None or len(raw) > MAX_TEXT_OBJECT or b"\0" in raw:
        return None
    tree, parents, name, email, when, zone, name_2, email_2, when_2, zone_2, armour = match.groups()
    return Commit(
        tree=tree.decode(),
        parents=tuple(line[7:].decode() for line in parents.split(b"\n")[:-1]),
        author=Ident(path_text(name), path_text(email), int(when), zone.decode()),
        committer=Ident(path_text(name_2), path_text(email_2), int(when_2), zone_2.decode()),
        signature=armour.replace(b"\n ", b"\n") + b"\n" if armour is not None else None,
        payload=raw[: match.start(11) - 7] + raw[match.end(11) + 1 :] if armour is not None else raw,
        message=raw[match.end() :],
    )


def _parse_commit(raw: bytes, lenient: bool) -> Commit:
    """As `parse_commit`, header by header."""
    headers, message = _split(raw, lenient)
    _refuse_repeats(headers, (b"tree", b"author", b"committer"))
    reader = _HeaderReader(headers)
    tree = reader.oid(b"tree")
    parents: list[str] = []
    while reader.next_is(b"parent"):
        parents.append(reader.oid(b"parent"))
    author = _ident(reader.take(b"author"), lenient)
    committer = _ident(reader.take(b"committer"), lenient)
    rest = reader.rest()
    if any(header.name == b"parent" for header in rest):
        raise ObjectError("object.header-order", "a parent stands behind the author")
    if not lenient:
        _refuse_unknown(rest, (b"encoding", b"gpgsig"))
    signatures = [header for header in rest if header.name in _SIGNATURE_HEADERS]
    encodings = [header.value for header in rest if header.name == b"encoding"]
    return Commit(
        tree=tree,
        parents=tuple(parents),
        author=author,
        committer=committer,
        signature=_header_signature(signatures, lenient),
        payload=_without(raw, signatures),
        message=message,
        encoding=path_text(encodings[0]) if encodings else "",
    )


def parse_tag(raw: bytes, lenient: bool = False) -> Tag:
    """The annotated tag in a raw object; ObjectError where the grammar refuses it (see the module)."""
    headers, body = _split(raw, lenient)
    _refuse_repeats(headers, (b"object", b"type", b"tag", b"tagger"))
    reader = _HeaderReader(headers)
    target = reader.oid(b"object")
    kind = reader.take(b"type")
    if kind not in (b"commit", b"tree", b"blob", b"tag"):
        raise ObjectError("object.bad-header", "the tag names no type of object that exists")
    name = reader.take(b"tag")
    if not name or (not lenient and re.search(rb"[\x00-\x20\x7f]", name)):
        raise ObjectError("object.bad-header", "the tag's own name is empty or holds blanks")
    tagger = None if lenient and not reader.next_is(b"tagger") else _ident(reader.take(b"tagger"), lenient)
    if not lenient:
        _refuse_unknown(reader.rest(), ())
    message, signature = _split_trailing_signature(body, lenient)
    payload = raw[: len(raw) - len(signature)] if signature else raw
    return Tag(target, kind.decode(), path_text(name), tagger, message, signature, payload)


def parse_tree(raw: bytes, lenient: bool = False) -> tuple[TreeEntry, ...]:
    """The entries of a raw tree, in git's order; ObjectError for any tree that two readers could see differently."""
    if len(raw) > MAX_TREE:
        raise ObjectError("object.too-large", "the tree is larger than 64 MiB")
    found = (_LENIENT_TREE_ENTRY if lenient else _TREE_ENTRY).findall(raw)
    modes, names, oids = zip(*found, strict=True) if found else ((), (), ())
    # Each match takes mode, blank, name, NUL and 20 bytes: equal sums mean that nothing was skipped.
    if sum(map(len, modes)) + sum(map(len, names)) + 22 * len(found) != len(raw):
        raise ObjectError("tree.malformed", "the tree holds an entry with an odd mode, an empty name or a slash")
    keys = [name + b"/" if mode == b"40000" else name for mode, name in zip(modes, names, strict=True)]
    if keys != sorted(keys):
        raise ObjectError("tree.unsorted", "the tree's entries are not in git's order")
    if len(set(names)) != len(names):
        raise ObjectError("tree.duplicate-entry", "the tree holds two entries of the same name")
    if b" ." in raw and not _FORBIDDEN_NAMES.isdisjoint(name.lower() for name in names if name.startswith(b".")):
        raise ObjectError("tree.bad-name", "the tree holds an entry named ., .. or .git")
    numbers = map(_MODES.__getitem__, modes)
    return tuple(map(TreeEntry._make, zip(numbers, names, map(bytes.hex, oids), strict=True)))


def tree_order(entry: TreeEntry) -> bytes:
    """Git's sort key: names as bytes, folders as if they ended with a slash."""
    return entry.name + b"/" if entry.mode == 0o040000 else entry.name


class _HeaderReader:
    """Takes headers in the order that the grammar demands."""

    def __init__(self, headers: tuple[_Header, ...]) -> None:
        self._headers = headers
        self._next = 0

    def next_is(self, name: bytes) -> bool:
        return self._next < len(self._headers) and self._headers[self._next].name == name

    def take(self, name: bytes) -> bytes:
        if not self.next_is(name):
            raise ObjectError("object.missing-header", f"the header {name.decode()} is missing or out of place")
        header = self._headers[self._next]
        if header.end - header.start != len(name) + len(header.value) + 2:
            raise ObjectError("object.bad-header", f"the header {name.decode()} spans several lines")
        self._next += 1
        return header.value

    def oid(self, name: bytes) -> str:
        value = self.take(name)
        if _OID.match(value) is None:
            raise ObjectError("object.bad-header", f"the header {name.decode()} holds no object id")
        return value.decode()

    def rest(self) -> tuple[_Header, ...]:
        return self._headers[self._next :]


def _split(raw: bytes, lenient: bool) -> tuple[tuple[_Header, ...], bytes]:
    """Headers and body. A NUL is refused in headers always, in the body when strict."""
    if len(raw) > MAX_TEXT_OBJECT:
        raise ObjectError("object.too-large", "the object is larger than 4 MiB")
    end = raw.find(b"\n\n")
    if end < 0 and not (lenient and raw.endswith(b"\n")):
        raise ObjectError("object.malformed", "no empty line ends the headers")
    head, body = (raw, b"") if end < 0 else (raw[: end + 1], raw[end + 2 :])
    if b"\0" in head or (not lenient and b"\0" in body):
        raise ObjectError("object.nul", "the object holds a NUL byte, behind which text can hide")
    return tuple(_headers(head)), body


def _headers(head: bytes) -> Iterator[_Header]:
    """Each header with its span in the raw object; continuation lines begin with one space."""
    position = 0
    while position < len(head):
        end = head.index(b"\n", position) + 1
        name, blank, first = head[position : end - 1].partition(b" ")
        if not blank or _HEADER_NAME.match(name) is None:
            raise ObjectError("object.malformed", "a line among the headers is no header")
        lines = [first]
        while head[end : end + 1] == b" ":
            next_end = head.index(b"\n", end) + 1
            lines.append(head[end + 1 : next_end - 1])
            end = next_end
        yield _Header(name, b"\n".join(lines), position, end)
        position = end


def _refuse_repeats(headers: tuple[_Header, ...], names: tuple[bytes, ...]) -> None:
    for name in names:
        if sum(header.name == name for header in headers) > 1:
            raise ObjectError("object.duplicate-header", f"the header {name.decode()} appears twice")


def _refuse_unknown(rest: tuple[_Header, ...], allowed: tuple[bytes, ...]) -> None:
    """Refuse headers that are not allowed, and any other order or number than that of `allowed`."""
    names = [header.name for header in rest]
    for name in names:
        if name not in allowed:
            raise ObjectError("object.unknown-header", f"the header {name.decode()} is not allowed in what is signed")
    _refuse_repeats(rest, allowed)
    if names != [name for name in allowed if name in names]:
        raise ObjectError("object.header-order", "the headers are out of order")


def _ident(value: bytes, lenient: bool) -> Ident:
    match = _IDENT.match(value)
    if match is not None:
        name, email, when, zone = match.groups()
        return Ident(path_text(name), path_text(email), int(when), zone.decode())
    if not lenient:
        raise ObjectError("object.bad-ident", "an identity is not of the form: name <email> seconds zone")
    # As git reads it: the first <...> is the address, the date stands behind the last >.
    before, _, after = value.partition(b"<")
    date = _LOOSE_DATE.search(value)
    when, zone = date.groups() if date is not None else (b"0", b"+0000")
    return Ident(path_text(before.strip()), path_text(after.partition(b">")[0]), int(when), zone.decode())


def _header_signature(signatures: list[_Header], lenient: bool) -> bytes | None:
    """The armour to count. Lenient: none where a second one would make it a matter of taste."""
    if not signatures:
        return None
    if lenient and (len(signatures) > 1 or signatures[0].name != b"gpgsig"):
        return None
    armour = signatures[0].value + b"\n"
    if not lenient:
        _check_armour(armour)
    return armour


def _without(raw: bytes, headers: list[_Header]) -> bytes:
    for header in reversed(headers):
        raw = raw[: header.start] + raw[header.end :]
    return raw


def _split_trailing_signature(body: bytes, lenient: bool) -> tuple[bytes, bytes | None]:
    """(message, armour) of a tag's body: the armour is its last lines, and there is only one."""
    begins = armour_begins(body)
    if not begins:
        return body, None
    if lenient:
        return body[: begins[-1]], body[begins[-1] :]
    armour = body[begins[0] :]
    _check_armour(armour)
    return body[: begins[0]], armour


def _check_armour(armour: bytes) -> None:
    problem = armour_problem(armour)
    if problem is not None:
        raise ObjectError(*problem)
