"""Which function answers which path of a GitLab, and what it gets of the request."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakeserver import Reply, Request
from forgeworld import Pull
from gitlabworld import GitLabWorld

MR = "projects/:/merge_requests/:"
NOT_FOUND = Reply(404, {"message": "404 Not found"})
PAGES = {"page", "per_page"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that found its function. `words` are the parts of the path, decoded; `by` is the token's account."""

    world: GitLabWorld
    request: Request
    words: tuple[str, ...]
    by: int

    @property
    def query(self) -> dict[str, str]:
        """The parameters, which are all known."""
        return dict(self.request.query)

    @property
    def pull(self) -> Pull:
        """The merge request that the path names; its project must be ours."""
        assert self.words[0] == str(self.world.project_id), "merge requests are asked of the project, by its number"
        return self.world.pulls[int(self.words[1])]

    def body(self, *known: str) -> dict[str, Any]:
        """The fields that were sent, all of which must be known."""
        told: dict[str, Any] = self.request.json()
        assert set(told) <= set(known), f"fields that GitLab does not know: {set(told) - set(known)}"
        return told

    def repository(self, which: str) -> str | None:
        """The name of a repository by number or name, None where this token sees none."""
        for name, (number, _) in self.world.repositories.items():
            if which in (name, str(number)) and name not in self.world.private:
                return name
        return None


Answering = Callable[[Call], Reply]
ROUTES: list[tuple[str, re.Pattern[str], set[str], Answering]] = []


def route(method: str, path: str, *query: str, paged: bool = False) -> Callable[[Answering], Answering]:
    """Answer a path; each `:` in it is a part that the function gets. No other parameters are known."""
    pattern = re.compile("/api/v4/" + re.sub(":", "([^/]+)", path))

    def kept(answering: Answering) -> Answering:
        ROUTES.append((method, pattern, {*query, *(PAGES if paged else ())}, answering))
        return answering

    return kept
