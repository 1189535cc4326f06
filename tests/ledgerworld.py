"""A ledger in a store, signed as a gate would: for tests of whoever reads it."""

import secrets
from collections.abc import Iterable

from patience import PATIENCE

from agentgov.runtime import sequencing
from agentgov.runtime.ledger import Entry, append_all
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner

START = 1_795_939_200_000  # epoch milliseconds


def record(url: str, entries: Iterable[Entry], at: int = START) -> None:
    """Append entries."""
    kept = list(entries)
    with_store(url, lambda tx: append_all(tx, kept, at, secrets.token_bytes(16 * len(kept))))


def seal(url: str, fleet: str, signer: KeyFileSigner) -> str:
    """Sign every tree as it is; the name of the ledger."""
    key = parse_public_key(signer.public_key)

    def work(tx: Transaction) -> str:
        log = sequencing.begin_log(tx, secrets.token_hex(8), START)
        for one in sequencing.standings(tx):
            growth = sequencing.grow(tx, one, most=one.leaves)
            note = sequencing.sign_growth(fleet, log, growth, key, signer.sign_text)
            assert sequencing.keep(tx, growth, log, note, START)
        return log

    found = with_store(url, work)
    assert isinstance(found, str)
    return found


def with_store(url: str, work: object) -> object:
    """Some work in a store that is opened for it."""
    store: Store = open_store(url, serving=False)
    try:
        return store.write(work).result(PATIENCE)  # type: ignore[arg-type]
    finally:
        store.close()
