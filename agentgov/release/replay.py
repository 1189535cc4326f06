"""Plays again what the judge of a ramp was fed (`windows`): the verdict it comes to, and since when it stands.

The judge is pure and keeps every crossing, so the same windows under the same judge give the same evidence, bit for
bit. Where the oldest windows are gone, nothing can be said about the ones that are left: never a match.

Never overrules the journal, which holds the verdict with the totals it was judged on; never knows time or files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agentgov.model.pipeline import Judge
from agentgov.release.judge import Judgement, JudgeState, Outcome, basis_of, judgement, update
from agentgov.release.observations import Memory
from agentgov.release.windows import Window


@dataclass(frozen=True, slots=True)
class Replay:
    """The verdict of a ramp's windows, played again, and after each look.

    `since` is the look (epoch seconds) from which on the outcome stood, None while it is undecided. `agrees` says
    whether it is what the reconciler remembers, None where its oldest windows are gone.
    """

    judgement: Judgement
    since: int | None
    agrees: bool | None
    looks: tuple[tuple[Window, Judgement], ...] = ()


def replayed(windows: Iterable[Window], judge: Judge) -> Iterator[tuple[Window, JudgeState]]:
    """Every look with the evidence after it."""
    state = JudgeState()
    for window in windows:
        state = update(state, window.counts, judge, window.share)
        yield window, state


def replay(memory: Memory, judge: Judge) -> Replay:
    """Plays the windows of the ramp that a memory is of; those of another judge are no evidence for this one."""
    windows = memory.windows if memory.judge.basis == basis_of(judge) else ()
    looks = tuple((window, judgement(state, judge)) for window, state in replayed(windows, judge))
    found, since = judgement(JudgeState(), judge), None
    for window, after in looks:
        if after.outcome is not found.outcome:
            since = window.at
        found = after
    agrees = None if memory.cut else found == judgement(memory.judge, judge)
    return Replay(found, None if found.outcome is Outcome.UNDECIDED else since, agrees, looks)
