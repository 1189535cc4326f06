"""Where trust starts: pins, and the last journal tip seen, both kept outside every repository.

Reads and writes two small files of the user. A pin that is there and cannot be read is an error, never "no pin": who
could damage it must not be able to switch verification off. What the pins mean for a journal is decided in `journal`.
"""

import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.trust.places import FLEET_ID, config_path, state_path

_PINS = "agentgov-pins/1"
_SEEN = "agentgov-last-seen/1"
_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")  # SHA-1 or SHA-256 object names
_MAX_FILE = 4096
_HINT = "get today's line from somebody who verifies this fleet (agentgov trust show), or run agentgov trust init"
_HINT_SEEN = "remove the file only if you know why it changed: it is what shows that a journal was rewound"


@dataclass(frozen=True, slots=True)
class Pins:
    """What a verifier believes before it reads anything."""

    fleet_id: str
    introduction: str  # commit of main whose governed contents the first act authorised
    journal_root: str  # first commit of the journal
    journal_tip: str  # a commit of the journal that must be an ancestor of what one sees

    @property
    def line(self) -> str:
        """The one-line form, without a newline; `parse_pins` reads it back."""
        return f"{_PINS} {self.fleet_id} {self.introduction} {self.journal_root} {self.journal_tip}"


def parse_pins(line: str) -> Pins:
    """The pins that a line spells: one space between fields, lower-case hex, at most a newline at the end.

    Raises ValueError with one plain sentence.
    """
    fleet_id, *commits = _fields(line, _PINS, 5)
    return Pins(fleet_id, *commits)


def load_pins(fleet_id: str) -> Pins | None:
    """The pins of a fleet: from AGENTGOV_PINS (the line, or a path to a file with it), else from the user's config.

    None only where there are none. Raises ConfigurationError for pins that are malformed, of another fleet, or that
    anybody may write.
    """
    found = _pins_text(fleet_id)
    if found is None:
        return None
    source, text = found
    try:
        pins = parse_pins(text)
    except ValueError as error:
        raise ConfigurationError(f"the pins in {source} cannot be read: {error}", _HINT) from error
    if pins.fleet_id != fleet_id:
        raise ConfigurationError(f"the pins in {source} are of fleet {pins.fleet_id}, not of {fleet_id}", _HINT)
    return pins


def save_pins(pins: Pins) -> Path:
    """Write pins to the user's config, in place of older ones of the same fleet; the path is returned."""
    parse_pins(pins.line)
    return _write(config_path("pins", pins.fleet_id), f"{pins.line}\n")


def last_seen(fleet_id: str) -> str | None:
    """The journal tip that this user's verifier saw last, None where it saw none. ConfigurationError if malformed."""
    path = state_path("last-seen", fleet_id)
    text = _read(path)
    if text is None:
        return None
    try:
        fleet, tip = _fields(text, _SEEN, 3)
    except ValueError as error:
        raise ConfigurationError(f"the last seen journal tip in {path} cannot be read: {error}", _HINT_SEEN) from error
    if fleet != fleet_id:
        raise ConfigurationError(f"{path} is of fleet {fleet}, not of {fleet_id}", _HINT_SEEN)
    return tip


def save_last_seen(fleet_id: str, tip: str) -> Path:
    """Record the journal tip that was verified last; the path is returned."""
    line = f"{_SEEN} {fleet_id} {tip}"
    _fields(line, _SEEN, 3)
    return _write(state_path("last-seen", fleet_id), f"{line}\n")


def _pins_text(fleet_id: str) -> tuple[str, str] | None:
    """Where the pins are, and their text; None where nobody set any."""
    given = os.environ.get("AGENTGOV_PINS")
    if given is None:
        path = config_path("pins", fleet_id)
        text = _read(path)
        return None if text is None else (str(path), text)
    if not given or given.startswith("agentgov-pins/"):
        return "AGENTGOV_PINS", given
    text = _read(Path(given))
    if text is None:
        raise ConfigurationError(f"AGENTGOV_PINS names {given}, and there is no such file", _HINT)
    return given, text


def _fields(line: str, header: str, count: int) -> list[str]:
    """The fields of a line after its header: a fleet id, then commits of one object format."""
    first, *rest = line.removesuffix("\n").split(" ")
    if first != header or len(rest) != count - 1:
        raise ValueError(f"it is not one line of {count} fields that begins with {header}")
    fleet, *commits = rest
    if FLEET_ID.match(fleet) is None:
        raise ValueError("the fleet id is not a lower-case UUID")
    if not all(map(_COMMIT.match, commits)) or len({len(commit) for commit in commits}) != 1:
        raise ValueError("a commit is not a full object name in lower-case hex")
    return rest


def _read(path: Path) -> str | None:
    """The text of a small file, None where there is no such file; ConfigurationError where it cannot be trusted."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    if mode & stat.S_IWOTH:
        raise ConfigurationError(f"anybody may write {path}, so nothing can start from it", f"chmod 600 {path}")
    return content.decode("utf-8", "replace")


def _write(path: Path, text: str) -> Path:
    """Replace a file as a whole: a reader sees the old or the new one, a crash leaves one of them."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(descriptor)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error
    return path
