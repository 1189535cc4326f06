"""Doctor on this machine: programs, the clone, its governance, the remote; and who signs here, and whether it works."""

import shutil
import sys
from pathlib import Path

from agentgov.cli.context import Context
from agentgov.cli.start.doctor_check import Check, Checks
from agentgov.cli.tools.schema import stale_copies
from agentgov.model.finding import Severity
from agentgov.model.governed import FLEET_FILE, GOVERNANCE_ROOTS
from agentgov.repo.signing import person_signer
from agentgov.repo.snapshot import commit_snapshot
from agentgov.trust.signers import StrictSigner
from agentgov.validate.load import load_governance

_PROOF = "agentgov-doctor"  # the namespace of a signature that stands for nothing
_TOUCHED = "sk-"  # kinds of keys that ask for a finger


def programs() -> Checks:
    """Whether what is called is there."""
    yield Check("doctor.python", "good", f"Python {sys.version.split()[0]}")
    for program, package in (("git", "git"), ("ssh-keygen", "OpenSSH")):
        if shutil.which(program) is None:
            yield Check("doctor.program", "bad", f"the program {program} is not there", f"install {package}")


def clone(context: Context) -> Checks:
    """The clone one works in."""
    if context.repo.is_shallow:
        message = "this clone is shallow: what needs older commits cannot be decided"
        yield Check("doctor.shallow", "warn", message, "git fetch --unshallow")
    head = context.repo.head()
    if head is None:
        fix = "git add -A && git commit -m 'The fleet'"
        yield Check("doctor.empty", "bad", "the repository has no commit yet", fix)
    else:
        yield from _governance(context, head)
    if head is not None and context.repo.head_branch() is None:
        yield Check("doctor.detached", "warn", "HEAD is detached: what you commit is on no branch", "git switch main")
    stale = stale_copies(context.repo.root) if context.repo.root is not None else []
    if stale:
        message = f"editors read schemas of another version of agentgov: {', '.join(Path(path).name for path in stale)}"
        yield Check("doctor.schemas", "warn", message, "agentgov schema --write", "then commit what changed")


def _governance(context: Context, head: str) -> Checks:
    """Whether the governance of the last commit can be read: what is broken here breaks when it is merged."""
    snapshot = commit_snapshot(context.repo, head, GOVERNANCE_ROOTS)
    if FLEET_FILE not in snapshot.entries():
        message = f"there is no {FLEET_FILE} in the last commit"
        yield Check("doctor.fleet", "bad", message, "agentgov init .", "then: git add -A && git commit")
        return
    governance, findings = load_governance(snapshot)
    if governance is None:
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        first = f"{errors[0].where}: {errors[0].message}" if errors else "a file is missing"
        message = f"the governance of the last commit cannot be read: {first}"
        yield Check("doctor.governance", "bad", message, "agentgov validate")


def remote(context: Context, asks: bool) -> Checks:
    """Whether the remote answers."""
    there = context.journal.remote
    if there is None:
        fix = "git remote add origin URL"
        yield Check("doctor.remote", "warn", "there is no remote: the journal lives in this clone alone", fix)
    elif asks:
        there.ls(context.journal.ref)
        yield Check("doctor.remote", "good", f"the remote {there.name} answers at {there.url}")
    else:
        yield Check("doctor.remote", "skipped", f"the remote {there.name} was not asked")


def identity(context: Context) -> Checks:
    """Who git says one is, and the key that signs."""
    name, email = context.repo.ident()
    yield Check("doctor.identity", "good", f"git knows you as {name} <{email}>")
    key = StrictSigner(person_signer(context.repo)).key
    yield Check("doctor.key", "good", f"you sign with {key.kind} {key.fingerprint}")


def signature(context: Context) -> Checks:
    """Sign a word that stands for nothing, and verify it: the agent, the file and the passphrase are all in it."""
    signer = StrictSigner(person_signer(context.repo))
    if signer.key.kind.startswith(_TOUCHED):
        yield Check("doctor.signature", "skipped", "no signature was tried, since your key asks for a touch")
        return
    signer.sign(_PROOF, b"is this key at hand?\n")
    yield Check("doctor.signature", "good", "a signature was made and verified")
