"""What verification of a journal found, as values; `replay` is what finds it."""

from dataclasses import dataclass

from agentgov.journal.view import View

RULES = (
    2  # what is accepted; raised by every change that refuses more, so that what was verified before is judged again
)


@dataclass(frozen=True, slots=True)
class Offence:
    """The first thing that does not hold, the commit of the journal where it stands, and the path where it is one."""

    code: str
    message: str
    commit: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What verification found: the view at the last act that holds, how many acts were judged, the first offence that
    nobody has waived. Without a view nothing in the journal can be believed. `passed` are commits that are no acts."""

    view: View | None
    acts: int
    offence: Offence | None = None
    passed: frozenset[str] = frozenset()
