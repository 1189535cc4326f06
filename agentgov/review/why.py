"""Why a person is asked for a path or is not, and whether their word counts: read off a verdict, never decided anew."""

from dataclasses import dataclass
from typing import Literal

from agentgov.review.decide import Progress
from agentgov.review.verdict import AuthorSet, PathVerdict

Standing = Literal["counted", "asked", "met", "barred", "not-asked"]


@dataclass(frozen=True, slots=True)
class PersonOnPath:
    """How a person stands to one path: `counted` their word counts, `asked` it would, `met` others gave it already,
    `barred` they are named and may not, `not-asked` nobody names them. `uncounted` says why reviews do not count."""

    path: str
    standing: Standing
    why: str
    uncounted: tuple[str, ...]


def person_on_path(person: str, verdict: PathVerdict, authors: AuthorSet) -> PersonOnPath:
    """How a person stands to a path of a verdict."""
    standing, why = _standing(person, verdict, authors)
    uncounted = tuple(f"{one.message} ({one.reason})" for one in verdict.uncounted if one.person == person)
    return PersonOnPath(verdict.change.path, standing, why, uncounted)


def _standing(person: str, verdict: PathVerdict, authors: AuthorSet) -> tuple[Standing, str]:
    if person in verdict.objectors:
        return "counted", "asked for changes, which holds this path until they approve or withdraw"
    given = [item for item in verdict.requirements if person in item.given]
    if given:
        return "counted", f"approved as one of {_named(given)}"
    could = [item for item in verdict.requirements if item.missing and person in item.could]
    if could:
        return "asked", f"is one of {_named(could)}"
    named = [item for item in verdict.requirements if any(person in group for group in item.requirement.groups)]
    if not named:
        asked = ", ".join(dict.fromkeys(label for item in verdict.requirements for label in item.requirement.labels))
        return "not-asked", f"is none of those who are asked: {asked or 'nobody'}"
    if person in authors.people:
        return "barred", f"is one of {_named(named)}, and among the authors of the change"
    if all(not item.missing for item in named):
        return "met", f"is one of {_named(named)}, who gave what is needed already"
    return "barred", f"is one of {_named(named)}, and has no role with `review` here"


def _named(items: list[Progress]) -> str:
    said = []
    for item in items:
        labels = [label for label in item.requirement.labels if label != item.requirement.name]
        said.append(f"{item.requirement.name}{f' ({chr(32).join(labels)})' if labels else ''}")
    return " and ".join(dict.fromkeys(said))
