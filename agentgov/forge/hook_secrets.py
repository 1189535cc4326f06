"""The secrets that deliveries are judged by, read from private files; one line each, two while one is exchanged.

Never from a flag, the environment itself, git, or a file of the repository.
"""

from collections.abc import Mapping
from pathlib import Path

from agentgov.forge.reasons import HOOK_UNCONFIGURED, misconfigured
from agentgov.forge.webhooks import Secrets, Sender
from agentgov.net.posting import SIGNING, signing_key
from agentgov.net.private import private_lines

VARIABLES: Mapping[Sender, str] = {
    "github": "AGENTGOV_GITHUB_WEBHOOK_SECRET_FILE",
    "gitlab": "AGENTGOV_GITLAB_WEBHOOK_SECRET_FILE",
    "wake": "AGENTGOV_WAKE_SECRET_FILE",
}
SHORTEST = 16  # characters of a secret
_MOST = 2  # secrets at a time


def secrets_from(environ: Mapping[str, str]) -> Secrets:
    """What the files hold that the environment names; nothing for a sender that has none.

    ConfigurationError (`hook.unconfigured`) for a file that others can read, or a secret that is none.
    """
    github, _ = _of("github", environ)
    gitlab, signing = _of("gitlab", environ)
    _, wake = _of("wake", environ)
    return Secrets(github, gitlab, signing, wake)


def _of(sender: Sender, environ: Mapping[str, str]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Plain secrets, which a call to wake has none of, and the keys of signing tokens, which GitHub has none of."""
    variable = VARIABLES[sender]
    name = environ.get(variable, "")
    hint = f"{variable}=FILE, with the secret of the webhook in a file that only you can read (chmod 600)"
    if not name:
        return (), ()
    lines = private_lines(Path(name), variable, hint, HOOK_UNCONFIGURED, most=_MOST)
    plain, signing = [], []
    for line in lines:
        key = signing_key(line) if sender != "github" else None
        if key is not None:
            signing.append(key)
        elif not _is_plain(sender, line):
            least = f"of the form {SIGNING}..." if sender == "wake" else f"of at least {SHORTEST} characters"
            what = f"{name}, which {variable} names, holds no secret {least}"
            raise misconfigured(HOOK_UNCONFIGURED, what, hint)
        else:
            plain.append(line.encode())
    if not lines:
        raise misconfigured(HOOK_UNCONFIGURED, f"{name}, which {variable} names, is empty", hint)
    return tuple(plain), tuple(signing)


def _is_plain(sender: Sender, line: str) -> bool:
    meant = sender == "wake" or (sender == "gitlab" and line.startswith(SIGNING))  # to be a signing token
    return not meant and "\ufffd" not in line and len(line) >= SHORTEST
