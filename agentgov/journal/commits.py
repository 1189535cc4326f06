"""Which commits of main are signed as the fleet asks (`commits` in agentgov.yaml), and why another one is not.

- `signed`: by the commit's committer, a person or bot of Access, under the strict grammar.
- `forge-merges`: the same, but for merges that a forge made: two parents or more, committed under the forge's address.
  That address is a claim that anybody can make, and such a merge is asked only for what none of its parents holds, so
  the claim spares a conflict its signature and never a branch. What a forge squashes or rebases has one parent, holds
  the change itself, and is asked like any other.
- `any`: nothing is asked.

A signature is a form on top of reviews: nothing is authorised by it. What the bytes of a commit say (`Signature`) is
verified once and remembered; whose key it is, and whether it may sign this commit, is asked of Access every time, so
that no memory outlives a key. A signature by OpenPGP says nothing without the certificate in Access, and is verified
every time.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from agentgov.repo.objects import ObjectError
from agentgov.repo.repository import Repository
from agentgov.trust.identity import Directory, Forge, Identity
from agentgov.trust.keys import PublicKey
from agentgov.trust.openpgp import BEGIN
from agentgov.trust.signatures import verify_git
from agentgov.trust.sshsig import GIT, SignatureError, verify

Mode = Literal["signed", "forge-merges", "any"]
UNSIGNED = "commits.unsigned"

# Forges commit merges and web edits in their own name; that says nothing about who wrote the content.
FORGE_COMMITTERS = frozenset({"noreply@github.com", "noreply@gitlab.com"})
_NUMBERED = re.compile(r"([1-9][0-9]{0,18})[+-][^@]*@users\.noreply\.(github|gitlab)\.com\Z", re.IGNORECASE)
_MOST = 1 << 17
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Signature:
    """What a commit's own bytes say: whose key has signed them, or why none has; nothing of who that is."""

    key: PublicKey | None
    problem: str  # "" where the key did
    committer: str  # the address that the commit claims
    merge: bool
    openpgp: tuple[bytes, bytes] | None = None  # armour and what it signs, not verified yet


class Signatures:
    """The signatures of the commits of one repository, each verified once."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._known: dict[str, Signature] = {}

    def of_all(self, oids: Iterable[str]) -> Iterator[tuple[str, Signature | ObjectError]]:
        """The same of many commits, read in few goes; the error where not even the committer of one is certain."""
        wanted = list(oids)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            self._repo.read_ahead("commit", [oid for oid in some if oid not in self._known])
            for oid in some:
                try:
                    yield oid, self.of(oid)
                except ObjectError as error:
                    yield oid, error

    def of(self, oid: str) -> Signature:
        """What a commit is signed by. IncompleteError where it is missing."""
        found = self._known.get(oid)
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._known[oid] = read_signature(self._repo, oid)
        return found


def read_signature(repo: Repository, oid: str) -> Signature:
    """The signature of a commit under the strict grammar. IncompleteError where it is missing, ObjectError where not
    even its committer is certain."""
    try:
        commit = repo.commit(oid, lenient=False)
    except ObjectError as error:
        there = repo.commit(oid)
        return Signature(None, f"the commit is malformed: {error}", there.committer.email, len(there.parents) > 1)
    committer, merge = commit.committer.email, len(commit.parents) > 1
    if commit.signature is None:
        return Signature(None, "it is not signed", committer, merge)
    if commit.signature.startswith(BEGIN):
        return Signature(None, "", committer, merge, (commit.signature, commit.payload))
    try:
        return Signature(verify(commit.signature, commit.payload, GIT), "", committer, merge)
    except SignatureError as error:
        return Signature(None, f"its signature does not hold: {error}", committer, merge)


def why_unsigned(oid: str, found: Signature, directory: Directory, mode: Mode, time: int) -> str:
    """Why a commit is not signed as the fleet asks at this journal time, naming it and its committer; "" where it is.

    IncompleteError where this machine lacks what could verify a signature by OpenPGP.
    """
    if mode == "any" or (mode == "forge-merges" and is_forge_merge(found)):
        return ""
    which = f"commit {oid[:9]} by {found.committer}"
    if found.openpgp is not None:
        found = _by_openpgp(found, *found.openpgp, directory, time)
    if found.key is None:
        return f"{which}: {found.problem}, and this fleet asks for commits that their committer signed"
    identity = directory.by_key(found.key)
    if identity is None:
        return f"{which} is signed by {found.key.fingerprint}, which is nobody's key in Access"
    if _is_committer(identity, found.committer, directory):
        return ""
    who = (
        f"the bot {identity.id}, which signs for {bot_address(identity.id)}" if identity.kind == "bot" else identity.id
    )
    return f"{which} is not signed by its committer but by {who}"


def _by_openpgp(found: Signature, armoured: bytes, payload: bytes, directory: Directory, time: int) -> Signature:
    try:
        key = verify_git(armoured, payload, directory.certificate, time)
    except SignatureError as error:
        return replace(found, problem=f"its signature does not hold: {error}")
    return replace(found, key=key)


def is_forge_merge(found: Signature) -> bool:
    """Whether a commit is a merge that says a forge made it, in its own name or at the click of an account."""
    return found.merge and (found.committer in FORGE_COMMITTERS or _NUMBERED.match(found.committer) is not None)


def bot_address(bot: str) -> str:
    """The address under which a bot commits; no person can have one there (RFC 2606)."""
    return f"{bot}@bots.invalid"


def is_machine(committer: str, directory: Directory) -> bool:
    """Whether a forge or a bot of the fleet committed what somebody else wrote, as the commit claims."""
    bot = committer.removesuffix("@bots.invalid")
    return committer in FORGE_COMMITTERS or (bot != committer and directory.is_bot(bot))


def person_of(email: str, directory: Directory) -> str | None:
    """Whom an address names, also the addresses that forges make of account numbers."""
    numbered = _NUMBERED.match(email)
    if numbered is None:
        return directory.by_email(email)
    forge: Forge = "github" if numbered[2].lower() == "github" else "gitlab"
    return directory.by_email(email) or directory.by_account(forge, int(numbered[1]))


def _is_committer(identity: Identity, committer: str, directory: Directory) -> bool:
    if identity.kind == "bot":
        return committer == bot_address(identity.id)
    return identity.id == person_of(committer, directory)
