"""Acts as commits: each one judged on the view before it, then written on top of its tip.

Nothing is written that a verifier would refuse, and nothing is published here: no ref moves (`branch` does that).
"""

from collections.abc import Iterable

from agentgov.errors import RefusedError
from agentgov.journal.adopt import introduction_files, judge_introduction
from agentgov.journal.authorise import authorised_changes
from agentgov.journal.clock import STALE_HINT, stale_words
from agentgov.journal.draft import Appender, Draft, LeaveOut
from agentgov.journal.entry import read_entry, signers_of
from agentgov.journal.judge import judge
from agentgov.journal.outcome import Outcome, contents
from agentgov.journal.replay import tree_changes
from agentgov.journal.view import View, view_after
from agentgov.model.act import render
from agentgov.model.acts_table import raises_risk
from agentgov.model.snapshot import FILE, TREE
from agentgov.model.state import AUTHORISED, SIGNATURES_FILE
from agentgov.model.transitions import Refusal
from agentgov.repo.compose import commit_bytes, ident, signed_commit
from agentgov.repo.repository import Repository
from agentgov.trust.keys import parse_public_key
from agentgov.trust.sshsig import GIT


def write_acts(
    repo: Repository,
    view: View,
    drafts: Iterable[Draft],
    appender: Appender,
    now: int,
    leave_out: LeaveOut | None = None,
) -> View:
    """The view after these acts. RefusedError for the first that does not hold and is not left out."""
    for draft in drafts:
        outcome = judge_draft(view, draft, appender, now)
        if isinstance(outcome, Refusal):
            if leave_out is not None and leave_out(draft, outcome):
                continue
            hint = STALE_HINT if outcome.code in ("journal.stale", "act.time-step") else ""
            raise RefusedError(f"{outcome.message} ({outcome.code})", hint)
        after = view_after(view, _write(repo, view, draft, outcome, appender, now), draft.act.kind)
        view.memory.line.add(after.tip, view.tip, draft.act.id, after.authorised)
        view = after
    return view


def write_introduction(repo: Repository, draft: Draft, appender: Appender, now: int) -> str:
    """The commit of the first act of a journal. RefusedError where it does not hold."""
    act = draft.act
    files = {path: (FILE, repo.write_blob(raw)) for path, raw in introduction_files(act).items()}
    changes = {**files, SIGNATURES_FILE: (FILE, repo.write_blob(b"".join(draft.signatures)))}
    tree = repo.put_files(None, {**changes, AUTHORISED: (TREE, act.get("Authorised"))})
    commit = _commit(repo, tree, (), render(act), appender, now)
    entry = read_entry(repo, commit)
    view = judge_introduction(repo, entry, None, now) if not isinstance(entry, Refusal) else entry
    if isinstance(view, Refusal):
        raise RefusedError(f"{view.message} ({view.code})")
    return commit


def judge_draft(view: View, draft: Draft, appender: Appender, now: int) -> Outcome | Refusal:
    """Everything that a verifier will ask, before anything is written; and what no verifier can ask later: whether the
    journal is too old, by this clock, for an act that raises risk."""
    if view.directory.by_key(appender.signer.public_key) is None:
        if view.directory.is_revoked(parse_public_key(appender.signer.public_key)):
            return Refusal("journal.revoked", "the key that would append the act is revoked")
        return Refusal("journal.stranger", "the key that would append the act is nobody's in Access")
    if view.memory.line.holds(draft.act.id, view.tip):
        return Refusal("journal.duplicate", f"the act {draft.act.id} stands in the journal already")
    if raises_risk(draft.act) and view.is_stale(now):
        return Refusal("journal.stale", stale_words(view))
    signers = signers_of(render(draft.act), draft.signatures, view.directory)
    if isinstance(signers, Refusal):
        return signers
    return judge(view, draft.act, signers, now, draft.files.__getitem__)


def _write(repo: Repository, view: View, draft: Draft, outcome: Outcome, appender: Appender, now: int) -> str:
    changes = tree_changes(outcome)
    for raw in contents(outcome).values():
        if raw is not None:
            repo.write_blob(raw)
    if outcome.advance is not None:
        repo.put_files(view.authorised, authorised_changes(outcome.advance.accepted))
    changes[SIGNATURES_FILE] = (FILE, repo.write_blob(b"".join(draft.signatures)))
    tree = repo.put_files(view.tree, changes)
    return _commit(repo, tree, (view.end,), render(draft.act), appender, now)


def _commit(repo: Repository, tree: str, parents: tuple[str, ...], text: bytes, appender: Appender, now: int) -> str:
    who = ident(appender.name, appender.email, now)
    payload = commit_bytes(tree, parents, who, who, text)
    return repo.write_object("commit", signed_commit(payload, appender.signer.sign(GIT, payload)))
