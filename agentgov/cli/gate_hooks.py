"""Makes the receivers of what a gate tells (`--permit-hook`, `--budget-hook`), each with the secret of its variable."""

import os
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.gate.permit_hook import Hook
from agentgov.net.address import parse_base
from agentgov.net.posting import signing_keys

_WHERE = "an address of a receiver begins with https:// (http:// only on this machine)"


def permit_hook_of(url: str | None) -> Hook | None:
    """The receiver of permits. ConfigurationError without a good secret."""
    return _hook(url, "permit", "permit.hook")


def budget_hook_of(url: str | None) -> Hook | None:
    """The receiver of what budgets have reached. ConfigurationError without a good secret."""
    return _hook(url, "budget", "budget.hook")


def _hook(url: str | None, what: str, rule: str) -> Hook | None:
    if not url:
        return None
    variable = f"AGENTGOV_{what.upper()}_HOOK_SECRET_FILE"
    hint = f"{variable}=FILE, with a secret `whsec_...` in a file that only the gate can read (chmod 600)"
    base = parse_base(url.partition("?")[0], f"the {what} hook", _WHERE, rule)
    path = os.environ.get(variable)
    if not path:
        raise ConfigurationError(f"{variable} is not set", hint, rule=rule)
    return Hook(base.url + url[len(url.partition("?")[0]) :], signing_keys(Path(path), variable, hint, rule))
