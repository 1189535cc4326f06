"""A change of governed contents as a facts file: everything that the verdict on it rests on, so that it can be judged
again elsewhere, without the repository.

Files are kept as they are, byte for byte, and read by the same loaders as ever: a facts file is other people's input.
The verdict itself is `change.decide_change`'s, here as everywhere. What is not in the file: commits, trees, signatures.
Who trusts the file trusts whoever wrote it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

from agentgov.diff.version import AgentVersion, version_of
from agentgov.errors import ConfigurationError
from agentgov.model.fleet import Governance
from agentgov.model.imported import Imported
from agentgov.model.names import agent_id
from agentgov.model.snapshot import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Entry, path_bytes
from agentgov.model.state import OpenReview, Override
from agentgov.review.facts import decoded
from agentgov.review.verdict import AuthorSet, Change, Handover, OwnersFile, PathChange, TouchedAgent
from agentgov.trust.identity import Directory, problems
from agentgov.validate.load import load_agent, load_governance

SCHEMA: Literal["agentgov.facts/1"] = "agentgov.facts/1"
LAST_MOMENT = 253_402_300_799  # the end of the year 9999, the last that a date can say
_HINT = "write it anew with: agentgov check --write-facts FILE"


class RecordedFile(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One file: its bytes as text where they are UTF-8, else in base64; none of both for what is no ordinary file."""

    text: str | None = None
    base64: bytes | None = None
    mode: Literal["100644", "100755", "120000", "160000"] = "100644"


Files = dict[str, RecordedFile]


class RecordedAgent(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One agent that the change touches: its files on both sides; a side that is absent or cannot be read is null."""

    agent: str
    paths: tuple[str, ...]
    before: Files | None = None
    after: Files | None = None
    broken: bool = False
    opaque: bool = False


class JournalPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the journal stood: its tip, the number of its last act, and journal time in epoch seconds."""

    tip: str
    seq: Annotated[int, msgspec.Meta(ge=0)]
    time: Annotated[int, msgspec.Meta(ge=0, le=LAST_MOMENT)]


class RecordedAuthors(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who wrote a path; see `verdict.AuthorSet`."""

    people: tuple[str, ...]
    doubt: str = ""
    unsigned: str = ""


class RecordedChange(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The whole file. `governance` is the authorised one, `reviews` and `overrides` those that are open, by the id of
    their act; `imported` says which reviews come from a forge."""

    schema: Literal["agentgov.facts/1"]
    journal: JournalPoint
    head: str
    governance: Files
    paths: tuple[PathChange, ...]
    agents: tuple[RecordedAgent, ...] = ()
    authors: dict[str, RecordedAuthors] = {}
    reviews: dict[str, OpenReview] = {}
    overrides: dict[str, Override] = {}
    imported: dict[str, Imported] = {}
    governance_problem: str = ""
    incoming: OwnersFile | None = None
    handovers: tuple[Handover, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayable:
    """What `decide_change` takes, and where it came from."""

    change: Change
    governance: Governance
    directory: Directory
    reviews: Mapping[str, OpenReview]
    overrides: Mapping[str, Override]
    imported: Mapping[str, Imported]
    journal: JournalPoint


def recorded_file(entry: Entry, data: bytes | None) -> RecordedFile:
    """One file as it is kept; `data` is None for what is no ordinary file."""
    mode: Any = f"{entry.mode:o}"
    if data is None:
        return RecordedFile(mode=mode)
    try:
        return RecordedFile(text=data.decode("utf-8"), mode=mode)
    except UnicodeDecodeError:
        return RecordedFile(base64=data, mode=mode)


def encode(recorded: RecordedChange) -> bytes:
    """The bytes of a facts file: JSON, indented, the same for the same facts."""
    try:
        return msgspec.json.format(msgspec.json.encode(recorded, order="deterministic"), indent=1) + b"\n"
    except UnicodeEncodeError:
        message = "a path of this change is not UTF-8, so it cannot stand in a facts file"
        raise ConfigurationError(message, "rename the file: no review can name it either") from None


def is_recorded(data: bytes) -> bool:
    """Whether the bytes of a facts file say that they are a recorded change, rather than a pull request."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("schema") == SCHEMA


def read_recorded(data: bytes, name: str) -> Replayable:
    """The change in the bytes of a facts file. ConfigurationError with one sentence for what cannot be read."""
    told = decoded(data, RecordedChange, name, _HINT)
    governance = _governance(told, name)
    change = Change(
        paths=told.paths,
        agents=tuple(_touched(one, name) for one in told.agents),
        authors={path: AuthorSet(frozenset(a.people), a.doubt, a.unsigned) for path, a in told.authors.items()},
        head=told.head,
        governance_problem=told.governance_problem,
        incoming=told.incoming,
        handovers=told.handovers,
    )
    directory, given = Directory(governance.access), (told.reviews, told.overrides, told.imported)
    return Replayable(change, governance, directory, *given, told.journal)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Recorded files as a snapshot."""

    files: Files
    name: str

    def entries(self) -> Mapping[str, Entry]:
        modes = {"100644": FILE, "100755": EXECUTABLE, "120000": SYMLINK, "160000": SUBMODULE}
        ordered = sorted(self.files, key=path_bytes)
        return MappingProxyType({path: Entry(modes[self.files[path].mode]) for path in ordered})

    def read(self, path: str) -> bytes:
        file = self.files[path]
        if file.text is not None:
            return file.text.encode()
        if file.base64 is None:
            raise KeyError(path)
        return file.base64

    def digest(self, path: str) -> str:
        return hashlib.sha256(self.read(path)).hexdigest()


def _governance(told: RecordedChange, name: str) -> Governance:
    governance, findings = load_governance(_Kept(_sound(told.governance, "/governance", name), name))
    if governance is None:
        first = next((found for found in findings if found.severity == "error"), None)
        why = f"{first.where}: {first.message}" if first else "a file is missing"
        raise ConfigurationError(f"{name}: the governance in it cannot be used: {why}", _HINT)
    wrong = problems(governance.access)
    if wrong:
        raise ConfigurationError(f"{name}: the governance in it cannot be used: {wrong[0].message}", _HINT)
    return governance


def _touched(told: RecordedAgent, name: str) -> TouchedAgent:
    agent = agent_id(told.agent)
    if agent is None:
        raise ConfigurationError(f"{name}: {told.agent!r} is no agent's id", _HINT)

    def side(files: Files | None, which: str) -> AgentVersion | None:
        if files is None:
            return None
        kept = _Kept(_sound(files, f"/agents/{told.agent}/{which}", name), name)
        document, findings = load_agent(kept, agent)
        if document is None:
            why = findings[0].message if findings else "it has no agent.yaml"
            raise ConfigurationError(f"{name}: {agent} cannot be read ({which}): {why}", _HINT)
        return version_of(agent, document, kept)

    before, after = side(told.before, "before"), side(told.after, "after")
    return TouchedAgent(agent, before, after, frozenset(told.paths), told.broken, told.opaque)


def _sound(files: Files, pointer: str, name: str) -> Files:
    """The files, where each ordinary one has contents, once."""
    for path, file in files.items():
        ordinary = file.mode in ("100644", "100755")
        if ordinary == (file.text is None and file.base64 is None) or (
            file.text is not None and file.base64 is not None
        ):
            raise ConfigurationError(f"{name}: {pointer} does not say what {path} holds, once", _HINT)
    return files
