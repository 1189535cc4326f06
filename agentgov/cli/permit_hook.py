"""Makes the receiver of a gate's permits from `--permit-hook` and the secret that a variable names."""

import os
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.gate.permit_hook import Hook
from agentgov.net.address import parse_base
from agentgov.net.posting import signing_keys

HOOK_SECRET = "AGENTGOV_PERMIT_HOOK_SECRET_FILE"  # noqa: S105 - the name of a variable
_HOOK_HINT = f"{HOOK_SECRET}=FILE, with a secret `whsec_...` in a file that only the gate can read (chmod 600)"
_RULE = "permit.hook"
_WHERE = "an address of a receiver begins with https:// (http:// only on this machine)"


def permit_hook_of(url: str) -> Hook:
    """The receiver of permits, with the secret that signs. ConfigurationError without a good one."""
    base = parse_base(url.partition("?")[0], "the permit hook", _WHERE, _RULE)
    path = os.environ.get(HOOK_SECRET)
    if not path:
        raise ConfigurationError(f"{HOOK_SECRET} is not set", _HOOK_HINT, rule=_RULE)
    return Hook(base.url + url[len(url.partition("?")[0]) :], signing_keys(Path(path), HOOK_SECRET, _HOOK_HINT, _RULE))
