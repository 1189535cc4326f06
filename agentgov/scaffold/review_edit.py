"""The edit of a review that says of an action on which day it was done: one line of its front matter, and nothing else.

The edit counts only if the front matter reads back as exactly what was asked for. Never writes a file, never signs: it
is a change as every other, and takes effect by its reviews.
"""

import re

import yaml
from msgspec.structs import replace

from agentgov.errors import ConfigurationError, RefusedError, UsageError
from agentgov.model.postmortem import IncidentReview, converted
from agentgov.scaffold.yaml_splice import SpliceError, insert_member, replace_scalar
from agentgov.validate.yaml_reader import read

_FRONT = re.compile(r"\A---\r?\n(.*?^)---\r?\n", re.DOTALL | re.MULTILINE)


def finish_action(text: str, action: str, day: str, path: str) -> str:
    """The text of a review with one action done on a day (YYYY-MM-DD). UsageError for an action that it has not,
    RefusedError where it is done already, ConfigurationError where the file has to be edited by hand."""
    match = _FRONT.match(text)
    before = _review(match[1], path) if match is not None else None
    if match is None or before is None:
        raise ConfigurationError(f"the front matter of {path} cannot be read", "mend it: agentgov validate")
    ids = [one.id for one in before.actions]
    if action not in ids:
        raise UsageError(f"{path} has no action {action[:64]!r}", f"it has: {', '.join(ids) or 'none'}")
    place = ids.index(action)
    if before.actions[place].done:
        raise RefusedError(f"{action} is done since {before.actions[place].done}", "nothing is to be said any more")
    wanted = [replace(one, done=day) if number == place else one for number, one in enumerate(before.actions)]
    try:
        after = _spliced(match[1], place, day)
    except (SpliceError, yaml.YAMLError):
        after = ""
    if _review(after, path) != replace(before, actions=tuple(wanted)):
        raise ConfigurationError(f"{path} is written in a way that cannot be edited here", f'add done: "{day}" by hand')
    return text[: match.start(1)] + after + text[match.end(1) :]


def _spliced(front: str, place: int, day: str) -> str:
    steps = ("actions", place)
    try:
        return replace_scalar(front, (*steps, "done"), day)  # `done: ""` stands there
    except SpliceError:
        return insert_member(front, steps, "done", day)


def _review(front: str, path: str) -> IncidentReview | None:
    document = read(front.encode(), path)
    broken = any(one.severity == "error" for one in document.findings)
    return None if broken else converted(document.value)
