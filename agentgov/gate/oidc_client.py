"""Which OpenID provider a gate lets people log in at, from what its keeper said and a private file."""

from collections.abc import Mapping
from pathlib import Path

from agentgov.errors import UsageError
from agentgov.gate.oidc import RULE, Client
from agentgov.net.address import parse_base
from agentgov.net.private import private_lines

SECRET_FILE = "AGENTGOV_OIDC_SECRET_FILE"  # noqa: S105 - the name of a variable
_HINT = "give --oidc-issuer https://... and --oidc-client ID"


def client_from(issuer: str | None, client: str | None, environ: Mapping[str, str]) -> Client | None:
    """The client, None where nobody asked for one. UsageError for half of it, ConfigurationError for a bad address."""
    if not issuer and not client:
        return None
    if not issuer or not client:
        raise UsageError("an OpenID provider takes an issuer and a client", _HINT)
    parse_base(issuer, "the OpenID provider", _HINT, rule=RULE)
    name = environ.get(SECRET_FILE)
    lines = private_lines(Path(name), SECRET_FILE, "chmod 600", RULE) if name else ()
    return Client(issuer, client, "".join(lines))
