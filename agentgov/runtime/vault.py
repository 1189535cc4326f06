"""Payloads that are kept encrypted: a data key for each retention class and subject, wrapped by a key of the keeper.

The leaf commits to the envelope, so that anybody can check it who cannot read it. To destroy a data key is to erase
what it encrypted, also where there are copies of the envelopes; the key of the keeper is in no store, no git and no
backup of either. Of several such keys the first wraps what is new, and the others still open what they wrapped.
"""

import base64
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from agentgov.errors import ConfigurationError, RefusedError
from agentgov.model.agent import Audit
from agentgov.store.port import Transaction
from agentgov.trust.sealing import KEY, decrypt, encrypt

_KNOWN = (
    "SELECT k.class, k.subject, k.id, k.wrapped FROM (?) AS asked CROSS JOIN data_keys k "
    "WHERE k.class = asked.column1 AND k.subject = asked.column2"
)
_NEW = "INSERT INTO data_keys (id, class, subject, wrapped, created) VALUES (?, ?, ?, ?, ?)"
_PREFIX = b'{"alg":"A256GCM",'
Owner = tuple[str, str]  # class and index of the subject


class Envelope(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """A payload as it is kept; `sealed` is nonce and ciphertext in base64, authenticated with the id of the key."""

    alg: str
    name: str
    key: str
    sealed: str


class Vault:
    """The keys of the keeper."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def seal(self, tx: Transaction, wanted: Sequence[tuple[Owner, bytes]], now_ms: int) -> list[bytes]:
        """Payloads as envelopes, in their order; keys that are missing are made."""
        keys = self._data_keys(tx, {owner for owner, _ in wanted}, now_ms)
        return [_envelope(owner, *keys[owner], payload) for owner, payload in wanted]

    def open(self, tx: Transaction, envelope: Envelope) -> bytes | None:
        """The payload in an envelope; None where its key was destroyed, or is wrapped by a key that is not here."""
        row = tx.one("SELECT wrapped FROM data_keys WHERE id = ?", envelope.key)
        key = self._unwrapped(envelope.key, bytes(row[0])) if row is not None else None
        return None if key is None else decrypt(key, base64.b64decode(envelope.sealed), envelope.key.encode())

    def require_fit(self, tx: Transaction) -> None:
        """ConfigurationError where a data key of the store was wrapped by none of these keys."""
        for id_, wrapped in tx.all("SELECT id, wrapped FROM data_keys"):
            if self._unwrapped(id_, bytes(wrapped)) is None:
                message = "the key of payloads is not the one that those in the store were encrypted under"
                raise ConfigurationError(message, "give the earlier one in the line after it")

    def _data_keys(self, tx: Transaction, owners: Iterable[Owner], now_ms: int) -> Mapping[Owner, tuple[str, bytes]]:
        found: dict[Owner, tuple[str, bytes]] = {}
        for name, subject, id_, wrapped in tx.among(_KNOWN, list(owners)):
            key = self._unwrapped(id_, bytes(wrapped))
            if key is None:
                raise RefusedError("the key of payloads is not the one of this store", "see docs/retention.md")
            found[name, subject] = id_, key
        for owner in owners:
            if owner not in found:
                id_, key = secrets.token_hex(16), secrets.token_bytes(KEY)
                tx.run(_NEW, id_, *owner, encrypt(self._keys[0], key, id_.encode()), now_ms)
                found[owner] = id_, key
        return found

    def _unwrapped(self, id_: str, wrapped: bytes) -> bytes | None:
        opened = (decrypt(key, wrapped, id_.encode()) for key in self._keys)
        return next((key for key in opened if key is not None), None)


class Seal(NamedTuple):
    """How a payload is to be kept: encrypted, under a key of this class."""

    vault: Vault
    name: str


def seal_of(vault: Vault | None, audit: Audit) -> Seal | None:
    """How payloads of an agent are kept encrypted; None where they are not, or there is no key: then only hashes are
    kept."""
    return Seal(vault, audit.retention) if vault is not None and audit.payloads == "encrypted" else None


def envelope_of(payload: bytes) -> Envelope | None:
    """The envelope that a payload is; None for one that is kept in clear."""
    if not payload.startswith(_PREFIX):
        return None
    try:
        return msgspec.json.decode(payload, type=Envelope)
    except ValueError:
        return None


def vault_of(lines: Sequence[str]) -> Vault:
    """The vault by the lines of a key file: 32 bytes each, in base64. ConfigurationError."""
    try:
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY for key in keys):
        raise ConfigurationError(
            "the key of payloads is not 32 bytes in base64", "make one: head -c 32 /dev/urandom | base64"
        )
    return Vault(keys)


def _envelope(owner: Owner, id_: str, key: bytes, payload: bytes) -> bytes:
    sealed = base64.b64encode(encrypt(key, payload, id_.encode())).decode()
    return msgspec.json.encode(Envelope("A256GCM", owner[0], id_, sealed))
