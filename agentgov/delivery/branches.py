"""All rendered branches of a tick: one question to the remote, what each of them lacks, and one push for all of them.

One that is refused, or cannot be rendered, stops no other. What stands on a branch, and what should, is `branch`'s to
tell.
"""

from collections.abc import Iterable

from agentgov.delivery.branch import ATTEMPTS, RenderedBranch
from agentgov.delivery.branch_refs import publish, tips_of
from agentgov.errors import AgentgovError
from agentgov.journal.branch import Journal
from agentgov.journal.view import View
from agentgov.model.verdict import Reason


def follow_all(journal: Journal, branches: Iterable[RenderedBranch], view: View) -> tuple[Reason, ...]:
    """Render the present on each of these branches that is behind it; what is wrong with them."""
    everybody = tuple(branches)
    waiting, told = everybody, dict[str, tuple[Reason, ...]]()
    try:
        for attempt in range(ATTEMPTS):
            if waiting:
                waiting = _attempt(journal, waiting, view, told, together=not attempt)
        told |= {one.ref: (*told[one.ref], one.refused()) for one in waiting}
    except AgentgovError as error:
        told |= {one.ref: (one.not_up_to_date(error),) for one in waiting}
    for one in everybody:
        one.count(view)
    return tuple(reason for one in everybody for reason in told[one.ref])


def _attempt(
    journal: Journal,
    branches: tuple[RenderedBranch, ...],
    view: View,
    told: dict[str, tuple[Reason, ...]],
    *,
    together: bool,
) -> tuple[RenderedBranch, ...]:
    """Bring these branches up to date; those that did not land, whose tips have to be read again. What is wrong with
    each is put into `told`."""
    tips, proposed = tips_of(journal, [one.ref for one in branches]), dict[str, str]()
    for one in branches:
        try:
            told[one.ref], new = one.propose(view, tips[one.ref])
        except AgentgovError as error:
            told[one.ref], new = (one.not_up_to_date(error),), ""
        if new:
            proposed[one.ref] = new
    landed = publish(journal, {ref: (tips[ref], new) for ref, new in proposed.items()}, together=together)
    for one in branches:
        if one.ref in landed:
            one.landed()
    return tuple(one for one in branches if one.ref in proposed.keys() - landed)
