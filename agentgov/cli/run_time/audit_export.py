"""`agentgov audit export`: writes page by page what is read, and moves the cursor once all of it is written."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from agentgov.audit.cursor import SCHEMA, Cursor, encode_cursor, parse_cursor
from agentgov.audit.formats import format_of
from agentgov.audit.stream import Read, Span, after, pages
from agentgov.cli.context import open_context
from agentgov.cli.run_time.gate_copy import copied
from agentgov.cli.run_time.ledger_keys import anchors_by_log
from agentgov.cli.run_time.ledger_verify import spread_over, tree_of
from agentgov.cli.run_time.store_visit import Visit, store_url, visit_at, visiting
from agentgov.errors import RefusedError, UsageError
from agentgov.journal.view import View
from agentgov.repo import clock
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import rules_of
from agentgov.runtime.ledger import SALT, Entry, append
from agentgov.runtime.ledger_check import check_trees
from agentgov.runtime.ledger_pages import Wanted
from agentgov.runtime.ledger_shown import open_payload
from agentgov.runtime.payload_key import vault_from
from agentgov.runtime.sequencing import log_id, standings
from agentgov.store.port import Transaction


class Asked(NamedTuple):
    """What is exported, and how."""

    form: str
    sources: str
    tree: str
    wanted: Wanted
    payloads: bool


def export_all(
    repo: str, store: str | None, gate: str | None, asked: Asked, cursor_file: Path | None, out: Path | None
) -> int:
    """Write everything that is asked for."""
    with ExitStack() as stack:
        visit = None
        if asked.sources != "journal":
            here = _ledger(repo, store) if gate is None else _served(repo, gate, asked.tree)
            visit = stack.enter_context(here)
        view = visit.view if visit is not None else open_context(repo).view()
        fleet = view.state.head.fleet
        span = Span(acts=_has_acts(asked), ends={})
        if visit is not None:
            span = visit.write(lambda tx: _span(tx, view, asked, clock.now() * 1000))
        cursor = _cursor(cursor_file, fleet, span.ledger)
        written = format_of(asked.form, fleet)
        sink = stack.enter_context(_sink(out))
        sink.write(written.head)
        for page in pages(view, span, asked.wanted, cursor, _reader(visit)):
            sink.write(written.encode(page))
        sink.flush()
    if cursor_file is not None:
        _replace(cursor_file, encode_cursor(after(view, span, cursor)))
    return 0


@contextmanager
def _ledger(repo: str, store: str | None) -> Iterator[Visit]:
    """The store that is named, or the usual one where there is one: nothing is made only to be empty."""
    usual = store_url(open_context(repo).view().state.head.fleet)
    if store is None and not Path(usual).exists():
        raise UsageError("no gate keeps a ledger on this machine", "name its store with --store, or say --of journal")
    with visiting(repo, store or usual) as visit:
        yield visit


@contextmanager
def _served(repo: str, gate: str, tree: str) -> Iterator[Visit]:
    """What a gate serves, where all of it holds. RefusedError where something does not."""
    view = open_context(repo).view()
    with copied(view, gate, tree) as copy:
        here = anchors_by_log(view).get(copy.log, ())
        names = sorted({*copy.source.trees(), *(one.tree for one in here if tree in ("", one.tree))} - {*copy.withheld})
        trees = [tree_of(view, copy.log, name, here) for name in names]
        found = check_trees(copy.source, trees, spread_over(copy.source))
        flaws = [f"{one.tree}/{flaw.seq}: {flaw.message}" for one in found for flaw in one.flaws]
        if flaws:
            raise RefusedError(f"what the gate serves does not hold: {flaws[0]}", "agentgov ledger verify --gate URL")
        for name in copy.withheld:
            sys.stderr.write(f"left out: the gate keeps the tree {name} back from you\n")
        with visit_at(view, copy.url) as visit:
            yield visit


def _has_acts(asked: Asked) -> bool:
    return asked.sources != "ledger" and not asked.tree


def _span(tx: Transaction, view: View, asked: Asked, now_ms: int) -> Span:
    """How far each tree is, before the export is recorded itself. Privileged records are for who names the agent."""
    ends = {one.tree: one.leaves for one in standings(tx) if asked.tree in ("", one.tree)}
    wanted = {**msgspec.to_builtins(asked.wanted), "tree": asked.tree, "payloads": asked.payloads}
    query = {name: value for name, value in wanted.items() if value}
    payload = msgspec.json.encode({"read": "export", "format": asked.form, "query": query}, order="sorted")
    entry = Entry("read", asked.wanted.agent, "keeper", payload=payload)
    append(tx, entry, now_ms, secrets.token_bytes(SALT))
    rules = rules_of(tx, Fleet(view))
    withheld = rules.ever_privileged if not asked.wanted.agent else lambda _: False
    vault = vault_from(os.environ)
    return Span(
        _has_acts(asked),
        ends,
        log_id(tx),
        asked.payloads,
        withheld,
        lambda reading, one: open_payload(reading, one, vault, None),
    )


def _reader(visit: Visit | None) -> Read:
    return visit.read if visit is not None else lambda _: ()  # there are no trees to read then


def _cursor(file: Path | None, fleet: str, ledger: str) -> Cursor:
    try:
        content = file.read_bytes() if file is not None else b""
    except FileNotFoundError:
        content = b""
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    return parse_cursor(content, fleet, ledger) if content else Cursor(SCHEMA, fleet, ledger)


@contextmanager
def _sink(out: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a new file that is there once it is whole."""
    if out is None:
        yield sys.stdout.buffer
        return
    if out.exists():
        raise UsageError(f"{out} is there already", "exports are never written over: name a new file")
    fresh = out.with_name(f".{out.name}.part")
    try:
        with fresh.open("wb") as file:
            yield file
        fresh.replace(out)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)


def _replace(file: Path, content: bytes) -> None:
    fresh = file.with_name(f".{file.name}.part")
    try:
        fresh.write_bytes(content)
        fresh.replace(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
