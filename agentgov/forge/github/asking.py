"""How one repository on GitHub is asked: paths, pages, shapes. Complete or an error; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from agentgov.errors import IncompleteError
from agentgov.forge.github.shapes import Repository
from agentgov.forge.port import Project
from agentgov.forge.reasons import INCOMPLETE, UNKNOWN_PROJECT, incomplete, misconfigured
from agentgov.net.client import Client
from agentgov.net.decoding import decoded

Shape = TypeVar("Shape")
Query = Mapping[str, str | int]
_MOST = 10_000  # entries of one list
_PAGE = {"per_page": 100}


@dataclass(frozen=True, slots=True)
class Asking:
    """A client and the repository that it asks about."""

    client: Client
    project: Project

    @property
    def root(self) -> str:
        """Where the repository is in the API."""
        return f"/repos/{quoted(self.project.name)}"

    def one(self, path: str, shape: type[Shape]) -> Shape | None:
        """What stands at a path, None where nothing does."""
        answer = self.client.find(path)
        return None if answer is None else decoded(answer, shape, f"GET {path}")

    def listed(
        self, path: str, shape: type[Shape], query: Query | None = None, *, numbered: bool = True
    ) -> list[Shape]:
        """Every entry of a list. IncompleteError where there are more than anybody reads, or where a full last page
        of a list whose pages are `numbered` is followed by another: somebody between took its link away."""
        found: list[Shape] = []
        pages, asked = 0, {**_PAGE, **(query or {})}
        for answer in self.client.pages(path, asked):
            found += decoded(answer, list[shape], f"GET {path}")  # type: ignore[valid-type]
            check_size(path, len(found))
            pages += 1
        if numbered and found and len(found) == pages * _PAGE["per_page"]:
            after = self.client.get(path, {**asked, "page": pages + 1})
            if decoded(after, list[Any], f"GET {path}"):
                raise incomplete(INCOMPLETE, f"GET {path}: the list goes on, and does not say so", "try again")
        return found


def check_size(path: str, size: int) -> None:
    """IncompleteError where a list is longer than anybody reads."""
    if size > _MOST:
        raise incomplete(INCOMPLETE, f"GET {path}: the list has more than {_MOST:,} entries")


def quoted(text: str) -> str:
    """A name as part of a path; slashes stay."""
    return quote(text, safe="/")


def find_project(client: Client, name: str) -> Project:
    """The repository of that name, as GitHub numbers and spells it. ConfigurationError where there is none to see."""
    path = f"/repos/{quoted(name)}"
    answer = client.find(path)
    if answer is None:
        hint = "check --project, and that the token may see it"
        raise misconfigured(UNKNOWN_PROJECT, f"there is no repository {name} on GitHub that can be seen", hint)
    told = decoded(answer, Repository, f"GET {path}")
    if told.full_name.count("/") != 1:
        raise IncompleteError(f"GET {path}: the forge answered with something else", rule=INCOMPLETE)
    return Project("github", told.id, told.full_name)
