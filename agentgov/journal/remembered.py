"""What this machine remembers of journals, outside every repository: which fleet a repository is, and what verified.

A repository says itself which fleet it is, and whoever can push can make it say another one, for which nobody has pins.
So a fleet whose beginning lies in a repository, and that this machine has pinned or seen, is the fleet of that
repository. What verified before is a cache (`verdict_cache`): anything odd about it, and everything is judged again.
"""

import os
from pathlib import Path

from agentgov.journal.line import WORTH_KEEPING
from agentgov.journal.verdict_cache import VerdictCache
from agentgov.journal.view import View, view_at
from agentgov.repo.objects import is_object_id
from agentgov.repo.repository import Repository
from agentgov.trust.pins import Pins, last_seen, load_pins
from agentgov.trust.places import FLEET_ID, config_path, state_path

_VERIFIED, _ACTS = "verified", "acts"
_NO_FLEET = "00000000-0000-0000-0000-000000000000"


def fleets_of(repo: Repository) -> frozenset[str]:
    """The fleets that this machine has pinned or seen and whose introduction or journal lies in this repository.

    ConfigurationError where a pin cannot be read: it must not turn into no pin.
    """
    pinned = {fleet for fleet in _fleets(config_path("pins", _NO_FLEET)) if _begins_here(repo, fleet)}
    others = set(_fleets(state_path("last-seen", _NO_FLEET))) - pinned
    return frozenset(pinned | {fleet for fleet in others if repo.has(last_seen(fleet) or "")})


def verified_tip(fleet: str, pins: Pins | None) -> str | None:
    """The commit up to which this machine has verified the journal under these pins and today's rules."""
    found = VerdictCache(fleet, pins).get(_VERIFIED)
    return found[0] if found is not None and is_object_id(found[0]) else None


def remembered_view(repo: Repository, fleet: str, pins: Pins | None, tip: str) -> View:
    """The view at such a commit, which knows the acts up to it where they were kept. IncompleteError or ObjectError
    where it cannot be read."""
    view = view_at(repo, tip)

    def kept() -> bytes | None:
        found = VerdictCache(fleet, pins).get(_ACTS)
        return found[1] if found is not None else None

    view.memory.line.keep_from(kept)
    return view


def remember_verified(fleet: str, pins: Pins | None, view: View) -> None:
    """Remember how far the journal was verified, and now and then which acts those were: the next one of them must be
    told from all others by its id."""
    cache, acts = VerdictCache(fleet, pins), view.memory.line.kept_until(view.tip, WORTH_KEEPING)
    cache.put(_VERIFIED, view.tip)
    if acts is not None:
        cache.put(_ACTS, view.tip, acts)


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
