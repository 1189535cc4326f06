"""Journal time, and the heartbeat that moves it.

Dates in commits are claims; only acts move the journal's time, never back, and never ahead of the clock of whoever
verifies. Reads no clock: `now` is given.
"""

from agentgov.journal.adopt import MAX_SKEW
from agentgov.journal.authorise import is_nameable
from agentgov.journal.outcome import Outcome
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.governed import ROOTS, is_governed
from agentgov.model.state import Head
from agentgov.model.transitions import Refusal
from agentgov.repo.changes import changed_paths
from agentgov.repo.objects import ObjectError, is_object_id


def refuse_time(head: Head, act: Act, now: int) -> Refusal | None:
    """Why an act may not carry its time here; `now` is the verifier's clock in epoch seconds."""
    if act.time is None or head.time <= act.time <= now + MAX_SKEW:
        return None
    word = "behind the journal" if act.time < head.time else "ahead of this machine's clock"
    return Refusal("act.time", f"the act's time is {word}")


def judge_checkpoint(view: View, act: Act) -> Outcome | Refusal:
    """A heartbeat. It may say how far main has come only where nothing differs that is not pending already: authors of
    a change are looked for from the last commit of main that was looked at."""
    main = act.get("Main")
    if not main:
        return Outcome({})
    if not is_object_id(main):
        return Refusal("checkpoint.main", f"{main!r} is no commit of main")
    try:
        differing = changed_paths(view.repo, view.authorised, view.repo.commit(main).tree, ROOTS)
    except ObjectError as error:
        return Refusal("checkpoint.main", f"main cannot be read at {main[:12]}: {error}")
    pending = view.state.pending
    if any(is_governed(path) and is_nameable(path) and path not in pending for path in differing):
        return Refusal("checkpoint.main", "main holds changes that no advance has looked at")
    return Outcome({})
