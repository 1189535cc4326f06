"""What GitHub's REST API answers with, as far as anything is read of it. Other fields are passed over; one that is
missing, or is of another kind, makes the whole answer none.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from agentgov.forge.port import Account

Sha = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}([0-9a-f]{24})?$")]
Id = Annotated[int, msgspec.Meta(ge=1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
WEB_FLOW = 19864447  # GitHub's own committer: nobody


class User(msgspec.Struct, frozen=True):
    """An account. GitHub puts null where it was deleted."""

    id: Id
    login: str
    type: str = "User"


class MaybeUser(msgspec.Struct, frozen=True):
    """An account, or `{}`, which GitHub tells of a commit whose address belongs to nobody."""

    id: int = 0
    login: str = ""
    type: str = "User"


class Repository(msgspec.Struct, frozen=True):
    id: Id
    full_name: str


class Side(msgspec.Struct, frozen=True):
    ref: str
    sha: Sha
    repo: Repository | None


class Pull(msgspec.Struct, frozen=True):
    """A pull request; lists leave the counts out."""

    number: Id
    title: str
    state: Literal["open", "closed"]
    user: User | None
    base: Side
    head: Side
    merged_at: Moment | None
    merge_commit_sha: Sha | None
    created_at: Moment
    updated_at: Moment
    html_url: str
    draft: bool = False
    commits: int | None = None
    changed_files: int | None = None


class Parent(msgspec.Struct, frozen=True):
    sha: Sha


class Branch(msgspec.Struct, frozen=True):
    commit: Parent


class Message(msgspec.Struct, frozen=True):
    message: str


class Entry(msgspec.Struct, frozen=True):
    """A changed file."""

    filename: str
    status: Literal["added", "removed", "modified", "renamed", "copied", "changed", "unchanged"]
    previous_filename: str | None = None


class Commit(msgspec.Struct, frozen=True):
    sha: Sha
    author: MaybeUser | None
    committer: MaybeUser | None
    parents: list[Parent]
    commit: Message


class CommitFiles(msgspec.Struct, frozen=True):
    sha: Sha
    files: list[Entry]


class Review(msgspec.Struct, frozen=True):
    """A review. `commit_id` may be null, and a pending one has no time."""

    id: Id
    user: User | None
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]
    commit_id: Sha | None
    submitted_at: Moment | None = None


class Activity(msgspec.Struct, frozen=True):
    """A ref that moved; 40 zeros stand for none."""

    before: Sha
    after: Sha
    ref: str
    actor: User | None


class Happening(msgspec.Struct, frozen=True):
    """An entry of a timeline, of which there are many shapes."""

    event: str = ""
    actor: MaybeUser | None = None


class Content(msgspec.Struct, frozen=True):
    """A file; large ones have no content here (`encoding` none)."""

    type: str
    size: int
    content: str = ""
    encoding: str = ""


FILE_OR_FOLDER: Any = Content | list[Any]


class Role(msgspec.Struct, frozen=True):
    """What an account may do: the five old words, and the role that is meant today, which may be one's own."""

    permission: str
    role_name: str
    user: MaybeUser | None


class Team(msgspec.Struct, frozen=True):
    slug: str


class IssueComment(msgspec.Struct, frozen=True):
    id: Id
    user: User | None
    body: str = ""


class Output(msgspec.Struct, frozen=True):
    title: str | None
    summary: str | None
    annotations_count: int


class App(msgspec.Struct, frozen=True):
    id: Id
    slug: str = ""


class CheckRun(msgspec.Struct, frozen=True):
    id: Id
    name: str
    head_sha: Sha
    status: str
    conclusion: str | None
    output: Output
    app: App | None
    details_url: str | None = None


class CheckRuns(msgspec.Struct, frozen=True):
    total_count: int
    check_runs: list[CheckRun]


class CommitStatus(msgspec.Struct, frozen=True):
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: User | None


class Release(msgspec.Struct, frozen=True):
    id: Id
    tag_name: str
    name: str | None = None
    body: str | None = None


class _Viewer(msgspec.Struct, frozen=True, rename="camel"):
    database_id: Id
    login: str


class _Data(msgspec.Struct, frozen=True):
    viewer: _Viewer


class GraphQL(msgspec.Struct, frozen=True):
    data: _Data


def account(user: User | MaybeUser | None) -> Account | None:
    """Who that is; None for nobody."""
    return Account(user.id, user.login, user.type == "Bot") if user is not None and user.id > 0 else None


def seconds(moment: datetime) -> int:
    """Seconds since 1970."""
    return int(moment.timestamp())


def as_written(text: str) -> str:
    """A text as it was before GitHub kept it: without the carriage returns and the space at its end."""
    return text.replace("\r\n", "\n").rstrip()
