"""What a pull request is compared with: a commit of its target branch that holds nothing of it.

Reviews bind what a commit changes since its merge base with this one, so how the pull request was merged must not
matter. Reads the clone, asks no forge.
"""

from agentgov.forge.port import PullRequest
from agentgov.repo.repository import Repository


def base_of(repo: Repository, pull_request: PullRequest) -> str:
    """The commit to compare with. For one that is not merged it is what the forge says.

    Merged by a merge commit: main just before it, its first parent. Squashed or rebased: the commit that main got, for
    it descends from none of the reviewed ones. Fast-forwarded, so that main holds the very commits: what the forge
    says. The commits that are needed have to be here (`commits_of_base`).
    """
    merged = pull_request.merge_commit
    if pull_request.state != "merged" or merged is None or not repo.has(merged):
        return pull_request.base
    parents = repo.commit(merged).parents
    if len(parents) > 1:
        return parents[0]
    head = pull_request.head
    if head == merged or (repo.has(head) and repo.is_ancestor(head, merged)):
        return pull_request.base
    return merged


def commits_of_base(pull_request: PullRequest) -> tuple[str, ...]:
    """The commits that `base_of` looks at."""
    merged = pull_request.merge_commit if pull_request.state == "merged" else None
    return (pull_request.base, *((merged, pull_request.head) if merged is not None else ()))
