"""Orders that were signed while the remote was away: kept in this clone as commits, sent to the letter later.

An order that is kept counts for nobody until it stands in the remote's journal, and whether it holds is judged then.
Where it did land and only the answer got lost, sending it again changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from agentgov.cli.context import Context
from agentgov.errors import IncompleteError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.entry import read_entry
from agentgov.journal.view import View
from agentgov.model.transitions import Refusal
from agentgov.repo import clock

_FOLDER = "refs/agentgov/unsent/"


@dataclass(frozen=True, slots=True)
class Unsent:
    """A signed act that waits in this clone, and the ref that keeps it."""

    ref: str
    commit: str
    draft: Draft

    def stands(self, view: View) -> str | None:
        """The commit of the act where it landed after all."""
        return view.memory.line.commit_of(self.draft.act.id, view.tip)


def keep(context: Context, view: View, actor: Actor, draft: Draft) -> None:
    """Write an act on the journal as this clone knows it, and keep it. RefusedError where it does not hold there."""
    built = context.journal.build(view, [draft], actor.appender, clock.now())
    context.repo.update_ref(f"{_FOLDER}{draft.act.id}", built.tip, None)


def unsent(context: Context, kind: str, agent: str) -> Iterator[Unsent]:
    """What waits about an agent, oldest first."""
    for ref, commit in sorted(context.repo.refs(_FOLDER).items()):
        entry = read_entry(context.repo, commit)
        if not isinstance(entry, Refusal) and (entry.act.kind, entry.act.get("Agent")) == (kind, agent):
            yield Unsent(ref, commit, Draft(entry.act, entry.signatures))


def forget(context: Context, one: Unsent) -> None:
    """What landed, or holds no more, waits no more."""
    context.repo.update_ref(one.ref, None, one.commit)


def not_sent(error: IncompleteError, again: str) -> IncompleteError:
    """What to say where the order is kept and the remote is away."""
    message = f"{error.message}; the order is signed and kept in this clone, and nobody else sees it yet"
    return IncompleteError(message, f"when the remote answers, run it again, and this very order is sent: {again}")
