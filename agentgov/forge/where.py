"""Which forge and which repository is meant: by flags, by the environment, by the address of the remote. Pure.

Never by a file of the repository or of an event: whoever could write there would name the host that gets the token.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from agentgov.errors import ConfigurationError
from agentgov.forge.reasons import UNKNOWN_PROJECT, misconfigured
from agentgov.net.address import parse_base
from agentgov.net.tokens import Token
from agentgov.trust.identity import Forge

FORGE = "AGENTGOV_FORGE"
FORGE_URL = "AGENTGOV_FORGE_URL"
STATUS_CHECK = "AGENTGOV_GITLAB_STATUS_CHECK"
APIS: Mapping[str, tuple[Forge, str]] = {
    "github.com": ("github", "https://api.github.com"),
    "gitlab.com": ("gitlab", "https://gitlab.com/api/v4"),
}
_HINT = "say which: --forge github|gitlab --project OWNER/NAME --api-url URL"
_NAME = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ForgeOptions:
    """What the flags --forge, --project and --api-url say; empty where they say nothing."""

    forge: str = ""
    project: str = ""
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """A repository on a forge, and how one is known there. `project` is owner/name, or the full path on GitLab;
    `status_check` the number of GitLab's external status check that is to be answered, if one is."""

    forge: Forge
    api_url: str
    project: str
    token: Token | None = None
    status_check: int | None = None


def locate(options: ForgeOptions, environ: Mapping[str, str], remote_url: str) -> Where:
    """The repository that is meant: each part by its flag, else by AGENTGOV_FORGE and AGENTGOV_FORGE_URL, else by
    GitHub Actions or GitLab CI, else by the remote on github.com or gitlab.com ("" where there is no remote).

    The token is not looked for. ConfigurationError where a part is not known.
    """
    found = _around(options.forge, environ, remote_url)
    forge = options.forge or (found.forge if found else "")
    api_url = options.api_url or (found.api_url if found else _usual(forge))
    project = options.project or (found.project if found else "")
    if forge not in ("github", "gitlab"):
        raise misconfigured(UNKNOWN_PROJECT, "it is not known on which forge this repository is", _HINT)
    if not api_url:
        raise misconfigured(UNKNOWN_PROJECT, "the address of the forge is not known", _HINT)
    if not is_project(project) or (forge == "github" and project.count("/") != 1):
        raise misconfigured(UNKNOWN_PROJECT, f"it is not known which repository of {forge} is meant", _HINT)
    check = _number(environ.get(STATUS_CHECK, "")) if forge == "gitlab" else None
    return Where(cast(Forge, forge), parse_base(api_url).url, project, status_check=check)


def is_project(name: str) -> bool:
    """Whether a text has the form of a repository's name on a forge."""
    return _NAME.fullmatch(name) is not None and not {".", ".."} & set(name.split("/")) and len(name) <= 500


def _number(text: str) -> int | None:
    """The number of a status check, None where none is set."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        what = f"{STATUS_CHECK} is no number"
        raise misconfigured(UNKNOWN_PROJECT, what, "it is the id that GitLab shows for the external status check")
    return int(text)


def _around(wanted: str, environ: Mapping[str, str], remote_url: str) -> Where | None:
    """What the surroundings say, as far as it fits the forge that is wanted."""
    host, path = _remote(remote_url)
    said = environ.get(FORGE, "")
    if said and said not in ("github", "gitlab"):
        raise ConfigurationError(f"{FORGE} is neither github nor gitlab", rule="forge.unknown-project")
    candidates = []
    if said:
        candidates.append((said, environ.get(FORGE_URL, "") or _usual(said), path))
    if environ.get("GITHUB_ACTIONS") == "true":
        candidates.append(("github", environ.get("GITHUB_API_URL", ""), environ.get("GITHUB_REPOSITORY", "")))
    if environ.get("GITLAB_CI") == "true":
        candidates.append(("gitlab", environ.get("CI_API_V4_URL", ""), environ.get("CI_PROJECT_PATH", "")))
    if host in APIS:
        candidates.append((*APIS[host], path))
    fitting = (Where(cast(Forge, one), url, name) for one, url, name in candidates if wanted in ("", one))
    return next(fitting, None)


def _usual(forge: str) -> str:
    return next((url for one, url in APIS.values() if one == forge), "")


def _remote(url: str) -> tuple[str, str]:
    """Host and path of a remote's address: https://, ssh://, or host:path as scp writes it; empty where it is none."""
    if "://" in url:
        try:
            parts = urlsplit(url)
            host, path = (parts.hostname or "", parts.path) if parts.scheme in ("https", "ssh", "git+ssh") else ("", "")
        except ValueError:
            return "", ""
    else:
        before, colon, path = url.partition(":")
        host = before.rpartition("@")[2] if colon and "/" not in before else ""
    return host.lower(), path.strip("/").removesuffix(".git") if host else ""
