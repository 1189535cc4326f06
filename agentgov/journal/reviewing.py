"""A person's review of a change, as an act: which contents it binds, and what of it will not count.

The review binds every path with its old and new content, the closure of each agent touched, and a digest of what the
change needed when it was reviewed. It says nothing of commits, so a rebase with the same contents keeps it.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from agentgov.journal.authorise import decided, observe_change
from agentgov.journal.content_paths import format_content_path
from agentgov.journal.draft import Actor, Draft, draft
from agentgov.journal.parts import Overlay, agent_part
from agentgov.journal.view import View
from agentgov.model.closure import Closure, closure_of
from agentgov.model.governed import ROOTS
from agentgov.model.state import OpenReview
from agentgov.repo.changes import changed_paths
from agentgov.review.change import Change, ChangeVerdict, with_assumed

Verdict = Literal["approve", "request-changes", "withdraw"]
_WORDS = {"approve": "approve", "request-changes": "request changes to", "withdraw": "withdraw the review of"}


@dataclass(frozen=True, slots=True)
class Reviewable:
    """A change that can be reviewed: what it is, and the verdict on it as things stand."""

    change: Change
    verdict: ChangeVerdict


def reviewable(view: View, commit: str, since: str | None = None) -> Reviewable:
    """What differs between the authorised contents and a commit, and what it still needs.

    With `since`, only the paths that the commit changes since its merge base with that one: a branch is not asked for
    what is pending on main.
    """
    change = observe_change(view, commit)
    if since is not None:
        base = view.repo.merge_base(since, commit)
        old = view.repo.commit(base).tree if base is not None else None
        mine = changed_paths(view.repo, old, change.tree, ROOTS)
        change = replace(change, paths=tuple(path for path in change.paths if path.path in mine))
    return Reviewable(change, _decide(view, change, view.state.reviews()))


def draft_review(
    view: View, actor: Actor, found: Reviewable, verdict: Verdict, *, commit: str, now: int, reason: str = ""
) -> Draft:
    """The signed act of a review of this change. The change must touch something."""
    count = sum(bool(path.new and path.old) for path in found.change.paths)
    return draft(
        view,
        actor,
        "review",
        f"{_WORDS[verdict]} {count} path{'s' if count != 1 else ''} at {commit[:9]}",
        review_fields(view, found, verdict, commit),
        now=now,
        reason=reason,
    )


def review_fields(view: View, found: Reviewable, verdict: Verdict, commit: str) -> list[tuple[str, str]]:
    """What every review of this change says, whoever gives it: verdict, paths, closures, requirements."""
    return [
        ("Verdict", verdict),
        *(("Path", format_content_path(path)) for path in found.change.paths if path.new and path.old),
        *(("Closure", f"{one.agent} {one.digest}") for one in closures_after(view, found.change, commit)),
        ("Requirements", requirements_digest(found.verdict)),
    ]


def closures_after(view: View, change: Change, commit: str) -> list[Closure]:
    """The closure of every agent that a change touches, as it would be after it."""
    trees, name = Overlay(view.repo), f"commit {commit[:9]}"
    return [
        closure_of(one.agent, one.after.agent, agent_part(trees, change.tree, one.agent, name))
        for one in change.agents
        if one.after is not None
    ]


def with_approvals(view: View, found: Reviewable, people: Iterable[str]) -> ChangeVerdict:
    """The verdict as it would be if these people approved the change now."""
    head = view.state.head
    return _decide(view, found.change, with_assumed(view.state.reviews(), found.change, people, head.seq, head.time))


def requirements_digest(verdict: ChangeVerdict) -> str:
    """SHA-256 of what the change needs, path by path, as canonical JSON."""
    asked = [
        [
            *(needed.path, needed.rule, needed.name, needed.count, [sorted(group) for group in needed.groups]),
            *(["personal"] if needed.personal else []),
        ]
        for path in verdict.paths
        for needed in (state.requirement for state in path.requirements)
    ]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def _decide(view: View, change: Change, reviews: dict[str, OpenReview]) -> ChangeVerdict:
    return decided(view, change, reviews, view.state.head.time)
