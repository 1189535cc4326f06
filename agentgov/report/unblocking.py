"""What a change still lacks in words for people: how many approvals of whom, for which paths. Decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentgov.diff.change import short
from agentgov.report.markup import code, plain
from agentgov.report.review_told import PathTold, ReviewsTold, any_of
from agentgov.review.decide import Progress
from agentgov.review.requirements import WHOLE

_MOST_NAMED = 8  # people
_LONGEST = 240


@dataclass(frozen=True, slots=True)
class Lack:
    """So many approvals that these paths lack, what for, and who could give them."""

    count: int
    name: str
    labels: tuple[str, ...]
    could: tuple[str, ...]
    each: bool  # one of each of the groups
    personal: bool
    paths: tuple[str, ...]


def lacks(told: ReviewsTold) -> list[Lack]:
    """What is missing, the same lack of several paths once, that of most paths first."""
    found: dict[tuple[object, ...], list[tuple[PathTold, Progress]]] = {}
    for path in told.waiting:
        for item in path.progress:
            if item.missing:
                needed = item.requirement
                key = (needed.name, needed.labels, item.missing, item.could, needed.personal or path.personal)
                found.setdefault(key, []).append((path, item))
    every = [_lack(entries) for entries in found.values()]
    return sorted(every, key=lambda lack: -len(lack.paths))


def sentence(lack: Lack, *, code_: bool = True) -> str:
    """`an approval by ana or bo (owners of agents/a/b/agent.yaml)`; without marks of code for a status."""
    what = "personal signature" if lack.personal else "approval"
    many = f"{'a' if lack.personal else 'an'} {what}" if lack.count == 1 else f"{lack.count:,} {what}s"
    who = [plain(one) if code_ else one for one in lack.could]
    word = "by" if lack.count == 1 or lack.count == len(who) else "out of"
    named = any_of(who, _MOST_NAMED, "or" if lack.count == 1 else "and")
    by = f" {word} {named}" if who else ", which nobody here could give"
    if lack.each and lack.count > 1:
        by += f", one for each of {any_of([_name(label, code_) for label in lack.labels], _MOST_NAMED, 'and')}"
    return f"{many}{by} ({_role(lack, code_)})"


def _role(lack: Lack, code_: bool) -> str:
    """What they are asked as: `owners of`, `administrators, for`."""
    first = "the whole change" if lack.paths[0] == WHOLE else _name(lack.paths[0], code_)
    more = f" and {len(lack.paths) - 1:,} more" if len(lack.paths) > 1 else ""
    name = plain(lack.name) if code_ else lack.name
    return f"{name}{' of' if lack.name == 'owners' else ', for'} {first}{more}"


def _name(text: str, code_: bool) -> str:
    return code(short(text, _LONGEST)) if code_ else text


def _lack(entries: Sequence[tuple[PathTold, Progress]]) -> Lack:
    path, item = entries[0]
    needed = item.requirement
    return Lack(
        item.missing,
        needed.name,
        needed.labels,
        item.could,
        len(needed.groups) > 1,
        needed.personal or path.personal,
        tuple(dict.fromkeys(one.path for one, _ in entries)),
    )
