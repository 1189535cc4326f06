"""A review verdict as Markdown for a comment: paths that need the same stand together, what waits comes first.

At most 65,536 characters, as forges take them: whole sections are cut, never tables. What people wrote is text in it.
"""

from collections.abc import Sequence

from agentgov.report.markup import code, cut, named, prose
from agentgov.report.passing import passing_sentence
from agentgov.report.review_told import Ignored, PathTold, ReviewsTold, alike, told_change, told_review
from agentgov.review.change import ChangeVerdict
from agentgov.review.decide import Progress, ReviewVerdict
from agentgov.review.passing import Passing
from agentgov.review.requirements import WHOLE

LIMIT = 65_536
_MOST_NAMED = 20  # paths of one section
_MOST_UNCOUNTED = 100


def change_markdown(
    verdict: ChangeVerdict, footer: str, passing: Passing | None = None, assumed: Sequence[str] = ()
) -> str:
    """The verdict on a change of governed contents; `footer` says what was compared."""
    return _whole(told_change(verdict), footer, passing, assumed)


def review_markdown(
    verdict: ReviewVerdict, footer: str, passing: Passing | None = None, assumed: Sequence[str] = ()
) -> str:
    """The verdict on a pull request by its facts."""
    return _whole(told_review(verdict), footer, passing, assumed)


def _whole(told: ReviewsTold, footer: str, passing: Passing | None, assumed: Sequence[str]) -> str:
    head = f"### Reviews: {told.state}\n\n{prose(told.summary)}\n"
    if assumed:
        head += f"\n*As if {prose(', '.join(assumed))} had approved what is there now.*\n"
    if passing is not None:
        head += f"\nWould pass {prose(passing_sentence(passing))}.\n"
    sections = [_section(group) for group in alike(told.paths)]
    if told.ignored:
        sections.append(_ignored(told.ignored))
    sections.append(f"\n<sub>{prose(footer)}</sub>\n")
    return cut(head, sections, LIMIT, "\n*{} more sections: `agentgov check` shows them all.*\n")


def _section(group: list[PathTold]) -> str:
    names = [("the whole change" if path.path == WHOLE else code(path.path)) for path in group]
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    lines = ["", f"**{group[0].state}** {', '.join(names[:_MOST_NAMED])}{more}", ""]
    if group[0].message:
        lines += [prose(group[0].message), ""]
    if group[0].progress:
        lines += ["| needs | given | missing | who could give it |", "|---|---|---|---|"]
        lines += [_row(item) for item in group[0].progress]
    return "\n".join(lines) + "\n"


def _row(item: Progress) -> str:
    needed = item.requirement
    whom = f" ({' '.join(map(code, needed.whom))})" if needed.whom else ""
    could = named(item.could, _MOST_NAMED) or "nobody" if item.missing else ""
    given = named(item.given, _MOST_NAMED)
    cells = (f"{needed.count} of {prose(needed.name)}{whom}", given, str(item.missing or ""), could)
    return f"| {' | '.join(cells)} |"


def _ignored(told: Sequence[Ignored]) -> str:
    lines = ["", f"<details><summary>{len(told):,} not counted</summary>", ""]
    lines += map(_reason, told[:_MOST_UNCOUNTED])
    if len(told) > _MOST_UNCOUNTED:
        lines.append(f"- and {len(told) - _MOST_UNCOUNTED:,} more")
    return "\n".join([*lines, "", "</details>", ""])


def _reason(one: Ignored) -> str:
    where = f" on {code(one.on)}" if one.on else ""
    return f"- {prose(one.person)}{where}: {prose(one.message)} (`{one.reason}`)"
