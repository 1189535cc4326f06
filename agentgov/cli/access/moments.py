"""The governance of a moment: of the working tree now, of an act of the journal, of a time, or of a revision.

An act or a time means the governance that was *authorised* then, as the verified journal has it, just after that act; a
revision means its files as they were committed, whether anybody authorised them or not. Nothing is decided here, and
without a moment the journal is not touched.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from agentgov.cli.governance import Source, read_governance, today
from agentgov.errors import ConfigurationError, RefusedError, UsageError

if TYPE_CHECKING:
    from agentgov.journal.query import Logged
    from agentgov.journal.view import View
    from agentgov.repo.repository import Repository

_SEQ = re.compile(r"[0-9]{1,9}\Z")
_ACT_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|\Z)")


@dataclass(frozen=True, slots=True)
class Moment:
    """The governance that answers, and the day that its rules with a date are compared with.

    `view` and `act` are there where the journal was asked: its state just after that act. `dead` are the fingerprints
    of the keys that were revoked by then.
    """

    source: Source
    day: date
    view: "View | None" = None
    act: "Logged | None" = None
    dead: Collection[str] = frozenset()

    @property
    def words(self) -> str:
        """Whose governance it is."""
        return f"by the governance of the {self.source.snapshot.name}"

    @property
    def document(self) -> Mapping[str, Any] | None:
        """The act as JSON documents carry it; None where no act was asked for."""
        if self.act is None:
            return None
        head = self.act.head
        return {
            "seq": head.seq,
            "id": self.act.act.id,
            "commit": self.act.commit,
            "time": head.time,
            "governance": head.governance,
        }


def moment(repo: str, text: str | None) -> Moment:
    """The moment that a text means; None is now, in the working tree.

    Digits are an act's number where the journal has that act, else the beginning of a commit's id. UsageError for what
    is none of them, ConfigurationError for a time before the journal began.
    """
    if text is None:
        return Moment(read_governance(repo, None), today())
    if _DATE.match(text):
        return _at_time(repo, text)
    if _SEQ.match(text) or _ACT_ID.match(text):
        view = _present(repo, needed=_ACT_ID.match(text) is not None)
        found = _act(view, text) if view is not None else None
        if view is not None and found is not None:
            return _at_act(view, found)
    return _at_revision(repo, text)


def present(repo: str) -> Moment:
    """What is authorised now: just after the last act of the journal."""
    view = _present(repo, needed=True)
    assert view is not None
    return _at_act(view, _latest(view))


def _latest(view: "View") -> "Logged":
    from agentgov.journal.query import acts

    return next(acts(view.repo, view.tip))


def _present(repo: str, *, needed: bool) -> "View | None":
    from agentgov.cli.context import open_context

    try:
        return open_context(repo).view()
    except ConfigurationError:
        if needed:
            raise
        return None  # no journal: a number can only be the beginning of a commit's id


def _act(view: "View", text: str) -> "Logged | None":
    from agentgov.journal.query import act_numbered, acts

    if _SEQ.match(text):
        return act_numbered(view, int(text))
    return next((one for one in acts(view.repo, view.tip) if one.act.id == text), None)


def _at_time(repo: str, text: str) -> Moment:
    from agentgov.cli.context import open_context
    from agentgov.cli.parameters import instant
    from agentgov.journal.query import act_by
    from agentgov.repo import clock

    time = instant(text)
    if time > clock.now():
        raise UsageError(f"{text} has not come yet", "what a change would do: agentgov diff, agentgov check")
    view = open_context(repo).view()
    found = act_by(view, time)
    if found is None:
        raise ConfigurationError(f"the journal began after {text}", "list its acts with: agentgov journal log")
    return _at_act(view, found)


def _at_revision(repo: str, text: str) -> Moment:
    from agentgov.repo.location import find_repository
    from agentgov.repo.repository import Repository

    here = Repository(find_repository(repo))
    try:
        commit = here.resolve(text)
    except UsageError as error:
        hint = "acts: agentgov journal log; commits: git log; a time: 2026-11-23T08:00Z"
        raise UsageError(f"{text!r} is no act of the journal and no revision", hint) from error
    return _on_journal(repo, here, commit) or Moment(read_governance(repo, commit), today())


def _on_journal(repo: str, here: "Repository", commit: str) -> Moment | None:
    """The moment of a commit of the journal; None for every other commit."""
    from agentgov.model.state import AUTHORISED, HEAD_FILE

    tree = here.commit(commit).tree
    if here.entry(tree, HEAD_FILE) is None or here.entry(tree, AUTHORISED) is None:
        return None
    view = _present(repo, needed=True)
    assert view is not None
    seq = view.memory.line.seq_of(commit, view.tip)
    found = _act(view, str(seq)) if seq is not None else None
    if found is None:
        raise RefusedError(f"commit {commit[:12]} is not in the verified journal", "see: agentgov journal log")
    return _at_act(view, found)


def _at_act(present: "View", found: "Logged") -> Moment:
    from agentgov.journal.view import view_at
    from agentgov.model.governed import GOVERNANCE_ROOTS
    from agentgov.repo.snapshot import TreeSnapshot
    from agentgov.report.moments import stamp

    view = view_at(present.repo, found.commit, present)
    name = f"journal at act {found.head.seq} ({stamp(found.head.time)})"
    snapshot = TreeSnapshot(view.repo, view.authorised, name, GOVERNANCE_ROOTS)
    dead = frozenset(one.key for one in view.state.revoked().values())
    return Moment(Source(view.governance, snapshot), view.today, view, found, dead)
