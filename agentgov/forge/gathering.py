"""Ask a forge for all that a verdict by commits rests on, in one piece. Decides nothing.

Only what can change the verdict is asked for: the owners of what is changed, and the files of commits that came after
an approval. Whatever moved meanwhile starts it over once; twice is an IncompleteError.
"""

from collections.abc import Callable, Collection, Iterable

from agentgov.forge.facts import (
    ROLES,
    Owned,
    People,
    asks_administrators,
    commits_to_look_into,
    is_team,
    needed_owners,
    paths_of,
    pull_request_facts,
)
from agentgov.forge.port import Account, Change, ForgePort, Permission, PullRequest
from agentgov.forge.reading import read_change
from agentgov.forge.reasons import MOVED, incomplete
from agentgov.owners.codeowners import places
from agentgov.review.electorate import RANKS
from agentgov.review.facts import BrokenGlass, Facts, Policy
from agentgov.review.votes import OPINIONS

_MEMBERS_ASKED = 20  # of a team, to say who could unblock; one who may review is looked for among all


def gather_facts(
    forge: ForgePort,
    number: int,
    policy: Policy,
    *,
    break_glass: BrokenGlass | None = None,
    updates_of: Callable[[Change, str], Collection[str]] | None = None,
) -> Facts:
    """The facts of a pull request as it stands.

    `updates_of` says which of its commits are clean merges of the target branch, whose tip it is given; a forge cannot.
    CODEOWNERS is that of the target branch as it is now, not as it was when the pull request was opened.
    IncompleteError where the forge does not tell all of it (`forge.incomplete`), where a team cannot be seen
    (`forge.team-hidden`), or where it kept changing (`forge.moved`).
    """
    for _ in range(2):
        change = read_change(forge, number)
        asked, tip = change.pull_request, forge.tip(change.pull_request.base_ref)
        owned = Owned(_codeowners(forge, asked, tip), _codeowners_of_head(forge, change, policy))
        files_of = {sha: paths_of(forge.files_of(sha)) for sha in commits_to_look_into(change, policy)}
        paths = tuple(dict.fromkeys((*paths_of(change.files), *(path for told in files_of.values() for path in told))))
        owners = needed_owners(owned, paths, policy, asked.project.forge)
        named = (break_glass.by,) if break_glass is not None else ()
        asking = _Asking(forge, policy)
        people = asking.people(owners, change, named)
        if asks_administrators(owned, paths_of(change.files), policy, asked.project.forge, asking.answering):
            people = asking.with_administrators(people)
        if _same_owners(forge, asked, tip, owned) and forge.pull_request(number).same_question(asked):
            updates = updates_of(change, tip) if updates_of is not None and policy.ignore_update_merges else ()
            return pull_request_facts(
                change, people, owned, files_of, policy, break_glass=break_glass, update_merges=updates
            )
    hint = "try again when nobody pushes to it or to its target"
    raise incomplete(MOVED, f"pull request {number} changed while it was read", hint)


def _codeowners(forge: ForgePort, pull_request: PullRequest, commit: str) -> str | None:
    """The file that decides at a commit; None where there is none."""
    for place in places(pull_request.project.forge):
        text = forge.text(place, commit)
        if text is not None:
            return text
    return None


def _same_owners(forge: ForgePort, pull_request: PullRequest, tip: str, owned: Owned) -> bool:
    """Whether the target branch still says who owns what as it did at `tip`."""
    now = forge.tip(pull_request.base_ref)
    return now == tip or _codeowners(forge, pull_request, now) == owned.base


def _codeowners_of_head(forge: ForgePort, change: Change, policy: Policy) -> str | None:
    """The file as the pull request would have it, where the policy asks for both and it is changed."""
    asked = change.pull_request
    touched = set(paths_of(change.files)) & set(places(asked.project.forge))
    return (_codeowners(forge, asked, asked.head) or "") if touched and policy.require_both_branches else None


class _Asking:
    """Asks for people, for each of them once."""

    def __init__(self, forge: ForgePort, policy: Policy) -> None:
        self._forge, self._least = forge, RANKS[policy.min_role]
        self._levels: dict[int, tuple[Account, Permission]] = {}
        self.answering: set[str] = set()

    def people(self, owners: Iterable[str], change: Change, named: Iterable[str] = ()) -> People:
        """The owners, whoever has an opinion, and logins that are named, with what each of them may do."""
        teams: dict[str, tuple[Account, ...]] = {}
        for review in change.reviews:
            if review.by is not None and review.state in OPINIONS:
                self._level(review.by)
        for owner in owners:
            members = self._forge.team(owner) if is_team(owner, change.pull_request.project) else None
            if members is not None:
                teams[owner] = members
                found = self._look_among(members)
            else:
                found = owner.startswith("@") and "/" not in owner and self._look_up(owner.removeprefix("@"))
            if found:
                self.answering.add(owner)
        for login in named:
            self._look_up(login)
        return People(teams, dict(self._levels.values()))

    def with_administrators(self, people: People) -> People:
        """The same with those who administer the repository, as far as the forge lists them."""
        for account in self._forge.administrators():
            self._levels.setdefault(account.id, (account, "admin"))
        return People(people.teams, dict(self._levels.values()))

    def _look_up(self, login: str) -> bool:
        """Whether there is somebody of that login who may review."""
        account = self._forge.account(login)
        return account is not None and self._may_review(account)

    def _look_among(self, members: tuple[Account, ...]) -> bool:
        """Whether one of them may review. The first are all asked for, so that they can be named."""
        found = False
        for place, member in enumerate(members):
            if place >= _MEMBERS_ASKED and found:
                break
            found = self._may_review(member) or found
        return found

    def _may_review(self, account: Account) -> bool:
        return RANKS.get(ROLES.get(self._level(account), ""), 0) >= self._least and not account.bot

    def _level(self, account: Account) -> Permission:
        if account.id not in self._levels:
            self._levels[account.id] = (account, self._forge.permission(account))
        return self._levels[account.id][1]
