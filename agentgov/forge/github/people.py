"""Who the token is, who is in a team, and what an account may do. Numbers decide; a login is how one asks."""

from agentgov.errors import ConfigurationError, RefusedError
from agentgov.forge.github import shapes
from agentgov.forge.github.asking import Asking, quoted
from agentgov.forge.github.shapes import account
from agentgov.forge.port import Account, Permission
from agentgov.forge.reasons import MOVED, TEAM_HIDDEN, TOKEN, UNREACHABLE, incomplete
from agentgov.net.client import Client
from agentgov.net.decoding import decoded

_VIEWER = "query { viewer { databaseId login } }"
_PERMISSIONS: dict[str, Permission] = {
    "admin": "admin",
    "maintain": "maintain",
    "write": "write",
    "triage": "triage",
    "read": "read",
    "none": "none",
}


def read_own_account(client: Client) -> Account:
    """Whose token it is. An installation of an app may not ask REST for that, and asks GraphQL."""
    try:
        answer = client.get("/user")
    except RefusedError:
        return _viewer(client)
    found = account(decoded(answer, shapes.User, "GET /user"))
    if found is None:
        raise incomplete(UNREACHABLE, "GET /user: GitHub does not say who the token is", "try again")
    return found


def _viewer(client: Client) -> Account:
    path = graphql_path(client.base.path)
    told = decoded(client.query_beside(path, {"query": _VIEWER}), shapes.GraphQL, f"POST {path}").data.viewer
    return Account(told.database_id, told.login, told.login.endswith("[bot]"))


def graphql_path(rest: str) -> str:
    """Where GraphQL is for an API whose REST is below a path: `/api/v3` of GitHub Enterprise Server has it beside."""
    return f"{rest.removesuffix('/v3')}/graphql"


def read_team(asking: Asking, handle: str) -> tuple[Account, ...] | None:
    """The members of @org/team and of the teams below it; None where there is no such team.

    GitHub says 404 both for a team that is not there and to who may not see it. So it counts as not there only where
    the token sees the organisation's teams and it is not one of them: a secret team owns nothing on GitHub either.
    IncompleteError (`forge.team-hidden`) where the teams cannot be seen.
    """
    org, _, slug = handle.removeprefix("@").partition("/")
    path = f"/orgs/{quoted(org)}/teams"
    try:
        members = asking.listed(f"{path}/{quoted(slug)}/members", shapes.User)
    except (ConfigurationError, RefusedError) as error:
        if error.rule == "forge.token":
            raise
        if _names_no(asking, path, slug):
            return None
        hint = "let the token read the organisation's members (Members: read, or read:org)"
        raise incomplete(TEAM_HIDDEN, f"the members of {handle} cannot be seen", hint) from error
    return tuple(found for one in members if (found := account(one)) is not None)


def _names_no(asking: Asking, path: str, slug: str) -> bool:
    """Whether the organisation shows its teams, and this is none of them."""
    try:
        teams = asking.listed(path, shapes.Team)
    except (ConfigurationError, RefusedError):
        return False
    return slug.lower() not in {one.slug.lower() for one in teams}


def read_permission(asking: Asking, who: Account) -> Permission:
    """What an account may do in the repository. IncompleteError where its login is somebody else's by now."""
    told = asking.one(f"{asking.root}/collaborators/{quoted(who.login)}/permission", shapes.Role)
    if told is None or told.user is None:
        return "none"
    if told.user.id != who.id:
        raise incomplete(MOVED, f"the login {who.login} changed hands while it was looked at", "try again")
    return _PERMISSIONS.get(told.role_name) or _PERMISSIONS.get(told.permission, "none")


def read_account(asking: Asking, login: str) -> Account | None:
    """Who has a login now; None where nobody has."""
    told = asking.one(f"/users/{quoted(login)}", shapes.User)
    return None if told is None else account(told)


def read_administrators(asking: Asking) -> tuple[Account, ...]:
    """Who administers the repository; nobody where the token may not list that."""
    try:
        told = asking.listed(f"{asking.root}/collaborators", shapes.User, {"permission": "admin"})
    except (ConfigurationError, RefusedError) as error:
        if error.rule == TOKEN:
            raise
        return ()
    return tuple(found for one in told if (found := account(one)) is not None)
