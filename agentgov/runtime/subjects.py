"""Whom or what records are about: patients, customers, matters. A name of them is kept nowhere in clear.

Two digests, since they serve two ends. The leaf has a commitment under the salt of its record: two records of one
subject do not look alike, whoever has leaves and proofs learns nothing, and once the salt is erased not even who knows
the name can test it. The index, by which records are found, has to be the same for all of them: it is an HMAC under a
key of this store, so that digests of two stores cannot be joined, and a list of names is of no use to who has a copy of
the index alone. Who has the whole store can test guesses until a subject is erased.
"""

import hmac
import secrets
from hashlib import sha256

from agentgov.store.port import Transaction

_KEY = 32  # bytes
_FIRST = (
    "INSERT INTO store_keys (name, key) VALUES ('subject', ?) ON CONFLICT (name) DO UPDATE SET key = store_keys.key "
    "RETURNING key"
)
_PLAIN = "SELECT DISTINCT subject FROM records WHERE subject <> ''"
_KEYED = "UPDATE records SET subject = ? WHERE subject = ? AND subject <> ''"


def subject_commitment(salt: bytes, subject: str) -> str:
    """What a leaf says of its subject: SHA-256 of the salt, `subject`, a zero byte and the name; "" for no subject."""
    return sha256(salt + b"subject\0" + subject.encode()).hexdigest() if subject else ""


def subject_key(tx: Transaction) -> bytes:
    """The key of the index; made where there is none yet, and what was found by another digest before goes under it."""
    found = tx.one("SELECT key FROM store_keys WHERE name = 'subject'")
    if found is not None:
        return bytes(found[0])
    row = tx.one(_FIRST, secrets.token_bytes(_KEY))
    assert row is not None, "it returns what is there"
    key = bytes(row[0])
    for (plain,) in tx.all(_PLAIN):
        tx.run(_KEYED, _mac(key, plain), plain)
    return key


def subject_index(key: bytes, subject: str) -> str:
    """What records of a subject are found by; "" for none."""
    return _mac(key, _plain(subject)) if subject else ""


def known_index(tx: Transaction, subject: str) -> str:
    """The same where nothing may be written."""
    row = tx.one("SELECT key FROM store_keys WHERE name = 'subject'")
    return _plain(subject) if row is None else subject_index(bytes(row[0]), subject)


def _plain(subject: str) -> str:
    return sha256(b"agentgov-subject\0" + subject.encode()).hexdigest()


def _mac(key: bytes, digest: str) -> str:
    return hmac.new(key, digest.encode(), "sha256").hexdigest()
