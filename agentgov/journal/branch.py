"""The journal as a branch: read it, verify what is new, append with compare-and-swap.

The remote's branch is the journal where there is a remote; otherwise the local one is. An append builds its commits on
the verified tip, pushes them fast-forward in one go, and on a lost race reads and judges again. A crash at any line
leaves the old tip or the new one.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence

from agentgov.errors import ConfigurationError, IncompleteError, RefusedError
from agentgov.journal.adopt import introduction_files
from agentgov.journal.draft import Appender, Draft
from agentgov.journal.entry import signers_of
from agentgov.journal.judge import Outcome, contents, judge
from agentgov.journal.replay import Offence, Replayed, verify_journal
from agentgov.journal.view import TreeReader, View, view_at
from agentgov.model.act import Act, render
from agentgov.model.snapshot import FILE, TREE
from agentgov.model.state import AUTHORISED, SIGNATURES_FILE, State
from agentgov.model.transitions import Refusal
from agentgov.repo.compose import commit_bytes, ident, signed_commit
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.trust.pins import Pins, last_seen, load_pins, save_last_seen
from agentgov.trust.sshsig import GIT

ATTEMPTS = 12


class Journal:
    """The journal of one fleet as this machine sees it."""

    def __init__(self, repo: Repository, branch: str = "agentgov/journal", remote: Remote | None = None) -> None:
        self.repo, self.remote = repo, remote
        self.ref = f"refs/heads/{branch}"
        self.remote_ref = f"refs/remotes/{remote.name}/{branch}" if remote is not None else self.ref

    # --- reading ---------------------------------------------------------------------------------------------------

    def known_tip(self) -> str | None:
        """The tip that this clone knows of, without asking the remote: the further one of remote's and local branch."""
        ours, theirs = self.repo.ref(self.ref), self.repo.ref(self.remote_ref)
        if ours is None or theirs is None:
            return ours or theirs
        return ours if self.repo.is_ancestor(theirs, ours) else theirs

    def fetch(self) -> str | None:
        """The remote's tip now, fetched; the local one where there is no remote. IncompleteError when unreachable."""
        if self.remote is None:
            return self.repo.ref(self.ref)
        tip = self.remote.ls(self.ref).get(self.ref)
        if tip is not None and tip != self.repo.ref(self.remote_ref):
            self.remote.fetch(f"+{self.ref}:{self.remote_ref}")
            tip = self.repo.ref(self.remote_ref)
        return tip

    def verify(self, tip: str, now: int, *, cold: bool = False, tick: Callable[[], object] = int) -> Replayed:
        """Verify up to a tip: everything when `cold`, else what is new since this machine last verified.

        Remembers a good tip as last seen. A tip that does not descend from the last seen one is an offence.
        """
        fleet = self.fleet_id(tip)
        seen = last_seen(fleet)
        if seen is not None and not (self.repo.has(seen) and self.repo.is_ancestor(seen, tip)):
            behind = self.repo.has(seen) and self.repo.is_ancestor(tip, seen)
            code = "journal.rewound" if behind else "journal.forked"
            return Replayed(None, 0, Offence(code, f"this machine has seen act {seen[:12]}, which is not in it", tip))
        found = verify_journal(self.repo, tip, load_pins(fleet), now, trusted=None if cold else seen, tick=tick)
        if found.offence is None and found.view is not None and found.view.tip != seen:
            save_last_seen(fleet, found.view.tip)
        return found

    def view(self, now: int, *, fetch: bool = False) -> View:
        """The verified present. ConfigurationError when there is no journal, RefusedError when it does not verify."""
        tip = self.fetch() if fetch else self.known_tip()
        if tip is None:
            raise ConfigurationError("this repository has no journal yet", "an administrator runs: agentgov trust init")
        found = self.verify(tip, now)
        if found.offence is not None or found.view is None:
            offence = found.offence
            what = f"{offence.message} ({offence.code} at {offence.commit[:12]})" if offence else "it is empty"
            raise RefusedError(f"the journal does not verify: {what}", "run: agentgov journal verify")
        return found.view

    def fleet_id(self, tip: str) -> str:
        """The id of the fleet whose journal this is, as its tip claims."""
        return State(TreeReader(self.repo, self.repo.commit(tip).tree)).head.fleet

    def pins(self, view: View) -> Pins | None:
        """The pins of this fleet on this machine, None on first use."""
        return load_pins(view.state.head.fleet)

    # --- appending -------------------------------------------------------------------------------------------------

    def append(self, propose: Callable[[View], Sequence[Draft]], appender: Appender, clock: Callable[[], int]) -> View:
        """Append the acts that `propose` makes of the present, all of them in one push, and return the new present.

        `propose` is called again after a lost race. RefusedError when an act does not hold or the remote refuses,
        IncompleteError when the remote is unreachable or the race is lost too often.
        """
        for attempt in range(ATTEMPTS):
            before = self.view(clock(), fetch=True)
            drafts = propose(before)
            if not drafts:
                return before
            after = self._build(before, drafts, appender, clock())
            if self._publish(before.tip, after.tip):
                save_last_seen(after.state.head.fleet, after.tip)
                return after
            time.sleep((0.02 + secrets.randbelow(100) / 1000) * (1 + attempt))
        raise IncompleteError("somebody else was faster every time, nothing was written", "run the command again")

    def start(self, act: Act, signatures: tuple[bytes, ...], appender: Appender) -> str:
        """Write the first act (`adopt` judges it) and publish it; RefusedError when there is a journal already."""
        if self.fetch() is not None:
            raise RefusedError("this repository has a journal already", "look at it with: agentgov journal log")
        files = {path: (FILE, self.repo.write_blob(raw)) for path, raw in introduction_files(act).items()}
        changes = {**files, SIGNATURES_FILE: (FILE, self.repo.write_blob(b"".join(signatures)))}
        tree = self.repo.put_files(None, {**changes, AUTHORISED: (TREE, act.get("Authorised"))})
        commit = self._commit(tree, (), render(act), appender, act.time or 0)
        if not self._publish(None, commit):
            raise RefusedError("somebody else started a journal at the same moment", "run: agentgov journal log")
        return commit

    def _build(self, view: View, drafts: Iterable[Draft], appender: Appender, now: int) -> View:
        for draft in drafts:
            signers = signers_of(render(draft.act), draft.signatures, view.directory)
            if isinstance(signers, Refusal):
                raise RefusedError(f"{signers.message} ({signers.code})")
            outcome = judge(view, draft.act, signers, now, draft.files.__getitem__)
            if isinstance(outcome, Refusal):
                raise RefusedError(f"{outcome.message} ({outcome.code})")
            view = view_at(self.repo, self._write(view, draft, outcome, appender, now), view)
        return view

    def _write(self, view: View, draft: Draft, outcome: Outcome, appender: Appender, now: int) -> str:
        changes: dict[str, tuple[int, str] | None] = {
            path: (FILE, self.repo.write_blob(raw)) if raw is not None else None
            for path, raw in contents(outcome).items()
        }
        changes[SIGNATURES_FILE] = (FILE, self.repo.write_blob(b"".join(draft.signatures)))
        if outcome.advance is not None:
            changes[AUTHORISED] = (TREE, outcome.advance.authorised)
        tree = self.repo.put_files(view.tree, changes)
        return self._commit(tree, (view.tip,), render(draft.act), appender, now)

    def _commit(self, tree: str, parents: tuple[str, ...], text: bytes, appender: Appender, now: int) -> str:
        who = ident(appender.name, appender.email, now)
        payload = commit_bytes(tree, parents, who, who, text)
        return self.repo.write_object("commit", signed_commit(payload, appender.signer.sign(GIT, payload)))

    def _publish(self, old: str | None, new: str) -> bool:
        """Move the journal from `old` to `new`; False when somebody else moved it first."""
        if self.remote is not None:
            result = self.remote.push({self.ref: new}, {self.ref: old})
            if result.conflict:
                return False
            if not result.landed:
                said = f": {result.message}" if result.message else ""
                hint = "ask whoever runs the remote whether you may push to the journal branch"
                raise RefusedError(f"the remote does not take pushes to {self.ref}{said}", hint)
            self.repo.update_ref(self.remote_ref, new, self.repo.ref(self.remote_ref))
            local = self.repo.ref(self.ref)
            if local is None or self.repo.is_ancestor(local, new):
                self.repo.update_ref(self.ref, new, local)
            return True
        return self.repo.update_ref(self.ref, new, old)
