"""The judgement of a fleet that differs in a few folders from one that was judged before.

The rules across a fleet decide from the facts of its folders (`facts`). So where the folders that differ are judged by
themselves, before and after, and their facts are the same, everything else stands as it was told. Wherever that cannot
be told from these folders alone, there is no answer, and the fleet is judged as a whole. No clock, no git.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from agentgov.model.finding import Finding, Suppressed
from agentgov.model.names import SHARED
from agentgov.model.partition import Partition, folder_of
from agentgov.model.snapshot import Entry
from agentgov.validate.facts import Judged
from agentgov.validate.judge import in_order
from agentgov.validate.load import Parts
from agentgov.validate.unit import judge_folder, read_folder

MOST_FOLDERS = 16  # judged twice each; of many more the kept judgements are read in less time


class Told(msgspec.Struct, frozen=True):
    """A fleet, and what was found in it."""

    partition: Partition
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]


def folders_of(changed: Mapping[str, tuple[Entry | None, Entry | None]]) -> tuple[str, ...] | None:
    """The agents' folders in which files have other contents than before; None where more is different: files that
    come or go, shared texts, governance, too many folders. `changed` is path to (before, after)."""
    found = dict.fromkeys(map(folder_of, changed))
    alone = all(folder and not folder.endswith(f"/{SHARED}") for folder in found)
    in_place = all(old and new and old.is_file and new.is_file for old, new in changed.values())
    return tuple(found) if alone and in_place and len(found) <= MOST_FOLDERS else None


def findings_after(
    before: Told, after: Partition, folders: Sequence[str], parts: Parts, *, reading: bool
) -> tuple[Finding, ...] | None:
    """All findings of `after`, which differs from `before` in these folders (see `folders_of`); None where they cannot
    be told from the folders. What is suppressed, and how much was looked at, is then the same as before.
    """
    judge = read_folder if reading else judge_folder
    fresh: list[Finding] = []
    stale: list[Finding] = []
    for folder in folders:
        old, new = judge(before.partition, parts, folder), judge(after, parts, folder)
        if old.facts != new.facts or not (_plain(old, folder) and _plain(new, folder)):
            return None
        stale.extend(old.findings)
        fresh.extend(new.findings)
    told = list(_inside(before.findings, folders))
    if set(told) != set(stale) or any(folder_of(one.finding.where.file) in folders for one in before.suppressed):
        return None  # a rule across the fleet said something of a folder, too
    return in_order((*(one for one in before.findings if folder_of(one.where.file) not in folders), *fresh))


def _plain(judged: Judged, folder: str) -> bool:
    """Whether what is said of a folder is about its own files only, and nothing there is suppressed."""
    return not judged.marks and all(folder_of(one.where.file) == folder for one in judged.findings)


def _inside(findings: Sequence[Finding], folders: Sequence[str]) -> Iterator[Finding]:
    return (one for one in findings if folder_of(one.where.file) in folders)
