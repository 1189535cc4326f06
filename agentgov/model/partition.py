"""A fleet in parts that can be judged by themselves: one for each folder below a workspace, and the rest.

The rest is small (governance, playbooks, CODEOWNERS, drills); agents are many, and a part that is not asked for is
never listed. Knows paths only, reads nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Protocol

from agentgov.model.governed import FLEET_FILE, in_governance_set
from agentgov.model.names import SHARED
from agentgov.model.snapshot import Entry, Snapshot, path_bytes

_MOST_HELD = 32 * 2**20  # bytes of one part kept in memory


class Partition(Protocol):
    """The governed files of a fleet at one moment, by part."""

    @property
    def name(self) -> str:
        """What to call it in messages: "working tree", "commit 1a2b3c4", "index"."""

    def folders(self) -> Mapping[str, str]:
        """Every `agents/<workspace>/<name>` with a file in it, and the id of its git tree ("": not known)."""

    def inside(self, folder: str) -> Mapping[str, Entry]:
        """Every file in one of the folders, in the order of the paths' bytes; empty for an unknown folder."""

    def rest(self) -> Mapping[str, Entry]:
        """Every governed path outside of these folders, in the order of the paths' bytes."""

    def common(self) -> Mapping[str, Entry]:
        """Of the rest what the judgement of every folder may look at (`is_common`); to list it enters no workspace."""

    def list_all(self) -> None:
        """Most folders will be asked for: list them at once where that is faster."""

    def read_ahead(self, folders: Sequence[str]) -> None:
        """The files of these folders ("": of governance) will be asked for next: read them at once where that is
        faster."""

    def read(self, path: str) -> bytes:
        """The bytes at a path; KeyError where there is no file."""


def folder_of(path: str) -> str:
    """The part that a path lies in: `agents/<workspace>/<name>`, or "" for the rest."""
    parts = path.split("/", 3)
    return "/".join(parts[:3]) if len(parts) == 4 and parts[0] == "agents" else ""


def shared_folder(folder: str) -> str:
    """The folder with the texts that an agent's folder may share with its neighbours."""
    return f"{folder.rpartition('/')[0]}/{SHARED}"


def is_common(path: str) -> bool:
    """Whether the judgement of every folder may look at a path: governance (not its workflows), and the playbooks."""
    return path.startswith(("playbooks/", f"{FLEET_FILE}/")) or (
        in_governance_set(path) and not path.startswith(".github/workflows/")
    )


class PartitionedSnapshot:
    """Any snapshot, by part; the ids of its trees are not known."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._parts: dict[str, dict[str, Entry]] = {}
        for path, entry in snapshot.entries().items():
            self._parts.setdefault(folder_of(path), {})[path] = entry

    @property
    def name(self) -> str:
        return self._snapshot.name

    def folders(self) -> Mapping[str, str]:
        return {folder: "" for folder in self._parts if folder}

    def inside(self, folder: str) -> Mapping[str, Entry]:
        return self._parts.get(folder, {})

    def rest(self) -> Mapping[str, Entry]:
        return self._parts.get("", {})

    def common(self) -> Mapping[str, Entry]:
        return {path: entry for path, entry in self.rest().items() if is_common(path)}

    def list_all(self) -> None:
        pass  # everything is listed

    def read_ahead(self, folders: Sequence[str]) -> None:
        pass  # a file on disk is read when it is asked for

    def read(self, path: str) -> bytes:
        return self._snapshot.read(path)


class Part:
    """What the judgement of one folder may look at, as a snapshot: the folder, the texts it shares, what is common.

    Nothing else is there for it, so that parts with equal files get equal judgements. "" is the rest of the fleet,
    which sees itself. Each file is read once, as long as all of them together are not huge.
    """

    __slots__ = ("_entries", "_held", "_read", "_room", "name", "own")

    def __init__(self, partition: Partition, folder: str) -> None:
        self._read = partition.read
        self._held: dict[str, bytes] = {}
        self._room = _MOST_HELD
        self.name = partition.name
        self.own = partition.inside(folder) if folder else partition.rest()
        near = (partition.inside(shared_folder(folder)), partition.common()) if folder else ()
        self._entries = _Joined((self.own, *near))

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def read(self, path: str) -> bytes:
        found = self._held.get(path)
        if found is None:
            if path not in self._entries:
                raise KeyError(path)
            found = self._read(path)
            if len(found) <= self._room:  # what is huge is refused by its size, and not worth the memory
                self._held[path] = found
                self._room -= len(found)
        return found

    def digest(self, path: str) -> str:
        return sha256(self.read(path)).hexdigest()


class Common:
    """What is common to all folders, governance above all, as a snapshot."""

    __slots__ = ("_entries", "_read", "name")

    def __init__(self, partition: Partition) -> None:
        self._entries = partition.common()
        self._read = partition.read
        self.name = partition.name

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def read(self, path: str) -> bytes:
        if path not in self._entries:
            raise KeyError(path)
        return self._read(path)

    def digest(self, path: str) -> str:
        return sha256(self.read(path)).hexdigest()


class Whole:
    """All parts as one snapshot, for the rules across the fleet: to look something up lists only the part it is in."""

    __slots__ = ("_partition", "name")

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self.name = partition.name

    def entries(self) -> Mapping[str, Entry]:
        return _Everything(self._partition)

    def read(self, path: str) -> bytes:
        return self._partition.read(path)

    def digest(self, path: str) -> str:
        return sha256(self.read(path)).hexdigest()


class _Joined(Mapping[str, Entry]):
    """Several listings as one; the first that knows a path answers. Only listing everything costs."""

    __slots__ = ("_listings",)

    def __init__(self, listings: tuple[Mapping[str, Entry], ...]) -> None:
        self._listings = listings

    def __getitem__(self, path: str) -> Entry:
        for listing in self._listings:
            if path in listing:
                return listing[path]
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({path for listing in self._listings for path in listing}, key=path_bytes))

    def __len__(self) -> int:
        return len({path for listing in self._listings for path in listing})


class _Everything(Mapping[str, Entry]):
    """Every path of a partition, listed part by part when first asked for."""

    __slots__ = ("_partition",)

    def __init__(self, partition: Partition) -> None:
        self._partition = partition

    def __getitem__(self, path: str) -> Entry:
        folder = folder_of(path)
        return (self._partition.inside(folder) if folder else self._partition.rest())[path]

    def __iter__(self) -> Iterator[str]:
        listings = [self._partition.rest(), *map(self._partition.inside, self._partition.folders())]
        return iter(sorted((path for listing in listings for path in listing), key=path_bytes))

    def __len__(self) -> int:
        return len(self._partition.rest()) + sum(map(len, map(self._partition.inside, self._partition.folders())))
