"""One file as a commit on a branch of its own, for people to push and review; the working tree is left alone."""

from dataclasses import dataclass

from agentgov.errors import IncompleteError, RefusedError
from agentgov.journal.draft import Appender
from agentgov.model.snapshot import FILE
from agentgov.repo.compose import commit_bytes, ident, signed_commit
from agentgov.repo.repository import Repository
from agentgov.trust.sshsig import GIT


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of proposals: its name, the commit it stands on now ("" where there is none yet), and the commit that
    the next one is put on: its own tip while main has not taken it, else that of main."""

    name: str
    tip: str
    base: str


def branch_of(repo: Repository, name: str, main: str) -> Branch:
    """Where a proposal goes. RefusedError while that branch is checked out, IncompleteError without a main."""
    if not main:
        raise IncompleteError("this clone has no main to put the change on", "git fetch")
    if repo.head_branch() in (name, f"refs/heads/{name}"):
        how = "leave --branch out: the working tree is on it"
        raise RefusedError(f"the branch {name} is checked out here", how)
    tip = repo.ref(f"refs/heads/{name}") or ""
    taken = not tip or repo.is_ancestor(tip, main)
    return Branch(name, tip, main if taken else tip)


def text_on(repo: Repository, branch: Branch, path: str) -> str | None:
    """A file as the branch has it, None where it has none."""
    entry = repo.entry(repo.commit(branch.base).tree, path)
    return repo.blob(entry.oid).decode("utf-8") if entry is not None and entry.is_file else None


def propose(repo: Repository, who: Appender, branch: Branch, path: str, text: str, *, subject: str, now: int) -> str:
    """Put a file on a branch, signed by whoever proposes it; the id of the commit. RefusedError where the branch has
    moved meanwhile."""
    tree = repo.put_files(repo.commit(branch.base).tree, {path: (FILE, repo.write_blob(text.encode()))})
    person = ident(who.name, who.email, now)
    payload = commit_bytes(tree, [branch.base], person, person, f"{subject}\n".encode())
    commit = repo.write_object("commit", signed_commit(payload, who.signer.sign(GIT, payload)))
    if not repo.update_ref(f"refs/heads/{branch.name}", commit, branch.tip or None):
        raise RefusedError(f"the branch {branch.name} has moved meanwhile", "run it again")
    return commit
