"""Whether a commit of a rendered branch is what the journal says: signed by a reconciler, and the very tree that
anybody computes from the act it names, from nothing.

Reads a verified journal and the commit; publishes nothing, and believes nothing that stands in the commit.
"""

from agentgov.delivery.branch import Rendered, read_rendered, signed_by_reconciler
from agentgov.delivery.recompute import from_nothing
from agentgov.delivery.render import INDEX
from agentgov.journal.verdicts import Point, Where
from agentgov.journal.view import View, view_at
from agentgov.model.document import Environment
from agentgov.model.verdict import allow, deny, note, unknown
from agentgov.repo.changes import changed_paths


def verify_rendered(view: View, environment: Environment, oid: str) -> tuple[Rendered | None, tuple[Point, ...]]:
    """What a commit renders, and every reason for or against it. IncompleteError where an object is missing."""
    commit = view.repo.commit(oid)
    if not signed_by_reconciler(view, commit):
        message = f"no reconciler in Access signed {oid[:12]}: what stands there is anybody's word"
        return None, (Point(deny("rendered.unsigned", message), Where(oid)),)
    found = read_rendered(view, oid)
    if found is None:
        return None, (_unnamed(view, oid),)
    then = view_at(view.repo, found.tip, view)
    expected, trees = from_nothing(then, environment)
    if expected != found.tree:
        path = next(iter(changed_paths(trees, expected, found.tree)), "")
        message = f"{path or 'the tree'} of {oid[:12]} is not what act {found.seq} of the journal says"
        return found, (Point(deny("rendered.differs", message), Where(oid, path, seq=found.seq)),)
    return found, (
        Point(allow("rendered.true", f"{oid[:12]} is what act {found.seq} of the journal says")),
        *_behind(view, environment, found),
    )


def _unnamed(view: View, oid: str) -> Point:
    """A reconciler signed it, and it names no act of the journal as far as it is known here."""
    message = (
        f"{oid[:12]} names no act of this journal up to act {view.state.head.seq}: fetch, or find out who wrote it"
    )
    return Point(unknown("rendered.foreign", message), Where(oid))


def _behind(view: View, environment: Environment, found: Rendered) -> tuple[Point, ...]:
    """Whether the journal went on, and says something else about some agent now."""
    head = view.state.head.seq
    if found.seq == head:
        return ()
    present, trees = from_nothing(view, environment)
    changed = (path for path in changed_paths(trees, found.tree, present) if path != INDEX)
    path = next(changed, "")
    where = Where(found.commit, path, seq=found.seq)
    if not path:
        message = f"it renders act {found.seq}; the journal is at act {head}, and says the same of every agent"
        return (Point(note("rendered.stale", message), where),)
    return (Point(deny("rendered.stale", f"it renders act {found.seq}; by act {head} {path} is another"), where),)
