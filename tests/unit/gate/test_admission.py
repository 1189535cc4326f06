"""Who is let in to a route, and whose token or session counts: every kind of caller at every kind of route."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from agentgov.gate.admission import admit, who_asks, who_asks_now
from agentgov.gate.call import Call
from agentgov.gate.callers import AgentCaller, Caller, PersonCaller
from agentgov.gate.errors import RefusalError
from agentgov.gate.route import Route, Who
from agentgov.model.access import Access, Administrators, OidcSubject, Person
from agentgov.model.names import AgentId
from agentgov.runtime.oidc_logins import proof_of
from agentgov.runtime.tokens import Kind, Token, TokenTable, secret_of
from agentgov.trust.identity import Directory
from agentgov.trust.keys import parse_public_key

NOW = 1_800_000_000_000
TRIAGE, OTHER = AgentId("support", "triage"), AgentId("support", "other")
KEY, OTHERS_KEY = (
    parse_public_key(f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{blob}").line
    for blob in (
        "NcMn+HnLuXxAVuFaKNnZkXl6sGM2ZcJbAVr3sgXJzhp",
        "Dk0S8JmGKN0rNLqK2nZBHpK1hRCR4WXgVb0vHjzC1tC",
    )
)
ALICE = Person(id="alice", keys=(KEY,), oidc=OidcSubject(issuer="https://id.example", subject="1"))
DIRECTORY = Directory(Access(Administrators(who=("alice",)), people=(ALICE,)))
AGENT = AgentCaller(TRIAGE, "production", "t1")
BY_TOKEN, NOBODY = PersonCaller("alice", "token", "t2"), PersonCaller("mallory", "token", "t3")
LOGIN, OLD_LOGIN = (PersonCaller("alice", "login", "t4", key) for key in (KEY, OTHERS_KEY))
OIDC, OLD_OIDC = (
    PersonCaller("alice", "oidc", "t5", proof_of("https://id.example", subject)) for subject in ("1", "2")
)
UNKNOWN = "401 gate.unauthenticated"


async def _handler(_call: Call) -> int:
    return 200


def refused(who: Who, caller: Caller, about: AgentId | None = None, **more: bool) -> str:
    """How a caller is refused at a route, "" where they are let in."""
    known, confirmed, strangers = (more.get(name, name != "strangers") for name in ("known", "confirmed", "strangers"))
    gate: Any = SimpleNamespace(control=SimpleNamespace(is_confirmed=confirmed))
    fleet: Any = SimpleNamespace(directory=DIRECTORY, knows=lambda _: known)
    values = {"workspace": about.workspace, "name": about.name} if about is not None else {}
    nothing: Any = None
    call = Call(gate, fleet, caller, values, nothing, nothing, nothing, NOW)
    try:
        admit(call, Route("GET", "/x", "", _handler, who, strangers=strangers), about is not None)
    except RefusalError as error:
        return f"{error.status} {error.rule}"
    return ""


@pytest.mark.parametrize(
    ("caller", "told"),
    [
        (None, ("", UNKNOWN, UNKNOWN, UNKNOWN)),
        (AGENT, ("", "", "403 gate.caller", "")),
        (BY_TOKEN, ("", "403 gate.caller", "", "")),
        (LOGIN, ("", "403 gate.caller", "", "")),
        (OIDC, ("", "403 gate.caller", "", "")),
        (NOBODY, ("", "403 gate.caller", "403 access.unknown-person", "403 access.unknown-person")),
        (OLD_LOGIN, ("", "403 gate.caller", UNKNOWN, UNKNOWN)),
        (OLD_OIDC, ("", "403 gate.caller", UNKNOWN, UNKNOWN)),
    ],
)
def test_who_is_let_in_where(caller: Caller, told: tuple[str, ...]) -> None:
    kinds: tuple[Who, ...] = ("anyone", "agent", "person", "either")
    assert tuple(refused(kind, caller) for kind in kinds) == told


def test_an_agent_gets_to_its_own_paths_alone_and_only_while_the_fleet_knows_it() -> None:
    assert refused("agent", AGENT, TRIAGE) == ""
    assert refused("either", AGENT, OTHER) == "404 gate.not-found"
    assert refused("either", BY_TOKEN, OTHER) == ""
    unregistered = refused("agent", AGENT, TRIAGE, known=False)
    assert unregistered.startswith("403 ")
    assert refused("agent", AGENT, TRIAGE, known=False, strangers=True) == ""
    assert refused("agent", AGENT, OTHER, known=False, strangers=True) == "404 gate.not-found"


def test_a_token_that_nobody_knows_is_not_refused_for_good_while_the_store_is_away() -> None:
    assert refused("person", None, confirmed=False).startswith("503 ")
    assert refused("anyone", None, confirmed=False) == refused("person", BY_TOKEN, confirmed=False) == ""


KINDS: Mapping[Kind, str] = {"agent": "", "person": "", "login": KEY, "oidc": OIDC.proof}
SECRETS = {kind: secret_of(kind, kind.encode().ljust(32, b"\0")) for kind in KINDS}


def gate_of(*, provider: bool = True) -> Any:
    """A gate with a token of each kind, whose ids are their kinds; `looks` are those at its store."""
    url, looks = "https://gate.example", list[int]()

    async def look() -> None:
        looks.append(NOW)

    found = {}
    for kind, proof in KINDS.items():
        token = Token(kind, kind, None, None, "alice", "", NOW, "alice", NOW + 1000, proof=proof)
        if kind == "agent":
            token = replace(token, agent=TRIAGE, environment="production", person="")
        found[sha256(SECRETS[kind].encode()).digest()] = token
    control = SimpleNamespace(look=look, looks=looks)
    tokens, known = TokenTable(found), object() if provider else None
    return SimpleNamespace(tokens=tokens, provider=known, url=url, urls={url}, control=control)


def scope(method: str, headers: Mapping[str, str]) -> Any:
    raw = [(name.encode(), value.format(**SECRETS).encode()) for name, value in headers.items()]
    return {"method": method, "headers": raw}


def asking(method: str, headers: Mapping[str, str], *, provider: bool = True) -> Caller:
    """Whose request it is."""
    return who_asks(gate_of(provider=provider), scope(method, headers), NOW)


def test_a_session_counts_for_requests_of_the_gates_own_pages_and_no_other_token_is_one() -> None:
    session, own = {"cookie": "__Host-agentgov-session={oidc}"}, {"sec-fetch-site": "same-origin"}
    assert asking("POST", session | own) == asking("GET", session) == PersonCaller("alice", "oidc", "oidc", OIDC.proof)
    for given in (
        asking("POST", session),
        asking("POST", session | {"sec-fetch-site": "cross-site"}),
        asking("POST", session | own, provider=False),
        asking("GET", own),
        *(asking("GET", {"cookie": f"__Host-agentgov-session={{{kind}}}"}) for kind in ("person", "login")),
    ):
        assert given is None
    assert asking("GET", {"authorization": "Digest {login}"}) is None
    assert asking("GET", {"authorization": "Bearer {agent}"}) == AgentCaller(TRIAGE, "production", "agent")
    assert asking("POST", {"authorization": "Bearer {login}"}) == PersonCaller("alice", "login", "login", KEY)
    assert asking("POST", {"authorization": "Bearer {person}x", **session, **own}) is None, (
        "a session beside it is none"
    )


def test_a_token_that_is_not_known_has_the_store_looked_at_and_nothing_else_does() -> None:
    session = {"cookie": "__Host-agentgov-session={oidc}"}
    for headers, provider, found, looks in (
        ({"authorization": "Bearer {login}"}, True, PersonCaller("alice", "login", "login", KEY), 1),
        (session, True, OIDC.person, 1),
        (session, False, None, 0),
        ({"authorization": "Bearer made-up"}, True, None, 0),
        ({}, True, None, 0),
    ):
        gate = gate_of(provider=provider)
        caller = asyncio.run(who_asks_now(gate, scope("GET", headers), NOW))
        assert (caller.person if isinstance(found, str) and isinstance(caller, PersonCaller) else caller) == found
        assert len(gate.control.looks) == looks, headers
