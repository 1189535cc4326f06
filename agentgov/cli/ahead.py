"""Git's comparison of the working tree with HEAD, begun before the command line is parsed: it takes git as long as it
takes Python to load a command. The command says what it wants to know; it takes what was begun, or asks anew.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from agentgov.errors import AgentgovError

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository
    from agentgov.repo.uncommitted import Reading

_COMMANDS = ("validate", "diff", "check")
_OTHER = (  # asks something else
    "--rev",
    "--changed",
    "--staged",
    "--repo",
    "--head",
    "--facts",
    "--pr",
    "--event",
    "--help",
    "-h",
)


class _Begun:
    """What was begun, until somebody takes it."""

    reading: "Reading | None" = None


def begin(args: list[str]) -> None:
    """Ask git, where the words of a command line look as if the answer will be needed; a wrong guess costs nothing but
    git's time, and what cannot be asked the command itself will meet again."""
    if not args or args[0] not in _COMMANDS or any(word.startswith(_OTHER) for word in args[1:]):
        return
    if args[0] == "diff" and any(not word.startswith("-") for word in args[1:]):
        return
    from agentgov.cli.target import Place
    from agentgov.repo.uncommitted import Reading

    with suppress(AgentgovError, OSError):
        place = Place.around()
        if place.git is not None:
            repo = place.repository()
            _Begun.reading = Reading(repo, place.inside if args[0] == "validate" else "")


def end() -> None:
    """Stop what nobody took."""
    if _Begun.reading is not None:
        _Begun.reading.close()
        _Begun.reading = None


def repository(start: str) -> "Repository":
    """The repository around a folder: the value that is in use already, where it is the same one."""
    from agentgov.repo.repository import Repository

    found = Repository.open(start)
    begun = _Begun.reading
    return begun.repo if begun is not None and begun.repo.location == found.location else found


def reading(repo: "Repository", prefix: str = "", *, staged: bool = False) -> "Reading":
    """The comparison of a working tree or an index, as `repo.uncommitted.Reading` makes it."""
    from agentgov.repo.uncommitted import Reading

    begun = _Begun.reading
    if begun is None or staged or begun.repo is not repo or begun.prefix != prefix:
        return Reading(repo, prefix, staged=staged)
    _Begun.reading = None
    return begun
