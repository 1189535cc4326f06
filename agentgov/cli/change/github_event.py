"""Where the change began that GitHub Actions runs for, by the event that started the run. Used to put first what is on
changed lines, never to decide anything.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

VARIABLE = "GITHUB_EVENT_PATH"
_MOST = 10 * 1024 * 1024  # bytes of an event that are read
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NOTHING = "0" * 40  # `before` of a push that makes a branch


def base_of_event() -> str | None:
    """The commit that the change is made to: of a pull request, a merge group or a push; None where it is not known."""
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    try:
        with Path(name).open("rb") as stream:
            event = json.loads(stream.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return None
    places = (("pull_request", "base", "sha"), ("merge_group", "base_sha"), ("before",))
    found = (_at(event, place) for place in places)
    return next((text for text in found if text is not None), None)


def _at(event: Any, place: tuple[str, ...]) -> str | None:
    for key in place:
        event = event.get(key) if isinstance(event, dict) else None
    usable = isinstance(event, str) and _COMMIT.fullmatch(event) is not None and event != _NOTHING
    return event if usable else None
