"""Reads what a push needs judged: the journal as it stands here, and the one that the push brings.

A tip that is only proposed is never remembered as seen, since the push may still be refused, by this hook or by
another, or lose a race. Never fetches, never moves a ref, never writes an object.
"""

from collections.abc import Mapping

from agentgov.errors import IncompleteError
from agentgov.journal.branch import Journal
from agentgov.journal.remembered import fleets_of
from agentgov.journal.replayed import Offence, Replayed
from agentgov.model.verdict import Reason, unknown
from agentgov.release.pushes import PushVerdict, RefUpdate, Standing, judge_push
from agentgov.repo.objects import ObjectError
from agentgov.trust.pins import load_pins


def judge_received(
    journal: Journal, updates: Mapping[str, RefUpdate], now: int, *, pinned: bool
) -> tuple[PushVerdict, ...]:
    """The verdict on every ref of a push. With `pinned`, nothing is judged by a journal that is not pinned here.

    ConfigurationError where pins cannot be read.
    """
    tip = journal.known_tip()
    moved = updates.get(journal.ref)
    new = moved.new if moved is not None else None
    doubt = _unpinned(journal, tip or new) if pinned else None
    before = _verified(journal, tip, now) if tip is not None and doubt is None else None
    after = _verified(journal, new, now, remember=False) if new is not None and doubt is None else None
    standing = Standing(journal.repo, journal.ref, before, after, doubt)
    return judge_push(standing, tuple(updates.values()))


def is_governed(journal: Journal, updates: Mapping[str, RefUpdate]) -> bool:
    """Whether this clone knows of a journal, or should: before a fleet has begun there is nothing to judge by."""
    return journal.known_tip() is not None or journal.ref in updates or bool(fleets_of(journal.repo))


def _verified(journal: Journal, tip: str, now: int, *, remember: bool = True) -> Replayed | None:
    """What verification finds; None where that cannot be told."""
    try:
        return journal.verify(tip, now, remember=remember)
    except ObjectError as error:
        return Replayed(None, 0, Offence(error.code, error.message, tip))
    except IncompleteError:
        return None


def _unpinned(journal: Journal, tip: str | None) -> Reason | None:
    """Why nothing can be judged here, where this machine does not know which journal is the fleet's."""
    how = "whoever runs this server pins it, as the user whom git runs as: agentgov trust pin LINE"
    try:
        if tip is None:
            return None
        if load_pins(journal.fleet_id(tip)) is None:
            return unknown("trust.first-use", f"there are no pins for this fleet on the server; {how}")
    except (ObjectError, IncompleteError) as error:
        return unknown("journal.incomplete", f"the journal cannot be read: {error.message}")
    return None
