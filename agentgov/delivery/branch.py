"""The branch agentgov/rendered/<environment>: one signed commit after each tick that moved the journal.

Published by compare-and-swap, never rewound. What somebody else put there is told, and rendered over. A remote that
refuses this branch stops nothing: the journal is the truth, and the next tick tries again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentgov.delivery.document import Documents
from agentgov.delivery.render import write_tree
from agentgov.errors import AgentgovError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Appender
from agentgov.journal.view import View, view_at
from agentgov.model.document import Environment
from agentgov.model.verdict import Reason, unknown
from agentgov.repo.compose import commit_bytes, ident, signed_commit
from agentgov.repo.objects import Commit
from agentgov.trust.sshsig import GIT, SignatureError, verify

_ATTEMPTS = 3
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
        self._documents, self._ref = Documents(environment), rendered_ref(environment)
        self.name = f"rendered/{environment}"
        self._seq, self.lag = -1, dict[str, int]()

    def follow(self, view: View, _acts: Sequence[str], _now: int) -> tuple[Reason, ...]:
        """Render the present where the branch is behind it; what is wrong with the branch."""
        try:
            return self._follow(view)
        except AgentgovError as error:
            return (unknown("rendered.refused", f"{self.name} is not up to date: {error.message}"),)
        finally:
            self.lag = {self.name: max(view.state.head.seq - self._seq, 0)}

    def _follow(self, view: View) -> tuple[Reason, ...]:
        foreign: tuple[Reason, ...] = ()
        for _ in range(_ATTEMPTS):
            tip = self._tip()
            last = self._last(view, tip)
            self._seq = last.seq if last is not None else -1
            if tip and (last is None or last.commit != tip):
                foreign = (unknown("rendered.foreign", f"{self.name} held {tip[:12]}, which no reconciler wrote"),)
            elif last is not None and last.seq >= view.state.head.seq:
                return foreign
            if self._publish(tip, self._commit(view, tip, last)):
                self._seq = view.state.head.seq
                return foreign
        return (*foreign, unknown("rendered.refused", f"the remote does not take {self._ref}"))

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

    def _commit(self, view: View, parent: str, last: Rendered | None) -> str:
        repo, head = self._journal.repo, view.state.head
        before = (view_at(repo, last.tip, view), last.tree) if last is not None else None
        with repo.packing():
            tree = write_tree(view, self._documents, repo, before)
            who = ident(self._appender.name, self._appender.email, head.time)
            text = f"render {self._environment} at act {head.seq}\n\n"
            text += f"Agentgov-Journal: {head.seq} {view.tip}\nAgentgov-Fleet: {head.fleet}\n"
            payload = commit_bytes(tree, [parent] if parent else [], who, who, text.encode())
            return repo.write_object("commit", signed_commit(payload, self._appender.signer.sign(GIT, payload)))

    def _tip(self) -> str:
        remote, repo = self._journal.remote, self._journal.repo
        if remote is None:
            return repo.ref(self._ref) or ""
        tip = remote.ls(self._ref).get(self._ref, "")
        if tip and not repo.has(tip):
            remote.fetch(f"+{self._ref}:refs/remotes/{remote.name}/{self._ref.removeprefix('refs/heads/')}")
        return tip

    def _publish(self, old: str, new: str) -> bool:
        if self._journal.remote is None:
            return self._journal.repo.update_ref(self._ref, new, old or None)
        return self._journal.remote.push({self._ref: new}, {self._ref: old or None}).landed


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
