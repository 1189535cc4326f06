"""What is told on GitLab: notes, commit statuses or an external status check, and the page of a release.

Decides nothing; nothing is written that stands there already. A line that begins with a slash is a command to GitLab
(`/merge`, `/approve`), carried out with the token's rights: no such line is ever sent.
"""

import re

from agentgov.errors import RefusedError
from agentgov.forge.gitlab import shapes
from agentgov.forge.gitlab.api import Api
from agentgov.forge.port import Account, Comment, PublishedStatus, PullRequest, State, Status, Written
from agentgov.forge.reasons import PERMISSION, refused
from agentgov.net.client import InDoubtError
from agentgov.net.decoding import decoded

_COMMAND = re.compile(r"^([^\S\n]*)/", re.MULTILINE)
_MOST_TITLE = 140
_TO_GITLAB = {State.PASS: "success", State.PENDING: "pending", State.BLOCKED: "failed", State.UNKNOWN: "failed"}
_TO_CHECK = {State.PASS: "passed", State.PENDING: "pending", State.BLOCKED: "failed", State.UNKNOWN: "failed"}
_FROM_GITLAB = {
    "success": State.PASS,
    "failed": State.BLOCKED,
    "created": State.PENDING,
    "pending": State.PENDING,
    "running": State.PENDING,
}
_WAITING = ("created", "pending", "running")


def harmless(body: str) -> str:
    """A note's text without a line that GitLab would take for a command: its slash is escaped, and shown as it was."""
    return _COMMAND.sub(r"\1\\/", body.replace("\r\n", "\n").replace("\r", "\n"))


def whoami(api: Api) -> Account:
    """The account of the token; that of a project's or group's token is a bot of its own."""
    return decoded(api.client.get("/user"), shapes.User, "the token's account").account


def comments(api: Api, number: int) -> tuple[Comment, ...]:
    """What people and bots wrote under a merge request, oldest first."""
    query = {"sort": "asc", "order_by": "created_at", "activity_filter": "only_comments"}
    told = api.all(shapes.Note, f"merge_requests/{number}/notes", f"the notes of merge request {number}", query)
    return tuple(_comment(note) for note in told if not note.system)


def create_comment(api: Api, number: int, body: str) -> Comment:
    """A new note; where no answer came, the token's own one that says the same is taken for it."""
    try:
        answer = api.client.send("POST", api.path(f"merge_requests/{number}/notes"), {"body": harmless(body)})
    except InDoubtError:
        me = whoami(api).id
        for note in reversed(comments(api, number)):
            if note.by is not None and note.by.id == me and _lines(note.body) == _lines(harmless(body)):
                return note
        raise
    return _comment(decoded(answer, shapes.Note, "the new note"))


def update_comment(api: Api, number: int, note: int, body: str) -> Comment:
    """Another text for a note that stands."""
    answer = api.client.send("PUT", api.path(f"merge_requests/{number}/notes/{note}"), {"body": harmless(body)})
    return _comment(decoded(answer, shapes.Note, "the changed note"))


def _comment(note: shapes.Note) -> Comment:
    return Comment(note.id, note.author.account if note.author is not None else None, note.body)


def statuses(api: Api, commit: str, name: str) -> tuple[PublishedStatus, ...]:
    """What is said of a commit under a name, by whomever."""
    me = whoami(api)
    return tuple(_status(one, me) for one in _statuses(api, commit, name))


def _statuses(api: Api, commit: str, name: str) -> list[shapes.CommitStatus]:
    below = f"repository/commits/{commit}/statuses"
    told = api.all(shapes.CommitStatus, below, f"the statuses of {commit[:9]}", {"name": name})
    return [one for one in told if one.name == name and one.sha == commit]


def _status(told: shapes.CommitStatus, me: Account) -> PublishedStatus:
    state = _FROM_GITLAB.get(told.status, State.UNKNOWN)
    own = told.author is not None and told.author.id == me.id
    return PublishedStatus(told.name, told.sha, state, told.description or "", own)


def publish(api: Api, status: Status, pull_request: PullRequest | None) -> Written:
    """Say it on the commit, in the merge request's newest pipeline of that commit where there is one.

    GitLab takes no other words for a status that waits while it goes on waiting: those are left as they are.
    """
    me, title, state = whoami(api), status.title[:_MOST_TITLE], _TO_GITLAB[status.state]
    newest = _newest(api, status, me)
    if newest is not None and _stands(newest, state, title):
        return "unchanged"
    body: dict[str, str | int] = {"state": state, "name": status.name, "description": title}
    body |= {"target_url": status.url} if status.url else {}
    body |= _place(api, status.commit, pull_request)
    try:
        api.client.send("POST", api.path(f"statuses/{status.commit}"), body)
    except (InDoubtError, RefusedError):  # it may be there: written without an answer, or by another run meanwhile
        now = _newest(api, status, me)
        if now is None or not _stands(now, state, title):
            raise
    return "created" if newest is None else "updated"


def _newest(api: Api, status: Status, me: Account) -> shapes.CommitStatus | None:
    """What this account said last of the commit under that name."""
    told = _statuses(api, status.commit, status.name)
    own = [one for one in told if one.author is not None and one.author.id == me.id]
    return max(own, key=lambda one: one.id, default=None)


def _stands(newest: shapes.CommitStatus, state: str, title: str) -> bool:
    if state == "pending":
        return newest.status in _WAITING
    return newest.status == state and (newest.description or "") == title


def _place(api: Api, commit: str, pull_request: PullRequest | None) -> dict[str, str | int]:
    """The pipeline a status belongs into, so that "pipelines must succeed" looks at it; else the branch."""
    if pull_request is None:
        return {}
    below = f"merge_requests/{pull_request.number}/pipelines"
    told = api.all(shapes.Pipeline, below, f"the pipelines of merge request {pull_request.number}")
    ours = [one.id for one in told if one.sha == commit and one.project_id in (None, api.project.id)]
    if ours:
        return {"pipeline_id": max(ours)}
    return {"ref": f"refs/merge-requests/{pull_request.number}/head" if pull_request.fork else pull_request.head_ref}


def publish_check(api: Api, status: Status, number: int, check: int) -> Written:
    """Answer an external status check of a merge request (GitLab Ultimate). One that waits is failed by GitLab itself
    after two minutes; it is answered again with the next run."""
    told = api.all(shapes.StatusCheck, f"merge_requests/{number}/status_checks", f"status checks of {number}")
    before = next((one for one in told if one.id == check), None)
    if before is None:
        what = f"merge request {number} has no external status check {check}"
        raise refused(PERMISSION, what, "AGENTGOV_GITLAB_STATUS_CHECK is the number of one of this project")
    if before.status == _TO_CHECK[status.state] and status.state is not State.PENDING:
        return "unchanged"
    body = {"sha": status.commit, "external_status_check_id": check, "status": _TO_CHECK[status.state]}
    api.client.send("POST", api.path(f"merge_requests/{number}/status_check_responses"), body)
    return "updated"


def publish_release(api: Api, tag: str, title: str, body: str) -> Written:
    """The page of a tag that exists; a page that another account made is left alone (RefusedError)."""
    name = shapes.encoded(tag)
    before = api.found(shapes.Release, f"releases/{name}", f"the release {tag}")
    if before is None:
        if api.client.find(api.path(f"repository/tags/{name}")) is None:
            raise refused(PERMISSION, f"GitLab has no tag {tag}", "push it first: git push origin TAG")
        api.client.send("POST", api.path("releases"), {"tag_name": tag, "name": title, "description": body})
        return "created"
    if (before.name, _lines(before.description)) == (title, _lines(body)):
        return "unchanged"
    if before.author is None or before.author.id != whoami(api).id:
        what = f"the page of {tag} was made by another account"
        raise refused(PERMISSION, what, "remove it, or change it by hand")
    api.client.send("PUT", api.path(f"releases/{name}"), {"name": title, "description": body})
    return "updated"


def _lines(text: str | None) -> str:
    """A text as it was before GitLab kept it: without the carriage returns and the space at its end."""
    return (text or "").replace("\r", "").rstrip()
