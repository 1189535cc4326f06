"""Gathers a pack of evidence: members of every kind that a framework names, out of a journal and a ledger that hold.

Writes one file for each population and one for each proof while it reads, so that any number of records is gathered in
the memory of a sample. What was not verified is not read at all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from agentgov import __version__
from agentgov.audit.acts import act_item, collect_acts
from agentgov.audit.collecting import Collector
from agentgov.audit.evidence import KINDS, Kind
from agentgov.audit.facts import statements
from agentgov.audit.frameworks import Framework
from agentgov.audit.pack import LEFT_OUT, SCHEMA, Checks, Item, Pack, Population, TreeCheck
from agentgov.audit.records import collect_records, proven, record_item
from agentgov.audit.scope import Scope
from agentgov.journal.query import Logged, act_by
from agentgov.journal.view import View, view_at
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import rules_of
from agentgov.runtime.ledger_pages import Wanted
from agentgov.runtime.notes import VerifierKey
from agentgov.runtime.sequencing import origin_of
from agentgov.store.port import Store

Keys = Callable[[str], Sequence[VerifierKey]]  # by the name of a tree in its checkpoints


class Question(msgspec.Struct, frozen=True):
    """What a pack is about; times are epoch seconds, the end is not included."""

    framework: Framework
    since: int
    until: int
    made: int
    sample: int
    seed: str


def gather(
    view: View | None, store: Store | None, checks: Checks, keys: Keys, question: Question, folder: Path
) -> Pack:
    """The pack, with its files of populations and proofs written into a folder."""
    kinds, found, scope = question.framework.kinds, list[Population](), Scope(checks.workspace)
    if view is not None:
        with _files(question, folder, ledger=store is not None) as files:
            acts, checks = _acts(view, checks, scope, question, files, folder)
            found += acts
            if store is not None:
                records, checks = _records(view, store, checks, question, files)
                found += records
                _proofs(view, store, checks, keys, records, folder)
    then = _then(view, question.until)
    return Pack(
        SCHEMA,
        __version__,
        question.framework,
        view.state.head.fleet if view is not None else "",
        question.since,
        question.until,
        question.made,
        question.sample,
        question.seed,
        checks.holds,
        checks,
        tuple(sorted(found, key=lambda one: kinds.index(one.kind))),
        tuple(statements(then, checks, kinds, question.since, min(question.until, question.made), scope))
        if then is not None
        else (),
    )


@contextmanager
def _files(question: Question, folder: Path, *, ledger: bool) -> Iterator[Mapping[str, BinaryIO]]:
    """A file for each population, by its kind."""
    (folder / "populations").mkdir(parents=True, exist_ok=True)
    sources = ("journal", "ledger") if ledger else ("journal",)
    names = [name for name in question.framework.kinds if KINDS[name].source in sources]
    with ExitStack() as stack:
        yield {name: stack.enter_context((folder / f"populations/{name}.jsonl").open("wb")) for name in names}


def _acts(
    view: View, checks: Checks, scope: Scope, question: Question, files: Mapping[str, BinaryIO], folder: Path
) -> tuple[tuple[Population, ...], Checks]:
    collector = Collector[Logged](_kinds(question, "journal"), files, question.seed, question.sample)
    with ExitStack() as stack:
        file = stack.enter_context((folder / LEFT_OUT).open("wb")) if scope.workspace else None
        reviews, count, others = collect_acts(view, collector, question.since, question.until, scope, file)
    found = collector.populations(lambda kind, found, logged: act_item(view, reviews, kind, found, logged))
    return found, msgspec.structs.replace(checks, acts=count, left_out=others)


def _records(
    view: View, store: Store, checks: Checks, question: Question, files: Mapping[str, BinaryIO]
) -> tuple[tuple[Population, ...], Checks]:
    collector = Collector[str](_kinds(question, "ledger"), files, question.seed, question.sample)
    wanted = Wanted(since=question.since * 1000, until=question.until * 1000)
    withheld = store.read(lambda tx: rules_of(tx, Fleet(view))).result().ever_privileged
    counted = collect_records(lambda work: store.read(work).result(), checks.trees, collector, wanted, withheld)
    counts = {tree: (left_out, unsigned) for tree, left_out, unsigned in counted}
    anchored = {one.tree: one.anchored for one in checks.trees}
    found = collector.populations(lambda _, record, told: record_item(anchored, record, told))
    trees = (_counted(one, *counts.get(one.tree, (0, 0))) for one in checks.trees)
    told = tuple(one for one in trees if one.signed or one.unsigned or not one.holds)  # the rest has nothing to say
    return found, msgspec.structs.replace(checks, trees=told)


def _counted(one: TreeCheck, withheld: int, unsigned: int) -> TreeCheck:
    return msgspec.structs.replace(one, withheld=withheld, unsigned=unsigned)


def _proofs(
    view: View, store: Store, checks: Checks, keys: Keys, populations: Sequence[Population], folder: Path
) -> None:
    """Write the proof of each record that is shown, and its leaf beside it."""
    for item in _shown_records(populations):
        origin = origin_of(view.state.head.fleet, checks.ledger, item.place.rpartition("/")[0])
        proof = store.read(lambda tx, item=item, origin=origin: proven(tx, item.place, keys(origin), origin)).result()  # type: ignore[misc]
        file = folder / item.proof
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(proof.encode())
        file.with_suffix(".leaf").write_bytes(proof.extra)


def _shown_records(populations: Sequence[Population]) -> Iterator[Item]:
    seen = set[str]()
    for one in populations:
        for item in one.items:
            if item.proof and item.proof not in seen:
                seen.add(item.proof)
                yield item


def _kinds(question: Question, source: str) -> tuple[Kind, ...]:
    return tuple(KINDS[name] for name in question.framework.kinds if KINDS[name].source == source)


def _then(view: View | None, until: int) -> View | None:
    """The journal at the end of the period; None before its first act."""
    found = act_by(view, until - 1) if view is not None else None
    return view_at(view.repo, found.commit, view) if view is not None and found is not None else None
