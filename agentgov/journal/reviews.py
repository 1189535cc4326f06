"""What a person's word on contents does to the open reviews. Whether it counts is decided when it is needed; what a
forge's review does is decided in `imports`."""

import re
from collections.abc import Container, Mapping
from typing import Literal

from agentgov.journal.content_paths import parse_content_path
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import agent_id
from agentgov.model.state import Changes, OpenReview, ReviewedPath
from agentgov.model.transitions import Refusal

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def judge_review(view: View, act: Act, time: int) -> Changes | Refusal:
    """The open reviews that change: a new one, and older ones of the same person that it replaces or withdraws.

    A new word replaces the older ones on the same content of a path; a word on another content leaves them, so that a
    chain of reviewed contents can be one person's. `withdraw` takes back every word on its paths. A person's own word
    goes before what was imported from them, never the other way round.
    """
    paths = bound_paths(act)
    if isinstance(paths, Refusal):
        return paths
    verdict = act.get("Verdict")
    if verdict == "withdraw":
        changes = without_replaced(view, act.actor_id, {path.path: None for path in paths})
        return changes or Refusal("review.nothing", "there is no review to withdraw")
    if verdict not in ("approve", "request-changes"):
        return Refusal("review.verdict", f"{verdict!r} is no verdict of a review")
    changes = without_replaced(view, act.actor_id, {path.path: path.new for path in paths})
    changes[f"reviews/{act.id}.yaml"] = opened(view, act.actor_id, verdict, paths, time)
    return changes


def bound_paths(act: Act) -> tuple[ReviewedPath, ...] | Refusal:
    """The paths that a review binds, or what is wrong with its words."""
    paths = [parse_content_path(value) for value in act.all("Path")]
    known = [path for path in paths if path is not None]
    if not known or len(known) != len(paths) or len({path.path for path in known}) != len(known):
        return Refusal("review.paths", "the review does not name its paths as it must")
    if not _DIGEST.match(act.get("Requirements")) or not all(map(_is_closure, act.all("Closure"))):
        return Refusal("review.words", "the review does not name closures and requirements as it must")
    return tuple(known)


def opened(view: View, by: str, verdict: str, paths: tuple[ReviewedPath, ...], time: int) -> OpenReview:
    """The record of a review that is given now."""
    opinion: Literal["approve", "request-changes"] = "approve" if verdict == "approve" else "request-changes"
    return OpenReview(by=by, verdict=opinion, seq=view.state.head.seq + 1, time=time, paths=paths)


def with_paths(review: OpenReview, paths: tuple[ReviewedPath, ...]) -> OpenReview | None:
    """A review of fewer paths, None where none is left."""
    if not paths:
        return None
    return OpenReview(by=review.by, verdict=review.verdict, seq=review.seq, time=review.time, paths=paths)


def without_replaced(
    view: View, by: str, said: Mapping[str, str | None], only: Container[str] | None = None
) -> Changes:
    """Somebody's older words that go: on these paths, and of these contents where one is given; `only` these reviews
    where it says which."""
    changes: Changes = {}
    for key, review in view.state.reviews().items():
        if review.by == by and (only is None or key in only):
            left = tuple(entry for entry in review.paths if said.get(entry.path, "") not in (None, entry.new))
            if left != review.paths:
                changes[f"reviews/{key}.yaml"] = with_paths(review, left)
    return changes


def _is_closure(text: str) -> bool:
    agent, _, digest = text.partition(" ")
    return agent_id(agent) is not None and _DIGEST.match(digest) is not None
