"""A release as it is first seen: what the act says of it must be what its signed tag says.

Who may sign the tag, and what it may release, is decided in `tags`.
"""

from collections.abc import Callable

from agentgov.journal.moves import taken_over
from agentgov.journal.outcome import Outcome
from agentgov.journal.overriding import used_for_release
from agentgov.journal.tags import judge_tag
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import release_name
from agentgov.model.state import Changes, Release, release_path
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import object_id


def judge_release_seen(view: View, act: Act, time: int, file: Callable[[str], bytes]) -> Outcome | Refusal:
    parts = act.get("Release").split(" ")
    name = release_name(parts[0])
    if name is None or len(parts) != 4 or str(name.agent) != act.get("Agent"):
        return Refusal("release.name", f"{act.get('Release')!r} does not name a release of {act.get('Agent')}")
    if view.state.release(name) is not None:
        return Refusal("release.known", f"the journal has seen {name} already")
    path = f"releases/{name}.tag"
    try:
        raw = file(path)
    except KeyError:
        return Refusal("release.tag-missing", f"the bytes of the tag {name} do not lie beside the act")
    oid = object_id("tag", raw)
    judged = judge_tag(view, name, oid, raw)
    if isinstance(judged, Refusal):
        return judged
    release = Release(
        name=judged.name,
        tag=judged.tag,
        commit=judged.commit,
        closure=judged.closure,
        authorised_at=judged.authorised_at,
        seen=time,
        by=judged.by,
    )
    said = (str(name), release.tag, release.commit, release.closure)
    if tuple(parts) != said or act.get("Authorised-At") != str(release.authorised_at):
        return Refusal("release.bound", "the act says something else of the release than its tag")
    taken = taken_over(view, act, release)
    if isinstance(taken, Refusal):
        return taken
    changes: Changes = {release_path(name): release, **used_for_release(view, oid, release.authorised_at), **taken}
    return Outcome(changes, {path: raw})
