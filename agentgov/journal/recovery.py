"""What administrators say when something went wrong, as acts: waive a stretch of the journal, set its time back.

Writes the texts; whether they hold is judged by the journal, before they are appended and for ever after.
"""

from agentgov.errors import RefusedError
from agentgov.journal.draft import Actor, write_act
from agentgov.journal.view import View
from agentgov.model.act import Act


def write_waive(view: View, actor: Actor, *, set_time: int | None, now: int, reason: str) -> Act:
    """The text of a waive of what does not hold now; RefusedError where everything does and no time is set."""
    stretch = view.stretch
    if stretch is None and set_time is None:
        raise RefusedError("everything on the journal holds: there is nothing to waive", "agentgov journal verify")
    fields = [("Stretch", f"{stretch.first} {stretch.last}")] if stretch is not None else []
    fields += [("Set-Time", str(set_time))] if set_time is not None else []
    what = f"waive what does not hold from {stretch.first[:12]} on" if stretch is not None else "set the time back"
    return write_act(view, actor, "waive", what, fields, now=now, reason=reason)
