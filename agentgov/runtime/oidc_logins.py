"""Logins at an OpenID provider while they are under way: what its answer must fit, and who may fetch what it gave.

Kept in the store, so that the answer may come to another process of the gate than the question left from. Everything is
used once and forgotten soon. Randomness and time come in as arguments.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

import msgspec

from agentgov.model.access import Access, Person
from agentgov.store.port import Transaction

FLOW_MS = 600_000  # how long somebody may take at the provider
CODE_MS = 60_000  # how long a program may take to fetch a login


@dataclass(frozen=True, slots=True)
class Flow:
    """One login: what was sent to the provider, and where the login goes. `back` is a program on the person's own
    machine, which proves itself by the verifier of `challenge`; "" for a browser."""

    state: str
    nonce: str
    verifier: str
    back: str = ""
    challenge: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A login that is done: whose, and issuer and subject as a proof."""

    person: str
    proof: str


def challenge_of(verifier: str) -> str:
    """The challenge of a verifier, method S256 (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def proof_of(issuer: str, subject: str) -> str:
    """Issuer and subject as one text, in one way."""
    return msgspec.json.encode([issuer, subject]).decode()


def person_of(access: Access, proof: str) -> str | None:
    """The one person of Access with that issuer and subject, None for nobody and for two."""
    found = [one.id for one in access.people if one.oidc and proof_of(one.oidc.issuer, one.oidc.subject) == proof]
    return found[0] if len(found) == 1 else None


def is_still(person: Person | None, proof: str) -> bool:
    """Whether Access still gives a person the issuer and subject of a proof."""
    return person is not None and person.oidc is not None and proof_of(person.oidc.issuer, person.oidc.subject) == proof


def begin(tx: Transaction, flow: Flow, now_ms: int) -> None:
    """Keep what the answer must fit; what is too old is forgotten."""
    tx.run("DELETE FROM flows WHERE expires < ?", now_ms)
    tx.run(
        "INSERT INTO flows (state, nonce, verifier, back, challenge, expires) VALUES (?, ?, ?, ?, ?, ?)",
        *(flow.state, flow.nonce, flow.verifier, flow.back, flow.challenge, now_ms + FLOW_MS),
    )


def take(tx: Transaction, state: str, now_ms: int) -> Flow | None:
    """The login that a state names, which is used by that; None where there is none."""
    sql = "DELETE FROM flows WHERE state = ? RETURNING state, nonce, verifier, back, challenge, expires"
    row = tx.one(sql, state)
    return Flow(*row[:5]) if row is not None and now_ms < row[5] else None


def leave(tx: Transaction, code: str, fetched: Fetched, challenge: str, now_ms: int) -> None:
    """Keep a login until the program fetches it."""
    tx.run("DELETE FROM codes WHERE expires < ?", now_ms)
    tx.run(
        "INSERT INTO codes (digest, person, proof, challenge, expires) VALUES (?, ?, ?, ?, ?)",
        *(_digest(code), fetched.person, fetched.proof, challenge, now_ms + CODE_MS),
    )


def fetch(tx: Transaction, code: str, verifier: str, now_ms: int) -> Fetched | None:
    """The login that a code names, which is used by that, for whoever has the verifier."""
    sql = "DELETE FROM codes WHERE digest = ? RETURNING person, proof, challenge, expires"
    row = tx.one(sql, _digest(code))
    if row is None or now_ms >= row[3] or not compare_digest(challenge_of(verifier), row[2]):
        return None
    return Fetched(row[0], row[1])


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
