"""The reconciler's word that contents of main are authorised now: one act, when there is something to take over."""

from dataclasses import dataclass

from agentgov.journal.authorise import Advance, decide_advance, observe_change
from agentgov.journal.draft import Actor, Draft, draft
from agentgov.journal.view import View
from agentgov.repo.objects import ObjectError
from agentgov.review.change import ChangeVerdict


@dataclass(frozen=True, slots=True)
class Proposed:
    """What an advance to a commit of main would do, and the act for it; None where nothing would change."""

    advance: Advance
    act: Draft | None


def propose_advance(view: View, main: str, now: int = 0) -> Advance:
    """What an advance to this commit of main, at this time or that of the journal if later, would take over and leave
    pending. IncompleteError where history is missing.

    A commit that cannot be read unambiguously is a `problem`, and nothing is taken over: whoever pushes one must not
    stop the reconciler from aborting a canary.
    """
    try:
        return decide_advance(view, observe_change(view, main), max(now, view.state.head.time))
    except ObjectError as error:
        problem = f"main cannot be read at {main[:9]}: {error} ({error.code})"
        return Advance(main, {}, view.state.pending, view.authorised, "", ChangeVerdict(()), problem)


def draft_advance(view: View, actor: Actor, main: str, *, now: int) -> Proposed:
    """The act that records an advance; there is none where neither contents nor the pending list would change."""
    advance = propose_advance(view, main, now)
    if not advance.accepted and advance.pending == view.state.pending:
        return Proposed(advance, None)
    taken, left = len(advance.accepted), len(advance.pending)
    what = "governance" if advance.governance else f"{taken} path{'s' if taken != 1 else ''}"
    parts = [f"{what} authorised" if taken else "", f"{left} pending" if left else ""]
    subject = f"advance to {main[:9]}: {', '.join(part for part in parts if part) or 'nothing pending'}"
    fields = [("Main", main), ("Authorised", advance.authorised)]
    return Proposed(advance, draft(view, actor, "advance", subject, fields, now=now))
