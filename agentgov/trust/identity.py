"""Who is meant: people and bots by key, e-mail, account, team and role, from Access and nothing else.

Membership of a forge's team never counts. What could mean two is nobody here; `problems` (decided in `soundness`) names
what makes an Access unfit to be used at all. Nothing here looks at a signature or a clock.
"""

from collections.abc import Iterable
from datetime import date
from typing import Literal, TypeVar

import msgspec

from agentgov.model.access import Access, BotKind, Person
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import Verdict
from agentgov.trust.keys import PublicKey, parse_public_key
from agentgov.trust.material import OPENPGP
from agentgov.trust.permissions import decide_permission
from agentgov.trust.roster import ascii_lower, in_force, only_once, roster
from agentgov.trust.soundness import problems
from agentgov.trust.verbs import ADMINISTRATOR

__all__ = ["Directory", "Forge", "Identity", "problems"]

Name = TypeVar("Name")
Value = TypeVar("Value")
Forge = Literal["github", "gitlab"]
_MOST_ANSWERS = 4096


class Identity(msgspec.Struct, frozen=True):
    """Whose key it is: a person, or a bot with its kind."""

    kind: Literal["person", "bot"]
    id: str
    bot_kind: BotKind | None = None


class Directory:
    """Finds people and bots; built once from an Access, then only read.

    Keys whose fingerprints are `revoked` are nobody's from then on, whoever lists them.
    """

    __slots__ = (
        "_access",
        "_accounts",
        "_answers",
        "_bindings",
        "_bots",
        "_certificates",
        "_dead",
        "_emails",
        "_handles",
        "_keys",
        "_people",
        "_roster",
    )

    def __init__(self, access: Access, revoked: frozenset[str] = frozenset()) -> None:
        self._access, self._dead = access, revoked
        self._answers: dict[tuple[str, str, AgentId | None, Environment | None, date], Verdict] = {}
        self._roster = roster(access)
        self._bindings = access.bindings
        self._people = {person.id: person for person in access.people if person.id in self._roster.people}
        single = only_once((*(bot.id for bot in access.bots), *(person.id for person in access.people)))
        self._bots = {bot.id: bot for bot in access.bots if bot.id in single}
        listed = list(self._listed_keys())
        self._keys = _sole((key.blob, identity) for key, identity in listed)
        certificates = (PublicKey(OPENPGP, key.blob) for key, _ in listed if key.kind == OPENPGP)
        self._certificates = _sole((name, key) for key in certificates for name, _ in key.parts)
        people = self._people.values()
        self._emails = _sole((ascii_lower(email), person.id) for person in people for email in person.emails)
        self._handles = _sole((ascii_lower(handle), team.id) for team in access.teams for handle in team.handles)
        self._accounts: dict[Forge, dict[str, str]] = {
            "github": _sole((ascii_lower(person.github.login), person.id) for person in people if person.github),
            "gitlab": _sole((ascii_lower(person.gitlab.login), person.id) for person in people if person.gitlab),
        }

    @property
    def administrators(self) -> frozenset[str]:
        """Everybody who administers the fleet."""
        return self._roster.administrators

    def permission(
        self, who: str, verb: str, agent: AgentId | None, environment: Environment | None, today: date
    ) -> Verdict:
        """As `decide_permission` by this Access; a journal asks the same of the same people thousands of times."""
        question = (who, verb, agent, environment, today)
        found = self._answers.get(question)
        if found is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            found = self._answers[question] = decide_permission(self._access, *question)
        return found

    def person(self, person_id: str) -> Person | None:
        """The person with that id."""
        return self._people.get(person_id)

    def is_bot(self, any_id: str) -> bool:
        """Whether a bot has that id."""
        return any_id in self._bots

    def by_key(self, key: PublicKey | str) -> Identity | None:
        """Whose key it is; None for a key of nobody or of two, for one that is revoked, and for a line that is none."""
        if isinstance(key, str):
            try:
                key = parse_public_key(key)
            except ValueError:
                return None
        return None if self._dead and key.fingerprint in self._dead else self._keys.get(key.blob)

    def lister_of(self, key: PublicKey) -> Identity | None:
        """Whose key Access lists this one as, revoked or not: good for excluding somebody, never for a right."""
        return self._keys.get(key.blob)

    @property
    def lists_openpgp(self) -> bool:
        """Whether anybody lists an OpenPGP certificate."""
        return bool(self._certificates)

    def is_revoked(self, key: PublicKey) -> bool:
        """Whether the key is dead."""
        return bool(self._dead) and key.fingerprint in self._dead

    def living_keys(self, any_id: str) -> tuple[PublicKey, ...]:
        """The keys that Access lists for a person or a bot and that are not revoked."""
        listed = [(key, who) for key, who in self._listed_keys() if who.id == any_id]
        return tuple(key for key, who in listed if self.by_key(key) == who)

    def certificate(self, fingerprint: str) -> PublicKey | None:
        """The OpenPGP certificate that holds a key with that fingerprint (hex, lower case); None for none or two."""
        return self._certificates.get(fingerprint)

    def by_email(self, email: str) -> str | None:
        """The id of the person with that e-mail address; the case of A to Z does not matter, as on forges.

        An address is a claim of whoever wrote a commit: it may exclude somebody, it never gives a right.
        """
        return self._emails.get(ascii_lower(email))

    def by_account(self, forge: Forge, number: int) -> str | None:
        """The id of the person with that numeric account id on a forge; logins change hands, numbers do not."""
        found = [
            person.id
            for person in self._people.values()
            if (account := person.github if forge == "github" else person.gitlab) is not None and account.id == number
        ]
        return found[0] if len(found) == 1 else None

    def by_handle(self, handle: str, forge: Forge | None = None) -> frozenset[str] | None:
        """The people that an owner in CODEOWNERS means: a team's handle, `@login`, or an e-mail address.

        None where it means nobody known. Without `forge`, a login that is two people on two forges is nobody.
        """
        name = ascii_lower(handle)
        if name in self._handles:
            return self._roster.members(f"team:{self._handles[name]}") or None
        if name.startswith("@"):
            accounts = [self._accounts[forge]] if forge else list(self._accounts.values())
            found = {known[name[1:]] for known in accounts if name[1:] in known}
        else:
            found = {self._emails[name]} if name in self._emails else set()
        return frozenset(found) if len(found) == 1 else None

    def members(self, selector: str, today: date | None = None) -> frozenset[str]:
        """The people that one entry of a who-list selects: a person's id, `team:<id>`, `role:<name>`.

        A role selects everybody to whom a binding in force gives it, in whatever scope. Without `today` a binding that
        ends some day is not counted, because it cannot be told whether it has ended.
        """
        if not selector.startswith("role:") or selector == f"role:{ADMINISTRATOR}":
            return self._roster.members(selector)
        role = selector.removeprefix("role:")
        bound = (binding for binding in self._bindings if binding.role == role and in_force(binding, today))
        return frozenset[str]().union(*(self._roster.members(entry) for binding in bound for entry in binding.who))

    def administrators_among(self, keys: Iterable[PublicKey]) -> frozenset[str]:
        """The administrators who hold these keys; two keys of one person are one administrator."""
        owners = {found.id for key in keys if (found := self.by_key(key)) is not None}
        return self._roster.administrators & owners

    def _listed_keys(self) -> Iterable[tuple[PublicKey, Identity]]:
        holders = [(Identity("person", person.id), person.keys) for person in self._people.values()]
        holders += [(Identity("bot", bot.id, bot.kind), bot.keys) for bot in self._bots.values()]
        for identity, lines in holders:
            for line in lines:
                try:
                    yield parse_public_key(line), identity
                except ValueError:
                    continue  # `problems` names it


def _sole(pairs: Iterable[tuple[Name, Value]]) -> dict[Name, Value]:
    """A mapping without the names that mean two different things."""
    found: dict[Name, Value] = {}
    ambiguous: set[Name] = set()
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            ambiguous.add(name)
    return {name: value for name, value in found.items() if name not in ambiguous}
