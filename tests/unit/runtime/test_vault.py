"""Payloads under keys of their class and subject: who has the key reads them, and without its data key nobody does."""

import base64
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from patience import PATIENCE

from agentgov.errors import ConfigurationError, RefusedError
from agentgov.model.agent import Audit
from agentgov.runtime.erasure import Erasure, erase
from agentgov.runtime.ledger import Entry, append, append_all, commitment, read
from agentgov.runtime.ledger_shown import open_payload
from agentgov.runtime.retention import Rules
from agentgov.runtime.vault import Seal, Vault, envelope_of, seal_of, vault_of
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

KEY = bytes(range(32))
VAULT = Vault([KEY])


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def write(store: Store, work: Callable[[Transaction], Any]) -> Any:
    return store.write(work).result(PATIENCE)


def entry(subject: str, name: str = "patients", payload: bytes = b'{"args":1}') -> Entry:
    return Entry("action", "w/a", "agent", payload=payload, subject=subject, seal=Seal(VAULT, name))


def payloads(store: Store, vault: Vault | None = VAULT, readable: frozenset[str] | None = None) -> list[bytes | None]:
    def work(tx: Transaction) -> list[bytes | None]:
        return [open_payload(tx, one, vault, readable).payload for one in read(tx, payloads=True)]

    found: list[bytes | None] = write(store, work)
    return found


def test_what_is_encrypted_is_read_with_the_key_by_those_of_its_class_alone(store: Store) -> None:
    write(store, lambda tx: append_all(tx, [entry("Ada"), entry("Bob", "legal")], 5, secrets.token_bytes(32)))
    write(store, lambda tx: append(tx, entry("Ada", payload=b"second"), 6, bytes(16)))
    assert payloads(store) == [b'{"args":1}', b'{"args":1}', b"second"]
    (one, other, _) = payloads(store, readable=frozenset({"legal"}))
    assert one is not None
    assert b"args" not in one
    assert other == b'{"args":1}'
    assert payloads(store, None)[2] != b"second"
    assert len(write(store, lambda tx: tx.all("SELECT id FROM data_keys"))) == 2, "one for each class and subject"
    rows = write(
        store, lambda tx: tx.all("SELECT r.leaf, p.salt, p.payload FROM records r JOIN payloads p ON p.seq = r.seq")
    )
    assert all(commitment(bytes(salt), bytes(kept)).encode() in bytes(leaf) for leaf, salt, kept in rows)


def test_erasing_a_subject_destroys_its_keys_and_no_other(store: Store) -> None:
    write(store, lambda tx: append_all(tx, [entry("Ada"), entry("Bob")], 5, secrets.token_bytes(32)))
    (copy, _) = payloads(store, None)
    what = Erasure("carol", "asked for", "Ada")
    done = write(store, lambda tx: erase(tx, what, Rules(None), 9, secrets.token_bytes))
    assert (done.payloads, done.keys) == (1, 1)
    assert payloads(store)[:2] == [None, b'{"args":1}']
    assert copy is not None
    envelope = envelope_of(copy)  # as a backup has it
    assert envelope is not None
    assert write(store, lambda tx: VAULT.open(tx, envelope)) is None


def test_another_key_opens_nothing_and_an_earlier_one_still_opens_what_it_wrapped(store: Store) -> None:
    write(store, lambda tx: append(tx, entry("Ada"), 5, bytes(16)))
    fresh = bytes(32)
    with pytest.raises(ConfigurationError, match="not the one that those in the store"):
        write(store, Vault([fresh]).require_fit)
    again = Entry("action", "w/a", "agent", payload=b"x", subject="Ada", seal=Seal(Vault([fresh]), "patients"))
    with pytest.raises(RefusedError):
        write(store, lambda tx: append(tx, again, 5, bytes(16)))
    both = Vault([fresh, KEY])
    write(store, both.require_fit)
    assert payloads(store, both) == [b'{"args":1}']


def test_a_changed_envelope_opens_nothing(store: Store) -> None:
    write(store, lambda tx: append(tx, entry("Ada"), 5, bytes(16)))
    sql = "UPDATE payloads SET payload = ? WHERE seq = 0"
    (kept,) = payloads(store, None)
    assert kept is not None
    write(store, lambda tx: tx.run(sql, kept.replace(b'"sealed":"', b'"sealed":"AAAA')))
    assert payloads(store) != [b'{"args":1}']


def test_a_payload_in_clear_that_looks_like_an_envelope_is_none() -> None:
    assert envelope_of(b'{"alg":"A256GCM","class":"c","key":"k","sealed":"s"}') is not None
    assert envelope_of(b'{"alg":"none","class":"c","key":"k","sealed":"s"}') is None


def test_the_key_file_is_read_or_refused() -> None:
    assert vault_of([base64.b64encode(KEY).decode()]) is not None
    for lines in ([], ["x"], [base64.b64encode(b"short").decode()]):
        with pytest.raises(ConfigurationError, match="32 bytes in base64"):
            vault_of(lines)
    assert seal_of(VAULT, Audit(payloads="full")) is None
    assert seal_of(None, Audit(payloads="encrypted")) is None
    assert seal_of(VAULT, Audit(payloads="encrypted", retention="patients")) == Seal(VAULT, "patients")
