"""`agentgov verify --rendered`: is what consumers without a gate read the journal's word?"""

from typing import Any

from agentgov.cli.context import Context
from agentgov.cli.trust.verify import judged_by
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
        oid = context.repo.resolve(what) if what else _known(context, view, environment)
        found, points = verify_rendered(view, environment, oid)
        read.append(found)
        return Subject(oid), points

    view, found, subject = judged_by(context, examine)
    branch = rendered_ref(environment).removeprefix("refs/heads/")
    return what or branch, view, found, subject, _json(environment, read[0] if read else None)


def _known(context: Context, view: View, environment: Environment) -> str:
    """The tip of the branch as this clone knows it. IncompleteError where it knows of none."""
    ref, remote = rendered_ref(environment), context.journal.remote
    branch = ref.removeprefix("refs/heads/")
    here = ref if remote is None else f"refs/remotes/{remote.name}/{branch}"
    oid = context.repo.ref(here)
    if oid is not None:
        return oid
    asked = view.governance.fleet.delivery.rendered
    if environment not in asked:
        wanted = ", ".join((*asked, environment))
        what = f"agentgov.yaml asks for no rendered branch of {environment}, so there is nothing to verify"
        raise IncompleteError(what, f"write delivery: {{rendered: [{wanted}]}} there, and have it reviewed")
    fetch = f"git fetch {remote.name} +{ref}:{here}" if remote is not None else "run agentgov reconcile"
    raise IncompleteError(f"this clone does not know {branch}", fetch)


def _json(environment: Environment, found: Rendered | None) -> dict[str, Any]:
    """Which act a commit renders; null where that cannot be told."""
    act = None if found is None else {"seq": found.seq, "tip": found.tip}
    return {"environment": environment, "act": act, "tree": found.tree if found is not None else None}
