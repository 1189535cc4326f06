"""What the file of an event asks to be judged: numbers and commits, and nothing else of it. Pure.

The file is other people's input: whoever opens a pull request writes much of it. So it names no host, no repository and
no person here; what it names is read again from the forge.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from agentgov.errors import ConfigurationError
from agentgov.forge.reasons import EVENT, misconfigured

MOST = 10 * 2**20  # bytes of an event that are read
Kind = Literal["pull_request", "merge_group", "commit"]
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
_QUEUED = re.compile(r"/pr-([1-9][0-9]{0,9})-[0-9a-f]{40,64}\Z", re.ASCII)
_NOTHING = re.compile(r"0+")
_HINT = "run it on pull_request_target, pull_request_review, merge_group, workflow_run or push (docs/github.md)"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged. A pull request by its number, or by its head where the number is not told (0); a merge
    group from `base` to `head`, with the number that its branch names; or a commit that was pushed."""

    kind: Kind
    number: int = 0
    head: str = ""
    base: str = ""


def read_event(data: bytes) -> Asked:
    """What an event asks for; what it is follows from what it holds.

    ConfigurationError (`forge.event`) where it asks for nothing that can be judged.
    """
    if len(data) > MOST:
        raise _wrong(f"the event file is larger than {MOST // 2**20} MiB")
    try:
        event = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong("the event file is not JSON") from error
    if not isinstance(event, dict):
        raise _wrong("the event file holds no event")
    for look in (_merge_group, _relayed, _pull_request, _merge_request, _pushed):
        found = look(event)
        if found is not None:
            return found
    raise _wrong("the event file says no pull request, merge group or push")


def _merge_group(event: dict[str, Any]) -> Asked | None:
    if "merge_group" not in event:
        return None
    head, base = _commit(event, "merge_group", "head_sha"), _commit(event, "merge_group", "base_sha")
    if not head or not base:
        raise _wrong("the event's merge group does not say its commits")
    named = _QUEUED.search(str(_at(event, "merge_group", "head_ref"))[-200:])
    return Asked("merge_group", int(named[1]) if named else 0, head, base)


def _relayed(event: dict[str, Any]) -> Asked | None:
    """workflow_run: of one pull request, or of the commit that it ran for, as for those from forks."""
    if "workflow_run" not in event:
        return None
    listed = _at(event, "workflow_run", "pull_requests")
    numbers = [_number(one, "number") for one in listed] if isinstance(listed, list) else []
    head = _commit(event, "workflow_run", "head_sha")
    if len(numbers) == 1 and numbers[0]:
        return Asked("pull_request", numbers[0], head)
    return Asked("pull_request", 0, head) if head else None


def _pull_request(event: dict[str, Any]) -> Asked | None:
    number = _number(event, "pull_request", "number")
    return Asked("pull_request", number, _commit(event, "pull_request", "head", "sha")) if number else None


def _merge_request(event: dict[str, Any]) -> Asked | None:
    """GitLab's hook of a merge request, or of a note on one."""
    if event.get("object_kind") == "merge_request":
        number, last = _number(event, "object_attributes", "iid"), ("object_attributes", "last_commit", "id")
    else:
        number, last = _number(event, "merge_request", "iid"), ("merge_request", "last_commit", "id")
    return Asked("pull_request", number, _commit(event, *last)) if number else None


def _pushed(event: dict[str, Any]) -> Asked | None:
    after = _commit(event, "after")
    return Asked("commit", 0, after, _commit(event, "before")) if after and "before" in event else None


def _at(event: Any, *place: str) -> Any:
    for key in place:
        event = event.get(key) if isinstance(event, dict) else None
    return event


def _number(event: Any, *place: str) -> int:
    """The number at a place, 0 where none stands there that a pull request can have."""
    found = _at(event, *place)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 10**10 else 0


def _commit(event: Any, *place: str) -> str:
    """The commit at a place; "" where none stands there."""
    found = _at(event, *place)
    usable = isinstance(found, str) and _COMMIT.fullmatch(found) and not _NOTHING.fullmatch(found)
    return found if usable and isinstance(found, str) else ""


def _wrong(message: str) -> ConfigurationError:
    return misconfigured(EVENT, message, _HINT)
