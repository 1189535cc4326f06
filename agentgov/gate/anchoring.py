"""Anchors the ledger in the journal: an act that says how far each tree is, every hour in which records were made, and
after each promotion, pause and incident.

Runs in the thread that follows the journal. Of several gates one is first, and the others find that it is done.
"""

import logging
from collections.abc import Iterator, Sequence
from time import monotonic

from agentgov.errors import AgentgovError
from agentgov.journal.anchoring import anchor_fields
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Draft, draft
from agentgov.journal.view import View
from agentgov.model.act import PREFIX
from agentgov.repo import clock
from agentgov.runtime.notes import split_note
from agentgov.runtime.sequencing import Standing, log_of, standings
from agentgov.store.port import Store
from agentgov.trust.wire import encode_base64

EVERY = 3600  # seconds of journal time
MOMENTS = ("promote", "graduate", "rollback", "pause", "resume", "incident")
_AGAIN = 60.0  # seconds until it is tried again where the journal did not take it
_LATEST = 10_000  # milliseconds that it waits for checkpoints of what it is due for
_log = logging.getLogger("agentgov.gate")


class Anchoring:
    """What one process of the gate anchors with. `seen` is the act at which the process began: what happened before was
    for another one to anchor at once."""

    def __init__(self, store: Store, journal: Journal, actor: Actor, seen: int) -> None:
        self._store, self._journal, self._actor = store, journal, actor
        self._not_before = 0.0  # of a steady clock
        self._noticed = 0  # since when it is due, epoch milliseconds; 0 where it is not
        self._seen = seen  # the act up to which nothing has to be anchored at once
        self._last: tuple[str, str, tuple[int, int]] | None = None  # tip, ledger, act and time of the last anchor

    def look(self, view: View) -> bool:
        """Anchor what is due; whether an act was appended."""
        if monotonic() < self._not_before or view.stretch is not None or view.is_stale(clock.now()):
            return False
        log, began = self._store.read(log_of).result()
        if not log or not self._is_due(view, log, began // 1000):
            return False
        self._noticed = self._noticed or (clock.now() + 1) * 1000  # whole seconds: the next one
        trees = [one for one in self._store.read(standings).result() if one.log == log and one.size]
        late = any(one.behind > 0 and one.time < self._noticed for one in trees)
        if late and clock.now() * 1000 - self._noticed < _LATEST:
            return False  # what it is due for is not under a checkpoint yet
        try:
            after = self._journal.append(
                lambda present: self._draft(present, log, began // 1000, trees), self._actor.appender, clock.now
            )
        except AgentgovError as error:
            self._not_before = monotonic() + _AGAIN
            _log.warning("the ledger cannot be anchored in the journal: %s", error.in_one_line)
            return False
        self._noticed = 0
        return after.end != view.end

    def _draft(self, view: View, log: str, began: int, trees: Sequence[Standing]) -> list[Draft]:
        """The act on this view; none where another gate was first, or nothing is new."""
        anchored = {one.tree: one.size for one in view.state.anchors() if one.log == log}
        new = [one for one in trees if one.size > anchored.get(one.tree, 0)]
        if not new or view.is_stale(clock.now()) or not self._is_due(view, log, began):
            self._not_before = monotonic() + _AGAIN
            return []
        count = sum(one.size - anchored.get(one.tree, 0) for one in new)
        subject = f"checkpoint: {count:,} records of the ledger, in {len(new):,} tree{'s' * (len(new) != 1)}"
        fields, still = anchor_fields(log, map(_anchor, new)), view.state.head.time  # it moves no time: others do that
        return [draft(view, self._actor, "checkpoint", subject, fields, now=still)]

    def _is_due(self, view: View, log: str, began: int) -> bool:
        """Whether an hour is over, or something happened that is anchored at once."""
        if self._last is None or self._last[:2] != (view.tip, log):
            anchors = ((one.seq, one.time) for one in view.state.anchors() if one.log == log)
            seq, time = max(anchors, default=(0, began))
            before = self._last
            if before is not None and seq != before[2][0]:
                time = clock.now()  # it was appended a moment ago; journal time may be older
            elif before is not None:
                time = before[2][1]
            self._last = (view.tip, log, (seq, time))
        seq, time = self._last[2]
        if clock.now() - time >= EVERY:
            return True
        if any(kind in MOMENTS for kind in _kinds_after(view, max(seq, self._seen))):
            return True
        self._seen = view.state.head.seq
        return False


def _anchor(one: Standing) -> tuple[str, int, str, str]:
    """A tree as the act has it."""
    (_, signature), *_ = split_note(one.note)[1]
    return one.tree, one.size, one.root, encode_base64(signature)


def _kinds_after(view: View, seq: int) -> Iterator[str]:
    """The kinds of the acts after that one."""
    for commit in view.memory.line.commits(view.tip)[seq + 1 :]:
        message = view.repo.commit(commit).message
        yield message.partition(f"\n{PREFIX}Act: ".encode())[2].partition(b"/")[0].decode()
