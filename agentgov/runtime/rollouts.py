"""Which attempt a canary is: the commit of the journal's act that began it.

It names the canary for the sticky split. A wider share and a newer name of the same content keep it; another attempt,
of the same tag, too, has another one. Looks back in the journal only as far as somebody asks, and once.
"""

from bisect import bisect_right, insort

from agentgov.errors import IncompleteError
from agentgov.journal.view import View
from agentgov.model.act import parse
from agentgov.model.names import AgentId


class Rollouts:
    """The acts `canary` of one journal, by agent. For one thread at a time."""

    def __init__(self) -> None:
        self._began: dict[str, list[int]] = {}  # agent -> numbers of acts, ascending
        self._commits: list[str] = []
        self._low = 0  # the acts from here on are looked at

    def of(self, view: View, agent: AgentId) -> str:
        """The id of the latest attempt of an agent; IncompleteError where the journal never began one."""
        commits = view.memory.line.commits(view.tip)
        self._follow(view, commits)
        name, last = str(agent), len(commits) - 1
        while True:
            began = self._began.get(name, [])
            position = bisect_right(began, last)
            if position:
                return commits[began[position - 1]]
            if not self._low:
                raise IncompleteError(f"the journal holds no act that began a canary of {agent}")
            self._look(view, self._low - 1, self._commits[self._low - 1])
            self._low -= 1

    def _follow(self, view: View, commits: list[str]) -> None:
        """Look at the acts that are new; begin anew where the journal's end was exchanged."""
        known, end = len(self._commits), len(commits)
        shared = min(known, end)
        if not shared or self._commits[shared - 1] != commits[shared - 1]:
            self._began, self._commits, self._low = {}, commits, end
            return
        for seq in range(known, end):
            self._look(view, seq, commits[seq])
            self._commits.append(commits[seq])  # not before: what cannot be read now is looked at the next time

    def _look(self, view: View, seq: int, commit: str) -> None:
        act = parse(view.repo.commit(commit).message)
        if act.kind == "canary":
            insort(self._began.setdefault(act.get("Agent"), []), seq)
