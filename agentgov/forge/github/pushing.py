"""Who pushed to the head of a pull request: everybody, or it is said that somebody may be missing.

GitHub keeps who moved a branch (the activity of the repository it is in). Followed back from the head without a gap,
to where the branch was made or still held nothing of the pull request, it names everybody. An empty list, one that
lags behind, a fork that is gone or hidden do not mean that nobody else pushed.
"""

from collections.abc import Sequence

from agentgov.errors import ConfigurationError, RefusedError
from agentgov.forge.github import shapes
from agentgov.forge.github.asking import Asking, quoted
from agentgov.forge.github.shapes import WEB_FLOW, account
from agentgov.forge.port import Account, Commit, PullRequest, Push, Pushers

_NOTHING = "0" * 40


def read_pushers(asking: Asking, pull_request: PullRequest, commits: Sequence[Commit]) -> Pushers:
    """The opener, whoever pushed, and whom GitHub takes for authors and committers, by number.

    `commits` are those of the pull request. `known` is False where there may be others who pushed.
    """
    moves = _moves(asking, pull_request)
    found = [pull_request.author, *(account(move.actor) for move in moves or ())]
    found += [who for commit in commits for who in (commit.author, commit.committer)]
    known = moves is not None and _is_whole(pull_request.head, moves, _before(commits))
    if not known:
        found += _forced(asking, pull_request.number)
    people = {who.id: who for who in reversed(found) if who is not None and who.id != WEB_FLOW}
    last = next((account(move.actor) for move in moves or () if move.after == pull_request.head), None)
    pushes = tuple(Push(who, move.before, move.after) for move in moves or () if (who := account(move.actor)))
    return Pushers(tuple(sorted(people.values(), key=lambda who: who.id)), known, last, pushes)


def _moves(asking: Asking, pull_request: PullRequest) -> list[shapes.Activity] | None:
    """How the head branch moved, newest first; None where nobody may know."""
    if pull_request.head_project is None:
        return None
    path = f"/repos/{quoted(pull_request.head_project.name)}/activity"
    ref = f"refs/heads/{pull_request.head_ref}"
    try:
        told = asking.listed(path, shapes.Activity, {"ref": ref}, numbered=False)
    except (ConfigurationError, RefusedError):  # a fork that is gone, or that this token may not look into
        return None
    return [move for move in told if move.ref == ref]


def _is_whole(head: str, moves: Sequence[shapes.Activity], before: frozenset[str]) -> bool:
    """Whether the moves lead from the head back to nothing, or to commits before the pull request, without a gap;
    and whether each of them has somebody who made it."""
    at, used = head, set[int]()
    while at not in before:
        place = next((i for i, move in enumerate(moves) if move.after == at and i not in used), None)
        if place is None or moves[place].actor is None:
            return False
        used.add(place)
        at = moves[place].before
        if at == _NOTHING:
            return True
    return bool(used)


def _before(commits: Sequence[Commit]) -> frozenset[str]:
    """The commits that the pull request grows from: parents of its commits that are none of them."""
    own = {commit.sha for commit in commits}
    return frozenset(parent for commit in commits for parent in commit.parents if parent not in own)


def _forced(asking: Asking, number: int) -> list[Account | None]:
    """Who set the head back, as the pull request itself remembers."""
    told = asking.listed(f"{asking.root}/issues/{number}/timeline", shapes.Happening)
    return [account(one.actor) for one in told if one.event == "head_ref_force_pushed"]
