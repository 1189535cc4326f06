"""Tokens of agents and people: made, found, rotated with overlap, revoked. Only the SHA-256 of a secret is ever kept.

A secret is 256 random bits, so its digest need not be slow, and finding it by its digest tells nobody anything about
another. An agent's token is good for one agent in one environment; a person's for whatever Access gives them then.
Randomness and time come in as arguments; rows are read and written in transactions of a store.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime.control import changed
from agentgov.store.port import Transaction

Kind = Literal["agent", "person", "login", "oidc"]  # the last two are what a login gives
PREFIXES: Mapping[Kind, str] = {"agent": "agt_", "person": "agp_", "login": "agp_", "oidc": "agp_"}
SECRET = 32  # bytes of randomness
LOGIN_MS = 12 * 3_600_000  # how long a login lasts
DEFAULT_MS = 90 * 86_400_000  # how long any other token lasts, unless told
LONGEST_MS = 366 * 86_400_000
OVERLAP_MS = 3_600_000  # how long a token that is rotated goes on, unless told
LONGEST_LABEL = 100  # characters
TOPIC = "tokens"
_LENGTH = 4 + 43  # characters of a secret: its prefix, and so many bytes in base64
_COLUMNS = "id, kind, agent, environment, person, label, proof, created, created_by, expires, revoked, used"


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token; times are epoch milliseconds, 0 for never. `used` is coarse."""

    id: str
    kind: Kind
    agent: AgentId | None
    environment: Environment | None
    person: str  # "" for an agent's
    label: str
    created: int
    created_by: str
    expires: int
    proof: str = ""  # of a login: the public key that signed, or issuer and subject
    revoked: int = 0
    used: int = 0

    @property
    def is_login(self) -> bool:
        """Whether a login gave it: it ends with what it was given for."""
        return self.kind in ("login", "oidc")

    def is_good(self, now_ms: int) -> bool:
        """Whether it opens anything now."""
        return not self.revoked and now_ms < self.expires


@dataclass(frozen=True, slots=True)
class Made:
    """A new token, and its secret, which is shown once."""

    token: Token
    secret: str


class TokenTable:
    """Every token that may still be good, by digest; replaced as a whole."""

    __slots__ = ("_by_id", "_found", "size")

    def __init__(self, found: Mapping[bytes, Token]) -> None:
        self._found = found
        self._by_id = {token.id: token for token in found.values()}
        self.size = len(found)

    def find(self, secret: str, now_ms: int) -> Token | None:
        """The token with this secret, where it is good now."""
        if not is_shaped(secret):
            return None
        digest = sha256(secret.encode("utf-8", "replace")).digest()
        token = self._found.get(digest)
        return token if token is not None and token.is_good(now_ms) else None

    def named(self, token_id: str, now_ms: int) -> Token | None:
        """The token of this id, where it is good now. An id proves nothing."""
        token = self._by_id.get(token_id)
        return token if token is not None and token.is_good(now_ms) else None


def secret_of(kind: Kind, random: bytes) -> str:
    """The secret that so many random bytes make."""
    if len(random) != SECRET:
        raise ValueError(f"a secret takes {SECRET} random bytes")
    return PREFIXES[kind] + urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def is_shaped(secret: str) -> bool:
    """Whether a text may be a secret at all."""
    return len(secret) == _LENGTH and secret[:4] in ("agt_", "agp_")


def digest_of(secret: str) -> str:
    """What is kept of a secret: SHA-256, in hexadecimal."""
    return sha256(secret.encode("ascii")).hexdigest()


def create(tx: Transaction, token: Token, random: bytes) -> Made:
    """Keep a new token."""
    secret = secret_of(token.kind, random)
    tx.run(
        f"INSERT INTO tokens (digest, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant
        digest_of(secret),
        *(token.id, token.kind, str(token.agent) if token.agent else "", token.environment or "", token.person),
        *(token.label, token.proof, token.created, token.created_by, token.expires, token.revoked, token.used),
    )
    changed(tx, TOPIC)
    return Made(token, secret)


def listed(tx: Transaction, now_ms: int) -> tuple[Token, ...]:
    """Every token that is good now, the newest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM tokens WHERE revoked = 0 AND expires > ? ORDER BY created DESC, id",  # noqa: S608
        now_ms,
    )
    return tuple(map(_token, rows))


def one_token(tx: Transaction, token_id: str) -> Token | None:
    """The token with that id, good or not."""
    row = tx.one(f"SELECT {_COLUMNS} FROM tokens WHERE id = ?", token_id)  # noqa: S608 - constant
    return _token(row) if row is not None else None


def revoke(tx: Transaction, token_id: str, now_ms: int) -> bool:
    """Let a token open nothing from now on; False where there is none that was good."""
    done = tx.run(
        "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked = 0 AND expires > ?", now_ms, token_id, now_ms
    )
    if done:
        changed(tx, TOPIC)
    return bool(done)


def rotate(tx: Transaction, old: Token, new: Token, random: bytes, overlap_ms: int) -> Made:
    """Keep a token in the place of another, which ends after the overlap, if not before."""
    until = min(old.expires, new.created + overlap_ms)
    tx.run("UPDATE tokens SET expires = ? WHERE id = ? AND revoked = 0", until, old.id)
    return create(tx, new, random)


def successor(old: Token, new_id: str, now_ms: int, by: str, expires: int) -> Token:
    """What takes the place of a token: for the same caller."""
    return replace(old, id=new_id, created=now_ms, created_by=by, expires=expires, used=0)


def note_used(tx: Transaction, used: Iterable[tuple[str, int]]) -> None:
    """Keep when tokens were used last, as coarsely as told."""
    for token_id, at in used:
        tx.run("UPDATE tokens SET used = ? WHERE id = ? AND used < ?", at, token_id, at)


def load(tx: Transaction, now_ms: int) -> TokenTable:
    """The table of all that may still be good."""
    rows = tx.all(
        f"SELECT digest, {_COLUMNS} FROM tokens WHERE revoked = 0 AND expires > ?",  # noqa: S608 - constant
        now_ms,
    )
    return TokenTable({bytes.fromhex(digest): _token(rest) for digest, *rest in rows})


def _token(row: Sequence[Any]) -> Token:
    token_id, kind, agent, environment, person, label, proof, created, by, expires, *rest = row
    whose = agent_id(agent) if agent else None, environment or None, person
    return Token(token_id, kind, *whose, label, created, by, expires, proof, *rest)
