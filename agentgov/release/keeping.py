"""Keeps within reach of every clone what acts of the journal rest on, when main is rewritten or a tag goes away.

Acts name commits of main and of releases, and git forgets a commit that no ref leads to: after a forced push nobody
could verify the journal from a fresh clone. So the reconciler, which still has such a commit, makes it a parent on one
branch of its own, agentgov/kept. Nothing is decided by that branch; its files are none.
"""

from collections.abc import Iterable

from agentgov.journal.branch import Journal
from agentgov.journal.draft import Appender
from agentgov.model.verdict import Reason, unknown
from agentgov.release.refs import KEPT, Refs
from agentgov.repo.compose import commit_bytes, ident, signed_commit
from agentgov.trust.sshsig import GIT

_ATTEMPTS = 3
_MESSAGE = b"keep what the journal rests on\n\nThe other parents are named by its acts, and no ref leads to them.\n"


def keep_commits(
    journal: Journal, appender: Appender, refs: Refs, commits: Iterable[str], now: int
) -> tuple[Reason, ...]:
    """Make commits part of the remote's kept history, unless they are of main or kept already; what went wrong.

    IncompleteError when the remote cannot be reached.
    """
    wanted, kept = list(dict.fromkeys(commits)), refs.kept
    missing = _missing(journal, wanted, refs.main, kept)
    for _ in range(_ATTEMPTS):
        if not missing or _publish(journal, kept, _commit(journal, appender, kept, missing, now)):
            return ()
        kept = _fetched(journal)
        missing = _missing(journal, wanted, refs.main, kept)
    message = f"{KEPT} cannot be pushed: a fresh clone may not be able to verify what rests on {missing[0][:12]}"
    return (unknown("main.not-kept", message),)


def _missing(journal: Journal, commits: Iterable[str], *tips: str) -> list[str]:
    """The commits that none of the tips leads to; not those that are not here, for they cannot be kept."""
    repo = journal.repo
    here = [commit for commit in commits if repo.has(commit)]
    return [commit for commit in here if not any(tip and repo.is_ancestor(commit, tip) for tip in tips)]


def _commit(journal: Journal, appender: Appender, kept: str, commits: list[str], now: int) -> str:
    who, repo = ident(appender.name, appender.email, now), journal.repo
    parents = [kept, *commits] if kept else commits
    payload = commit_bytes(repo.write_tree(()), parents, who, who, _MESSAGE)
    return repo.write_object("commit", signed_commit(payload, appender.signer.sign(GIT, payload)))


def _publish(journal: Journal, old: str, new: str) -> bool:
    if journal.remote is None:
        return journal.repo.update_ref(KEPT, new, old or None)
    return journal.remote.push({KEPT: new}, {KEPT: old or None}).landed


def _fetched(journal: Journal) -> str:
    """The tip of the kept history now, "" where there is none."""
    if journal.remote is None:
        return journal.repo.ref(KEPT) or ""
    tip = journal.remote.ls(KEPT).get(KEPT, "")
    if tip and not journal.repo.has(tip):
        journal.remote.fetch(KEPT)
    return tip
