"""Logging in with the key that one signs with: no password, no server to trust, once per signature.

The person signs a short text (SSHSIG, namespace `agentgov-login`) that names the fleet, the gate and the time, with a
nonce. It is good at that gate alone, for five minutes, and once; what it gives lasts twelve hours and ends earlier
where the key stops being theirs. Decides from values; the nonce is spent in the transaction that keeps the token.
"""

import re
from dataclasses import dataclass

from agentgov.model.verdict import Verdict, allow, deny
from agentgov.runtime.control import changed
from agentgov.runtime.tokens import TOPIC
from agentgov.store.port import Transaction
from agentgov.trust.identity import Directory
from agentgov.trust.sshsig import SignatureError, verify

NAMESPACE = "agentgov-login"
SKEW_MS = 300_000  # between the clock of whoever signs and the gate's
LARGEST = 4096  # bytes of a text
_TEXT = re.compile(
    r"agentgov-login/1\n"
    r"fleet: (?P<fleet>[0-9a-f-]{36})\n"
    r"gate: (?P<gate>[!-~]{1,300})\n"
    r"time: (?P<time>[0-9]{1,15})\n"
    r"nonce: (?P<nonce>[0-9a-f]{32})\n\Z"
)


@dataclass(frozen=True, slots=True)
class LoginText:
    """What is signed; `time` in epoch milliseconds."""

    fleet: str
    gate: str
    time: int
    nonce: str

    @property
    def text(self) -> str:
        """To the letter."""
        head = f"agentgov-login/1\nfleet: {self.fleet}\ngate: {self.gate}\n"
        return f"{head}time: {self.time}\nnonce: {self.nonce}\n"


@dataclass(frozen=True, slots=True)
class Login:
    """A login that holds: who, by which key, and the nonce that is to be spent."""

    person: str
    key: str  # kind and key, as Access lists it
    nonce: str


def parse_login(text: str) -> LoginText | None:
    """The text of a login, None where it is none."""
    found = _TEXT.match(text)
    return LoginText(found["fleet"], found["gate"], int(found["time"]), found["nonce"]) if found is not None else None


def decide_login(
    text: str, signature: bytes, directory: Directory, fleet: str, gates: frozenset[str], now_ms: int
) -> Login | Verdict:
    """Who logs in with that signature at a gate with one of these addresses, or why nobody does."""
    said = parse_login(text)
    if said is None:
        return _no("the text is no login of this version")
    if said.fleet != fleet:
        return _no(f"the login is for the fleet {said.fleet}, and this gate serves another")
    if said.gate not in gates:
        return _no(f"the login is for the gate {said.gate}, and this one does not go by that address")
    if abs(now_ms - said.time) > SKEW_MS:
        return _no("the login was signed more than five minutes from now by the gate's clock")
    try:
        key = verify(signature, text.encode("ascii"), NAMESPACE)
    except SignatureError as error:
        return Verdict((deny("gate.login", error.message, error.code),))
    found = directory.by_key(key)
    if found is None or found.kind != "person":
        return _no(f"the key {key.fingerprint} is no living key of a person in Access")
    return Login(found.id, key.line, said.nonce)


def still_holds(directory: Directory, person: str, key: str) -> Verdict:
    """Whether the key that somebody logged in with is still theirs."""
    found = directory.by_key(key)
    if found is not None and (found.kind, found.id) == ("person", person):
        return Verdict((allow("gate.login", "the key is still theirs", person),))
    return _no("the key of this login is no longer theirs")


def spend(tx: Transaction, nonce: str, now_ms: int) -> bool:
    """Use a nonce; False where it was used. Those that are too old to be used are forgotten."""
    tx.run("DELETE FROM spent WHERE expires < ?", now_ms)
    sql = "INSERT INTO spent (name, expires) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
    return bool(tx.run(sql, nonce, now_ms + 3 * SKEW_MS))


def log_out(tx: Transaction, token_id: str, now_ms: int) -> None:
    """End a login."""
    tx.run("UPDATE tokens SET revoked = ? WHERE id = ? AND revoked = 0", now_ms, token_id)
    changed(tx, TOPIC)


def _no(message: str) -> Verdict:
    return Verdict((deny("gate.login", message),))
