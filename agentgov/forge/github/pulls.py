"""Pull requests as GitHub tells them: themselves, their commits, files and reviews. Reads; decides nothing."""

from agentgov.forge.github import shapes
from agentgov.forge.github.asking import Asking, Query, check_size, quoted
from agentgov.forge.github.shapes import account, seconds
from agentgov.forge.port import Commit, File, Project, PullRequest, Review
from agentgov.forge.reasons import INCOMPLETE, UNKNOWN_PROJECT, incomplete, misconfigured
from agentgov.net.decoding import decoded
from agentgov.review.votes import Submitted

_TOLD_FILES = 3000  # GitHub tells no more of a pull request or a commit, and does not say that it stopped
_NO_COMMIT = "GitHub does not say which commit it is of"


def read_pull(asking: Asking, number: int) -> PullRequest:
    """One pull request with its counts. ConfigurationError where there is none of that number."""
    told = asking.one(f"{asking.root}/pulls/{number}", shapes.Pull)
    if told is None:
        raise misconfigured(UNKNOWN_PROJECT, f"there is no pull request {number} in {asking.project.name}")
    if told.number != number or told.commits is None or told.changed_files is None:
        raise incomplete(INCOMPLETE, f"GitHub told another pull request than {number}, or half of it", "try again")
    return _pull(asking, told)


def list_pulls(asking: Asking, since: int, state: str) -> list[PullRequest]:
    """Those updated at or after a time, oldest update first.

    Read from the newest on, so that one that is updated meanwhile is at worst left for the next time.
    """
    path, found = f"{asking.root}/pulls", dict[int, PullRequest]()
    query: Query = {"state": state, "sort": "updated", "direction": "desc", "per_page": 100}
    for answer in asking.client.pages(path, query):
        told = decoded(answer, list[shapes.Pull], f"GET {path}")
        for one in told:
            if seconds(one.updated_at) >= since:
                found.setdefault(one.number, _pull(asking, one))
        check_size(path, len(found))
        if told and seconds(told[-1].updated_at) < since:
            break
    return sorted(found.values(), key=lambda pull: (pull.updated, pull.number))


def list_pulls_of(asking: Asking, commit: str) -> list[PullRequest]:
    """Those that a commit came with."""
    return [_pull(asking, one) for one in asking.listed(f"{asking.root}/commits/{commit}/pulls", shapes.Pull)]


def read_tip(asking: Asking, branch: str) -> str:
    """The commit that a branch is at. ConfigurationError where there is no such branch."""
    told = asking.one(f"{asking.root}/branches/{quoted(branch)}", shapes.Branch)
    if told is None:
        raise misconfigured(UNKNOWN_PROJECT, f"there is no branch {branch} in {asking.project.name}")
    return told.commit.sha


def read_commits(asking: Asking, number: int) -> tuple[Commit, ...]:
    """The commits of a pull request, oldest first: the first 250, which is all that GitHub tells."""
    told = asking.listed(f"{asking.root}/pulls/{number}/commits", shapes.Commit)
    return tuple(
        Commit(
            one.sha,
            tuple(parent.sha for parent in one.parents),
            account(one.author),
            account(one.committer),
            one.commit.message,
        )
        for one in told
    )


def read_files(asking: Asking, number: int) -> tuple[File, ...]:
    """The changed files of a pull request: the first 3,000, which is all that GitHub tells."""
    return tuple(map(_file, asking.listed(f"{asking.root}/pulls/{number}/files", shapes.Entry)))


def read_files_of(asking: Asking, commit: str) -> tuple[File, ...]:
    """The files that a commit changes against its first parent. IncompleteError where there may be more."""
    path, found = f"{asking.root}/commits/{commit}", list[File]()
    for answer in asking.client.pages(path, {"per_page": 100}):
        told = decoded(answer, shapes.CommitFiles, f"GET {path}")
        if told.sha != commit:
            raise incomplete(INCOMPLETE, f"GET {path}: GitHub told another commit", "try again")
        found += map(_file, told.files)
    if found and len(found) % 100 == 0 and len(found) < _TOLD_FILES:
        after = asking.client.get(path, {"per_page": 100, "page": len(found) // 100 + 1})
        if decoded(after, shapes.CommitFiles, f"GET {path}").files:
            raise incomplete(INCOMPLETE, f"GET {path}: the list goes on, and does not say so", "try again")
    if len(found) >= _TOLD_FILES:
        hint = "judge it by its contents, in a clone with the journal"
        raise incomplete(INCOMPLETE, f"GitHub does not tell all the files of commit {commit[:9]}", hint)
    return tuple(found)


def read_reviews(asking: Asking, number: int) -> tuple[Review, ...]:
    """Every review, in the order in which they were submitted, which is GitHub's own."""
    path = f"{asking.root}/pulls/{number}/reviews"
    told = asking.listed(path, shapes.Review)
    if len({one.id for one in told}) != len(told):
        raise incomplete(INCOMPLETE, f"GET {path}: the list changed while it was read", "try again")
    return tuple(_review(one, path) for one in told)


def _review(told: shapes.Review, path: str) -> Review:
    state = Submitted(told.state)
    if told.submitted_at is None and state is not Submitted.PENDING:
        raise incomplete(INCOMPLETE, f"GET {path}: GitHub does not say when a review was submitted", "try again")
    when = seconds(told.submitted_at) if told.submitted_at is not None else 0
    why = _NO_COMMIT if told.commit_id is None else ""
    return Review(str(told.id), account(told.user), state, told.commit_id, when, why)


def _file(told: shapes.Entry) -> File:
    if told.status == "changed" or told.status == "unchanged":  # of another mode, or a submodule
        return File(told.filename, "modified", told.previous_filename)
    return File(told.filename, told.status, told.previous_filename)


def _pull(asking: Asking, told: shapes.Pull) -> PullRequest:
    if told.base.repo is None or told.base.repo.id != asking.project.id:
        raise incomplete(INCOMPLETE, f"GitHub told a pull request of another repository than {asking.project.name}")
    head = told.head.repo
    merged = told.merged_at is not None
    return PullRequest(
        project=asking.project,
        number=told.number,
        title=told.title,
        state="merged" if merged else told.state,
        draft=told.draft,
        author=account(told.user),
        base_ref=told.base.ref,
        base=told.base.sha,
        head_ref=told.head.ref,
        head=told.head.sha,
        head_project=Project("github", head.id, head.full_name) if head is not None else None,
        merge_commit=told.merge_commit_sha if merged else None,  # else it is the commit of a trial merge
        commits=told.commits,
        files=told.changed_files,
        created=seconds(told.created_at),
        updated=seconds(told.updated_at),
        url=told.html_url,
    )
