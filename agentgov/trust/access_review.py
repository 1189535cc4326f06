"""Who could do what, all of it at once: every person and bot with their keys, rights and what became of them.

The rights are those of `permissions` and nothing else, so this page and `can` cannot disagree. Says what an access
review looks for: rights that ended or end soon, people who have rights and never used any, keys that are dead. Decides
from values: no journal, no clock; `last` says who acted when, `revoked` which keys are dead.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from agentgov.model.access import Access, Bot, Person
from agentgov.model.document import Environment
from agentgov.model.verdict import Location
from agentgov.trust.keys import PublicKey, parse_public_key
from agentgov.trust.permissions import BOT_ACTS, VERBS, Grant, standing
from agentgov.trust.roster import Roster, roster

SOON = timedelta(days=30)

Standing = Literal["in-force", "ending", "ended"]


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key as Access lists it; `dead` keys sign nothing any more."""

    key: PublicKey
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Right:
    """What one binding, or being an administrator, gives to one person."""

    role: str
    via: str
    verbs: tuple[str, ...]
    agents: tuple[str, ...]
    environments: tuple[Environment, ...]
    until: date | None
    standing: Standing
    where: Location


@dataclass(frozen=True, slots=True)
class LastAct:
    """The last act of somebody: its number in the journal, its kind, and journal time after it."""

    seq: int
    kind: str
    time: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A person with their rights, or a bot with the acts of its kind."""

    id: str
    kind: Literal["person", "bot"]
    name: str
    administrator: bool
    teams: tuple[str, ...]
    accounts: tuple[str, ...]
    keys: tuple[HeldKey, ...]
    rights: tuple[Right, ...]  # of a person
    acts: tuple[str, ...] = ()  # of a bot
    last: LastAct | None = None

    @property
    def able(self) -> bool:
        """Whether any key of theirs can sign."""
        return any(not one.dead for one in self.keys)


@dataclass(frozen=True, slots=True)
class AccessReview:
    """Everybody, in the order of the file, people first; and what somebody should look at."""

    administrators: tuple[str, ...]
    threshold: int
    holders: tuple[Holder, ...]
    acts_known: bool  # whether anybody looked who acted

    @property
    def unused(self) -> tuple[str, ...]:
        """People who have a right that is more than looking, and never acted; empty where acts are not known."""
        found = (one for one in self.holders if one.kind == "person" and one.last is None and _acts(one))
        return tuple(one.id for one in found) if self.acts_known else ()

    @property
    def without_rights(self) -> tuple[str, ...]:
        """People whom nothing gives any right."""
        return tuple(
            one.id
            for one in self.holders
            if one.kind == "person" and all(right.standing == "ended" for right in one.rights)
        )

    @property
    def without_keys(self) -> tuple[str, ...]:
        """People with rights that take a signature, and bots, who have no key that could sign."""
        return tuple(one.id for one in self.holders if not one.able and (one.kind == "bot" or _acts(one)))

    @property
    def dead_keys(self) -> tuple[tuple[str, str], ...]:
        """Holder and fingerprint of every dead key that Access still lists."""
        return tuple((one.id, held.key.fingerprint) for one in self.holders for held in one.keys if held.dead)

    def rights(self, standing: Standing) -> tuple[tuple[str, Right], ...]:
        """Person and right, of those that are in force, ending soon, or ended."""
        return tuple((one.id, right) for one in self.holders for right in one.rights if right.standing == standing)


def access_review(
    access: Access,
    today: date,
    last: Mapping[str, LastAct] | None = None,
    revoked: Collection[str] = frozenset(),
) -> AccessReview:
    """Who could do what on a day under an Access.

    `last` is the last act of each actor (`person:<id>`, `bot:<id>`), None where nobody looked; `revoked` are the
    fingerprints of the keys that were dead by then.
    """
    known, acted = roster(access), last or {}
    rights = _rights(access, today)
    people = (_person(one, access, known, _held(one.keys, revoked), rights.get(one.id, ())) for one in access.people)
    bots = (_bot(one, _held(one.keys, revoked)) for one in access.bots)
    holders = tuple(replace(one, last=acted.get(f"{one.kind}:{one.id}")) for one in (*people, *bots))
    return AccessReview(tuple(sorted(known.administrators)), access.administrators.threshold, holders, last is not None)


def _person(
    person: Person, access: Access, known: Roster, keys: tuple[HeldKey, ...], rights: tuple[Right, ...]
) -> Holder:
    teams = tuple(team.id for team in access.teams if person.id in known.teams.get(team.id, ()))
    forges = (("github", person.github), ("gitlab", person.gitlab))
    accounts = tuple(f"{forge}:{account.login}" for forge, account in forges if account is not None)
    administers = person.id in known.administrators
    return Holder(person.id, "person", person.name, administers, teams, accounts, keys, rights)


def _bot(bot: Bot, keys: tuple[HeldKey, ...]) -> Holder:
    return Holder(bot.id, "bot", bot.kind, False, (), (), keys, (), tuple(sorted(BOT_ACTS[bot.kind])))


def _rights(access: Access, today: date) -> dict[str, tuple[Right, ...]]:
    """The grants of all verbs by person, one right for each binding."""
    grants: dict[tuple[str, int], tuple[Grant, list[str]]] = {}
    for verb in VERBS:
        for grant in standing(access, verb, date.min):
            place = -1 if grant.binding is None else grant.binding
            grants.setdefault((grant.person, place), (grant, []))[1].append(verb)
    found: dict[str, tuple[Right, ...]] = {}
    for person, place in sorted(grants):
        grant, verbs = grants[person, place]
        role = "administrator" if grant.binding is None else access.bindings[grant.binding].role
        via = role if grant.binding is None else grant.via
        state = _standing(grant.until, today)
        right = Right(role, via, tuple(verbs), grant.agents, grant.environments, grant.until, state, grant.where)
        found[person] = (*found.get(person, ()), right)
    return found


def _standing(until: date | None, today: date) -> Standing:
    if until is None or until > today + SOON:
        return "in-force"
    return "ending" if until >= today else "ended"


def _held(lines: tuple[str, ...], revoked: Collection[str]) -> tuple[HeldKey, ...]:
    found = []
    for line in lines:
        try:
            key = parse_public_key(line)
        except ValueError:
            continue  # `soundness` names it, and such an Access is refused
        found.append(HeldKey(key, key.fingerprint in revoked))
    return tuple(found)


def _acts(holder: Holder) -> bool:
    """Whether a person has a right that is used by signing something."""
    verbs = (verb for right in holder.rights if right.standing != "ended" for verb in right.verbs)
    return any("logged in" not in VERBS[verb].signed_by for verb in verbs)
