"""A semantic diff as GitHub Flavored Markdown, for a comment on a pull request: at most as long as a comment may be.

What people wrote stands in code or as escaped text of a <pre>, where nothing in it acts. What does not fit is left out
in whole sections, never inside a table or a text: first the words of texts, then the tables of the least risky agents,
and a last line says how much that was and how to see it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from agentgov.diff.change import FieldChange, short
from agentgov.diff.compare import AgentDiff
from agentgov.diff.effects import Effect
from agentgov.diff.words import WordEdit
from agentgov.report.diff import Answer, alike, counts, effect_cell, readable_edits, same_in, status
from agentgov.report.findings import plural
from agentgov.report.markup import code
from agentgov.report.page import Span, safe
from agentgov.report.words import word_lines

LIMIT = 65_536  # characters of a comment on GitHub; counted in bytes here, which are never fewer
_RESERVED = 600  # for the last line
_WIDTH = 96
_OPEN = 12  # lines of a text that is shown without a click
_PROBLEMS = 20
_TAGS = {"insert": ("<ins>", "</ins>"), "delete": ("<del>", "</del>")}


@dataclass(slots=True)
class _Space:
    """How many bytes are left, and what was left out for want of them."""

    left: int
    agents: int = 0
    tables: int = 0
    texts: int = 0
    taken: list[str] = field(default_factory=list)

    def take(self, section: str, most: int = LIMIT) -> bool:
        """Whether a section fits; then its space is gone."""
        size = len(section.encode("utf-8", "replace"))
        if size > min(self.left, most):
            return False
        self.left -= size
        return True


def markdown(answer: Answer, limit: int = LIMIT) -> str:
    """The diff as Markdown of at most `limit` bytes, and so of at most as many characters."""
    space = _Space(limit - _RESERVED)
    head = f"**{counts(answer)}**\n"
    space.take(head)
    problems = _problems(answer)
    problems = problems if space.take(problems) else ""
    governance = _rows("Governance: takes the administrators", answer.governance, space)
    practice = _rows("Playbooks and drills", answer.practice, space)
    groups = alike(answer)
    sections = [_agent(answer, diff, others, space) for diff, *others in groups]
    more = "".join(
        f"\nAnd {plural(len(found.agents), 'more agent')} that name {code(found.path)}.\n"
        for found in answer.sharing[:_PROBLEMS]
    )
    more = more if space.take(more) else ""
    body = [section + _texts(group[0], section, space) for group, section in zip(groups, sections, strict=True)]
    return head + "".join(body) + more + governance + practice + problems + _rest(answer, space)


def _agent(answer: Answer, diff: AgentDiff, others: Sequence[AgentDiff], space: _Space) -> str:
    """The heading, the summary, and the tables of an agent; without the tables, or nothing, where they do not fit."""
    if space.agents:  # all that follow are less risky
        space.agents += 1 + len(others)
        return ""
    title = f"\n### {code(str(diff.agent_id))} {diff.klass}\n\n{status(diff)}: {code(answer.summary(diff))}\n"
    title += f"\nThe same in {code(same_in(others))}\n" if others else ""
    tables = f"\n{_table(diff.changes)}{_effects(diff.effects)}"
    if space.take(title + tables, LIMIT // 2):
        return title + tables
    bare = f"{title}\n{plural(len(diff.changes), 'change')}, too many for a comment.\n"
    if space.take(bare):
        space.tables += 1
        return bare
    space.agents += 1 + len(others)
    return ""


def _texts(diff: AgentDiff, section: str, space: _Space) -> str:
    """The words of the texts that differ, each where it fits, and each once."""
    found = []
    for change in diff.changes if section else ():
        edits = readable_edits(change)
        text = _text(change.path, edits) if edits else ""
        if not text or text in space.taken:
            continue
        if space.take(text):
            space.taken.append(text)
            found.append(text)
        else:
            space.texts += 1
    return "".join(found)


def _text(path: str, edits: Sequence[WordEdit]) -> str:
    lines = ["".join(_styled(line)).rstrip() for line in word_lines(edits, marks=False, width=_WIDTH)]
    opened = " open" if len(lines) <= _OPEN else ""
    body = "\n".join(lines)
    name = _html(" ".join(path.split()))
    return f"\n<details{opened}><summary>{name}</summary>\n\n<pre>\n{body}\n</pre>\n\n</details>\n"


def _styled(line: Sequence[Span]) -> Iterator[str]:
    """A line of a text as HTML: what came is underlined, what went is struck through."""
    for style, spans in groupby(line, key=lambda span: span.style):
        opening, closing = _TAGS.get(style, ("", ""))
        yield f"{opening}{_html(''.join(span.text for span in spans))}{closing}"


def _html(text: str) -> str:
    """Text between tags: nothing in it is a tag, a mention, or the end of its line."""
    shown = safe(text).replace("\n", " ")
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")


def _table(changes: Iterable[FieldChange]) -> str:
    head = ("| class | change | field | file |", "| --- | --- | --- | --- |")
    rows = (
        f"| {change.klass} | {code(change.sentence)} | {code(change.field)} | {code(change.path)} |"
        for change in changes
    )
    return "".join(f"{row}\n" for row in (*head, *rows))


def _effects(effects: Sequence[Effect]) -> str:
    """What is in force in each environment, where that is not the same."""
    if not effects:
        return ""
    environments = [value.environment for value in effects[0].values]
    rows = [f"| in force | {' | '.join(environments)} |", f"| --- |{' --- |' * len(environments)}"]
    for effect in effects:
        cells = (code(effect_cell(effect, index)) for index in range(len(effect.values)))
        rows.append(f"| {code(effect.name)} | {' | '.join(cells)} |")
    return "".join(f"\n{row}" for row in rows) + "\n"


def _rows(title: str, changes: Sequence[FieldChange], space: _Space) -> str:
    if not changes:
        return ""
    title = f"\n### {title}\n"
    found = f"{title}\n{_table(changes)}"
    if space.take(found, LIMIT // 2):
        return found
    space.tables += 1
    bare = f"{title}\n{plural(len(changes), 'change')}, too many for a comment.\n"
    space.take(bare)
    return bare


def _problems(answer: Answer) -> str:
    if not answer.problems:
        return ""
    lines = [f"- {code(short(f'{found.where}  {found.message}', 300))}" for found in answer.problems[:_PROBLEMS]]
    if len(answer.problems) > _PROBLEMS:
        lines.append(f"- and {len(answer.problems) - _PROBLEMS:,} more")
    return "\n### Could not be read\n\n" + "".join(f"{line}\n" for line in lines)


def _rest(answer: Answer, space: _Space) -> str:
    """How much was left out, and how to see it."""
    left = [
        plural(count, word)
        for count, word in ((space.agents, "agent"), (space.tables, "table"), (space.texts, "text"))
        if count
    ]
    if not left:
        return ""
    said = f"{' and '.join(left)} left out, because a comment holds 65,536 characters"
    return f"\n**{said}.** All of it: {code(short(answer.command, 300))}\n"
