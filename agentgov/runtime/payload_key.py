"""The key under which payloads are kept encrypted: in a private file that a variable names, and nowhere else."""

from collections.abc import Mapping
from pathlib import Path

from agentgov.net.private import private_lines
from agentgov.runtime.vault import Vault, vault_of

VARIABLE = "AGENTGOV_PAYLOAD_KEY_FILE"
_MOST = 8  # keys: the one of now, and earlier ones
_HOW = "make one: (umask 077; head -c 32 /dev/urandom | base64 > FILE)"


def vault_from(environment: Mapping[str, str]) -> Vault | None:
    """The vault by the file that the variable names; None where it names none. ConfigurationError."""
    name = environment.get(VARIABLE)
    return vault_of(private_lines(Path(name), VARIABLE, _HOW, "gate.payload-key", _MOST)) if name else None
