"""The adapter of a forge, loaded when it is asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentgov.forge.port import ForgePort
from agentgov.forge.where import Where

if TYPE_CHECKING:
    from agentgov.net.client import Client, Kept

TOKENS = {"github": ("GITHUB_TOKEN", "GH_TOKEN"), "gitlab": ("GITLAB_TOKEN",)}
_HEADERS = {
    "github": {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"},
    "gitlab": {"accept": "application/json"},
}


def open_client(
    where: Where,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    deadline: float = 60.0,
    kept: "Kept | None" = None,
) -> "Client":
    """A client for that forge, with the headers it asks for. `deadline`: seconds for all requests together."""
    from agentgov.net.client import Client

    headers = _HEADERS[where.forge]
    return Client(where.api_url, where.token, clock=clock, sleep=sleep, deadline=deadline, headers=headers, kept=kept)


def open_forge(where: Where, client: "Client") -> ForgePort:
    """The port to that repository; asks the forge which one it is.

    ConfigurationError (`forge.unknown-project`) where there is no such repository, or none that the token may see.
    """
    if where.forge == "gitlab":
        from agentgov.forge.gitlab.adapter import GitLab

        return GitLab(client, where.project, where.status_check)
    from agentgov.forge.github.adapter import GitHub

    return GitHub(client, where.project)
