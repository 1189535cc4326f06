"""The branch agentgov/rendered/<environment>: one signed commit after each tick that moved the journal.

Published by compare-and-swap, never rewound, all branches of a tick together (`branches`). What somebody else put there
is told, and rendered over. A remote that refuses this branch stops nothing: the journal is the truth, and the next tick
tries again.

A good signature is no proof of what it signs: the key may be stolen, or the version another. So each process computes
the branch once from nothing, after everything else of the tick was delivered and some agents at a time; from then on it
compares every commit with what follows from what it computed. What differs is told, and rendered over.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from agentgov.delivery.branch_refs import publish, tips_of
from agentgov.delivery.document import Documents
from agentgov.delivery.recompute import Recomputing
from agentgov.delivery.render import Unwritten, write_tree
from agentgov.errors import AgentgovError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Appender
from agentgov.journal.parts import Overlay
from agentgov.journal.view import View, view_at
from agentgov.model.document import Environment
from agentgov.model.verdict import Reason, deny, unknown
from agentgov.repo.changes import changed_paths
from agentgov.repo.compose import commit_bytes, ident, signed_commit
from agentgov.repo.objects import Commit
from agentgov.trust.sshsig import GIT, SignatureError, verify

ATTEMPTS = 3
_AGAIN = 3600  # seconds until what could not be computed is tried again
_MOST_FOREIGN = 50  # commits of somebody else that are looked behind for one of a reconciler
_TRAILER = re.compile(rb"^Agentgov-Journal: (0|[1-9][0-9]{0,11}) ([0-9a-f]{40})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A commit of a reconciler on the branch: which act it renders, and its tree."""

    commit: str
    seq: int
    tip: str
    tree: str


def rendered_ref(environment: Environment) -> str:
    """The full name of the branch of an environment."""
    return f"refs/heads/agentgov/rendered/{environment}"


def read_rendered(view: View, oid: str) -> Rendered | None:
    """What a commit says it renders; None where no reconciler in Access signed it, or this journal has no such act."""
    commit = view.repo.commit(oid)
    named = _TRAILER.search(commit.message)
    if named is None or not signed_by_reconciler(view, commit):
        return None
    seq, tip = int(named[1]), named[2].decode()
    known = view.memory.line.seq_of(tip, view.tip) == seq
    return Rendered(oid, seq, tip, commit.tree) if known else None


class RenderedBranch:
    """Keeps the branch of one environment up to date after each tick."""

    def __init__(self, journal: Journal, appender: Appender, environment: Environment) -> None:
        self._journal, self._appender, self._environment = journal, appender, environment
        self._documents, self.ref = Documents(environment), rendered_ref(environment)
        self.name = f"rendered/{environment}"
        self._seq, self.lag = -1, dict[str, int]()
        self._proposed: Rendered | None = None  # what is being published
        self._mends = False  # whether that is put over what was wrong
        self._first: Rendered | None = None  # what this process saw first, and has to compute again
        self._right: Rendered | None = None  # what this process computed, from nothing or from what it had computed
        self._checking: Recomputing | None = None
        self._not_before = 0  # epoch seconds; a check that failed is not begun anew at each tick
        self._mended = -1  # the act whose rendering was exchanged last: two versions must not do that for ever

    @property
    def busy(self) -> bool:
        """Whether a check goes on."""
        return self._checking is not None

    def propose(self, view: View, tip: str) -> tuple[tuple[Reason, ...], str]:
        """What is wrong with the branch whose tip is this commit ("" for none), and the commit that renders the present
        on top of it, "" where it needs none."""
        if self._right is not None and view.memory.line.seq_of(self._right.tip, view.tip) != self._right.seq:
            self._right = self._first = self._checking = None  # the journal is another
        last = self._last(view, tip)
        self._first = self._first or last
        self._seq = last.seq if last is not None else -1
        foreign = bool(tip) and (last is None or last.commit != tip)
        told = wrong = self._wrong(view, last) if last is not None else ()
        if foreign:
            told += (unknown("rendered.foreign", f"{self.name} held {tip[:12]}, which no reconciler wrote"),)
        elif last is not None and last.seq >= view.state.head.seq and (not wrong or self._mended == last.seq):
            return told, ""
        self._mends, self._proposed = bool(wrong), self._commit(view, tip, self._right or last)
        return told, self._proposed.commit

    def landed(self) -> None:
        """What was proposed last is on the remote."""
        new = self._proposed
        assert new is not None
        self._seq = new.seq
        self._right = new if self._right is not None else None
        if self._mends:
            self._mended = new.seq

    def count(self, view: View) -> None:
        """How far behind the present the branch is."""
        self.lag = {self.name: max(view.state.head.seq - self._seq, 0)}

    def refused(self) -> Reason:
        """That the remote took nothing that was proposed."""
        return unknown("rendered.refused", f"the remote does not take {self.ref}")

    def not_up_to_date(self, error: AgentgovError) -> Reason:
        """That the present could not be rendered, or not be published."""
        return unknown("rendered.refused", f"{self.name} is not up to date: {error.message}")

    def check(self, view: View, now: int, enough: Callable[[], bool]) -> tuple[Reason, ...]:
        """Go on computing from nothing what the branch was when this process saw it first, until it is `enough` for
        now; where that is something else, say so and render everything anew."""
        if self._right is not None or self._first is None or now < self._not_before:
            return ()
        try:
            return self._check(view, self._first, enough)
        except AgentgovError as error:
            self._checking, self._not_before = None, now + _AGAIN
            return (unknown("rendered.refused", f"{self.name} cannot be computed again: {error.message}"),)

    def _check(self, view: View, first: Rendered, enough: Callable[[], bool]) -> tuple[Reason, ...]:
        if self._checking is None:
            self._checking = Recomputing(view_at(view.repo, first.tip, view), self._environment)
        trees, tree = self._checking.trees, self._checking.go_on(enough)
        if not tree:
            return ()
        self._checking = None
        if tree == first.tree:
            self._right = first  # what was written since is compared with it at the next tick
            return ()
        return (self._differs(first, trees, tree), *self._publish_anew(view))

    def _publish_anew(self, view: View) -> tuple[Reason, ...]:
        """Everything from nothing, on top of whatever is there."""
        self._mends = True
        for _ in range(ATTEMPTS):
            tip = tips_of(self._journal, [self.ref])[self.ref]
            self._proposed = new = self._commit(view, tip, None)
            if tip and view.repo.commit(tip).tree == new.tree:
                return ()  # what was wrong has been rendered again since
            if publish(self._journal, {self.ref: (tip, new.commit)}):
                self.landed()
                return ()
        return (self.refused(),)

    def _wrong(self, view: View, last: Rendered) -> tuple[Reason, ...]:
        """Why a commit is not what follows from what this process computed; nothing where it is, or none is known."""
        right = self._right
        if right is None or last.commit == right.commit:
            return ()
        trees, then = Overlay(view.repo), view_at(view.repo, last.tip, view)
        before = view_at(view.repo, right.tip, view), right.tree
        tree = write_tree(then, self._documents, Unwritten(trees), before)
        if tree != last.tree:
            return (self._differs(last, trees, tree),)
        self._right = last
        return ()

    def _differs(self, found: Rendered, trees: Overlay, tree: str) -> Reason:
        path = "a tree"  # that nobody can read to its end
        with suppress(AgentgovError):
            path = next(iter(changed_paths(trees, tree, found.tree)), path)
        message = (
            f"{self.name} held {path} in {found.commit[:12]}, signed by a reconciler, and act {found.seq} says another"
        )
        return deny("rendered.differs", message)

    def _last(self, view: View, tip: str) -> Rendered | None:
        """The newest commit of a reconciler."""
        oid = tip
        for _ in range(_MOST_FOREIGN):
            if not oid:
                return None
            found = read_rendered(view, oid)
            if found is not None:
                return found
            oid = next(iter(view.repo.commit(oid).parents), "")
        return None

    def _commit(self, view: View, parent: str, base: Rendered | None) -> Rendered:
        """The present, computed from an earlier rendering or from nothing, in a commit of its own."""
        repo, head = self._journal.repo, view.state.head
        before = (view_at(repo, base.tip, view), base.tree) if base is not None else None
        with repo.packing():
            tree = write_tree(view, self._documents, repo, before)
            who = ident(self._appender.name, self._appender.email, head.time)
            text = f"render {self._environment} at act {head.seq}\n\n"
            text += f"Agentgov-Journal: {head.seq} {view.tip}\nAgentgov-Fleet: {head.fleet}\n"
            payload = commit_bytes(tree, [parent] if parent else [], who, who, text.encode())
            commit = repo.write_object("commit", signed_commit(payload, self._appender.signer.sign(GIT, payload)))
        if base is None:
            self._right, self._checking = Rendered(commit, head.seq, view.tip, tree), None
        return Rendered(commit, head.seq, view.tip, tree)


def signed_by_reconciler(view: View, commit: Commit) -> bool:
    """Whether the signature of a commit is that of a reconciler in Access, by a key that lives."""
    if commit.signature is None:
        return False
    try:
        key = verify(commit.signature, commit.payload, GIT)
    except SignatureError:
        return False
    identity = view.directory.by_key(key)
    return identity is not None and identity.bot_kind == "reconciler" and not view.directory.is_revoked(key)
