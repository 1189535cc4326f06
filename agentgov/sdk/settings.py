"""Where the gate is, who asks, and whose signature a lease must have: from arguments, else from the environment."""

import os
from collections.abc import Sequence
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.net.address import Base, parse_base
from agentgov.net.private import private_lines
from agentgov.net.tokens import Token
from agentgov.trust.keys import PublicKey, parse_public_key

ADDRESS = "AGENTGOV_GATE"
TOKEN_FILE = "AGENTGOV_TOKEN_FILE"  # noqa: S105 - the name of a variable
KEYS = "AGENTGOV_GATE_KEYS"
_WHERE = f"name it: gate=..., or {ADDRESS}=https://gate.example"
_HOW = f"put the agent's token into a file that only it can read (chmod 600), and name that: {TOKEN_FILE}=FILE"
_LINE = f"give lines like `ssh-ed25519 AAAA...`: keys=[...], or a file of them that {KEYS} names"


def address(given: str | None) -> Base:
    """Where the gate answers. ConfigurationError where nobody says so, or where no token may be sent."""
    url = given or os.environ.get(ADDRESS, "")
    if not url:
        raise ConfigurationError("nobody says where the gate answers", _WHERE, rule="gate.url")
    return parse_base(url, "the gate", _WHERE, rule="gate.url")


def token(given: str | None, file: str | os.PathLike[str] | None) -> Token:
    """The agent's token. ConfigurationError where there is none, or where others can read its file."""
    if given:
        return Token(given.strip(), "gate.unauthenticated", _HOW)
    name = file or os.environ.get(TOKEN_FILE, "")
    if not name:
        raise ConfigurationError("there is no token of the agent", _HOW, rule="gate.unauthenticated")
    lines = private_lines(Path(name), TOKEN_FILE, _HOW, "gate.unauthenticated")
    return Token("".join(lines), "gate.unauthenticated", _HOW)


def gate_keys(given: Sequence[str] | None) -> tuple[PublicKey, ...]:
    """The keys of which one has to have signed each lease; none where the connection alone vouches for it.
    ConfigurationError for what is no key: whoever means to pin is not left without."""
    lines = given
    if lines is None:
        name = os.environ.get(KEYS, "")
        if not name:
            return ()
        try:
            lines = Path(name).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise _no_keys(f"{name}, which {KEYS} names, cannot be read") from error
    try:
        found = tuple(parse_public_key(line) for line in lines if line.strip() and not line.lstrip().startswith("#"))
    except ValueError as error:
        raise _no_keys(f"a key of the gate cannot be read: {error}") from None
    if not found:
        raise _no_keys("the gate's keys are to be pinned, and there is none")
    return found


def _no_keys(message: str) -> ConfigurationError:
    return ConfigurationError(message, _LINE, rule="runtime.signature")
