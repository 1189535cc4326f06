"""Routes to log in at an OpenID provider: in a browser, or by a program on the person's own machine (RFC 8252).

The state of a login is bound to the browser by a cookie, so that nobody can be logged in as somebody else by a link.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from hmac import compare_digest
from typing import Annotated, TypeVar

import msgspec

from agentgov.errors import RefusedError
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.cookies import FLOW, SESSION, cookie_of, set_cookie
from agentgov.gate.errors import RefusalError, bad_request, forbidden, not_found
from agentgov.gate.oidc import Provider
from agentgov.gate.recording import record
from agentgov.gate.route import Parameter, Route
from agentgov.gate.routes.login import LoggedIn, token_of
from agentgov.runtime import oidc_logins, tokens
from agentgov.runtime.ledger import Entry
from agentgov.runtime.oidc_logins import Fetched, Flow, person_of, proof_of
from agentgov.runtime.tokens import LOGIN_MS, Made
from agentgov.store.port import Transaction

CALLBACK = "/v1/login/callback"
_BACK = re.compile(r"http://(?:127\.0\.0\.1|\[::1\]):[0-9]{1,5}/[A-Za-z0-9_-]{0,64}\Z")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_Short = Annotated[str, msgspec.Meta(min_length=43, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]
T = TypeVar("T")


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code of a login, and the verifier of the challenge that it was begun with."""

    code: _Short
    verifier: _Short


async def begin(call: Call) -> Answer:
    """Send a browser to the provider."""
    provider, query = _provider(call), call.query
    back, challenge = query.get("back", ""), query.get("challenge", "")
    if back and not (_BACK.match(back) and _CHALLENGE.match(challenge)):
        raise bad_request("back is a program on this machine (http://127.0.0.1:PORT/NAME), with its challenge (S256)")
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    flow = Flow(state, nonce, verifier, back, challenge)
    where = await _asked(lambda: provider.address(flow, _redirect(call)))
    await call.gate.write(lambda tx: oidc_logins.begin(tx, flow, call.now_ms))
    cookie = set_cookie(call.gate, FLOW, flow.state, oidc_logins.FLOW_MS // 1000, CALLBACK)
    return Answer(303, headers=((b"location", where.encode("ascii")), cookie), content_type=b"")


async def callback(call: Call) -> Answer:
    """Take the provider's answer."""
    provider, query = _provider(call), call.query
    state, code = query.get("state", ""), query.get("code", "")
    kept = cookie_of(call.gate, call.scope["headers"], FLOW)
    if not state or not compare_digest(state.encode(), kept.encode()):
        raise forbidden("gate.oidc", "this login was not begun in this browser", "begin again: /v1/login")
    flow = await call.gate.write(lambda tx: oidc_logins.take(tx, state, call.now_ms))
    if flow is None:
        raise forbidden("gate.oidc", "this login is over", "begin again: /v1/login")
    if not code:
        raise forbidden("gate.oidc", "the provider let nobody in", "begin again: /v1/login")
    subject = await _asked(lambda: provider.subject(flow, code, query.get("iss"), _redirect(call)))
    proof = proof_of(provider.client.issuer, subject)
    person = person_of(call.fleet.governance.access, proof)
    if person is None or call.fleet.directory.person(person) is None:
        hint = f"an administrator adds it to governance/access.yaml: oidc: {{issuer: ..., subject: {subject}}}"
        raise forbidden("access.unknown-person", "whoever logged in is nobody in Access", hint)
    gone = set_cookie(call.gate, FLOW, "", 0, CALLBACK)
    if not flow.back:
        return await _in_browser(call, Fetched(person, proof), gone)
    once = secrets.token_urlsafe(32)
    await call.gate.write(lambda tx: oidc_logins.leave(tx, once, Fetched(person, proof), flow.challenge, call.now_ms))
    where = f"{flow.back}/{once}".encode("ascii")
    return Answer(303, headers=((b"location", where), gone), content_type=b"")


async def exchange(call: Call) -> Answer:
    """Give a program the login that its person made."""
    body: Exchange = call.body
    random = secrets.token_bytes(tokens.SECRET)

    def work(tx: Transaction) -> Made | None:
        found = oidc_logins.fetch(tx, body.code, body.verifier, call.now_ms)
        return _made(call, tx, found, random) if found is not None else None

    made = await call.gate.write(work)
    if made is None:
        raise RefusalError(401, "gate.oidc", "there is no such login, or it was fetched", "agentgov login --oidc")
    await call.gate.control.refresh()
    return answered(LoggedIn(made.secret, made.token.person, made.token.expires // 1000), 201)


async def _in_browser(call: Call, fetched: Fetched, gone: tuple[bytes, bytes]) -> Answer:
    random = secrets.token_bytes(tokens.SECRET)
    made = await call.gate.write(lambda tx: _made(call, tx, fetched, random))
    await call.gate.control.refresh()
    session = set_cookie(call.gate, SESSION, made.secret, LOGIN_MS // 1000, "/")
    return Answer(303, headers=((b"location", b"/v1/whoami"), session, gone), content_type=b"")


def _made(call: Call, tx: Transaction, fetched: Fetched, random: bytes) -> Made:
    new = token_of(call, "oidc", fetched.person, fetched.proof)
    entry = Entry("login", "", f"person:{fetched.person}", refs={"token": new.id}, payload=fetched.proof.encode())
    record(tx, entry, call.now_ms)
    return tokens.create(tx, new, random)


def _provider(call: Call) -> Provider:
    if call.gate.provider is None:
        raise not_found()
    return call.gate.provider


def _redirect(call: Call) -> str:
    return f"{call.gate.url}{CALLBACK}"


async def _asked(question: Callable[[], T]) -> T:
    """The provider's answer, in a thread; what it refuses is a 403."""
    try:
        return await asyncio.to_thread(question)
    except RefusedError as error:
        raise forbidden(error.rule or "gate.oidc", error.message, error.hint) from None


ROUTES = (
    Route(
        "GET",
        "/v1/login",
        "Log in at the OpenID provider",
        begin,
        "anyone",
        answers={303: None},
        query=(
            Parameter("back", "A program on the person's own machine that the login goes to"),
            Parameter("challenge", "Its PKCE challenge, S256"),
        ),
        tag="identity",
    ),
    Route(
        "GET",
        CALLBACK,
        "Where the OpenID provider sends people back to",
        callback,
        "anyone",
        answers={303: None},
        query=tuple(Parameter(name, "Of the provider's answer") for name in ("code", "state", "iss", "error")),
        tag="identity",
    ),
    Route(
        "POST",
        "/v1/login/exchange",
        "Fetch a login that was made in a browser",
        exchange,
        "anyone",
        Exchange,
        {201: LoggedIn},
        tag="identity",
    ),
)
