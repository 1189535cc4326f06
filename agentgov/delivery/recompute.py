"""The tree of an act computed again from nothing, by whoever knows only the journal; written nowhere.

Of a large fleet some agents at a time, so that whoever does it can do something else in between. Never compares, and
never publishes.
"""

from collections.abc import Callable

from agentgov.delivery.document import Documents
from agentgov.delivery.render import Unwritten, whole_tree
from agentgov.journal.parts import Overlay
from agentgov.journal.view import View
from agentgov.model.document import Environment


class Recomputing:
    """One such computation, which goes on where it stopped. What it found can be read from `trees`."""

    def __init__(self, view: View, environment: Environment) -> None:
        self.trees = Overlay(view.repo)
        self._steps = whole_tree(view, Documents(environment), Unwritten(self.trees))

    def go_on(self, enough: Callable[[], bool]) -> str:
        """The id of the tree, or "" where it was `enough` before that is known. IncompleteError where an object is
        missing, and then it is over."""
        return next((tree for tree in self._steps if tree or enough()), "")


def from_nothing(view: View, environment: Environment) -> tuple[str, Overlay]:
    """The tree of an act, and where it can be read."""
    computing = Recomputing(view, environment)
    return computing.go_on(bool), computing.trees
