"""What this machine remembers of journals, outside every repository: which fleet a repository is, and what verified.

A repository says itself which fleet it is, and whoever can push can make it say another one, for which nobody has pins.
So a fleet whose beginning lies in a repository, and that this machine has pinned or seen, is the fleet of that
repository. What verified before is a cache: anything odd about the file, and everything is judged again.
"""

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from agentgov.journal.replay import RULES
from agentgov.repo.objects import is_object_id
from agentgov.repo.repository import Repository
from agentgov.trust.pins import Pins, last_seen, load_pins
from agentgov.trust.places import FLEET_ID, config_path, state_path

_VERIFIED = "agentgov-verified/1"
_MAX_FILE = 1024
_NO_FLEET = "00000000-0000-0000-0000-000000000000"


def fleets_of(repo: Repository) -> frozenset[str]:
    """The fleets that this machine has pinned or seen and whose introduction or journal lies in this repository.

    ConfigurationError where a pin cannot be read: it must not turn into no pin.
    """
    pinned = {fleet for fleet in _fleets(config_path("pins", _NO_FLEET)) if _begins_here(repo, fleet)}
    seen = {fleet for fleet in _fleets(state_path("last-seen", _NO_FLEET)) if repo.has(last_seen(fleet) or "")}
    return frozenset(pinned | seen)


def verified_tip(fleet: str, pins: Pins | None) -> str | None:
    """The commit up to which this machine has verified the journal under these pins and today's rules."""
    try:
        with state_path("verified", fleet).open("rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(_MAX_FILE).decode("ascii", "replace")
    except OSError:
        return None
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return None
    line, _, tip = text.removesuffix("\n").rpartition(" ")
    return tip if line == _stamp(fleet, pins) and is_object_id(tip) else None


def remember_verified(fleet: str, pins: Pins | None, tip: str) -> None:
    """Remember how far the journal was verified. What cannot be written costs time, and nothing else."""
    path = state_path("verified", fleet)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(f"{_stamp(fleet, pins)} {tip}\n".encode())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()


def _stamp(fleet: str, pins: Pins | None) -> str:
    digest = hashlib.sha256(pins.line.encode()).hexdigest() if pins is not None else "-"
    return f"{_VERIFIED} {fleet} {RULES} {digest}"


def _fleets(beside: Path) -> list[str]:
    try:
        return [name for name in os.listdir(beside.parent) if FLEET_ID.match(name)]  # noqa: PTH208 - names alone
    except OSError:
        return []


def _begins_here(repo: Repository, fleet: str) -> bool:
    if "AGENTGOV_PINS" in os.environ:
        return False  # then those are the pins, and a journal of another fleet is refused by them
    pins = load_pins(fleet)
    return pins is not None and (repo.has(pins.introduction) or repo.has(pins.journal_root))
