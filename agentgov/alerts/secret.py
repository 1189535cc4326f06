"""Where the secret of a route comes from, at the moment that it is needed: `env:NAME` of whoever sends, or `file:/path`
that only they can read. Never kept, never told."""

from collections.abc import Mapping
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.net.posting import spelled_keys
from agentgov.net.private import private_lines

RULE = "alert.secret"
_LONGEST = 4096


def secret_of(key_from: str, environ: Mapping[str, str], most: int = 1) -> tuple[str, ...]:
    """The lines of a secret, none where the route names none; more than one while one is exchanged. Raises
    ConfigurationError, which repeats nothing of it."""
    kind, _, name = key_from.partition(":")
    if not key_from:
        return ()
    if kind == "file":
        lines = private_lines(Path(name), "keyFrom", "chmod 600, owned by whoever runs the gate", RULE, most)
    else:
        value = environ.get(name, "")
        lines = tuple(line for line in value[:_LONGEST].split() if line) if most > 1 else (value.strip(),)
    if not lines or not all(lines):
        hint = f"set {name} where the gate runs" if kind == "env" else "write the secret into it"
        raise ConfigurationError(f"{key_from}, which holds the secret of the route, is empty", hint, rule=RULE)
    return lines


def signing_keys_of(key_from: str, environ: Mapping[str, str]) -> list[bytes]:
    """The keys of a route that signs what it sends (`whsec_...`); two of them while one is exchanged."""
    lines = secret_of(key_from, environ, most=2)
    return spelled_keys(lines, key_from, "write whsec_ and 24 to 64 bytes in base64", RULE)
