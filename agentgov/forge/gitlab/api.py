"""One project's part of GitLab's API: paths, pages and values. Decides nothing."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from agentgov.forge.gitlab.shapes import Project as ProjectShape
from agentgov.forge.gitlab.shapes import encoded, every
from agentgov.forge.port import Project
from agentgov.forge.reasons import UNKNOWN_PROJECT, misconfigured
from agentgov.net.client import Client
from agentgov.net.decoding import decoded

Shape = TypeVar("Shape")
Query = Mapping[str, str | int]
_NOTHING: Query = MappingProxyType({})
_PAGE = 100


class Api:
    """Asks about one project. Paths are below the project; `what` is said where an answer cannot be read."""

    def __init__(self, client: Client, project: Project) -> None:
        self.client, self.project = client, project

    @classmethod
    def of(cls, client: Client, name: str) -> "Api":
        """The project of a full path; ConfigurationError (`forge.unknown-project`) where none is to be seen."""
        found = project_of(client, encoded(name))
        if found is None:
            what = f"GitLab knows no project {name}, or does not show it to this token"
            raise misconfigured(UNKNOWN_PROJECT, what, "name it: --project GROUP/NAME; the token needs read_api or api")
        return cls(client, found)

    def path(self, below: str) -> str:
        """A path below the project."""
        return f"/projects/{self.project.id}/{below}"

    def one(self, shape: type[Shape], below: str, what: str, query: Query = _NOTHING) -> Shape:
        """What stands there."""
        return decoded(self.client.get(self.path(below), query), shape, what)

    def found(self, shape: type[Shape], below: str, what: str, query: Query = _NOTHING) -> Shape | None:
        """What stands there, None where there is nothing."""
        answer = self.client.find(self.path(below), query)
        return None if answer is None else decoded(answer, shape, what)

    def all(self, shape: type[Shape], below: str, what: str, query: Query = _NOTHING) -> Iterator[Shape]:
        """The items of a list, page after page."""
        return self.everywhere(shape, self.path(below), what, query)

    def everywhere(self, shape: type[Shape], path: str, what: str, query: Query = _NOTHING) -> Iterator[Shape]:
        """The items of a list that is not the project's."""
        return every(self.client.pages(path, {"per_page": _PAGE, **query}), shape, what)


def project_of(client: Client, which: str) -> Project | None:
    """The project of a number or encoded path, None where there is none that the token may see."""
    answer = client.find(f"/projects/{which}")
    if answer is None:
        return None
    shape = decoded(answer, ProjectShape, "a project")
    return Project("gitlab", shape.id, shape.path_with_namespace)
