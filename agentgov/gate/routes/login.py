"""Routes to log in with one's signing key, and to log out."""

import secrets

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.callers import PersonCaller
from agentgov.gate.cookies import SESSION, set_cookie
from agentgov.gate.errors import RefusalError
from agentgov.gate.recording import record
from agentgov.gate.route import Route
from agentgov.model.verdict import Verdict
from agentgov.runtime import logins, tokens
from agentgov.runtime.ledger import Entry
from agentgov.runtime.logins import Login
from agentgov.runtime.tokens import LOGIN_MS, Made, Token
from agentgov.store.port import Transaction


class LoginBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signed login: the text of `agentgov-login/1`, and its armoured SSH signature."""

    text: str
    signature: str


class LoggedIn(msgspec.Struct, frozen=True):
    """A token that a login gave; `expires` in epoch seconds."""

    token: str
    person: str
    expires: int


async def login(call: Call) -> Answer:
    """A token for whoever signed."""
    gate, found = call.gate, decided(call, call.body)
    if isinstance(found, Verdict):
        offence = found.first_offence
        assert offence is not None, "a verdict that is no login says why"
        raise RefusalError(401, offence.rule, offence.message, "sign again: agentgov login")
    new = token_of(call, "login", found.person, found.key)
    entry = Entry("login", "", f"person:{found.person}", refs={"token": new.id}, payload=found.key.encode())
    random = secrets.token_bytes(tokens.SECRET)

    def work(tx: Transaction) -> Made | None:
        if not logins.spend(tx, found.nonce, call.now_ms):
            return None
        record(tx, entry, call.now_ms)
        return tokens.create(tx, new, random)

    made = await gate.write(work)
    if made is None:
        raise RefusalError(401, "gate.login", "this login was used already", "sign again: agentgov login")
    await gate.control.refresh()
    return answered(LoggedIn(made.secret, found.person, new.expires // 1000), 201)


def decided(call: Call, body: LoginBody) -> Login | Verdict:
    """Whether a login holds."""
    if len(body.text) > logins.LARGEST or not body.text.isascii() or not body.signature.isascii():
        raise RefusalError(401, "gate.login", "the text is no login", "sign again: agentgov login")
    fleet, signature = call.fleet, body.signature.encode("ascii")
    return logins.decide_login(body.text, signature, fleet.directory, fleet.id, call.gate.urls, call.now_ms)


def token_of(call: Call, kind: tokens.Kind, person: str, proof: str) -> Token:
    """The token that a login gives."""
    now = call.now_ms
    return Token(call.gate.new_id(), kind, None, None, person, "", now, f"person:{person}", now + LOGIN_MS, proof)


async def logout(call: Call) -> Answer:
    """End the login that the token came from."""
    caller = call.caller
    assert isinstance(caller, PersonCaller), "the route is for people"
    if caller.how == "token":
        hint = f"agentgov token revoke {caller.token}"
        raise RefusalError(409, "gate.login", "this token came from no login, so it cannot be logged out", hint)
    entry = Entry("logout", "", str(caller), refs={"token": caller.token})

    def work(tx: Transaction) -> None:
        logins.log_out(tx, caller.token, call.now_ms)
        record(tx, entry, call.now_ms)

    await call.gate.write(work)
    await call.gate.control.refresh()
    return Answer(204, headers=(set_cookie(call.gate, SESSION, "", 0, "/"),), content_type=b"")


ROUTES = (
    Route("POST", "/v1/login", "Log in with a signature", login, "anyone", LoginBody, {201: LoggedIn}, tag="identity"),
    Route("POST", "/v1/logout", "Log out", logout, "person", answers={204: None}, tag="identity"),
)
