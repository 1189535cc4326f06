"""`agentgov verify --rendered`: is what consumers without a gate read the journal's word?"""

from typing import Any

from agentgov.cli.context import Context
from agentgov.cli.verify import judged_by
from agentgov.delivery.branch import Rendered, rendered_ref
from agentgov.delivery.verify import verify_rendered
from agentgov.errors import IncompleteError
from agentgov.journal.verdicts import Answer
from agentgov.journal.view import View
from agentgov.model.document import Environment
from agentgov.release.examine import Examined, Subject

Judged = tuple[str, View | None, Answer, Subject, dict[str, Any]]


def judged_rendering(context: Context, environment: Environment, what: str) -> Judged:
    """What was asked about, the verdict on it, and what it renders; `what` is a revision, "" for the branch."""
    read: list[Rendered | None] = []

    def examine(view: View, _pinned: bool) -> Examined:
        oid = context.repo.resolve(what) if what else _known(context, environment)
        found, points = verify_rendered(view, environment, oid)
        read.append(found)
        return Subject(oid), points

    view, found, subject = judged_by(context, examine)
    branch = rendered_ref(environment).removeprefix("refs/heads/")
    return what or branch, view, found, subject, _json(environment, read[0] if read else None)


def _known(context: Context, environment: Environment) -> str:
    """The tip of the branch as this clone knows it. IncompleteError where it knows of none."""
    ref, remote = rendered_ref(environment), context.journal.remote
    branch = ref.removeprefix("refs/heads/")
    if remote is None:
        oid, hint = context.repo.ref(ref), "list the environment in agentgov.yaml (delivery.rendered), and reconcile"
    else:
        oid = context.repo.ref(f"refs/remotes/{remote.name}/{branch}")
        hint = f"git fetch {remote.name} +{ref}:refs/remotes/{remote.name}/{branch}"
    if oid is None:
        raise IncompleteError(f"this clone does not know {branch}", hint)
    return oid


def _json(environment: Environment, found: Rendered | None) -> dict[str, Any]:
    """Which act a commit renders; null where that cannot be told."""
    act = None if found is None else {"seq": found.seq, "tip": found.tip}
    return {"environment": environment, "act": act, "tree": found.tree if found is not None else None}
