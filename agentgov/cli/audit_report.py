"""`agentgov audit report`: verifies journal and ledger anew, then writes a pack of evidence into a new folder.

Nothing is taken from what does not hold; the pack says so on top, and the command exits with 1.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator
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
from agentgov.cli.journal import verified_anew
from agentgov.cli.ledger_keys import anchors_by_log, anchors_of, keys_of, origin
from agentgov.cli.ledger_verify import last, spread_over, store_source
from agentgov.cli.options import answer
from agentgov.cli.store_visit import store_url
from agentgov.errors import UsageError
from agentgov.journal.replayed import Replayed
from agentgov.journal.view import View
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime.ledger import SALT, Entry, append
from agentgov.runtime.ledger_check import Checked, check_tree
from agentgov.runtime.sequencing import origin_of
from agentgov.store.port import Store


class Asked(NamedTuple):
    """What was asked for; times are epoch seconds."""

    framework: str
    since: int
    until: int
    now: int
    sample: int
    seed: str


def report_evidence(repo: str, store: str | None, asked: Asked, out: Path | None, output: str) -> int:
    """Write the pack; 1 where journal or ledger do not hold."""
    folder = out or Path(f"audit-{asked.framework}-{stamp(asked.since)[:10]}-{stamp(asked.until)[:10]}")
    if folder.exists():
        raise UsageError(f"{folder} is there already", "packs are never written over: name another folder with --out")
    context = open_context(repo)
    tip = context.tip()
    found = verified_anew(context.journal, tip)
    url = _store(found.view, store)
    seed = asked.seed or f"{asked.framework} {stamp(asked.since)} {stamp(asked.until)}"
    question = Question(framework(asked.framework), asked.since, asked.until, asked.now, asked.sample, seed)
    with _whole(folder) as fresh:
        pack = _gathered(found.view, url, _journal(context, tip, found), question, fresh)
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


def _gathered(view: View | None, url: str | None, journal: JournalCheck, question: Question, folder: Path) -> Pack:
    if view is None or url is None:
        return gather(view, None, Checks(journal), lambda _: (), question, folder)
    from agentgov.store.open import open_existing

    checks = _ledger(view, url, journal)
    opened = open_existing(url)
    try:
        _record(opened, question)
        return gather(view, opened, checks, lambda name: keys_of(view, name), question, folder)
    finally:
        opened.close()


def _ledger(view: View, url: str, journal: JournalCheck) -> Checks:
    """Every tree, verified like `agentgov ledger verify` does."""
    source = store_source(url)
    try:
        log, anchored = source.log(), anchors_by_log(view)
        here = anchored.get(log, ())
        each = spread_over(source, source.close)
        trees = []
        for tree in sorted({*source.trees(), *(one.tree for one in here)}):
            name = origin(view, log, tree)
            trees.append(_tree(check_tree(source, tree, keys_of(view, name), name, anchors_of(here, tree), each)))
    finally:
        source.close()
    lost = (
        f"The ledger {name} went before, with {one.size:,} records of {tree} at act {one.seq}"
        for name, acts in sorted(anchored.items())
        for tree, one in sorted(last(acts).items())
        if name != log
    )
    return Checks(journal, log, tuple(trees), tuple(lost))


def _tree(one: Checked) -> TreeCheck:
    flaws = tuple(f"{one.tree}/{flaw.seq}: {flaw.message}" for flaw in one.flaws)
    return TreeCheck(one.tree, not flaws, one.signed, one.anchored, flaws, one.pruned)


def _record(store: Store, question: Question) -> None:
    """That records were read for this."""
    query = {"framework": question.framework.id, "from": question.since, "to": question.until}
    payload = msgspec.json.encode({"read": "audit-report", "query": query}, order="sorted")
    entry, salt = Entry("read", "", "keeper", payload=payload), secrets.token_bytes(SALT)
    store.write(lambda tx: append(tx, entry, question.made * 1000, salt)).result()


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
