"""Routes about tokens: people with the verb `token` make, rotate and revoke those of agents in their scope, each in the
environment that the token is for.

A person's own tokens may be seen and revoked here and never made: a login must not become something that outlives it.
"""

import secrets

import msgspec

from agentgov.gate.answer import NOTHING, Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, bad_request, not_found
from agentgov.gate.recording import record, record_read
from agentgov.gate.route import Route
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.runtime import tokens
from agentgov.runtime.ledger import Entry
from agentgov.runtime.tokens import DEFAULT_MS, LONGEST_LABEL, LONGEST_MS, OVERLAP_MS, Made, Token
from agentgov.store.port import Transaction

_DAY = 86_400


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made, for an agent (workspace/name) in an environment. `seconds` is how long it lasts."""

    agent: str
    environment: Environment
    label: str = ""
    seconds: int = DEFAULT_MS // 1000


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the old token goes on, and how long the new one lasts, in seconds."""

    overlap: int = OVERLAP_MS // 1000
    seconds: int = DEFAULT_MS // 1000


class TokenAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token without its secret; times in epoch seconds, `used` rounded to five minutes."""

    id: str
    kind: str
    created: int
    created_by: str
    expires: int
    agent: str = ""
    environment: str = ""
    person: str = ""
    label: str = ""
    used: int = 0


class NewTokenAnswer(msgspec.Struct, frozen=True):
    """A new token with its secret, which is told once."""

    token: TokenAnswer
    secret: str


class TokensAnswer(msgspec.Struct, frozen=True):
    """The tokens that are good now and that the person who asks may see."""

    tokens: tuple[TokenAnswer, ...]


async def list_tokens(call: Call) -> Answer:
    """Tokens of agents in scope, and one's own."""
    found = await call.gate.read(lambda tx: tokens.listed(tx, call.now_ms))
    await record_read(call, "tokens")
    return answered(TokensAnswer(tuple(_answer(one) for one in found if _may(call, one))))


async def create_token(call: Call) -> Answer:
    """A new token."""
    body: NewToken = call.body
    agent = _agent(call, body)
    lasts = _within("seconds", body.seconds, LONGEST_MS)
    if len(body.label) > LONGEST_LABEL or not body.label.isprintable():
        raise bad_request(f"a label is one line of at most {LONGEST_LABEL} characters")
    name, by = call.gate.new_id(), str(call.caller)
    new = Token(name, "agent", agent, body.environment, "", body.label, call.now_ms, by, call.now_ms + lasts)
    random = secrets.token_bytes(tokens.SECRET)

    def work(tx: Transaction) -> Made:
        record(tx, _entry(call, "token", new, "made"), call.now_ms)
        return tokens.create(tx, new, random)

    return await _told(call, await call.gate.write(work))


async def rotate_token(call: Call) -> Answer:
    """A new token in the place of another."""
    body: Rotation = call.body
    old = await _own(call)
    if old.agent is None:
        message = "a person's token is not made here"
        raise RefusalError(409, "gate.refused", message, "agentgov token rotate on the gate's machine")
    overlap, lasts = _within("overlap", body.overlap, 7 * _DAY * 1000, 0), _within("seconds", body.seconds, LONGEST_MS)
    new = tokens.successor(old, call.gate.new_id(), call.now_ms, str(call.caller), call.now_ms + lasts)
    random = secrets.token_bytes(tokens.SECRET)

    def work(tx: Transaction) -> Made | None:
        still = tokens.one_token(tx, old.id)
        if still is None or not still.is_good(call.now_ms):
            return None
        record(tx, _entry(call, "token", new, "rotated"), call.now_ms)
        return tokens.rotate(tx, still, new, random, overlap)

    made = await call.gate.write(work)
    if made is None:
        raise not_found()
    return await _told(call, made)


async def revoke_token(call: Call) -> Answer:
    """A token opens nothing any more."""
    old = await _own(call)

    def work(tx: Transaction) -> bool:
        record(tx, _entry(call, "token", old, "revoked"), call.now_ms)
        return tokens.revoke(tx, old.id, call.now_ms)

    await call.gate.write(work)
    await call.gate.control.refresh()
    return NOTHING


async def _told(call: Call, made: Made) -> Answer:
    await call.gate.control.refresh()
    return answered(NewTokenAnswer(_answer(made.token), made.secret), 201)


def _agent(call: Call, body: NewToken) -> AgentId:
    """The agent that a token is for, where the person who asks may make one for it."""
    agent = agent_id(body.agent)
    if agent is None or not call.fleet.knows(agent):
        raise not_found()
    call.require("token", agent, body.environment)
    return agent


async def _own(call: Call) -> Token:
    """The token that the path names, where it is the person's to change."""
    found = await call.gate.read(lambda tx: tokens.one_token(tx, call.values["id"]))
    if found is None or not found.is_good(call.now_ms) or not _may(call, found):
        raise not_found()
    return found


def _may(call: Call, token: Token) -> bool:
    if token.agent is None:
        return token.person == call.person
    return call.may("token", token.agent, token.environment)


def _within(name: str, seconds: int, most_ms: int, least: int = 60) -> int:
    if not least <= seconds <= most_ms // 1000:
        raise bad_request(f"{name} lies between {least} and {most_ms // 1000}")
    return seconds * 1000


def _entry(call: Call, kind: str, token: Token, what: str) -> Entry:
    agent, environment = str(token.agent) if token.agent is not None else "", token.environment or ""
    payload = msgspec.json.encode({"what": what, "person": token.person, "label": token.label})
    return Entry(kind, agent, str(call.caller), environment, refs={"token": token.id}, payload=payload)


def _answer(token: Token) -> TokenAnswer:
    return TokenAnswer(
        token.id,
        token.kind,
        token.created // 1000,
        token.created_by,
        token.expires // 1000,
        str(token.agent) if token.agent is not None else "",
        token.environment or "",
        token.person,
        token.label,
        token.used // 1000,
    )


ROUTES = (
    Route(
        "GET", "/v1/tokens", "Tokens in one's scope", list_tokens, "person", answers={200: TokensAnswer}, tag="identity"
    ),
    Route(
        "POST",
        "/v1/tokens",
        "Make a token",
        create_token,
        "person",
        NewToken,
        {201: NewTokenAnswer},
        "token",
        tag="identity",
    ),
    Route("DELETE", "/v1/tokens/{id}", "Revoke a token", revoke_token, "person", answers={204: None}, tag="identity"),
    Route(
        "POST",
        "/v1/tokens/{id}/rotate",
        "Make a token in the place of another",
        rotate_token,
        "person",
        Rotation,
        {201: NewTokenAnswer},
        tag="identity",
    ),
)
