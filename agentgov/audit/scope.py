"""What of a fleet a pack is about: the whole of it, or one workspace; then what is about others alone is left out, and
counted."""

from collections.abc import Iterable

from agentgov.journal.query import Logged
from agentgov.journal.workspace_acts import any_of, concerns_workspace, workspace_of_agent
from agentgov.repo.repository import Repository
from agentgov.trust.access_review import Holder

ALL = ("*", "**")  # how patterns of agents begin that mean every workspace


class Scope:
    """One workspace, or the whole fleet (""), with how much was left out since it was asked last."""

    def __init__(self, workspace: str = "") -> None:
        self.workspace, self._left_out = workspace, 0

    def has(self, agents: Iterable[str]) -> bool:
        """Whether something about these agents, or patterns of them, is in it; about none is about the fleet."""
        found = tuple(map(workspace_of_agent, agents))
        return self._counted(not self.workspace or bool({*found} & {*ALL}) or any_of(found, self.workspace))

    def has_act(self, repo: Repository, logged: Logged) -> bool:
        """Whether an act is in it."""
        return not self.workspace or concerns_workspace(repo, logged, self.workspace)

    def has_holder(self, holder: Holder) -> bool:
        """Whether somebody is in it: bots, administrators, and whoever has a right in it, or none anywhere."""
        rights = () if holder.administrator else (pattern for right in holder.rights for pattern in right.agents)
        return self.has(rights)

    def left_out(self) -> int:
        """How much of what was asked about is not in it; counts from 0 again."""
        found, self._left_out = self._left_out, 0
        return found

    def _counted(self, is_in: bool) -> bool:
        self._left_out += not is_in
        return is_in
