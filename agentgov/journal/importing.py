"""A review of a forge as an act of the importer: what it binds, where it comes from, what its commit holds.

It binds the paths that the pull request changes and that are not authorised yet, with the contents of the reviewed
commit. Whether the forge said so is the importer's word; nothing here asks a forge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from agentgov.journal.draft import Actor, Draft, sign, write_act
from agentgov.journal.proof import prove
from agentgov.journal.reviewing import Reviewable, requirements_digest, review_fields
from agentgov.journal.view import View
from agentgov.model.imported import proof_path
from agentgov.review.change import ChangeVerdict
from agentgov.trust.identity import Forge

_VERBS: Mapping[str, str] = MappingProxyType({"approve": "approves", "request-changes": "requests changes to"})


@dataclass(frozen=True, slots=True)
class ForgeReview:
    """One review as a forge has it. Numbers are accounts; the login is for people to read."""

    forge: Forge
    review_id: str
    account: int
    login: str
    verdict: Literal["approve", "request-changes"]
    commit: str
    opener: int
    pushers: tuple[int, ...]


def draft_bound(view: View, actor: Actor, given: ForgeReview, found: Reviewable, *, now: int) -> Draft:
    """The signed act of a review that binds these paths of its commit. UsageError where they are too large to show."""
    paths = _bound(found)
    fields = [
        *review_fields(view, found, given.verdict, given.commit),
        *_who(given),
        ("Commit", given.commit),
        ("Opener", str(given.opener)),
        *(("Pusher", str(number)) for number in given.pushers),
    ]
    act = write_act(view, actor, "review", import_subject(given, found), fields, now=now)
    files = {proof_path(act.id): prove(view.repo, given.commit, paths)}
    return sign(act, actor.appender.signer, files=files)


def draft_dismissal(view: View, actor: Actor, given: ForgeReview, *, now: int) -> Draft:
    """The signed act that takes an imported review back."""
    nothing = requirements_digest(ChangeVerdict(()))
    fields = [("Verdict", "withdraw"), ("Requirements", nothing), *_who(given)]
    act = write_act(view, actor, "review", dismissal_subject(given), fields, now=now)
    return sign(act, actor.appender.signer)


def import_subject(given: ForgeReview, found: Reviewable) -> str:
    """The subject of the act that brings a review in."""
    count = len(_bound(found))
    paths = f"{count} path{'s' if count != 1 else ''}"
    return f"{given.login} of {given.forge} {_VERBS[given.verdict]} {paths} at {given.commit[:9]}"


def dismissal_subject(given: ForgeReview) -> str:
    """The subject of the act that takes a review back."""
    return f"the review {given.review_id} of {given.login} on {given.forge} was dismissed"


def _bound(found: Reviewable) -> list[str]:
    return [path.path for path in found.change.paths if path.old and path.new]


def _who(given: ForgeReview) -> list[tuple[str, str]]:
    return [
        ("Reviewer", given.login),
        ("Forge", given.forge),
        ("Account", str(given.account)),
        ("Review-Id", given.review_id),
    ]
