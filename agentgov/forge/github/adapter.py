"""GitHub as a forge: the port, put together from what reads, what tells, and who everybody is."""

import base64
import binascii
from collections.abc import Sequence
from typing import Literal

from agentgov.forge.github import shapes
from agentgov.forge.github.asking import Asking, find_project, quoted
from agentgov.forge.github.people import read_account, read_administrators, read_own_account, read_permission, read_team
from agentgov.forge.github.pulls import (
    list_pulls,
    list_pulls_of,
    read_commits,
    read_files,
    read_files_of,
    read_pull,
    read_reviews,
    read_tip,
)
from agentgov.forge.github.pushing import read_pushers
from agentgov.forge.github.statuses import publish_status, read_statuses
from agentgov.forge.github.telling import change_comment, read_comments, write_comment, write_release
from agentgov.forge.port import (
    Account,
    Comment,
    Commit,
    File,
    Permission,
    Project,
    PublishedStatus,
    PullRequest,
    Pushers,
    Review,
    Status,
    Written,
)
from agentgov.forge.reasons import INCOMPLETE, incomplete
from agentgov.net.client import Client
from agentgov.net.decoding import decoded

_LARGEST = 3 * 2**20  # bytes of a text
_RAW = "application/vnd.github.raw+json"


class GitHub:
    """One repository on GitHub; see `forge.port.ForgePort` for what each question means."""

    def __init__(self, client: Client, project: str) -> None:
        self._asking = Asking(client, find_project(client, project))
        self._own: Account | None = None

    @property
    def project(self) -> Project:
        return self._asking.project

    def whoami(self) -> Account:
        if self._own is None:
            self._own = read_own_account(self._asking.client)
        return self._own

    def pull_request(self, number: int) -> PullRequest:
        return read_pull(self._asking, number)

    def pull_requests(self, *, since: int, state: Literal["open", "closed", "all"] = "all") -> Sequence[PullRequest]:
        return list_pulls(self._asking, since, state)

    def pull_requests_of(self, commit: str) -> Sequence[PullRequest]:
        return list_pulls_of(self._asking, commit)

    def commits(self, pull_request: PullRequest) -> tuple[Commit, ...]:
        return read_commits(self._asking, pull_request.number)

    def files(self, pull_request: PullRequest) -> tuple[File, ...]:
        return read_files(self._asking, pull_request.number)

    def files_of(self, commit: str) -> tuple[File, ...]:
        return read_files_of(self._asking, commit)

    def reviews(self, pull_request: PullRequest) -> tuple[Review, ...]:
        return read_reviews(self._asking, pull_request.number)

    def pushers(self, pull_request: PullRequest, commits: Sequence[Commit]) -> Pushers:
        return read_pushers(self._asking, pull_request, commits or self.commits(pull_request))

    def text(self, path: str, commit: str) -> str | None:
        where = f"{self._asking.root}/contents/{quoted(path)}"
        answer = self._asking.client.find(where, {"ref": commit})
        if answer is None:
            return None
        told: object = decoded(answer, shapes.FILE_OR_FOLDER, f"GET {where}")
        if not isinstance(told, shapes.Content) or told.type != "file":
            return None
        if told.size > _LARGEST:
            raise incomplete(INCOMPLETE, f"{path} is larger than {_LARGEST // 2**20} MiB", "keep it smaller")
        if told.encoding == "base64":
            return _text(path, told.size, told.content)
        raw = self._asking.client.get(where, {"ref": commit}, accept=_RAW)
        return _decoded(path, told.size, raw.body)

    def team(self, handle: str) -> tuple[Account, ...] | None:
        return read_team(self._asking, handle)

    def permission(self, account: Account) -> Permission:
        return read_permission(self._asking, account)

    def account(self, login: str) -> Account | None:
        return read_account(self._asking, login)

    def administrators(self) -> tuple[Account, ...]:
        return read_administrators(self._asking)

    def tip(self, branch: str) -> str:
        return read_tip(self._asking, branch)

    def comments(self, number: int) -> tuple[Comment, ...]:
        return read_comments(self._asking, number)

    def create_comment(self, number: int, body: str) -> Comment:
        return write_comment(self._asking, number, body, self.whoami().id)

    def update_comment(self, number: int, comment: int, body: str) -> Comment:
        return change_comment(self._asking, comment, body)

    def statuses(self, commit: str, name: str) -> tuple[PublishedStatus, ...]:
        return read_statuses(self._asking, commit, name, self.whoami())

    def publish(self, status: Status, pull_request: PullRequest | None = None) -> Written:
        return publish_status(self._asking, status, self.whoami())

    def publish_release(self, tag: str, title: str, body: str) -> Written:
        return write_release(self._asking, tag, title, body)

    def refs_of(self, pull_request: PullRequest) -> tuple[str, ...]:
        return (f"refs/pull/{pull_request.number}/head",)


def _text(path: str, size: int, packed: str) -> str:
    try:
        content = base64.b64decode("".join(packed.split()), validate=True)
    except (binascii.Error, ValueError):
        raise incomplete(INCOMPLETE, f"GitHub's copy of {path} cannot be read", "try again") from None
    return _decoded(path, size, content)


def _decoded(path: str, size: int, content: bytes) -> str:
    if len(content) != size:
        raise incomplete(INCOMPLETE, f"GitHub told {len(content):,} of the {size:,} bytes of {path}", "try again")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise incomplete(INCOMPLETE, f"{path} is no UTF-8, and cannot be read", "write it as UTF-8") from None
