"""Do reviews of incidents say what programs read in them: whose they are, and who promised what until when.

Looks at the front matter of incidents/<year>/<id>/review.md and at nothing below it: the words are people's.
"""

from collections.abc import Iterator, Mapping

from agentgov.model.finding import Finding
from agentgov.model.postmortem import IncidentReview, converted, incident_of_path, split
from agentgov.model.snapshot import Entry
from agentgov.validate.content import is_date
from agentgov.validate.references import selector
from agentgov.validate.view import View
from agentgov.validate.yaml_reader import read

CODE = "content.incident-review"
_FORM = "begin it with ---, incident: <id>, actions with id, title, owner and due, and ---: agentgov incident review ID"


def check(view: View, paths: Mapping[str, Entry]) -> Iterator[Finding]:
    """What is wrong with the reviews among some paths."""
    for path, entry in paths.items():
        incident = incident_of_path(path) if entry.is_file else None
        if incident is not None:
            yield from _review(view, path, incident)


def _review(view: View, path: str, incident: str) -> Iterator[Finding]:
    if not incident:
        message = f"{path} lies in no folder of an incident"
        yield view.at_file(CODE, path, message, "the folder is incidents/<year>/<id of the incident>")
        return
    review = _read(view, path)
    if review is None:
        yield view.at_file(CODE, path, f"{path} has no front matter that says what it must", _FORM)
        return
    if review.incident != incident:
        yield view.at_file(CODE, path, f"it says that it is of {review.incident}, and lies at {incident}", _FORM)
    ids = [action.id for action in review.actions]
    for one in sorted({one for one in ids if ids.count(one) > 1}):
        yield view.at_file(CODE, path, f"two actions are called {one}", "give each an id of its own")
    for action in review.actions:
        for said in (one.message for one in selector(view, path, "", action.owner)):
            yield view.at_file(CODE, path, f"the owner of {action.id}: {said}", "name a person or team:ID")
        for word, day in (("due", action.due), ("done", action.done)):
            if (day or word == "due") and not is_date(day):
                message = f"{action.id} is {word} on {day or 'no day'}, which is none"
                yield view.at_file(CODE, path, message, "write a day such as 2026-12-31")


def _read(view: View, path: str) -> IncidentReview | None:
    try:
        parts = split(view.snapshot.read(path).decode("utf-8"))
    except UnicodeDecodeError:
        return None
    document = read(parts[0].encode(), path) if parts is not None else None
    if document is None or any(one.severity == "error" for one in document.findings):
        return None
    return converted(document.value)
