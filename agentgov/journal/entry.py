"""One commit of the journal: the act in its message, the signatures beside it, the envelope around it.

Reads raw objects under the strict grammar and says who signed what; whether the act holds is `judge`'s to tell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentgov.errors import AgentgovError
from agentgov.journal.parts import Overlay
from agentgov.model.act import Act, ActError, parse
from agentgov.model.snapshot import FILE
from agentgov.model.state import AUTHORISED, SIGNATURES_FILE
from agentgov.model.transitions import Refusal
from agentgov.repo.changes import changed_paths
from agentgov.repo.objects import Commit, ObjectError, object_id
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import Change
from agentgov.trust.identity import Directory, Identity
from agentgov.trust.sshsig import ACT, GIT, SignatureError, split, verify

MAX_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One act as it lies in the journal."""

    oid: str
    parents: tuple[str, ...]
    tree: str
    act: Act
    text: bytes  # the act text, exactly what was signed
    signatures: tuple[bytes, ...]
    envelope: bytes  # git's own signature of the commit
    payload: bytes  # what the envelope signs


def read_entry(repo: Repository, oid: str, commit: Commit | None = None) -> Entry | Refusal:
    """The entry at a commit, which may have been parsed strictly before, or why it is none. IncompleteError where an
    object is missing."""
    try:
        commit = commit or repo.commit(oid, lenient=False)
        act = parse(commit.message)
    except ObjectError as error:
        return Refusal("journal.object", f"the commit is malformed: {error}")
    except ActError as error:
        return Refusal("journal.text", f"the message is no act: {error}")
    if commit.encoding:
        return Refusal("journal.object", "the commit names an encoding: git would show another text than was signed")
    if commit.signature is None:
        return Refusal("journal.envelope", "the commit is not signed by whoever appended it")
    found = repo.entry(commit.tree, SIGNATURES_FILE)
    if found is None or not found.is_file:
        return Refusal("journal.unsigned", "the act carries no signature")
    try:
        signatures = tuple(split(repo.blob(found.oid)))
    except SignatureError as error:
        return Refusal("journal.unsigned", f"the act's signatures cannot be read: {error}")
    if not 0 < len(signatures) <= MAX_SIGNATURES:
        return Refusal("journal.unsigned", "an act carries between 1 and 16 signatures")
    return Entry(oid, commit.parents, commit.tree, act, commit.message, signatures, commit.signature, commit.payload)


def signers_of(text: bytes, signatures: Iterable[bytes], directory: Directory) -> frozenset[Identity] | Refusal:
    """Who signed an act text. Every signature must be good and by somebody in Access; two by one person are one."""
    signers = set()
    for armour in signatures:
        identity = _identity(armour, text, ACT, directory)
        if isinstance(identity, Refusal):
            return identity
        signers.add(identity)
    return frozenset(signers)


def appender_of(entry: Entry, directory: Directory) -> Identity | Refusal:
    """Who appended an entry, by its envelope: anybody in Access, person or bot."""
    return _identity(entry.envelope, entry.payload, GIT, directory)


def refuse_tree(repo: Repository, before: str | None, changes: Mapping[str, Change], entry: Entry) -> Refusal | None:
    """Whether the tree of an entry is anything else than the one before it with exactly these changes, and its
    signatures. Trees are compared by id: there is no other spelling of the same state."""
    wanted = {**changes, SIGNATURES_FILE: (FILE, object_id("blob", b"".join(entry.signatures)))}
    trees = Overlay(repo)
    expected = trees.put_files(before, wanted)
    if expected == entry.tree:
        return None
    for path, change in sorted(wanted.items()):
        there = repo.entry(entry.tree, path)
        if (None if there is None else (there.mode, there.oid)) != change:
            code = "journal.authorised" if path == AUTHORISED else "journal.replay"
            return Refusal(code, f"the act's tree says something else at {path} than the act does", path)
    path = _first_difference(trees, expected, entry.tree)
    at = f" at {path}" if path else ""
    return Refusal("journal.tree", f"the act's tree holds what no act writes{at}", path)


def _first_difference(trees: Overlay, one: str, other: str) -> str:
    """The first path that differs between two trees, "" where they cannot be compared."""
    try:
        return next(iter(changed_paths(trees, one, other)), "")
    except AgentgovError:
        return ""


def _identity(armour: bytes, payload: bytes, namespace: str, directory: Directory) -> Identity | Refusal:
    try:
        key = verify(armour, payload, namespace)
    except SignatureError as error:
        return Refusal(error.code, f"a signature does not hold: {error}")
    identity = directory.by_key(key)
    if directory.is_revoked(key):
        return Refusal("journal.revoked", f"the key {key.fingerprint} is revoked")
    if identity is None:
        return Refusal("journal.stranger", f"the key {key.fingerprint} is nobody's in Access")
    return identity
