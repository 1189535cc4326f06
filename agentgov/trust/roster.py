"""People, teams and administrators by id, and how long a binding holds: the part of Access that needs no keys.

Whatever could mean two is nobody, so an ambiguous Access never gives a right. Looks at no clock: a day is an argument.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from agentgov.model.access import Access, Binding
from agentgov.trust.verbs import ADMINISTRATOR

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Roster(msgspec.Struct, frozen=True):
    """Who there is, by id; cheap to make for one question."""

    people: frozenset[str]
    teams: Mapping[str, frozenset[str]]
    administrators: frozenset[str]

    def members(self, selector: str) -> frozenset[str]:
        """The people that a person's id, `team:<id>` or `role:administrator` selects; empty for anything else."""
        if selector == f"role:{ADMINISTRATOR}":
            return self.administrators
        if selector.startswith("team:"):
            return self.teams.get(selector.removeprefix("team:"), frozenset())
        return self.people & {selector}


def roster(access: Access) -> Roster:
    """The roster of an Access: ids that stand twice are left out, administrators are people and teams, never roles."""
    people = only_once(person.id for person in access.people) - {bot.id for bot in access.bots}
    single = only_once(team.id for team in access.teams)
    teams = {team.id: people.intersection(team.members) for team in access.teams if team.id in single}
    plain = Roster(people, teams, frozenset())
    return Roster(people, teams, frozenset[str]().union(*map(plain.members, access.administrators.who)))


def last_day(binding: Binding) -> date | None:
    """The last day (UTC) of a binding, None where it has no end; an end that cannot be read has passed long ago."""
    if not binding.until:
        return None
    try:
        return date.fromisoformat(binding.until) if _DATE.match(binding.until) else date.min
    except ValueError:
        return date.min


def in_force(binding: Binding, today: date | None) -> bool:
    """Whether a binding still holds; where the day is not known, only one without an end does."""
    end = last_day(binding)
    return end is None or (today is not None and today <= end)


def only_once(ids: Iterable[str]) -> frozenset[str]:
    """Those that stand exactly once."""
    seen: set[str] = set()
    twice: set[str] = set()
    for item in ids:
        (twice if item in seen else seen).add(item)
    return frozenset(seen - twice)


def ascii_lower(text: str) -> str:
    """Lower case of A to Z alone: what looks alike in other alphabets stays different."""
    return text.lower() if text.isascii() else "".join(char.lower() if char.isascii() else char for char in text)
