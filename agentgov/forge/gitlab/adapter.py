"""GitLab as the port: each word of it is one function of `reading`, `people` or `telling`. Decides nothing."""

from collections.abc import Sequence
from typing import Literal

from agentgov.forge.gitlab import people, reading, telling
from agentgov.forge.gitlab.api import Api
from agentgov.forge.port import (
    Account,
    Comment,
    Commit,
    File,
    ForgePort,
    Permission,
    Project,
    PublishedStatus,
    PullRequest,
    Pushers,
    Review,
    Status,
    Written,
)
from agentgov.net.client import Client


class GitLab(ForgePort):
    """One project on one GitLab. `status_check`: the external status check to answer instead of commit statuses."""

    def __init__(self, client: Client, name: str, status_check: int | None = None) -> None:
        self._api = Api.of(client, name)
        self._status_check = status_check

    @property
    def project(self) -> Project:
        return self._api.project

    def whoami(self) -> Account:
        return telling.whoami(self._api)

    def pull_request(self, number: int) -> PullRequest:
        return reading.merge_request(self._api, number)

    def pull_requests(self, *, since: int, state: Literal["open", "closed", "all"] = "all") -> Sequence[PullRequest]:
        return reading.merge_requests(self._api, since, state)

    def pull_requests_of(self, commit: str) -> Sequence[PullRequest]:
        return reading.merge_requests_of(self._api, commit)

    def commits(self, pull_request: PullRequest) -> tuple[Commit, ...]:
        return reading.commits(self._api, pull_request.number)

    def files(self, pull_request: PullRequest) -> tuple[File, ...]:
        return reading.files(self._api, pull_request)

    def files_of(self, commit: str) -> tuple[File, ...]:
        return reading.files_of(self._api, commit)

    def reviews(self, pull_request: PullRequest) -> tuple[Review, ...]:
        return reading.reviews(self._api, pull_request.number)

    def pushers(self, pull_request: PullRequest, commits: Sequence[Commit]) -> Pushers:
        return reading.pushers(self._api, pull_request)

    def text(self, path: str, commit: str) -> str | None:
        return reading.text(self._api, path, commit)

    def team(self, handle: str) -> tuple[Account, ...] | None:
        return people.team(self._api, handle)

    def permission(self, account: Account) -> Permission:
        return people.permission(self._api, account)

    def account(self, login: str) -> Account | None:
        return people.account(self._api, login)

    def administrators(self) -> tuple[Account, ...]:
        return people.administrators(self._api)

    def tip(self, branch: str) -> str:
        return reading.tip(self._api, branch)

    def comments(self, number: int) -> tuple[Comment, ...]:
        return telling.comments(self._api, number)

    def create_comment(self, number: int, body: str) -> Comment:
        return telling.create_comment(self._api, number, body)

    def update_comment(self, number: int, comment: int, body: str) -> Comment:
        return telling.update_comment(self._api, number, comment, body)

    def statuses(self, commit: str, name: str) -> tuple[PublishedStatus, ...]:
        return telling.statuses(self._api, commit, name)

    def publish(self, status: Status, pull_request: PullRequest | None = None) -> Written:
        if self._status_check is not None and pull_request is not None:
            return telling.publish_check(self._api, status, pull_request.number, self._status_check)
        return telling.publish(self._api, status, pull_request)

    def publish_release(self, tag: str, title: str, body: str) -> Written:
        return telling.publish_release(self._api, tag, title, body)

    def refs_of(self, pull_request: PullRequest) -> tuple[str, ...]:
        return (f"refs/merge-requests/{pull_request.number}/head",)
