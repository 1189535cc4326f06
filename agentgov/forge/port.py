"""What agentgov asks of a forge and what it tells one: values and one protocol. Decides nothing and reads nothing.

Accounts are numbers; a login is for people. Whatever an adapter cannot tell for certain it raises as IncompleteError:
no value here means "probably".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from agentgov.review.votes import Submitted
from agentgov.trust.identity import Forge

Permission = Literal["admin", "maintain", "write", "triage", "read", "none"]


@dataclass(frozen=True, slots=True)
class Account:
    """Who did something, by the forge's number; `bot` as the forge says."""

    id: int
    login: str
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A repository on a forge. `name` is owner/name (GitHub) or the full path (GitLab)."""

    forge: Forge
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request (merge request) as it stands. `head_project` is None where the fork is deleted or hidden."""

    project: Project
    number: int
    title: str
    state: Literal["open", "closed", "merged"]
    draft: bool
    author: Account | None
    base_ref: str
    base: str  # commit of the target branch as the forge tells it
    head_ref: str
    head: str  # commit
    head_project: Project | None
    merge_commit: str | None  # where it was merged: what main got (merge, squash or last rebased commit)
    commits: int | None  # how many the forge counts; None: it does not say
    files: int | None
    created: int  # seconds since 1970
    updated: int
    url: str

    @property
    def fork(self) -> bool:
        return self.head_project is None or self.head_project.id != self.project.id

    def same_question(self, other: "PullRequest") -> bool:
        """Whether nothing that a verdict rests on has moved."""
        mine = (self.state, self.draft, self.base_ref, self.base, self.head)
        return mine == (other.state, other.draft, other.base_ref, other.base, other.head)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, oldest first. Accounts are what the forge makes of the e-mail addresses: claims."""

    sha: str
    parents: tuple[str, ...]
    author: Account | None
    committer: Account | None
    message: str  # for trailers (Co-authored-by); untrusted


@dataclass(frozen=True, slots=True)
class File:
    """A changed path of the whole pull request."""

    path: str
    status: Literal["added", "modified", "removed", "renamed", "copied"]
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """One submitted review, oldest first. `commit` None: the forge does not say what was looked at, so it never counts.
    `by` None: the account is deleted."""

    id: str  # GitHub: the number; GitLab: n<note id>. [0-9a-z][0-9a-z._-]{0,63}
    by: Account | None
    state: Submitted
    commit: str | None
    submitted: int
    why_no_commit: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """One push to the head branch: from commit `before` to `after`, "" where the forge does not say."""

    by: Account
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Pushers:
    """Every account that pushed to the head branch, the opener too. `known` False: there may be others.

    `last` is who moved it to where it is; None where the forge does not say. `pushes` are all that the forge tells of
    one by one, in no order; an account without any is there for another reason.
    """

    accounts: tuple[Account, ...]
    known: bool = True
    last: Account | None = None
    pushes: tuple[Push, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """All that a forge tells of one pull request, read in one go and complete."""

    pull_request: PullRequest
    commits: tuple[Commit, ...]
    files: tuple[File, ...]
    reviews: tuple[Review, ...]
    pushers: Pushers


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request."""

    id: int
    by: Account | None
    body: str


class State(StrEnum):
    """What a status says. There is no neutral: forges let neutral pass."""

    PASS = "pass"  # noqa: S105 - a word
    PENDING = "pending"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"  # could not be decided


@dataclass(frozen=True, slots=True)
class Annotation:
    path: str
    line: int
    level: Literal["notice", "warning", "failure"]
    title: str  # at most 255 characters
    message: str


@dataclass(frozen=True, slots=True)
class Status:
    """What is published on a commit under one name. `title` at most 140 characters, `summary` Markdown."""

    name: str
    commit: str
    state: State
    title: str
    summary: str = ""
    url: str = ""
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedStatus:
    """A status as it stands on a commit, and whether this token's own account or app gave it."""

    name: str
    commit: str
    state: State
    title: str
    own: bool


Written = Literal["created", "updated", "unchanged"]


class ForgePort(Protocol):
    """One repository on one forge. Reading is complete or raises IncompleteError; nothing is cached over calls unless
    the forge itself said that it did not change."""

    @property
    def project(self) -> Project: ...
    def whoami(self) -> Account: ...
    # reading
    def pull_request(self, number: int) -> PullRequest: ...
    def pull_requests(self, *, since: int, state: Literal["open", "closed", "all"] = "all") -> Sequence[PullRequest]:
        """Those updated at or after a time, oldest update first."""

    def pull_requests_of(self, commit: str) -> Sequence[PullRequest]: ...
    def commits(self, pull_request: PullRequest) -> tuple[Commit, ...]: ...
    def files(self, pull_request: PullRequest) -> tuple[File, ...]: ...
    def files_of(self, commit: str) -> tuple[File, ...]: ...
    def reviews(self, pull_request: PullRequest) -> tuple[Review, ...]: ...
    def pushers(self, pull_request: PullRequest, commits: Sequence[Commit]) -> Pushers: ...
    def text(self, path: str, commit: str) -> str | None:
        """A file at a commit as UTF-8; None where there is none. At most 3 MiB."""

    def team(self, handle: str) -> tuple[Account, ...] | None:
        """Members of @org/team (child teams too); None where there is no such team. Not visible: IncompleteError."""

    def permission(self, account: Account) -> Permission: ...

    def account(self, login: str) -> Account | None:
        """Who has a login now; None where nobody has."""

    def administrators(self) -> tuple[Account, ...]:
        """Who administers the repository, as far as this token may see: to name somebody, never to decide by."""

    def tip(self, branch: str) -> str:
        """The commit that a branch is at now."""

    # telling
    def comments(self, number: int) -> tuple[Comment, ...]: ...
    def create_comment(self, number: int, body: str) -> Comment: ...
    def update_comment(self, number: int, comment: int, body: str) -> Comment: ...
    def statuses(self, commit: str, name: str) -> tuple[PublishedStatus, ...]: ...
    def publish(self, status: Status, pull_request: PullRequest | None = None) -> Written: ...
    def publish_release(self, tag: str, title: str, body: str) -> Written:
        """The page of a tag that exists already; it never makes a tag."""

    # git
    def refs_of(self, pull_request: PullRequest) -> tuple[str, ...]:
        """Refs under which the target repository keeps the head: refs/pull/N/head, refs/merge-requests/N/head."""
