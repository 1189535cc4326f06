"""The one comment on a pull request: what the verdict is, who can unblock it, what the change does, what did not count.

It reads well as the plain text of an e-mail: fixed sentences, names as words, other people's text as code. It calls
nobody (no mention acts), no line begins with what a forge takes for a command, and nothing in it changes unless the
verdict or the change does: no time, no run. What does not fit is left out in whole sections, folded ones first.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agentgov.diff.change import short
from agentgov.diff.compare import AgentDiff
from agentgov.diff.summary import summary_line
from agentgov.report.diff import Answer, status
from agentgov.report.diff import alike as alike_agents
from agentgov.report.diff_markdown import markdown
from agentgov.report.findings import plural
from agentgov.report.markup import code, plain
from agentgov.report.review_told import Ignored, PathTold, ReviewsTold, alike, any_of
from agentgov.report.unblocking import Lack, lacks, sentence
from agentgov.review.passing import Passing
from agentgov.review.requirements import WHOLE

LIMIT = 65_536  # characters of a comment on GitHub
_MOST_SHOWN = 10  # lines of a list that is not folded
_MOST_FOLDED = 100
_MOST_NAMED = 20
_LEAST_DIFF = 2_000  # characters; less is no use
_LONGEST = 240  # characters of other people's text in one line
_COMMAND = re.compile(r"^([ \t]*)([/@])", re.MULTILINE)
_NEWCOMER = (
    "Welcome! The author of this pull request is not in this fleet's Access. That is fine: whoever is named above "
    "reviews it as it is."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the comment speaks of. `head` is the commit that was judged, `unread` are reviews of the forge that cannot
    count for anybody, `reason` is why administrators let it through, `notes` are sentences of ours."""

    head: str
    reviews: ReviewsTold
    passing: Passing | None = None
    diff: Answer | None = None
    unread: tuple[Ignored, ...] = ()
    reason: str = ""
    newcomer: bool = False
    notes: tuple[str, ...] = ()


def comment(subject: Subject, limit: int = LIMIT) -> str:
    """The Markdown of the comment, of at most so many characters."""
    told = subject.reviews
    head = "\n".join([f"**agentgov: {headline(told)}**", "", *_why(subject)]).rstrip() + "\n"
    body = _harmless(head + _does(subject.diff) + _ignored((*subject.unread, *told.ignored)))
    foot = _harmless(_foot(subject))
    needs = _harmless(_needs(told))
    if len(body) + len(needs) + len(foot) <= limit - (limit // 2 if subject.diff else 0):
        body += needs
    return body + _whole_diff(subject.diff, limit - len(body) - len(foot)) + foot


def _harmless(text: str) -> str:
    """No line begins with what a forge takes for a command, or for a name to call."""
    return _COMMAND.sub(lambda found: f"{found[1]}&#{ord(found[2])};", text)


def headline(told: ReviewsTold) -> str:
    """The verdict in one sentence."""
    if told.state == "blocked":
        return f"{any_of(told.objectors, _MOST_SHOWN, 'and') or 'somebody'} asked for changes."
    if told.state == "pending":
        return f"{len(told.waiting):,} of {_paths(len(told.paths))} {_verb(len(told.waiting))}."
    if told.overridden_by:
        return f"passes, {told.overridden:,} of {_paths(len(told.paths))} by an override."
    return "every path has the reviews it needs." if told.paths else "nothing here needs a review."


def status_title(told: ReviewsTold, limit: int = 140) -> str:
    """The verdict in a status' one line, with who can unblock it."""
    said = headline(told).rstrip(".")
    wanted = [sentence(lack, code_=False) for lack in lacks(told)]
    return short(f"{said}: {'; '.join(wanted)}" if wanted and told.state == "pending" else said, limit)


def _why(subject: Subject) -> Iterator[str]:
    """Who can unblock it, or who let it through."""
    told = subject.reviews
    if told.overridden_by:
        who = any_of([plain(one) for one in told.overridden_by], _MOST_SHOWN, "and")
        said = f": {plain(short(subject.reason, _LONGEST))}" if subject.reason.strip() else "."
        yield f"{who} let it through without its reviews{said}"
        yield ""
    if told.state == "blocked":
        who = any_of([plain(one) for one in told.objectors], _MOST_SHOWN, "and")
        yield f"Unblocks it: {who} approves, or takes the request for changes back."
        yield ""
    wanted = lacks(told)
    if wanted and told.state != "pass":
        yield from _unblocks(wanted, subject)
    held = [path for path in told.waiting if path.message and path.state == "pending"]
    for group in alike(held)[:_MOST_SHOWN]:
        yield f"{_named(group)}: {plain(short(group[0].message, _LONGEST))}."
        yield ""
    if subject.newcomer:
        yield from (_NEWCOMER, "")
    for said in subject.notes:
        yield from (said, "")


def _unblocks(wanted: Sequence[Lack], subject: Subject) -> Iterator[str]:
    word = "Also needed" if subject.reviews.state == "blocked" else "Unblocks it"
    if len(wanted) == 1:
        yield f"{word}: {sentence(wanted[0])}."
    else:
        yield f"{word}:"
        yield ""
        yield from (f"- {sentence(lack)}" for lack in wanted[:_MOST_SHOWN])
        if len(wanted) > _MOST_SHOWN:
            yield f"- and {len(wanted) - _MOST_SHOWN:,} more needs, listed below"
    yield ""
    people = subject.passing.people if subject.passing is not None else None
    if people and len(wanted) > 1:
        fewest = "The fewest who do" if subject.passing is not None and subject.passing.fewest else "Enough"
        yield f"{fewest}: {any_of([plain(one) for one in people], _MOST_NAMED, 'and')}."
        yield ""
    if any(lack.personal for lack in wanted):
        yield f"A personal signature is given in a clone: {code(f'agentgov review approve {subject.head}')}"
        yield ""


def _does(diff: Answer | None) -> str:
    """What the change does to each agent, riskiest first."""
    if diff is None:
        return ""
    lines = [_agent_line(group) for group in alike_agents(diff)]
    lines += [f"{plural(len(one.agents), 'more agent')} name {code(short(one.path, _LONGEST))}" for one in diff.sharing]
    if diff.governance:
        lines.append(f"governance: {plural(len(diff.governance), 'change')}, which takes the administrators")
    if diff.practice:
        lines.append(f"playbooks and drills: {plural(len(diff.practice), 'change')}")
    unread = (short(f"{problem.where}  {problem.message}", _LONGEST) for problem in diff.problems[:_MOST_SHOWN])
    lines += [f"could not be read: {code(problem)}" for problem in unread]
    if not lines:
        return "\nWhat it does: no change in what any agent is.\n"
    return "\nWhat it does:\n\n" + _listed(lines, _MOST_SHOWN, "agents")


def _agent_line(group: Sequence[AgentDiff]) -> str:
    first = group[0]
    more = f", and the same in {plural(len(group) - 1, 'more agent')}" if len(group) > 1 else ""
    said = short(summary_line(first).removesuffix(f": {first.klass}"), _LONGEST)
    return f"{code(str(first.agent_id))} {first.klass} ({status(first)}){more}: {plain(said)}"


def _ignored(told: Sequence[Ignored]) -> str:
    """What was not counted and why, the same words once."""
    if not told:
        return ""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in told:
        message = one.message.replace("`", "")  # of our own words in a sentence, which read as well without
        found.setdefault((one.person, message, one.reason), []).append(one.on)
    lines = []
    for (person, message, reason), on in found.items():
        where = f" on {_paths_named([name for name in on if name])}" if any(on) else ""
        lines.append(f"{plain(person)}{where}: {plain(short(message, _LONGEST))} ({reason})")
    return "\nNot counted:\n\n" + _listed(lines, _MOST_SHOWN, "reviews")


def _needs(told: ReviewsTold) -> str:
    """What every path needs, folded."""
    lines: list[str] = []
    for group in alike(told.paths):
        lines += ["", f"{group[0].state}: {_named(group, _MOST_SHOWN)}", ""]
        if group[0].message:
            lines.append(f"- {plain(short(group[0].message, _LONGEST))}")
        for item in group[0].progress:
            needed = item.requirement
            whom = f" ({', '.join(map(code, needed.whom))})" if needed.whom else ""
            given = any_of([plain(one) for one in item.given], _MOST_NAMED, "and") or "nobody yet"
            could = any_of([plain(one) for one in item.could], _MOST_NAMED) or "nobody"
            missing = f"; {item.missing:,} missing, could be given by {could}" if item.missing else ""
            lines.append(f"- {needed.count:,} of {plain(needed.name)}{whom}: {given}{missing}")
        if len(lines) > _MOST_FOLDED * 4:
            lines += ["", "and more: `agentgov check` lists them all."]
            break
    return _folded("What each path needs, and who gave it", "\n".join(lines).strip()) if lines else ""


def _whole_diff(diff: Answer | None, room: int) -> str:
    """All that changes, folded, as far as it fits; and how to see it where nothing does."""
    if diff is None or not diff.differs:
        return ""
    for most in (room - 200, room // 2):  # what is made harmless is longer
        text = _harmless(_folded("Every change", markdown(diff, most).strip())) if most > _LEAST_DIFF else ""
        if text and len(text) <= room:
            return text
    return f"\nEvery change: {code(short(diff.command, _LONGEST))}\n"


def _folded(title: str, text: str) -> str:
    return f"\n<details><summary>{title}</summary>\n\n{text}\n\n</details>\n"


def _foot(subject: Subject) -> str:
    head = subject.head[:9]
    return f"\nCommit {head}. Ask why: {code(f'agentgov explain {head}')}\n"


def _listed(lines: Sequence[str], most: int, what: str) -> str:
    shown = [f"- {line}" for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"- and {len(lines) - most:,} more {what}")
    return "\n".join(shown) + "\n"


def _named(paths: Iterable[PathTold], most: int = 3) -> str:
    return _paths_named([path.path for path in paths], most)


def _paths_named(paths: Sequence[str], most: int = 3) -> str:
    names = ["the whole change" if path == WHOLE else code(short(path, _LONGEST)) for path in paths]
    return any_of(names, most, "and")


def _paths(count: int) -> str:
    return plural(count, "path")


def _verb(count: int) -> str:
    return "waits" if count == 1 else "wait"
