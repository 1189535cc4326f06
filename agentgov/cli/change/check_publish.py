"""A verdict told on the forge: first the status, which people rely on, then the comment, which explains it.

Nothing is written that stands there already. What could not be decided is published as that, so that an earlier yes
for the same commit does not stand; a status is never neutral, because forges let neutral pass.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agentgov.errors import AgentgovError
from agentgov.forge.port import Annotation, ForgePort, PullRequest, State, Status
from agentgov.report.pull_request_comment import LIMIT, Subject, comment, status_title

if TYPE_CHECKING:
    from agentgov.report.review_told import ReviewsTold

NAME = "agentgov/reviews"
_STATES: Mapping[str, State] = {"pass": State.PASS, "pending": State.PENDING, "blocked": State.BLOCKED}
_SUMMARY = 60_000  # characters; a check run takes 65,535
_MARKER = 100  # characters that the hidden first line may take
_ANNOTATIONS = 50


@dataclass(slots=True)
class Published:
    """What became of status and comment, None for what nobody asked for; and what went wrong with each."""

    status: str | None = None
    comment: str | None = None
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def unseen(self) -> bool:
        """Whether the status that was asked for is not there: a verdict that nobody sees is no answer."""
        return "status" in self.problems

    def document(self) -> dict[str, str | None]:
        """As JSON tells it."""
        return {
            "status": "failed" if "status" in self.problems else self.status,
            "comment": "failed" if "comment" in self.problems else self.comment,
        }


def publish_verdict(
    forge: ForgePort,
    commit: str,
    subject: Subject,
    pull_request: PullRequest | None,
    *,
    status: bool,
    explain: bool,
    scope: str = "",
) -> Published:
    """Tell a verdict on a commit as a status, and in the comment of a pull request where `explain` asks for it.

    `scope` names the branch that the verdict speaks of, where it speaks of one: a status stands on a commit, and must
    not be taken for one of another branch.
    """
    found = Published()
    if status:
        try:
            found.status = forge.publish(status_of(commit, subject, scope), pull_request)
        except AgentgovError as error:
            found.problems["status"] = error.in_one_line
    if explain and pull_request is not None and not found.unseen:
        from agentgov.forge.sticky import keep_comment

        try:
            body = comment(subject, LIMIT - _MARKER)
            found.comment = keep_comment(forge, pull_request.number, body, quiet=pull_request.draft)
        except AgentgovError as error:
            found.problems["comment"] = error.in_one_line
    return found


def publish_unknown(forge: ForgePort, commit: str, pull_request: PullRequest | None, scope: str = "") -> bool:
    """Say on a commit that its reviews could not be judged; False where not even that can be said."""
    title = "The reviews could not be judged: run it again"
    status = Status(name_of(scope), commit, State.UNKNOWN, title, "What went wrong stands in the log of the run.")
    with suppress(AgentgovError):
        forge.publish(status, pull_request)
        return True
    return False


def name_of(scope: str) -> str:
    """What the status is called: `agentgov/reviews`, or `agentgov/reviews (release/1.x)`."""
    return f"{NAME} ({scope})" if scope else NAME


def status_of(commit: str, subject: Subject, scope: str = "") -> Status:
    """The status that says this verdict."""
    told = subject.reviews
    blocked = told.state == "blocked"  # GitHub adds annotations and takes none away, so what waits bears none
    annotations = tuple(_annotations(told))[:_ANNOTATIONS] if blocked else ()
    return Status(
        name_of(scope),
        commit,
        _STATES[told.state],
        status_title(told),
        comment(subject, _SUMMARY),
        annotations=annotations,
    )


def _annotations(told: "ReviewsTold") -> "list[Annotation]":
    from agentgov.report.review_told import ReviewsTold
    from agentgov.report.unblocking import lacks, sentence
    from agentgov.review.requirements import WHOLE

    found = []
    for path in told.waiting:
        if path.path == WHOLE:
            continue
        alone = ReviewsTold(told.state, "", (path,))
        lacking = (sentence(lack, code_=False) for lack in lacks(alone))
        said = "; ".join(part for part in (path.message, *lacking) if part) or "waits"
        level = "failure" if path.state == "blocked" else "warning"
        found.append(Annotation(path.path, 1, level, f"reviews: {path.state}", said))  # type: ignore[arg-type]
    return found
