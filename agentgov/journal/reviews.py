"""What a person's word on contents does to the open reviews. Whether it counts is decided when it is needed."""

import re

from agentgov.journal.authorise import parse_content_path
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import agent_id
from agentgov.model.state import Changes, OpenReview, ReviewedPath
from agentgov.model.transitions import Refusal

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def judge_review(view: View, act: Act, time: int) -> Changes | Refusal:
    """The open reviews that change: a new one, and older ones of the same person that it replaces or withdraws.

    A new word replaces the older ones on the same content of a path; a word on another content leaves them, so that a
    chain of reviewed contents can be one person's. `withdraw` takes back every word on its paths.
    """
    if not act.is_personal:
        return Refusal("review.bot", "imported reviews come with a later version")
    paths = [parse_content_path(value) for value in act.all("Path")]
    known = [path for path in paths if path is not None]
    if not known or len(known) != len(paths) or len({path.path for path in known}) != len(known):
        return Refusal("review.paths", "the review does not name its paths as it must")
    if not _DIGEST.match(act.get("Requirements")) or not all(map(_is_closure, act.all("Closure"))):
        return Refusal("review.words", "the review does not name closures and requirements as it must")
    verdict = act.get("Verdict")
    if verdict == "withdraw":
        changes = _replaced(view, act, {path.path: None for path in known})
        return changes or Refusal("review.nothing", "there is no review to withdraw")
    if verdict not in ("approve", "request-changes"):
        return Refusal("review.verdict", f"{verdict!r} is no verdict of a review")
    changes = _replaced(view, act, {path.path: path.new for path in known})
    changes[f"reviews/{act.id}.yaml"] = OpenReview(
        by=act.actor_id,
        verdict="approve" if verdict == "approve" else "request-changes",
        seq=view.state.head.seq + 1,
        time=time,
        paths=tuple(known),
    )
    return changes


def with_paths(review: OpenReview, paths: tuple[ReviewedPath, ...]) -> OpenReview | None:
    """A review of fewer paths, None where none is left."""
    if not paths:
        return None
    return OpenReview(by=review.by, verdict=review.verdict, seq=review.seq, time=review.time, paths=paths)


def _replaced(view: View, act: Act, said: dict[str, str | None]) -> Changes:
    """The actor's older words that go: on these paths, and of these contents where one is given."""
    changes: Changes = {}
    for key, review in view.state.reviews().items():
        if review.by == act.actor_id:
            left = tuple(entry for entry in review.paths if said.get(entry.path, "") not in (None, entry.new))
            if left != review.paths:
                changes[f"reviews/{key}.yaml"] = with_paths(review, left)
    return changes


def _is_closure(text: str) -> bool:
    agent, _, digest = text.partition(" ")
    return agent_id(agent) is not None and _DIGEST.match(digest) is not None
