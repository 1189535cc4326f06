"""What GitLab tells of merge requests, as the port's values. Complete, or IncompleteError; decides nothing.

An account's reviews and pushes are worked out in `approvals` and `pushes`. Files are for judging by commits only: a
fleet is judged by its contents, in git.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Literal

from agentgov.errors import ConfigurationError, IncompleteError, RefusedError
from agentgov.forge.gitlab import shapes
from agentgov.forge.gitlab.api import Api, project_of
from agentgov.forge.gitlab.approvals import is_mark, reviews_of
from agentgov.forge.gitlab.people import behind
from agentgov.forge.gitlab.pushes import noted_pushers, pushers_of
from agentgov.forge.gitlab.shapes import seconds
from agentgov.forge.port import Account, Commit, File, Project, PullRequest, Push, Pushers, Review
from agentgov.forge.reasons import INCOMPLETE, MOVED, REVIEW_COMMIT, incomplete
from agentgov.net.decoding import decoded

_STATES: dict[str, Literal["open", "closed", "merged"]] = {"merged": "merged", "closed": "closed"}
_MOST_EVENTS = 3000  # of a project; a branch that began before those is not told of whole
_MOST_TEXT = 3 * 1024 * 1024
_NOTES = {"sort": "asc", "order_by": "created_at"}


def merge_request(api: Api, number: int) -> PullRequest:
    """A merge request. IncompleteError (`forge.moved`) while GitLab prepares it."""
    told = api.one(shapes.MergeRequest, f"merge_requests/{number}", f"merge request {number}")
    refs = told.diff_refs
    if told.sha is None or refs is None or refs.start_sha is None or refs.head_sha != told.sha:
        what = f"GitLab still prepares merge request {number}"
        raise incomplete(MOVED, what, "try again in a minute; a merge request without commits has nothing to judge")
    state = _STATES.get(told.state, "open")
    merged = told.merge_commit_sha or told.squash_commit_sha or told.sha
    return PullRequest(
        project=api.project,
        number=told.iid,
        title=told.title,
        state=state,
        draft=bool(told.draft or told.work_in_progress),
        author=told.author.account if told.author is not None else None,
        base_ref=told.target_branch,
        base=refs.start_sha,
        head_ref=told.source_branch,
        head=told.sha,
        head_project=_head_project(api, told.source_project_id),
        merge_commit=merged if state == "merged" else None,
        commits=None,
        files=_count(told.changes_count),
        created=seconds(told.created_at),
        updated=seconds(told.updated_at),
        url=told.web_url,
    )


def _head_project(api: Api, number: int | None) -> Project | None:
    if number is None or number == api.project.id:
        return None if number is None else api.project
    try:
        return project_of(api.client, str(number))
    except RefusedError:
        return None


def _count(told: str | None) -> int | None:
    """How many files GitLab counts; it stops counting at 1000+."""
    return int(told) if told is not None and told.isascii() and told.isdigit() else None


def merge_requests(api: Api, since: int, state: Literal["open", "closed", "all"]) -> tuple[PullRequest, ...]:
    """Those updated at or after a time, oldest update first.

    Listed in the order of their making: in the order of updates one would slip through between two pages. Those that
    GitLab still prepares are left out, since there is nothing yet that anybody could have reviewed.
    """
    after = datetime.fromtimestamp(max(since - 1, 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = {"scope": "all", "state": "opened" if state == "open" else "all", "updated_after": after}
    listed = api.all(
        shapes.Numbered, "merge_requests", "merge requests", {**query, "order_by": "created_at", "sort": "asc"}
    )
    numbers = {one.iid for one in listed if state != "closed" or one.state != "opened"}
    found = (_prepared(api, number) for number in sorted(numbers))
    wanted = (one for one in found if one is not None and one.updated >= since)
    return tuple(sorted(wanted, key=lambda one: (one.updated, one.number)))


def _prepared(api: Api, number: int) -> PullRequest | None:
    try:
        return merge_request(api, number)
    except IncompleteError as error:
        if error.rule != MOVED:
            raise
        return None


def merge_requests_of(api: Api, commit: str) -> tuple[PullRequest, ...]:
    """Those of the project that hold or brought a commit."""
    listed = api.all(shapes.Numbered, f"repository/commits/{commit}/merge_requests", f"commit {commit[:9]}")
    ours = sorted({one.iid for one in listed if one.target_project_id == api.project.id})
    return tuple(merge_request(api, number) for number in ours)


def commits(api: Api, number: int) -> tuple[Commit, ...]:
    """A merge request's commits, oldest first. GitLab tells addresses of people here, of which few prove an account."""
    below, what = f"merge_requests/{number}/commits", f"the commits of merge request {number}"
    told = tuple(api.all(shapes.Commit, below, what))[::-1]
    who = behind(api, (address for one in told for address in (one.author_email, one.committer_email)))
    return tuple(
        Commit(one.id, one.parent_ids, who.get(one.author_email), who.get(one.committer_email), one.message)
        for one in told
    )


def files(api: Api, pull_request: PullRequest) -> tuple[File, ...]:
    """The files a merge request changes; IncompleteError (`forge.incomplete`) where GitLab stopped counting them."""
    number = pull_request.number
    if pull_request.files is None:
        what = f"merge request {number} changes more files than GitLab counts"
        raise incomplete(INCOMPLETE, what, "judge it by its contents, in a clone with the journal")
    return _files(api, f"merge_requests/{number}/diffs", f"the files of merge request {number}")


def files_of(api: Api, commit: str) -> tuple[File, ...]:
    """The files that one commit changes."""
    return _files(api, f"repository/commits/{commit}/diff", f"the files of commit {commit[:9]}")


def _files(api: Api, below: str, what: str) -> tuple[File, ...]:
    return tuple(_file(one) for one in api.all(shapes.Diff, below, what))


def _file(told: shapes.Diff) -> File:
    if told.renamed_file:
        return File(told.new_path, "renamed", told.old_path)
    status: Literal["added", "modified", "removed"] = "removed" if told.deleted_file else "modified"
    return File(told.new_path, "added" if told.new_file else status)


def reviews(api: Api, number: int) -> tuple[Review, ...]:
    """The reviews of a merge request, oldest first; read once over where approvals changed meanwhile."""
    before = _approvals(api, number)
    for _ in range(2):
        notes = tuple(note for note in _notes(api, number) if is_mark(note))
        versions = tuple(api.all(shapes.Version, f"merge_requests/{number}/versions", f"versions of {number}"))
        asked = api.one(tuple[shapes.Reviewer, ...], f"merge_requests/{number}/reviewers", f"reviewers of {number}")
        after = _approvals(api, number)
        if before == after:
            return _with_bots(api, reviews_of(notes, versions, after, asked))
        before = after
    raise incomplete(MOVED, f"approvals of merge request {number} changed while they were read", "try again")


def _approvals(api: Api, number: int) -> tuple[shapes.Approval, ...]:
    below = f"merge_requests/{number}/approvals"
    return api.one(shapes.Approvals, below, f"the approvals of merge request {number}").approved_by


def _notes(api: Api, number: int) -> Iterator[shapes.Note]:
    below, query = f"merge_requests/{number}/notes", {**_NOTES, "activity_filter": "only_activity"}
    return api.all(shapes.Note, below, f"the notes of merge request {number}", query)


def _with_bots(api: Api, told: tuple[Review, ...]) -> tuple[Review, ...]:
    """The reviews with what GitLab tells of their accounts: bots, and those that are gone."""
    asked: dict[int, Account | None] = {}
    for review in told:
        if review.by is not None and review.by.id not in asked:
            answer = api.client.find(f"/users/{review.by.id}")
            asked[review.by.id] = None if answer is None else decoded(answer, shapes.User, "a user").account
    return tuple(_by(review, asked[review.by.id] if review.by is not None else None) for review in told)


def _by(review: Review, account: Account | None) -> Review:
    return Review(review.id, account, review.state, review.commit, review.submitted, review.why_no_commit)


def pushers(api: Api, pull_request: PullRequest) -> Pushers:
    """Who pushed to the head branch; not known where the fork is hidden, or GitLab does not tell of the last push."""
    author = (pull_request.author,) if pull_request.author is not None else ()
    noted = noted_pushers(_notes(api, pull_request.number))
    told = _told_pushers(api, pull_request)
    accounts = {account.id: account for account in (*author, *noted, *told.accounts)}
    unknown = Counter(account.id for account in noted) - Counter(push.by.id for push in told.pushes)
    pushes = (*told.pushes, *(Push(accounts[number]) for number in unknown))
    return Pushers(tuple(accounts.values()), told.known, told.last, pushes)


def _told_pushers(api: Api, pull_request: PullRequest) -> Pushers:
    project = pull_request.head_project
    if project is None:
        return Pushers((), known=False)
    try:
        return pushers_of(_events(api, project), pull_request.head_ref, pull_request.head)
    except (ConfigurationError, RefusedError) as error:
        if pull_request.fork and error.rule in ("forge.unknown-project", "forge.permission"):
            return Pushers((), known=False)
        raise


def _events(api: Api, project: Project) -> Iterator[shapes.Event | None]:
    """A project's pushes, newest first, and None where there are more than are read."""
    query = {"action": "pushed", "sort": "desc"}
    told = api.everywhere(shapes.Event, f"/projects/{project.id}/events", "pushes", query)
    yield from islice(told, _MOST_EVENTS)
    yield None if next(told, None) is not None else shapes.Event()


def text(api: Api, path: str, commit: str) -> str | None:
    """A file at a commit; None where that commit holds none. IncompleteError where the commit itself is not there."""
    answer = api.client.find(api.path(f"repository/files/{shapes.encoded(path)}/raw"), {"ref": commit})
    if answer is None:
        if api.client.find(api.path(f"repository/commits/{commit}")) is None:
            raise incomplete(REVIEW_COMMIT, f"GitLab has no commit {commit[:9]}", "try again")
        return None
    if len(answer.body) > _MOST_TEXT:
        raise incomplete(INCOMPLETE, f"{path} is larger than 3 MiB", "read it in a clone")
    try:
        return answer.body.decode()
    except UnicodeDecodeError:
        raise incomplete(INCOMPLETE, f"{path} is no UTF-8 text", "read it in a clone") from None


def tip(api: Api, branch: str) -> str:
    """The commit that a branch is at."""
    return api.one(shapes.Branch, f"repository/branches/{shapes.encoded(branch)}", f"the branch {branch}").commit.id
