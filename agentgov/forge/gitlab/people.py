"""Who is who on GitLab: members of groups, rights in the project, accounts by login. Decides nothing."""

import re
from collections.abc import Iterable, Mapping

from agentgov.errors import ConfigurationError, RefusedError
from agentgov.forge.gitlab import shapes
from agentgov.forge.gitlab.api import Api
from agentgov.forge.port import Account, Permission
from agentgov.forge.reasons import TEAM_HIDDEN, incomplete
from agentgov.net.decoding import decoded

_OWNER = 50
_LEVELS: tuple[tuple[int, Permission], ...] = (
    (_OWNER, "admin"),
    (40, "maintain"),
    (30, "write"),
    (20, "triage"),
    (5, "read"),
)
_DEVELOPER = 30
_PRIVATE = re.compile(r"([0-9]{1,18})-[A-Za-z0-9_.-]{1,255}@users\.noreply\.[^@\s]{1,253}", re.ASCII)
_MOST_AUTHORS = 50  # looked up for one merge request; of more than that the rest stay unknown


def team(api: Api, handle: str) -> tuple[Account, ...] | None:
    """The direct members of @group/sub from Developer on, as GitLab lets a group own code; None for a person's name.

    IncompleteError (`forge.team-hidden`) where the token does not see the group: GitLab does not say whether it exists.
    """
    name = handle.removeprefix("@")
    if api.client.find(f"/groups/{shapes.encoded(name)}") is None:
        query = {"username": name}
        if "/" not in name and any(api.everywhere(shapes.User, "/users", f"the user {name}", query)):
            return None
        what = f"the members of {handle} cannot be seen, or there is no such group"
        raise incomplete(TEAM_HIDDEN, what, "let the token's account be a member of that group")
    members = api.everywhere(shapes.Member, f"/groups/{shapes.encoded(name)}/members", f"the members of {handle}")
    return tuple(Account(one.id, one.username) for one in members if one.active and one.access_level >= _DEVELOPER)


def permission(api: Api, account: Account) -> Permission:
    """What an account may do in the project, through any group."""
    member = api.found(shapes.Member, f"members/all/{account.id}", f"the member {account.id}")
    if member is None or not member.active:
        return "none"
    return next((name for level, name in _LEVELS if member.access_level >= level), "none")


def account(api: Api, login: str) -> Account | None:
    """Who has a login now; None where nobody has."""
    told = api.everywhere(shapes.User, "/users", f"the user {login}", {"username": login})
    found = next((one for one in told if one.username.lower() == login.lower()), None)
    answer = api.client.find(f"/users/{found.id}") if found is not None else None  # a list does not tell of bots
    return None if answer is None else decoded(answer, shapes.User, f"the user {login}").account


def behind(api: Api, addresses: Iterable[str]) -> Mapping[str, Account]:
    """The accounts that private addresses of GitLab (`7-ana@users.noreply.gitlab.com`) name by their number.

    Any other address names nobody. It is a claim, as every author of a commit is.
    """
    numbers = {address: int(match[1]) for address in addresses if (match := _PRIVATE.fullmatch(address)) is not None}
    known: dict[int, Account] = {}
    for number in list(dict.fromkeys(numbers.values()))[:_MOST_AUTHORS]:
        answer = api.client.find(f"/users/{number}")
        if answer is not None:
            known[number] = decoded(answer, shapes.User, f"the user {number}").account
    return {address: known[number] for address, number in numbers.items() if number in known}


def administrators(api: Api) -> tuple[Account, ...]:
    """The owners of the project, directly or through a group; nobody where the token may not list them."""
    try:
        told = tuple(api.all(shapes.Member, "members/all", "the members"))
    except (ConfigurationError, RefusedError):
        return ()
    return tuple(Account(one.id, one.username) for one in told if one.active and one.access_level >= _OWNER)
