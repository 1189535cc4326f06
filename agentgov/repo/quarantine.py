"""Objects that a push has brought and nobody has accepted yet: where git keeps them while its pre-receive hook runs.

git puts what it receives into a folder inside the repository's own object folder and names it in the environment of the
hook, and of nobody else. So only the hook asks here, and only a folder that git could have made is believed: whoever
could name another one could show objects to the judge that never arrive. Never writes; names no ref.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentgov.errors import IncompleteError

_NAMES = ("incoming-", "tmp_objdir-incoming-")  # of the folders that git has made, older and newer


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The folder of received objects, and the repository's own one, in which all others are."""

    incoming: Path
    objects: Path

    def variables(self) -> dict[str, str]:
        """What lets a git program see both."""
        quoted = str(self.objects).replace("\\", "\\\\").replace('"', '\\"')  # or a colon would begin another folder
        return {"GIT_OBJECT_DIRECTORY": str(self.incoming), "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"'}


def from_environment(environment: Mapping[str, str], common_dir: Path) -> Quarantine | None:
    """The quarantine that git's receiving side speaks of, None where it speaks of none: nothing new was sent.

    IncompleteError where it names a folder that is none of this repository.
    """
    named = environment.get("GIT_QUARANTINE_PATH")
    if not named:
        return None
    objects = (common_dir / "objects").resolve()
    incoming = Path(named).resolve()
    if incoming.parent != objects or not incoming.name.startswith(_NAMES) or not incoming.is_dir():
        hint = "a hook is started by git alone; unset GIT_QUARANTINE_PATH everywhere else"
        raise IncompleteError("GIT_QUARANTINE_PATH names no folder that git has made in this repository", hint)
    return Quarantine(incoming, objects)
