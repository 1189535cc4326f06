"""Access as it lies in the working tree, and public keys as people give them.

Never reads a private key that is handed in further than to say that it is one.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agentgov.cli.governed_file import governed_file, read_governed, write_governed
from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.governed import ACCESS_FILE, FLEET_FILE

if TYPE_CHECKING:
    from agentgov.model.access import BotKind

_MAX_KEY_FILE = 1 << 16  # bytes; a line of sixteen thousand characters is the longest key


def access_file(repo: str) -> Path:
    """Where Access lies in the working tree, an ordinary file in an ordinary folder."""
    file = governed_file(repo, ACCESS_FILE)
    if not file.is_file():
        raise ConfigurationError(f"there is no {ACCESS_FILE}", "start a fleet with: agentgov init")
    return file


def read_access(file: Path) -> str:
    """Its text, to be written back as it is."""
    return read_governed(file, ACCESS_FILE)


def write_access(file: Path, text: str) -> None:
    """All of it or nothing."""
    write_governed(file, ACCESS_FILE, text)


def made_key(file: Path, who: str, kind: "BotKind") -> str:
    """The public line of the key that this user keeps for the fleet's bot of that kind, made where there is none."""
    from agentgov.trust.signers import kept_bot_key
    from agentgov.validate.yaml_reader import read

    try:
        value = read((file.parents[1] / FLEET_FILE).read_bytes(), FLEET_FILE).value
    except OSError:
        value = None
    fleet = value.get("id") if isinstance(value, dict) else None
    if not isinstance(fleet, str):
        raise ConfigurationError(f"there is no {FLEET_FILE} with an id", "see: agentgov validate")
    return kept_bot_key(fleet, kind, who)


def key_line(text: str) -> str:
    """The line of a public key: given as it is, in a file, or on standard input (-)."""
    if text == "-":
        return _only_line(sys.stdin.read(_MAX_KEY_FILE), "standard input", "")
    file = Path(text).expanduser()
    try:
        found = file.is_file()
        content = _beginning(file) if found else ""
    except (OSError, ValueError):  # a line is no path: too long, or with a character that paths cannot have
        found, content = False, ""
    if found:
        return _only_line(content, text, f"{text}.pub" if Path(f"{text}.pub").is_file() else "")
    if " " not in text.strip():
        raise UsageError(
            f"there is no file {text}", "give the file of a public key (~/.ssh/id_ed25519.pub), or its line"
        )
    return text.strip()


def _beginning(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(_MAX_KEY_FILE).decode("utf-8", "replace")


def _only_line(content: str, name: str, public: str) -> str:
    lines = [line.strip() for line in content.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if any("PRIVATE KEY" in line for line in lines):
        hint = f"you mean {public}" if public else "the public key is in the file beside it that ends in .pub"
        raise UsageError(f"{name} holds a private key; only public keys belong in Access", hint)
    if len(lines) != 1:
        raise UsageError(f"{name} holds {len(lines)} lines, and a public key is one", "give the line itself, in quotes")
    return lines[0]
