"""Who the people of a facts file are: one id for every spelling of a login, teams, roles, scopes, bots.

Logins and team handles are compared without regard to case, as forges do. Knows nothing of the change.
"""

from functools import cache

from agentgov.review.facts import Facts
from agentgov.review.votes import Why

RANKS = {"viewer": 1, "operator": 2, "administrator": 3}  # a role that is not here gives no right to review
_EVERYWHERE = frozenset({"", "*", "**"})


class Electorate:
    """Answers from the facts alone; built once."""

    def __init__(self, facts: Facts) -> None:
        self._spelling: dict[str, str] = {}
        self._ranks = {self.person(login): RANKS.get(role, 0) for login, role in facts.roles.items()}
        self._teams = {f"@{handle.lower().lstrip('@')}": self.people(who) for handle, who in facts.teams.items()}
        self._emails = {email.lower(): self.person(login) for email, login in facts.emails.items()}
        self._bots = self.people(facts.bots)
        self._trusted_bots = self.people(facts.policy.bots_may_approve)
        self._scopes = {self.person(login): paths for login, paths in facts.scopes.items()}
        self._least = RANKS[facts.policy.min_role]
        self.administrators = frozenset(who for who, rank in self._ranks.items() if rank == RANKS["administrator"])
        self.everybody = frozenset(self._ranks)
        self.members = cache(self._members)

    def person(self, login: str) -> str:
        """The id of a person: the first spelling of the login that was met."""
        return self._spelling.setdefault(login.lower(), login)

    def people(self, logins: tuple[str, ...]) -> frozenset[str]:
        """The ids of several people."""
        return frozenset(self.person(login) for login in logins)

    def why_not(self, person: str, path: str | None) -> Why | None:
        """Why somebody may not approve a path (None: the change as a whole), whoever wrote it; None where they may."""
        if self._is_bot(person) and person not in self._trusted_bots:
            return Why.BOT
        return None if self.has_role(person, path, self._least) else Why.ROLE

    def has_role(self, person: str, path: str | None, least: int = RANKS["operator"]) -> bool:
        """Whether somebody has that rank at least, and a scope that holds the path."""
        if self._ranks.get(person, 0) < least:
            return False
        scopes = self._scopes.get(person)
        return scopes is None or path is None or any(_holds(scope, path) for scope in scopes)

    def may_break_glass(self, person: str, paths: tuple[str, ...]) -> bool:
        """Whether somebody is a human administrator of all these paths."""
        if self._is_bot(person):
            return False
        return all(self.has_role(person, path, RANKS["administrator"]) for path in (None, *paths))

    def _members(self, owner: str) -> frozenset[str]:
        """The people that an owner in CODEOWNERS means; nobody where it is unknown."""
        name = owner.lower()
        if name in self._teams:
            return self._teams[name]
        if name in self._emails:
            return frozenset({self._emails[name]})
        known = "/" not in name and "@" not in name[1:]
        return frozenset({self.person(owner.removeprefix("@"))}) if known else frozenset()

    def _is_bot(self, person: str) -> bool:
        # No human login holds a bracket, so a bot that the file forgot to list is still one.
        return person in self._bots or person.endswith("[bot]")


def _holds(scope: str, path: str) -> bool:
    folder = scope.rstrip("/")
    return folder in _EVERYWHERE or path == folder or path.startswith(f"{folder}/")
