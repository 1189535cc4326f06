"""Reviews that were given on a forge, on the word of the importer: what they do to the open reviews.

The importer vouches that an account of the forge said this of a commit, and for who opened the pull request and pushed
to it. What the commit holds it has to show (`proof`). A review of a forge lands once; it never takes a person's own
words away. Whether it counts, and whom its claims exclude, is decided when it is needed (`review.counting`,
`review.claims`).
"""

import re
from collections.abc import Callable, Collection
from typing import get_args

from msgspec.structs import replace

from agentgov.journal.outcome import Outcome
from agentgov.journal.proof import proven
from agentgov.journal.reviews import bound_paths, opened, without_replaced
from agentgov.journal.view import View
from agentgov.model.act import IMPORTED, Act
from agentgov.model.imported import Imported, Landed, imported_path, landed_path, proof_path
from agentgov.model.state import Changes, ReviewedPath
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import ObjectError, is_object_id
from agentgov.trust.identity import Forge

FORGES: tuple[Forge, ...] = get_args(Forge)
REVIEW_ID = re.compile(r"[0-9a-z][0-9a-z._-]{0,63}\Z")
LOGIN = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.\[\]-]{0,99}\Z")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}\Z")


def judge_imported(view: View, act: Act, time: int, file: Callable[[str], bytes]) -> Outcome | Changes | Refusal:
    """What a bot's review changes: a new open review of the person whom the account belongs to, or one less."""
    if not any(map(act.get, IMPORTED)):
        return Refusal("review.bot", "bots review nothing themselves, and this review was not imported")
    source = _source(view, act)
    if source is None:
        return Refusal("review.imported", "an imported review names reviewer, forge, account and review as it must")
    landed = view.state.landed(source.forge, source.review_id)
    if act.get("Verdict") == "withdraw":
        return _withdrawn(view, source, landed)
    if landed is not None:
        return Refusal("review.landed", f"review {source.review_id} of {source.forge} has landed already")
    if not is_object_id(source.commit) or not source.opener or not source.pushers:
        return Refusal("review.imported", "an imported review names commit, opener and pushers as it must")
    paths = bound_paths(act)
    if isinstance(paths, Refusal):
        return paths
    try:
        proof = file(proof_path(act.id))
    except KeyError:
        return Refusal("review.commit", "what the reviewed commit holds does not lie beside the act")
    return _refuse_other(proof, source.commit, paths) or _landed(view, act, source, paths, time, proof)


def spent(view: View, accepted: Collection[str]) -> Changes:
    """What is left of where reviews come from when these paths are taken over."""
    changes: Changes = {}
    for key, source in view.state.imported().items():
        left = tuple(path for path in source.paths if path not in accepted)
        if left != source.paths:
            changes[imported_path(key)] = replace(source, paths=left) if left else None
            if not left:
                changes[proof_path(key)] = None
    return changes


def _landed(
    view: View, act: Act, source: Imported, paths: tuple[ReviewedPath, ...], time: int, proof: bytes
) -> Outcome | Refusal:
    ours = {key for key, one in view.state.imported().items() if one.by == source.by}
    verdict = act.get("Verdict")
    if verdict not in ("approve", "request-changes"):
        return Refusal("review.verdict", f"{verdict!r} is no verdict of a review")
    changes = without_replaced(view, source.by, {path.path: path.new for path in paths}, ours)
    changes[f"reviews/{act.id}.yaml"] = opened(view, source.by, verdict, paths, time)
    changes[imported_path(act.id)] = replace(source, paths=tuple(path.path for path in paths))
    changes[landed_path(source.forge, source.review_id)] = Landed(act=act.id)
    return Outcome(changes, {proof_path(act.id): proof})


def _refuse_other(proof: bytes, commit: str, paths: tuple[ReviewedPath, ...]) -> Refusal | None:
    """Why the reviewed commit is not shown to hold what the review binds."""
    try:
        held = proven(proof, commit, [path.path for path in paths])
    except ObjectError as error:
        return Refusal("review.commit", f"what commit {commit[:12]} holds is not shown: {error}")
    other = next((path.path for path in paths if held[path.path] != path.new), None)
    if other is None:
        return None
    return Refusal("review.commit", f"the reviewed commit {commit[:12]} holds another content than is bound", other)


def _withdrawn(view: View, source: Imported, landed: Landed | None) -> Changes | Refusal:
    """The review goes; what it said of authors stays."""
    if landed is None or landed.withdrawn:
        return Refusal("review.nothing", "there is no review to withdraw")
    changes: Changes = {landed_path(source.forge, source.review_id): Landed(act=landed.act, withdrawn=True)}
    if landed.act in view.state.reviews():
        changes[f"reviews/{landed.act}.yaml"] = None
    return changes


def _source(view: View, act: Act) -> Imported | None:
    forge = next((one for one in FORGES if one == act.get("Forge")), None)
    login, review, account = (act.get(name) for name in ("Reviewer", "Review-Id", "Account"))
    numbers = [account, *act.all("Pusher"), *act.all("Opener")]
    if forge is None or not LOGIN.match(login) or not REVIEW_ID.match(review):
        return None
    if not all(map(_NUMBER.match, numbers)):
        return None
    return Imported(
        by=view.directory.by_account(forge, int(account)) or f"{forge}:{account}",
        bot=act.actor_id,
        forge=forge,
        account=int(account),
        login=login,
        review_id=review,
        commit=act.get("Commit"),
        opener=int(act.get("Opener") or 0),
        pushers=tuple(map(int, act.all("Pusher"))),
    )
