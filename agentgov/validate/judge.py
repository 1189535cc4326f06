"""The judgement of a whole fleet: what was judged before is taken, the rest is judged, and then the fleet across.

The same answer comes from one process or several, with or without a pool of earlier judgements. Knows no disk, no
processes and no git: those are handed in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from agentgov.model.finding import Finding, Suppressed, order
from agentgov.model.fleet import Fleet
from agentgov.model.partition import Common, Partition
from agentgov.model.snapshot import Entry
from agentgov.validate import across
from agentgov.validate.facts import Facts, Judged
from agentgov.validate.load import Parts, load_parts
from agentgov.validate.pool import Kept, Pool, context, folder_keys, rest_key
from agentgov.validate.selection import EVERYTHING, Selection
from agentgov.validate.suppress import Applied, Suppression, apply, unread
from agentgov.validate.unit import judge_folder, judge_rest, read_folder

Work = Callable[[Sequence[str]], list[Judged]]
Spread = Callable[[Work, Sequence[str]], Iterable[Judged]]

_PIECE = 32  # folders that are judged in one go
_MANY = 100  # folders to judge, from which on listing all of them at once is faster


def one_by_one(work: Work, folders: Sequence[str]) -> Iterator[Judged]:
    """The work done here, piece by piece."""
    for start in range(0, len(folders), _PIECE):
        yield from work(folders[start : start + _PIECE])


class Judgement(msgspec.Struct, frozen=True):
    """Everything that is wrong with a fleet, what marks in its files have taken out, both in order, each once; and how
    much was looked at."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    agents: int
    files: int


class Means(msgspec.Struct, frozen=True):
    """What a judgement may use: a place to keep judgements in (with the digest of the rules that make them), several
    processes. `reading` limits it to what is told by reading documents against their schemas."""

    kept: Kept | None = None
    rules: str = ""
    spread: Spread = one_by_one
    reading: bool = False


ALONE = Means()


class Ready:
    """What a judgement takes of everything outside of agents' folders: governance, and the judgements that are kept.

    Made of one state of a fleet it serves every other one with the same governance.
    """

    def __init__(self, partition: Partition, means: Means) -> None:
        self._partition = partition
        self._means = means

    @cached_property
    def rest(self) -> dict[str, Entry]:
        """Every governed path outside of agents' folders."""
        return dict(self._partition.rest())

    @cached_property
    def parts(self) -> Parts:
        """Governance."""
        self._partition.read_ahead(("",))
        return load_parts(Common(self._partition))

    @cached_property
    def pool(self) -> Pool | None:
        """The judgements that are kept, None where nothing is."""
        means = self._means
        if means.kept is None or not all(self._partition.folders().values()):
            return None
        return Pool(means.kept, context(f"{means.rules} {means.reading}", self._partition.common()))


def judge_fleet(
    partition: Partition, means: Means = ALONE, selection: Selection = EVERYTHING, ready: Ready | None = None
) -> Judgement:
    """Every finding of a fleet that was asked for, those apart that its files suppress as far as governance allows.

    The whole fleet is judged in any case, because a name may clash with one elsewhere.
    """
    if ready is None or ready.rest != partition.rest():
        ready = Ready(partition, means)
    rest, folders = _judged(partition, ready, means)
    found = [*rest.findings, *(one for judged in folders.values() for one in judged.findings)]
    facts = {folder: judged.facts for folder, judged in folders.items()}
    if not means.reading:
        found.extend(across.check(partition, ready.parts, facts, rest.facts))
    marks = [*rest.marks, *(mark for judged in folders.values() for mark in judged.marks)]
    done = Applied(tuple(found), ())
    if marks:
        governance = ready.parts
        done = applied(found, marks, governance.fleet, whole=governance.governance is not None)
    if not selection.everything:
        selected = set(_selected(partition, facts, selection))
        done = _of_files(done, lambda file: selection.has(file) or file in selected)
    files = rest.facts.files + sum(one.files for one in facts.values())
    suppressed = tuple(sorted(dict.fromkeys(done.suppressed), key=lambda one: order(one.finding)))
    return Judgement(in_order(done.kept), suppressed, sum(one.is_agent for one in facts.values()), files)


def applied(found: list[Finding], marks: Iterable[Suppression], fleet: Fleet | None, *, whole: bool) -> Applied:
    """What marks do to findings; `whole`: governance could be read, so that every rule was tried, and a mark that
    suppresses nothing has no use."""
    broken = unread(found)
    policy = None if fleet is None else fleet.validation
    return apply(found, marks, policy, lambda file: whole and file not in broken)


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings sorted, each once."""
    return tuple(sorted(dict.fromkeys(found), key=order))


def _of_files(done: Applied, asked: Callable[[str], bool]) -> Applied:
    """What is said of the files that were asked for."""
    return Applied(
        tuple(one for one in done.kept if asked(one.where.file)),
        tuple(one for one in done.suppressed if asked(one.finding.where.file)),
    )


def _judged(partition: Partition, ready: Ready, means: Means) -> tuple[Judged, dict[str, Judged]]:
    """The judgements of the rest and of every folder: those that are kept, and the others made now."""
    ids, pool, rest_entries = partition.folders(), ready.pool, ready.rest
    keys = folder_keys(ids) if pool is not None else {}
    known = {folder: found for folder, key in keys.items() if pool and (found := pool.get(key)) is not None}
    rest = pool.get(rest_key(rest_entries)) if pool is not None else None
    fresh = rest is None or len(known) < len(ids)
    if rest is None:
        rest = judge_rest(partition, ready.parts)
    todo = [folder for folder in ids if folder not in known]
    if len(todo) > _MANY:
        partition.list_all()
    if todo:
        work = _work(partition, ready.parts, read_folder if means.reading else judge_folder)
        known.update(zip(todo, means.spread(work, todo), strict=True))
    folders = {folder: known[folder] for folder in ids}
    if pool is not None and fresh:
        pool.keep({rest_key(rest_entries): rest, **{keys[folder]: one for folder, one in folders.items()}})
    return rest, folders


def _work(partition: Partition, parts: Parts, judge: Callable[[Partition, Parts, str], Judged]) -> Work:
    def work(folders: Sequence[str]) -> list[Judged]:
        partition.read_ahead(folders)
        return [judge(partition, parts, folder) for folder in folders]

    return work


def _selected(partition: Partition, facts: Mapping[str, Facts], selection: Selection) -> Iterator[str]:
    """The files of every agent whose judgement depends on a path that was asked for."""
    for folder, one in facts.items():
        if one.risk and (
            any(map(selection.has, one.beyond))
            or (selection.near(folder) and any(map(selection.has, partition.inside(folder))))
        ):
            yield from partition.inside(folder)
