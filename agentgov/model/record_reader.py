"""Where records of the journal are found, and how those of one folder are listed. What they mean is `state`'s."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

Kind = TypeVar("Kind")


class Reader(Protocol):
    """Where records are found."""

    def record(self, path: str) -> object | None:
        """The record at a path of the journal's tree."""

    def names(self, folder: str) -> Sequence[str]:
        """The names directly in a folder, sorted, folders with a trailing slash; empty where there is none."""


def files_in(reader: Reader, folder: str) -> list[str]:
    """The names of the records that lie directly in a folder."""
    return [name for name in reader.names(folder) if name.endswith(".yaml")]


def by_name(reader: Reader, folder: str, kind: type[Kind]) -> dict[str, Kind]:
    """The records of a kind in a folder, by what they are called there."""
    found = {name.removesuffix(".yaml"): reader.record(f"{folder}/{name}") for name in files_in(reader, folder)}
    return {key: record for key, record in found.items() if isinstance(record, kind)}


def one_below(reader: Reader, folder: str) -> Iterator[str]:
    """The paths of the records in the folders of a folder."""
    for inner in reader.names(folder):
        if inner.endswith("/"):
            for name in files_in(reader, f"{folder}/{inner[:-1]}"):
                yield f"{folder}/{inner}{name}"
