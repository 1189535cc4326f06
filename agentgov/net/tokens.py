"""The token that another side knows one by: read from a private file or the environment, and shown to nobody.

Never taken from a flag, from git or from a file of the repository. Whatever is printed of it is `***`.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.net.private import private_lines

TOKEN_FILE = "AGENTGOV_FORGE_TOKEN_FILE"  # noqa: S105 - the name of a variable
TOKEN = "AGENTGOV_FORGE_TOKEN"  # noqa: S105 - likewise


class Token:
    """A secret text; only `value` tells it."""

    __slots__ = ("_value",)

    def __init__(self, value: str, rule: str = "forge.token", hint: str = "") -> None:
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            whose = "the forge's token" if rule == "forge.token" else "the token"
            what = f"{whose} is no token: one line of printable characters"
            raise ConfigurationError(what, hint or _HINT, rule=rule)
        self._value = value

    @property
    def value(self) -> str:
        """The secret itself, for the header of a request and nothing else."""
        return self._value

    @property
    def fingerprint(self) -> str:
        """What tells one token from another without telling it."""
        return sha256(b"agentgov token\0" + self._value.encode()).hexdigest()[:32]

    def hide(self, text: str) -> str:
        """A text without this token in it."""
        return text.replace(self._value, "***")

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a token is never stored")


_HINT = f"put it into a file that only you can read (chmod 600) and name that: {TOKEN_FILE}=FILE"


def token_from(environ: Mapping[str, str], others: Sequence[str] = ()) -> Token | None:
    """The token of the file that AGENTGOV_FORGE_TOKEN_FILE names, else of AGENTGOV_FORGE_TOKEN, else of the first
    of the `others` that is set; None where there is none. ConfigurationError (`forge.token`) where it cannot be used.
    """
    if name := environ.get(TOKEN_FILE):
        return Token("".join(private_lines(Path(name), TOKEN_FILE, _HINT, "forge.token")))
    return next((Token(environ[name].strip()) for name in (TOKEN, *others) if environ.get(name, "").strip()), None)


def token_of_file(environ: Mapping[str, str], variable: str, rule: str) -> Token | None:
    """The token of the file that a variable names, None where it is not set. ConfigurationError under the rule where
    the file cannot be used."""
    hint = f"put it into a file that only you can read (chmod 600) and name that: {variable}=FILE"
    name = environ.get(variable)
    return Token("".join(private_lines(Path(name), variable, hint, rule)), rule, hint) if name else None
