"""Which ID tokens count: every way in which one may be forged, borrowed or stale, tried on a provider that lies.

The provider is a small server of the test's own; what an honest one does is tried with a real one (test_gate_oidc).
"""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from serving import ThreadedHTTPServer, serving

from agentgov.errors import AgentgovError, IncompleteError, RefusedError
from agentgov.gate.oidc import Client, Provider
from agentgov.repo import clock
from agentgov.runtime.oidc_logins import Flow

FLOW = Flow("state", "nonce-of-this-login", "verifier")
KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
NEXT = ECKey.generate_key("P-256", {"kid": "two", "alg": "ES256", "use": "sig"})


class Liar:
    """Serves whatever a test wants it to say."""

    def __init__(self) -> None:
        self.keys: list[Any] = [KEY]
        self.token = ""
        self.more: dict[str, Any] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self._say(outer.document() if "well-known" in self.path else outer.jwks())

            def do_POST(self) -> None:
                outer.asked.append(self.rfile.read(int(self.headers["content-length"])).decode())
                self._say({"id_token": outer.token, "access_token": "a", "token_type": "Bearer"})

            def _say(self, document: Any) -> None:
                raw = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
                """Nothing."""

        self.server = ThreadedHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"

    def document(self) -> dict[str, Any]:
        """What it says of itself."""
        at = self.issuer
        places = {"authorization_endpoint": f"{at}/auth", "token_endpoint": f"{at}/token", "jwks_uri": f"{at}/jwks"}
        return {"issuer": at, **places, **self.more}

    def jwks(self) -> dict[str, Any]:
        """Its public keys."""
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def claims(self, **other: Any) -> dict[str, Any]:
        """What an honest token says, but for some claims; None leaves one out."""
        now = clock.now()
        good = {"iss": self.issuer, "aud": "gate", "sub": "alice", "exp": now + 60, "iat": now, "nonce": FLOW.nonce}
        return {name: value for name, value in {**good, **other}.items() if value is not None}


@pytest.fixture
def liar() -> Iterator[Liar]:
    found = Liar()
    with serving(found.server):
        yield found


def subject(liar: Liar, token: str, issuer: str | None = None) -> str:
    """Who the gate believes has logged in."""
    liar.token = token
    return Provider(Client(liar.issuer, "gate")).subject(FLOW, "code", issuer, "http://127.0.0.1/back")


def signed(liar: Liar, key: Any = KEY, header: dict[str, Any] | None = None, **other: Any) -> str:
    """A token."""
    found: str = jwt.encode(header or {"alg": "RS256", "kid": "one"}, liar.claims(**other), key)
    return found


def test_an_honest_token_names_who_logged_in(liar: Liar) -> None:
    assert subject(liar, signed(liar)) == "alice"
    assert subject(liar, signed(liar, aud=["gate"]), liar.issuer) == "alice"
    assert subject(liar, signed(liar, aud=["gate", "other"], azp="gate")) == "alice"
    assert "code_verifier=verifier" in liar.asked[-2] + liar.asked[-1] + liar.asked[-3]


@pytest.mark.parametrize(
    "other",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["gate", "other"]},
        {"aud": ["gate"], "azp": "other"},
        {"aud": None},
        {"nonce": "of another login"},
        {"nonce": None},
        {"nonce": 7},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a" * 256},
    ],
    ids=str,
)
def test_a_token_that_says_anything_else_counts_for_nobody(liar: Liar, other: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as refused:
        subject(liar, signed(liar, **other))
    assert refused.value.rule == "gate.oidc"


def test_a_token_that_no_key_of_the_provider_signed_counts_for_nobody(liar: Liar) -> None:
    whole = signed(liar)
    head, claims, _ = whole.split(".")
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    for token in (
        signed(liar, OTHER),
        signed(liar, OctKey.import_key(b"x" * 32), {"alg": "HS256", "kid": "one"}),
        f"{none}.{claims}.",
        f"{head}.{claims}.",
        whole[:-4] + "AAAA",
        "a.b.c",
        "",
        "x" * 70_000,
    ):
        with pytest.raises(RefusedError):
            subject(liar, token)


def test_a_key_that_is_new_is_looked_for_once_more(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.gate.oidc._AGAIN", 0.0)
    provider = Provider(Client(liar.issuer, "gate"))
    liar.token = signed(liar)
    assert provider.subject(FLOW, "code", None, "http://127.0.0.1/back") == "alice"
    liar.keys = [NEXT]
    liar.token = signed(liar, NEXT, {"alg": "ES256", "kid": "two"}, sub="bob")
    assert provider.subject(FLOW, "code", None, "http://127.0.0.1/back") == "bob"


def test_a_provider_that_is_not_the_one_that_was_asked_is_none(liar: Liar) -> None:
    with pytest.raises(RefusedError, match="another provider"):
        subject(liar, signed(liar), "https://evil.example")
    liar.more = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(RefusedError, match="another provider"):
        subject(liar, signed(liar))  # RFC 9207: it says that it names itself, and did not
    liar.more = {"issuer": "https://evil.example"}
    with pytest.raises(RefusedError, match="calls itself"):
        subject(liar, signed(liar))


def test_endpoints_in_clear_elsewhere_are_never_asked(liar: Liar) -> None:
    liar.more = {"token_endpoint": "http://192.0.2.1/token"}
    with pytest.raises(AgentgovError, match="https only"):
        subject(liar, signed(liar))
    liar.more = {"jwks_uri": "not an address"}
    with pytest.raises(AgentgovError):
        subject(liar, signed(liar))


def test_a_provider_that_is_away_is_no_answer() -> None:
    with pytest.raises(IncompleteError, match="gave no answer"):
        Provider(Client("http://127.0.0.1:1", "gate")).document()
