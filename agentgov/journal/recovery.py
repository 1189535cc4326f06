"""What administrators say when something went wrong, as acts: waive a stretch of the journal, set its time back, let a
content or a release through without its reviews; and the follow-up review of that.

Writes the texts; whether they hold is judged by the journal, before they are appended and for ever after.
"""

from agentgov.errors import RefusedError
from agentgov.journal.content_paths import format_content_path
from agentgov.journal.draft import Actor, write_act
from agentgov.journal.overriding import overrides_of
from agentgov.journal.reviewing import Reviewable, closures_after
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.governed import in_governance_set
from agentgov.model.names import ReleaseName


def write_waive(view: View, actor: Actor, *, set_time: int | None, now: int, reason: str) -> Act:
    """The text of a waive of what does not hold now; RefusedError where everything does and no time is set."""
    stretch = view.stretch
    if stretch is None and set_time is None:
        raise RefusedError("everything on the journal holds: there is nothing to waive", "agentgov journal verify")
    fields = [("Stretch", f"{stretch.first} {stretch.last}")] if stretch is not None else []
    fields += [("Set-Time", str(set_time))] if set_time is not None else []
    what = f"waive what does not hold from {stretch.first[:12]} on" if stretch is not None else "set the time back"
    return write_act(view, actor, "waive", what, fields, now=now, reason=reason)


def write_override(view: View, actor: Actor, found: Reviewable, commit: str, *, due: int, now: int, reason: str) -> Act:
    """The text of an override of every content that a commit brings and that lacks its reviews. `due` is when the
    follow-up review is owed, 0 for none. RefusedError where nothing can be overridden."""
    waiting = {path.change.path for path in found.verdict.paths if path.state != "pass"}
    paths = [path for path in found.change.paths if path.path in waiting and path.new and path.old]
    governed = [path.path for path in paths if in_governance_set(path.path)]
    if governed:
        hint = "leave it out of the commit: its administrators review it, and nobody can do without"
        raise RefusedError(f"{governed[0]} is of the governance set, which is never overridden", hint)
    if not paths:
        raise RefusedError(f"nothing at commit {commit[:9]} lacks a review that can be overridden", "agentgov check")
    count = f"{len(paths)} path{'s' if len(paths) != 1 else ''}"
    fields = [("Path", format_content_path(path)) for path in paths]
    fields += [("Closure", f"{one.agent} {one.digest}") for one in closures_after(view, found.change, commit)]
    fields += [("Follow-Up", str(due))] if due else []
    subject = f"override the reviews of {count} at {commit[:9]}"
    return write_act(view, actor, "override", subject, fields, now=now, reason=reason)


def write_release_override(
    view: View, actor: Actor, name: ReleaseName, bound: tuple[str, str, str], *, due: int, now: int, reason: str
) -> Act:
    """The text of an override of one release; `bound` are its tag object, commit and closure."""
    fields = [("Agent", str(name.agent)), ("Release", " ".join((str(name), *bound)))]
    fields += [("Closure", f"{name.agent} {bound[2]}"), *([("Follow-Up", str(due))] if due else [])]
    return write_act(view, actor, "override", f"override the reviews of {name}", fields, now=now, reason=reason)


def write_confirm(view: View, actor: Actor, wanted: str, *, now: int, reason: str) -> Act:
    """The text of the follow-up review of an override, named by the number or the id of its act. RefusedError where
    there is none such."""
    found = next((one for one in overrides_of(view) if wanted in (one.id, str(one.record.seq))), None)
    if found is None:
        raise RefusedError(f"the journal has no override {wanted}", "agentgov status lists them")
    subject = f"confirm the override of act {found.record.seq}"
    return write_act(view, actor, "confirm", subject, [("Override", found.id)], now=now, reason=reason)
