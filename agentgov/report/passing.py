"""Who would make a change pass, in the three forms in which verdicts are told. Decided elsewhere."""

from typing import Any

from agentgov.report.page import Page, Span
from agentgov.review.passing import Passing


def passing_sentence(passing: Passing) -> str:
    """`with approvals of bob and erin`."""
    people = passing.people or ()
    named = f"{', '.join(people[:-1])} and {people[-1]}" if len(people) > 1 else "".join(people)
    return f"with approvals of {named}{'' if passing.fewest else ' (perhaps fewer would do)'}"


def with_passing(page: Page, passing: Passing | None) -> Page:
    """The page with one line more, where somebody's approval helps."""
    if passing is None:
        return page
    return page.line(Span("would pass ", "good"), passing_sentence(passing))


def passing_document(passing: Passing | None) -> dict[str, Any] | None:
    """The same as JSON; null where nobody's approvals would make it pass, or where it passes already."""
    return None if passing is None else {"people": list(passing.people or ()), "fewest": passing.fewest}
