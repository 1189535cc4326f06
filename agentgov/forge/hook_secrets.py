"""The secrets that deliveries are judged by, read from private files; one line each, two while one is exchanged.

Never from a flag, the environment itself, git, or a file of the repository.
"""

from collections.abc import Mapping
from pathlib import Path

from agentgov.forge.reasons import HOOK_UNCONFIGURED, misconfigured
from agentgov.forge.webhooks import Secrets
from agentgov.net.posting import SIGNING, signing_key
from agentgov.net.private import private_lines
from agentgov.trust.identity import Forge

VARIABLES: Mapping[Forge, str] = {
    "github": "AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE",
    "gitlab": "AGENTGOV_GITLAB_WEBHOOK_SECRET_FILE",
}
SHORTEST = 16  # characters of a secret
_MOST = 2  # secrets at a time


def secrets_from(environ: Mapping[str, str]) -> Secrets:
    """What the files hold that the environment names; nothing for a forge that has none.

    ConfigurationError (`hook.unconfigured`) for a file that others can read, or a secret that is none.
    """
    github, _ = _of("github", environ)
    gitlab, signing = _of("gitlab", environ)
    return Secrets(github, gitlab, signing)


def _of(forge: Forge, environ: Mapping[str, str]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Plain secrets, and the keys of signing tokens, which only GitLab has."""
    variable = VARIABLES[forge]
    name = environ.get(variable, "")
    hint = f"{variable}=FILE, with the secret of the webhook in a file that only you can read (chmod 600)"
    if not name:
        return (), ()
    lines = private_lines(Path(name), variable, hint, HOOK_UNCONFIGURED, most=_MOST)
    plain, signing = [], []
    for line in lines:
        key = signing_key(line) if forge == "gitlab" else None
        if key is not None:
            signing.append(key)
        elif (forge == "gitlab" and line.startswith(SIGNING)) or "\ufffd" in line or len(line) < SHORTEST:
            what = f"{name}, which {variable} names, holds no secret of at least {SHORTEST} characters"
            raise misconfigured(HOOK_UNCONFIGURED, what, hint)
        else:
            plain.append(line.encode())
    if not lines:
        raise misconfigured(HOOK_UNCONFIGURED, f"{name}, which {variable} names, is empty", hint)
    return tuple(plain), tuple(signing)
