"""`agentgov audit report`: verifies journal and ledger anew, then writes a pack of evidence into a new folder.

Nothing is taken from what does not hold; the pack says so on top, and the command exits with 1.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from agentgov.audit.blocks import blocks
from agentgov.audit.frameworks import framework
from agentgov.audit.gathering import Question, gather
from agentgov.audit.html import html
from agentgov.audit.markdown import markdown
from agentgov.audit.pack import Checks, JournalCheck, Pack, TreeCheck
from agentgov.cli.context import Context, open_context
from agentgov.cli.options import answer
from agentgov.cli.run_time.gate_copy import copied
from agentgov.cli.run_time.ledger_keys import anchors_by_log, keys_of
from agentgov.cli.run_time.ledger_verify import Places, last, spread_over, store_source, tree_of
from agentgov.cli.run_time.store_visit import store_url, visit_at
from agentgov.cli.trust.journal import verified_anew
from agentgov.errors import UsageError
from agentgov.journal.replayed import Replayed
from agentgov.journal.view import View
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime.ledger_check import Checked, Stretch, check_trees
from agentgov.runtime.ledger_sources import FolderSource, StoreSource
from agentgov.runtime.sequencing import origin_of


class Asked(NamedTuple):
    """What was asked for; times are epoch seconds."""

    framework: str
    since: int
    until: int
    now: int
    sample: int
    seed: str
    tree: str  # of the ledger, "" for all


def report_evidence(repo: str, store: str | None, gate: str | None, asked: Asked, out: Path | None, output: str) -> int:
    """Write the pack; 1 where journal or ledger do not hold."""
    folder = out or Path(f"audit-{asked.framework}-{stamp(asked.since)[:10]}-{stamp(asked.until)[:10]}")
    if folder.exists():
        raise UsageError(f"{folder} is there already", "packs are never written over: name another folder with --out")
    context = open_context(repo)
    tip = context.tip()
    found = verified_anew(context.journal, tip)
    journal = _journal(context, tip, found)
    seed = asked.seed or f"{asked.framework} {stamp(asked.since)} {stamp(asked.until)}"
    question = Question(framework(asked.framework), asked.since, asked.until, asked.now, asked.sample, seed)
    with _whole(folder) as fresh:
        if gate is not None and found.view is not None:
            pack = _at_gate(found.view, gate, asked.tree, journal, question, fresh)
        else:
            pack = _gathered(found.view, _store(found.view, store), asked.tree, journal, question, fresh)
        _write(fresh, pack, found.view)
    return _tell(folder, pack, output)


def _store(view: View | None, store: str | None) -> str | None:
    """Where the ledger is read: the store that is named, or the one of this user where there is one."""
    if view is None:
        return None
    usual = store_url(view.state.head.fleet)
    return store or (usual if Path(usual).exists() else None)


def _journal(context: Context, tip: str, found: Replayed) -> JournalCheck:
    view, offence = found.view, found.offence
    pinned = view is not None and context.journal.pins(view) is not None
    used, seq = (view.tip, view.state.head.seq) if view is not None else ("", -1)
    problem = f"{offence.message} ({offence.code}, commit {offence.commit or tip})" if offence is not None else ""
    return JournalCheck(offence is None, used, found.acts, problem, seq, pinned)


def _gathered(
    view: View | None, url: str | None, tree: str, journal: JournalCheck, question: Question, folder: Path
) -> Pack:
    if view is None or url is None:
        _require_workspace(view, tree)
        return gather(view, None, Checks(journal, tree=tree), lambda _: (), question, folder)
    source = store_source(url)
    try:
        checks = _ledger(view, source, source.log(), tree, journal, spread_over(source, source.close))
    finally:
        source.close()
    query = {"framework": question.framework.id, "from": question.since, "to": question.until}
    with visit_at(view, url) as visit:
        visit.note_read({"read": "audit-report", "query": query | ({"tree": tree} if tree else {})})
        return gather(view, visit.store, checks, lambda name: keys_of(view, name), question, folder)


def _require_workspace(view: View | None, tree: str) -> None:
    """Refuse the name of no workspace, where no ledger tells which trees there are."""
    if view is not None and tree:
        names = sorted({one.workspace for one in (*view.agents(), *view.deployed())})
        if tree not in names:
            raise UsageError(f"there is no workspace {tree}", f"there are: {', '.join(names) or 'none'}")


def _at_gate(view: View, gate: str, tree: str, journal: JournalCheck, question: Question, folder: Path) -> Pack:
    """The same of what a gate serves, which is brought here and verified; the gate has recorded what was read."""
    with copied(view, gate, tree) as copy:
        checks = _ledger(view, copy.source, copy.log, tree, journal, spread_over(copy.source), frozenset(copy.withheld))
        kept_back = tuple(f"The gate keeps the tree {tree} back from whoever asks" for tree in copy.withheld)
        checks = msgspec.structs.replace(checks, lost=(*checks.lost, *kept_back))
        with visit_at(view, copy.url) as visit:
            return gather(view, visit.store, checks, lambda name: keys_of(view, name), question, folder)


def _ledger(
    view: View,
    source: FolderSource | StoreSource,
    log: str,
    tree: str,
    journal: JournalCheck,
    each: Callable[[Places], Iterable[Stretch]],
    withheld: Set[str] = frozenset(),
) -> Checks:
    """The tree that was asked for, or all that are not withheld, verified like `agentgov ledger verify` does."""
    anchored = anchors_by_log(view)
    here = anchored.get(log, ())
    names = sorted({*source.trees(), *(one.tree for one in here)} - withheld)
    if tree and tree not in names:
        raise UsageError(f"the ledger has no tree {tree}", f"it has: {', '.join(names) or 'no record'}")
    names = [tree] if tree else names
    asked = [tree_of(view, log, name, here) for name in names]
    trees = [_tree(one) for one in check_trees(source, asked, each)]
    lost = (
        f"The ledger {name} went before, with {one.size:,} records of {of} at act {one.seq}"
        for name, acts in sorted(anchored.items())
        for of, one in sorted(last(acts).items())
        if name != log and tree in ("", of)
    )
    return Checks(journal, log, tuple(trees), tuple(lost), tree)


def _tree(one: Checked) -> TreeCheck:
    flaws = tuple(f"{one.tree}/{flaw.seq}: {flaw.message}" for flaw in one.flaws)
    return TreeCheck(one.tree, not flaws, one.signed, one.anchored, flaws, one.pruned)


def _write(folder: Path, pack: Pack, view: View | None) -> None:
    text = tuple(blocks(pack))
    files: dict[str, Callable[[], str]] = {
        "report.md": lambda: markdown(text),
        "report.html": lambda: html(text, f"Evidence for {pack.framework.name}"),
        "pack.json": lambda: msgspec.json.format(msgspec.json.encode(pack)).decode() + "\n",
        "keys": lambda: _keys(view, pack.checks),
        "allowed_signers": lambda: _signers(view),
    }
    for name, text_of in files.items():
        (folder / name).write_text(text_of(), encoding="utf-8")


def _keys(view: View | None, checks: Checks) -> str:
    """The keys that sign checkpoints, for verifiers that know nothing of agentgov."""
    if view is None:
        return ""
    names = [origin_of(view.state.head.fleet, checks.ledger, one.tree) for one in checks.trees]
    return "".join(f"{key}\n" for name in names for key in keys_of(view, name))


def _signers(view: View | None) -> str:
    """Whose keys sign, as ssh-keygen and git read it."""
    if view is None:
        return ""
    access = view.governance.access
    held = [(one.id, one.keys) for one in access.people] + [(one.id, one.keys) for one in access.bots]
    return "".join(f'{name} namespaces="git,agentgov-act" {key}\n' for name, keys in held for key in keys)


def _tell(folder: Path, pack: Pack, output: str) -> int:
    problems = [pack.checks.journal.problem] if pack.checks.journal.problem else []
    problems += [flaw for tree in pack.checks.trees for flaw in tree.flaws]
    page = Page().line(Span("wrote ", "good"), f"{folder / 'report.html'}, and the same as report.md and pack.json")
    for one in pack.populations:
        page.line(f"  {one.kind:<18} {one.count:>9,}, {len(one.items):,} shown")
    for problem in problems:
        page.line(Span("does not hold ", "bad"), problem)
    if not pack.checks.ledger:
        page.line(Span("no ledger ", "warn"), "was looked at; name the gate's store with --store")
    document = {
        "schema": "agentgov.audit-report/1",
        "folder": str(folder),
        "framework": pack.framework.id,
        "from": pack.since,
        "to": pack.until,
        "holds": pack.holds,
        "problems": problems,
        "ledger": pack.checks.ledger or None,
        "populations": [
            {"kind": one.kind, "count": one.count, "shown": [item.place for item in one.items]}
            for one in pack.populations
        ],
    }
    answer(output, page, document)
    return int(not pack.holds)


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder that is there once everything is in it."""
    fresh = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        yield fresh
        fresh.rename(folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
