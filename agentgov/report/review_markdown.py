"""A review verdict as Markdown for a comment: paths that need the same stand together, what waits comes first.

At most 65,536 characters, as forges take them: whole sections are cut, never tables. What people wrote is text in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agentgov.report.markup import code, cut, prose
from agentgov.report.passing import passing_sentence
from agentgov.review.change import ChangeVerdict
from agentgov.review.decide import Progress, ReviewVerdict
from agentgov.review.passing import Passing
from agentgov.review.requirements import WHOLE
from agentgov.review.votes import MEANING

LIMIT = 65_536
_MOST_NAMED = 20  # paths of one section
_MOST_UNCOUNTED = 100
_ORDER = ("blocked", "pending", "pass")


@dataclass(frozen=True, slots=True)
class _Path:
    """What is said of one path."""

    path: str
    state: str
    progress: tuple[Progress, ...]
    message: str = ""


def change_markdown(
    verdict: ChangeVerdict, footer: str, passing: Passing | None = None, assumed: Sequence[str] = ()
) -> str:
    """The verdict on a change of governed contents; `footer` says what was compared."""
    paths = [_Path(one.change.path, one.state, one.requirements, _own_words(one.message)) for one in verdict.paths]
    waiting = sum(1 for path in paths if path.state != "pass")
    summary = f"{waiting} of {len(paths)} paths wait" if waiting else "every path has the reviews it needs"
    uncounted = [(one.person, one.path, one.message, one.reason) for path in verdict.paths for one in path.uncounted]
    return _whole(verdict.state, summary, paths, uncounted, footer, passing, assumed)


def review_markdown(
    verdict: ReviewVerdict, footer: str, passing: Passing | None = None, assumed: Sequence[str] = ()
) -> str:
    """The verdict on a pull request by its facts."""
    by_path: dict[str, list[Progress]] = {}
    for item in verdict.progress:
        by_path.setdefault(item.requirement.path, []).append(item)
    paths = [
        _Path(path, "pending" if any(item.missing for item in items) else "pass", tuple(items))
        for path, items in by_path.items()
    ]
    short = sum(1 for path in paths if path.state != "pass")
    summary = f"{short} of {len(paths)} wait" if short else "every requirement is met"
    if verdict.blockers:
        summary = f"{', '.join(verdict.blockers)} asked for changes"
    uncounted = [
        (one.vote.person, one.vote.given_on, MEANING[one.why], str(one.why))
        for one in verdict.votes
        if one.why is not None
    ]
    if verdict.override is not None:
        void = verdict.override.void
        if void is None:
            summary = f"{verdict.override.by} broke the glass: {verdict.override.reason.strip()}"
        else:
            uncounted.append((verdict.override.by, "", MEANING[void], str(void)))
    return _whole(str(verdict.outcome), summary, paths, uncounted, footer, passing, assumed)


def _own_words(message: str) -> str:
    """What is not in the table already."""
    return "" if message == "reviewed" or message.startswith("needs ") else message


def _whole(
    state: str,
    summary: str,
    paths: Iterable[_Path],
    uncounted: Sequence[tuple[str, str, str, str]],
    footer: str,
    passing: Passing | None,
    assumed: Sequence[str],
) -> str:
    head = f"### Reviews: {state}\n\n{prose(summary)}\n"
    if assumed:
        head += f"\n*As if {prose(', '.join(assumed))} had approved what is there now.*\n"
    if passing is not None:
        head += f"\nWould pass {prose(passing_sentence(passing))}.\n"
    sections = [_section(group) for group in _groups(paths)]
    if uncounted:
        sections.append(_uncounted(uncounted))
    sections.append(f"\n<sub>{prose(footer)}</sub>\n")
    return cut(head, sections, LIMIT, "\n*{} more sections: `agentgov check` shows them all.*\n")


def _groups(paths: Iterable[_Path]) -> list[list[_Path]]:
    """Paths that need the same, have the same and lack the same, worst state first."""
    found: dict[object, list[_Path]] = {}
    for path in paths:
        rows = tuple(
            (i.requirement.name, i.requirement.labels, i.requirement.count, i.given, i.missing, i.could)
            for i in path.progress
        )
        found.setdefault((path.state, path.message, rows), []).append(path)
    return sorted(found.values(), key=lambda group: _ORDER.index(group[0].state))


def _section(group: list[_Path]) -> str:
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
    labels = [label for label in needed.labels if label != needed.name]
    whom = f" ({' '.join(map(code, labels))})" if labels else ""
    could = _listed(item.could) or "nobody" if item.missing else ""
    cells = (f"{needed.count} of {prose(needed.name)}{whom}", _listed(item.given), str(item.missing or ""), could)
    return f"| {' | '.join(cells)} |"


def _listed(people: Sequence[str]) -> str:
    more = f" and {len(people) - _MOST_NAMED:,} more" if len(people) > _MOST_NAMED else ""
    return prose(", ".join(people[:_MOST_NAMED])) + more


def _uncounted(told: Sequence[tuple[str, str, str, str]]) -> str:
    lines = ["", f"<details><summary>{len(told):,} not counted</summary>", ""]
    lines += _told(told[:_MOST_UNCOUNTED])
    if len(told) > _MOST_UNCOUNTED:
        lines.append(f"- and {len(told) - _MOST_UNCOUNTED:,} more")
    return "\n".join([*lines, "", "</details>", ""])


def _told(told: Iterable[tuple[str, str, str, str]]) -> Iterator[str]:
    for person, on, message, reason in told:
        where = f" on {code(on)}" if on else ""
        yield f"- {prose(person)}{where}: {prose(message)} (`{reason}`)"
