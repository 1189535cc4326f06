"""Makes the routes of a gate's command line (`--permit-hook`, `--budget-hook`), each with the secret of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

from agentgov.alerts.routing import Way, hook_way
from agentgov.errors import ConfigurationError
from agentgov.net.address import parse_base
from agentgov.net.posting import WHERE, signing_keys
from agentgov.runtime.deliveries import BUDGETS, PERMITS


def hooks_of(permits: str | None, budgets: str | None) -> Iterator[Way]:
    """The routes to the receivers that are given. ConfigurationError for one that nothing may be sent to, or without a
    good secret."""
    if permits:
        yield _hook(PERMITS, "permit", permits, "permit.hook")
    if budgets:
        yield _hook(BUDGETS, "budget", budgets, "budget.hook")


def _hook(name: str, what: str, url: str, rule: str) -> Way:
    variable = f"AGENTGOV_{what.upper()}_HOOK_SECRET_FILE"
    hint = f"{variable}=FILE, with a secret `whsec_...` in a file that only the gate can read (chmod 600)"
    parse_base(url.partition("?")[0], f"the {what} hook", WHERE, rule)
    path = os.environ.get(variable)
    if not path:
        raise ConfigurationError(f"{variable} is not set", hint, rule=rule)
    signing_keys(Path(path), variable, hint, rule)
    return hook_way(name, url, f"file:{Path(path).absolute()}")
