"""What a release brings to its agent, for people: as Markdown for the page of a release, and as lines for a terminal.

Loosening first. What people wrote stands in code, where nothing in it acts. Nothing here judges or compares.
"""

from agentgov.diff.change import FieldChange, short
from agentgov.diff.fields import CLASSES, Class
from agentgov.diff.summary import summary_line
from agentgov.model.names import ReleaseName
from agentgov.release.changes import Changes
from agentgov.report.diff import CLASS_STYLES
from agentgov.report.findings import plural
from agentgov.report.markup import code, cut, named, prose
from agentgov.report.page import Page, Span

LIMIT = 125_000  # characters of the text of a release on GitHub
_MOST_SHOWN = 12  # changes on a terminal
_MOST_NAMED = 50  # people
_TITLES = {"loosens": "May do more, or is checked less", "neutral": "Other changes", "tightens": "May do less"}


def changelog_markdown(name: ReleaseName, changes: Changes, limit: int = LIMIT) -> str:
    """The changelog of a release as Markdown of at most `limit` bytes: the least risky changes are left out first."""
    command = compare_command(name, changes)
    title = f"**{prose(str(name.agent))} {prose(name.version)}**: {code(summary_line(changes.diff))}"
    head = [title, since(changes)]
    if changes.reviewers:
        head.append(f"Reviewed by {named(changes.reviewers, _MOST_NAMED)}.")
    head += [f"Passed without its reviews: {prose(one)}." for one in changes.passed]
    head.append(f"Word by word: {code(command)}")
    lines = [line for klass in CLASSES for line in _lines(klass, changes)]
    return cut("\n\n".join(head) + "\n", lines, limit, f"\n*{{}} more changes: {code(command)}*\n")


def since(changes: Changes) -> str:
    """`Since v1.1.0: 3 changes, at commit 1a2b3c4d5.`"""
    count = plural(len(changes.diff.changes), "change")
    if changes.prior is None:
        return f"The first release: {count} from an agent that may do nothing, at commit {changes.commit[:9]}."
    return f"Since v{changes.prior.version}: {count}, at commit {changes.commit[:9]}."


def compare_command(name: ReleaseName, changes: Changes) -> str:
    """The command that shows the words of texts too."""
    if changes.prior is None:
        return f"agentgov show {name.agent} --at {name.version}"
    return f"agentgov diff {changes.prior.version} {name.version} --agent {name.agent}"


def changelog_page(changes: Changes) -> Page:
    """The changes as lines of text, riskiest first."""
    page = Page()
    for change in changes.diff.changes[:_MOST_SHOWN]:
        page.line("    ", Span(f"{change.klass:<8}", CLASS_STYLES[change.klass]), f"  {change.sentence}")
    left = len(changes.diff.changes) - _MOST_SHOWN
    if left > 0:
        page.line(Span(f"    and {left:,} more", "dim"))
    if changes.reviewers:
        page.line(Span(f"    reviewed by {', '.join(changes.reviewers[:_MOST_NAMED])}", "dim"))
    for one in changes.passed:
        page.line("    ", Span(one, "warn"))
    return page


def _lines(klass: Class, changes: Changes) -> list[str]:
    """The changes of a class, the first with the heading before it."""
    lines = [_line(change) for change in changes.diff.changes if change.klass == klass]
    return [f"\n### {_TITLES[klass]}\n\n{lines[0]}", *lines[1:]] if lines else []


def _line(change: FieldChange) -> str:
    return f"- {code(short(change.sentence, 500))} ({code(change.field)}, {code(change.path)})\n"
