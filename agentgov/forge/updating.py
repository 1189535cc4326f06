"""Which commits of a pull request only bring it up to date with its target. Reads the clone, asks no forge.

No forge says that a merge was clean; the objects do, so it is worked out from them, and never taken from a message, a
committer or a signature. What the clone cannot tell is no update: it counts as work.
"""

from collections.abc import Iterable
from contextlib import suppress

from agentgov.errors import AgentgovError
from agentgov.repo.merging import is_automatic_merge
from agentgov.repo.repository import Repository

_MOST = 50  # merges looked at, the oldest first


def update_merges(repo: Repository, commits: Iterable[str], tip: str) -> frozenset[str]:
    """Those of a pull request's commits that merge its target branch, now at `tip`, without touching anything by hand.

    The first parent is a commit of the pull request and the second one is in the target branch, as buttons of forges
    and `git merge main` make it. The other way round it is work: the branch was then not updated, but begun anew.
    """
    own = dict.fromkeys(commits)
    found, looked = set[str](), 0
    for commit in own:
        with suppress(AgentgovError):
            parents = repo.commit(commit).parents
            if len(parents) != 2 or parents[0] not in own:
                continue
            looked += 1
            if looked > _MOST:
                break
            ours, theirs = (repo.is_ancestor(parent, tip) for parent in parents)
            if theirs and not ours and is_automatic_merge(repo, commit):
                found.add(commit)
    return frozenset(found)
