"""Read a pull request whole, in one piece: what the forge counts is there, and nothing moved while it was read.

Decides nothing about reviews; what is not complete is raised, never handed on.
"""

from agentgov.errors import IncompleteError
from agentgov.forge.port import Change, Commit, File, ForgePort, PullRequest
from agentgov.forge.reasons import INCOMPLETE, MOVED, incomplete


def read_change(forge: ForgePort, number: int, *, commits: bool = True, files: bool = True) -> Change:
    """A pull request with its commits, files, reviews and pushers; without `commits` or `files` those stay empty.

    IncompleteError (`forge.incomplete`) where the forge counts more than it tells, (`forge.moved`) where the pull
    request changed twice while it was read.
    """
    before = forge.pull_request(number)
    for _ in range(2):
        try:
            change = _read(forge, before, commits=commits, files=files)
        except IncompleteError as error:
            if error.rule != INCOMPLETE or before.same_question(after := forge.pull_request(number)):
                raise
        else:
            after = forge.pull_request(number)
            if before.same_question(after):
                return change
        before = after
    hint = "try again when nobody pushes to it"
    raise incomplete(MOVED, f"pull request {number} changed while it was read", hint)


def _read(forge: ForgePort, pull_request: PullRequest, *, commits: bool, files: bool) -> Change:
    its_commits = forge.commits(pull_request) if commits else ()
    its_files = forge.files(pull_request) if files else ()
    _count(pull_request, its_commits, its_files, commits=commits, files=files)
    return Change(
        pull_request, its_commits, its_files, forge.reviews(pull_request), forge.pushers(pull_request, its_commits)
    )


def _count(
    pull_request: PullRequest,
    its_commits: tuple[Commit, ...],
    its_files: tuple[File, ...],
    *,
    commits: bool,
    files: bool,
) -> None:
    for asked, name, told, counted in (
        (commits, "commits", len(its_commits), pull_request.commits),
        (files, "files", len(its_files), pull_request.files),
    ):
        if asked and counted is not None and told != counted:
            what = f"pull request {pull_request.number} has {counted} {name}, and the forge tells {told} of them"
            raise incomplete(INCOMPLETE, what, "judge it by its contents, in a clone with the journal")
    if commits and (not its_commits or its_commits[-1].sha != pull_request.head):
        what = f"the commits that the forge tells of pull request {pull_request.number} do not end at its head"
        raise incomplete(INCOMPLETE, what, "try again")
