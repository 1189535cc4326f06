"""The verdict on a commit: a check run where the token is an app's, else a commit status. Never neutral, never twice.

A check that could not be decided fails; one that waits is in progress. GitHub lets `neutral` and `skipped` pass.
"""

from collections.abc import Sequence
from typing import Any

from agentgov.forge.github import shapes
from agentgov.forge.github.asking import Asking
from agentgov.forge.port import Account, Annotation, PublishedStatus, State, Status, Written
from agentgov.forge.reasons import INCOMPLETE, incomplete
from agentgov.net.client import InDoubtError
from agentgov.net.decoding import decoded

_TEXT = 65_535  # characters of a summary
_TITLE, _DESCRIPTION = 255, 140
_AT_ONCE = 50  # annotations of one request
_STATUS = {State.PASS: "success", State.PENDING: "pending", State.BLOCKED: "failure", State.UNKNOWN: "error"}
_READ_STATUS = {word: state for state, word in _STATUS.items()}
_CONCLUSION = {State.PASS: "success", State.BLOCKED: "failure", State.UNKNOWN: "failure"}


def read_statuses(asking: Asking, commit: str, name: str, own: Account) -> tuple[PublishedStatus, ...]:
    """What stands on a commit under a name: of each app its latest check run, and the latest commit status."""
    runs = [
        PublishedStatus(one.name, commit, _state(one), one.output.title or "", _is_ours(one, own))
        for one in _runs(asking, commit, name)
    ]
    latest = _status(asking, commit, name)
    if latest is None:
        return tuple(runs)
    mine = latest.creator is not None and latest.creator.id == own.id
    state = _READ_STATUS.get(latest.state, State.UNKNOWN)
    return (*runs, PublishedStatus(name, commit, state, latest.description or "", mine))


def publish_status(asking: Asking, status: Status, own: Account) -> Written:
    """Say it on the commit, unless it stands there already. Where no answer came, it is looked at and said again once:
    the latest counts, so saying it twice does no harm."""
    publish = _publish_run if own.bot else _publish_commit_status
    try:
        return publish(asking, status, own)
    except InDoubtError:
        return publish(asking, status, own)


def _publish_commit_status(asking: Asking, status: Status, own: Account) -> Written:
    told = {"state": _STATUS[status.state], "context": status.name, "description": status.title[:_DESCRIPTION]}
    told |= {"target_url": status.url} if status.url else {}
    latest = _status(asking, status.commit, status.name)
    if latest is not None and latest.creator is not None and latest.creator.id == own.id:
        said = (latest.state, latest.description or "", latest.target_url or "")
        if said == (told["state"], told["description"], status.url):
            return "unchanged"
    asking.client.send("POST", f"{asking.root}/statuses/{status.commit}", told)
    return "created" if latest is None else "updated"


def _publish_run(asking: Asking, status: Status, own: Account) -> Written:
    """A new run where the last one ended or has annotations, which GitHub can only add to; else the last is changed."""
    runs = [one for one in _runs(asking, status.commit, status.name) if _is_ours(one, own)]
    last = runs[0] if runs else None
    told = _run(status)
    if last is not None and _says(last, status):
        return "unchanged"
    first, *others = _batches(status.annotations)
    told["output"]["annotations"] = first
    if last is not None and last.status != "completed" and not last.output.annotations_count:
        asking.client.send("PATCH", f"{asking.root}/check-runs/{last.id}", told)
        number = last.id
    else:
        path = f"{asking.root}/check-runs"
        answer = asking.client.send("POST", path, {**told, "head_sha": status.commit})
        number = decoded(answer, shapes.CheckRun, f"POST {path}").id
    for more in others:
        told["output"]["annotations"] = more
        asking.client.send("PATCH", f"{asking.root}/check-runs/{number}", told)
    return "created" if last is None else "updated"


def _run(status: Status) -> dict[str, Any]:
    told: dict[str, Any] = {"name": status.name, "output": {"title": _title(status), "summary": _summary(status)}}
    if status.state is State.PENDING:
        told["status"] = "in_progress"
    else:
        told |= {"status": "completed", "conclusion": _CONCLUSION[status.state]}
    return told | ({"details_url": status.url} if status.url else {})


def _says(run: shapes.CheckRun, status: Status) -> bool:
    """Whether a run says all of it already."""
    done = "in_progress" if status.state is State.PENDING else "completed"
    same = (run.status, run.conclusion) == (done, _CONCLUSION.get(status.state))
    said = (run.output.title or "", shapes.as_written(run.output.summary or ""))
    same_text = said == (_title(status), _summary(status).rstrip())
    same_link = not status.url or status.url == run.details_url
    return same and same_text and same_link and run.output.annotations_count == len(status.annotations)


def _title(status: Status) -> str:
    return status.title[:_TITLE]


def _summary(status: Status) -> str:
    return (status.summary or status.title)[:_TEXT]


def _batches(annotations: Sequence[Annotation]) -> list[list[dict[str, Any]]]:
    """Annotations as GitHub takes them, so many at a time; one empty batch where there are none."""
    told = [
        {
            "path": one.path,
            "start_line": one.line,
            "end_line": one.line,
            "annotation_level": one.level,
            "title": one.title[:_TITLE],
            "message": one.message[:_TEXT],
        }
        for one in annotations
    ]
    return [told[place : place + _AT_ONCE] for place in range(0, len(told), _AT_ONCE)] or [[]]


def _runs(asking: Asking, commit: str, name: str) -> list[shapes.CheckRun]:
    """The latest run of each app under a name, newest first."""
    path, found, counted = f"{asking.root}/commits/{commit}/check-runs", list[shapes.CheckRun](), 0
    for answer in asking.client.pages(path, {"check_name": name, "filter": "latest", "per_page": 100}):
        told = decoded(answer, shapes.CheckRuns, f"GET {path}")
        found, counted = found + told.check_runs, told.total_count
    if len(found) < counted:
        raise incomplete(INCOMPLETE, f"GET {path}: GitHub counts {counted} and tells {len(found)}", "try again")
    mine = [one for one in found if one.name == name and one.head_sha == commit]
    return sorted(mine, key=lambda one: one.id, reverse=True)


def _status(asking: Asking, commit: str, name: str) -> shapes.CommitStatus | None:
    """The commit status that counts: GitHub lists the newest first."""
    told = asking.listed(f"{asking.root}/commits/{commit}/statuses", shapes.CommitStatus)
    return next((one for one in told if one.context == name), None)


def _is_ours(run: shapes.CheckRun, own: Account) -> bool:
    """Whether a run is of the app whose account this is: GitHub names the account of an app SLUG[bot]."""
    return run.app is not None and bool(run.app.slug) and own.bot and own.login == f"{run.app.slug}[bot]"


def _state(run: shapes.CheckRun) -> State:
    if run.status != "completed":
        return State.PENDING
    return {"success": State.PASS, "failure": State.BLOCKED}.get(run.conclusion or "", State.UNKNOWN)
