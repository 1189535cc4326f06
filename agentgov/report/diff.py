"""A semantic diff as people read it at a terminal, and the one value that all its formats tell.

Order, classes and sentences come from outside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentgov.diff.change import FieldChange
from agentgov.diff.compare import AgentDiff
from agentgov.diff.effects import Effect
from agentgov.diff.fields import Class
from agentgov.diff.prompts import only_written
from agentgov.diff.summary import summary_line
from agentgov.diff.words import WordEdit, word_diff
from agentgov.model.finding import Finding
from agentgov.model.names import AgentId
from agentgov.report import findings as findings_report
from agentgov.report.page import Page, Span, Style
from agentgov.report.words import WIDTH, word_lines
from agentgov.review.needs import Need

CLASS_STYLES: Mapping[Class, Style] = {"loosens": "warn", "neutral": "dim", "tightens": "good"}
TEXTS = ("prompt.changed", "prompt.added", "prompt.removed", "tools.args.changed", "evals.changed")
_LONG = 400_000  # characters of both texts; how longer ones differ is left to the files


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a diff: what the user called it, the commit (None: no commit), and its name in sentences."""

    rev: str
    commit: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Sharing:
    """More agents than are compared one by one that a change of a shared text may concern."""

    path: str
    agents: tuple[AgentId, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that the command says: agents riskiest first, governance, and what could not be read.

    `needs` are the reviews each agent needs, None where no governance says so; `sharing` the agents that name a shared
    text that changed and were not compared; `command` shows all of it again.
    """

    base: Side
    head: Side
    agents: tuple[AgentDiff, ...]
    governance: tuple[FieldChange, ...]
    problems: tuple[Finding, ...]
    needs: Mapping[AgentId, Sequence[Need]] | None = None
    sharing: tuple[Sharing, ...] = ()
    command: str = "agentgov diff"
    practice: tuple[FieldChange, ...] = ()  # playbooks and drills

    @property
    def differs(self) -> bool:
        """Whether anything is told."""
        return bool(self.agents or self.governance or self.sharing or self.practice)

    def summary(self, diff: AgentDiff) -> str:
        """What changed in an agent, the class, and whose reviews that needs, on one line."""
        return summary_line(diff) + self.needed(diff)

    def needed(self, diff: AgentDiff) -> str:
        """`, needs team:security`; empty where nothing says what is needed."""
        needs = self.needs.get(diff.agent_id, ()) if self.needs is not None else ()
        return f", needs {' and '.join(map(str, needs))}" if needs else ""


def page(answer: Answer, *, marks: bool, width: int = WIDTH) -> Page:
    """The diff for a terminal or a pipe; `marks` where nothing paints insertions and deletions."""
    out = Page()
    shown: dict[tuple[object, object], str] = {}
    for diff, *others in alike(answer):
        klass = Span(diff.klass, CLASS_STYLES[diff.klass])
        out.line(Span(str(diff.agent_id), "bold"), "  ", klass, f"  {status(diff)}")
        if others:
            out.line("  ", Span(f"the same in {same_in(others)}", "dim"))
        out.line(f"  {summary_line(diff).removesuffix(diff.klass)}", klass, Span(answer.needed(diff), "bold"))
        for change in diff.changes:
            _change_line(out, change)
        if len(diff.effects) > 1:
            _effect_lines(out, diff.effects)
        for change in diff.changes:
            _text_lines(out, change, diff, marks, width, shown)
        out.blank()
    for more in answer.sharing:
        out.line(f"and {findings_report.plural(len(more.agents), 'more agent')} that name ", Span(more.path, "accent"))
        out.line("  ", Span(f"{_some(more.agents)}; one of them: agentgov diff --agent ID", "dim")).blank()
    if answer.governance:
        out.line(Span("governance", "bold"), "  takes the administrators")
        for change in answer.governance:
            _change_line(out, change, change.path)
        out.blank()
    if answer.practice:
        out.line(Span("playbooks and drills", "bold"))
        for change in answer.practice:
            _change_line(out, change, change.path)
        out.blank()
    return out.line(Span(counts(answer), "dim"))


def alike(answer: Answer) -> list[list[AgentDiff]]:
    """The agents in order; those in which nothing but the same shared texts changed, in the same way, as one group."""
    groups: dict[object, list[AgentDiff]] = {}
    for diff in answer.agents:
        key: object = diff.agent_id
        if all(not change.path.startswith(f"{diff.agent_id.folder}/") and not change.also for change in diff.changes):
            said = tuple((change.path, change.sentence, change.before, change.after) for change in diff.changes)
            key = (diff.risk, answer.summary(diff), said)
        groups.setdefault(key, []).append(diff)
    return list(groups.values())


def same_in(others: Sequence[AgentDiff]) -> str:
    """`3 more agents: a/b, a/c, a/d`."""
    return f"{findings_report.plural(len(others), 'more agent')}: {_some([diff.agent_id for diff in others])}"


def _some(agents: Sequence[AgentId]) -> str:
    return ", ".join(map(str, agents[:5])) + (", ..." if len(agents) > 5 else "")


def status(diff: AgentDiff) -> str:
    """`modified, high risk`."""
    return f"{diff.status}, {diff.risk} risk"


def _change_line(out: Page, change: FieldChange, file: str = "") -> None:
    where = [Span(f"{file}: ", "dim")] if file else []
    note = [Span(f" {change.note}", "dim")] if change.note else []
    out.line(
        "  ",
        Span(f"{change.klass:<8}", CLASS_STYLES[change.klass]),
        "  ",
        *where,
        change.summary,
        *note,
        Span(f"  {change.field}", "dim"),
    )


def _effect_lines(out: Page, effects: Sequence[Effect]) -> None:
    """What is in force in each environment, a column each."""
    rows = [("in force", *(value.environment for value in effects[0].values))]
    rows += [(effect.name, *(effect_cell(effect, index) for index in range(len(effect.values)))) for effect in effects]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True))
        out.line("  ", Span(line, "plain" if number else "dim"))


def effect_cell(effect: Effect, index: int) -> str:
    """`40.00 USD -> 80.00 USD`, or the value alone where it is the same as before."""
    value = effect.values[index]
    before, after = short_value(value.before), short_value(value.after)
    said = f"{before} -> {after}" if value.differs else after
    return f"{said} (override)" if value.overridden else said


def short_value(value: object) -> str:
    """A value in a cell; a dash where there is none."""
    from agentgov.diff.change import short

    return "-" if value is None else short(value, 40)


def _text_lines(
    out: Page,
    change: FieldChange,
    diff: AgentDiff,
    marks: bool,
    width: int,
    shown: dict[tuple[object, object], str],
) -> None:
    """The words of a text that differ; a text that several agents share is shown once."""
    edits = readable_edits(change)
    if not edits:
        return
    first = shown.setdefault((change.before, change.after), str(diff.agent_id))
    if first != str(diff.agent_id):
        out.line("  ", Span(change.path, "accent"), Span(f"  as above, of {first}", "dim"))
        return
    out.line("  ", Span(change.path, "accent"))
    for line in word_lines(edits, marks=marks, width=width):
        out.line("    ", *line)


def exact_edits(change: FieldChange) -> tuple[WordEdit, ...]:
    """The word diff of a change of a text; empty where there is none, or where it would be too long to read."""
    if change.field not in TEXTS:
        return ()
    before, after = change.before or "", change.after or ""
    return word_diff(before, after) if len(before) + len(after) <= _LONG else ()


def readable_edits(change: FieldChange) -> tuple[WordEdit, ...]:
    """The word diff without line endings; empty also where the sentence about the change says it all."""
    if change.field not in TEXTS:
        return ()
    before, after = ((text or "").replace("\r\n", "\n") for text in (change.before, change.after))
    if len(before) + len(after) > _LONG or before == after or only_written(before, after):
        return ()
    return word_diff(before, after)


def counts(answer: Answer) -> str:
    """One sentence about all of it."""
    loose = sum(1 for diff in answer.agents if diff.klass == "loosens")
    agents = findings_report.plural(len(answer.agents), "agent")
    said = f"{agents} changed, {loose} loosened" if answer.agents else "no change in what any agent is"
    if answer.sharing:
        more = len({agent for found in answer.sharing for agent in found.agents})
        said += f"; {findings_report.plural(more, 'more agent')} not compared"
    if answer.governance:
        said += f"; {findings_report.plural(len(answer.governance), 'change')} of governance"
    if answer.practice:
        said += f"; {findings_report.plural(len(answer.practice), 'change')} of playbooks and drills"
    if answer.problems:
        said += "; not everything could be read"
    return f"{said} ({answer.base.name} to {answer.head.name})"


def problems_page(problems: Sequence[Finding]) -> Page:
    """What could not be read, for stderr: one finding a line, each with its place."""
    out = Page()
    for found in problems:
        out.line(Span("error:", "bad"), f" {found.where}  {found.message}")
    return out
