"""What GitLab's answers look like, as far as it is used: unknown fields are ignored, missing ones are an error.

Decides nothing. Times are read with their zone; an answer in another form is no answer (exit 3).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote

import msgspec

from agentgov.forge.port import Account
from agentgov.net.client import Answer
from agentgov.net.decoding import decoded

Shape = TypeVar("Shape")


class User(msgspec.Struct, frozen=True):
    """An account. Whether it is a bot is told of single users only."""

    id: int
    username: str
    bot: bool = False

    @property
    def account(self) -> Account:
        """As the port knows it."""
        return Account(self.id, self.username, self.bot)


class Member(msgspec.Struct, frozen=True):
    """Somebody's membership in a group or project."""

    id: int
    username: str
    access_level: int
    state: str = "active"
    membership_state: str = "active"

    @property
    def active(self) -> bool:
        """Neither blocked nor waiting to be let in."""
        return self.state == "active" and self.membership_state == "active"


class Project(msgspec.Struct, frozen=True):
    """A repository."""

    id: int
    path_with_namespace: str


class DiffRefs(msgspec.Struct, frozen=True):
    """Between which commits a merge request lies; all empty while GitLab prepares it."""

    base_sha: str | None = None
    start_sha: str | None = None
    head_sha: str | None = None


class MergeRequest(msgspec.Struct, frozen=True):
    """A merge request, as it is told of alone (a list tells less)."""

    iid: int
    title: str
    state: str
    author: User | None
    target_branch: str
    source_branch: str
    source_project_id: int | None
    target_project_id: int
    sha: str | None
    diff_refs: DiffRefs | None
    created_at: datetime
    updated_at: datetime
    web_url: str
    draft: bool | None = None
    work_in_progress: bool | None = None
    changes_count: str | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None


class Numbered(msgspec.Struct, frozen=True):
    """A merge request of a list: only which one it is."""

    iid: int
    state: str
    target_project_id: int


class Commit(msgspec.Struct, frozen=True):
    """A commit. GitLab tells names and addresses of people here, no accounts."""

    id: str
    parent_ids: tuple[str, ...]
    message: str
    author_email: str = ""
    committer_email: str = ""


class Branch(msgspec.Struct, frozen=True):
    """A branch and where it is."""

    commit: Commit


class Diff(msgspec.Struct, frozen=True):
    """One changed file."""

    old_path: str
    new_path: str
    new_file: bool
    renamed_file: bool
    deleted_file: bool


class Version(msgspec.Struct, frozen=True):
    """What a merge request held since a time: made by the opening and by every push."""

    id: int
    head_commit_sha: str
    created_at: datetime


class Note(msgspec.Struct, frozen=True):
    """A comment, or GitLab's own word on what somebody did (`system`). `imported`: it came with a project's import."""

    id: int
    body: str
    author: User | None
    created_at: datetime
    system: bool
    imported: bool = False


class Approval(msgspec.Struct, frozen=True):
    """An approval that stands. Older versions of GitLab do not say since when."""

    user: User
    approved_at: datetime | None = None


class Approvals(msgspec.Struct, frozen=True):
    """All approvals that stand."""

    approved_by: tuple[Approval, ...]


class Reviewer(msgspec.Struct, frozen=True):
    """Somebody who was asked for a review, and how far they are."""

    user: User
    state: str


class PushData(msgspec.Struct, frozen=True):
    """A push. `ref` is empty where one push changed many branches at once."""

    action: str
    ref_type: str | None = None
    ref: str | None = None
    commit_from: str | None = None
    commit_to: str | None = None


class Event(msgspec.Struct, frozen=True):
    """Something that somebody did in a project."""

    author: User | None = None
    push_data: PushData | None = None


class CommitStatus(msgspec.Struct, frozen=True):
    """What one account said of a commit under one name."""

    id: int
    sha: str
    name: str
    status: str
    description: str | None = None
    target_url: str | None = None
    author: User | None = None


class StatusCheck(msgspec.Struct, frozen=True):
    """An external status check, as it stands for the head of a merge request."""

    id: int
    status: str


class Pipeline(msgspec.Struct, frozen=True):
    """A pipeline of a merge request; one of a fork belongs to the fork's project."""

    id: int
    sha: str
    project_id: int | None = None


class Release(msgspec.Struct, frozen=True):
    """The page of a tag."""

    tag_name: str
    name: str | None = None
    description: str | None = None
    author: User | None = None


def every(answers: Iterable[Answer], shape: type[Shape], what: str) -> Iterator[Shape]:
    """The items of all pages of a list."""
    for answer in answers:
        yield from decoded(answer, tuple[shape, ...], what)  # type: ignore[valid-type]


def seconds(time: datetime) -> int:
    """A time in whole seconds since 1970. One without a zone is GitLab's own, UTC."""
    return int((time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp())


def encoded(name: str) -> str:
    """A name as one part of a path: the full path of a project, a file, a branch."""
    return quote(name, safe="")
