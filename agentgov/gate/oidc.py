"""An OpenID provider as the gate talks to it: discovery, keys, and the code of a login exchanged for who logged in.

Authorization code with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636, RFC 9207). What is believed: the provider's
signature over an ID token for this client, this issuer and this login's nonce, and nothing else of it but its subject.
Talks over verified TLS, or to this machine; runs in a thread.
"""

import threading
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from time import monotonic
from urllib.parse import quote, urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from agentgov.errors import IncompleteError, RefusedError
from agentgov.net.address import parse_base
from agentgov.net.exchange import BrokenError, Exchange
from agentgov.repo import clock
from agentgov.runtime.oidc_logins import Flow, challenge_of

RULE = "gate.oidc"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_DEADLINE = 15.0  # seconds of one question
_FRESH = 3600.0  # seconds that discovery and keys are believed
_AGAIN = 30.0  # seconds before keys are asked for once more because one is missing
_LEEWAY = 60  # seconds between two clocks
_MOST = 65_536  # bytes of a token, more than ten times what one has
_HINT = "is the provider there? see docs/gate.md"


@dataclass(frozen=True, slots=True)
class Client:
    """This gate as a client of a provider; `secret` is "" for a public one."""

    issuer: str
    id: str
    secret: str = ""


class Document(msgspec.Struct, frozen=True):
    """What the gate needs of a provider's description of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class Provider:
    """One provider. Thread-safe."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._document: tuple[float, Document] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def address(self, flow: Flow, redirect: str) -> str:
        """Where a browser goes to log in."""
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": redirect,
            "scope": "openid",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge_of(flow.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = self.document().authorization_endpoint
        parse_base(endpoint.partition("?")[0], "the OpenID provider", _HINT, rule=RULE)
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def subject(self, flow: Flow, code: str, issuer: str | None, redirect: str) -> str:
        """Who logged in, by the subject of the provider's ID token. RefusedError where it does not hold."""
        document = self.document()
        wanted = document.authorization_response_iss_parameter_supported
        if issuer != document.issuer and (issuer is not None or wanted):
            raise _no("the answer is of another provider than the one that was asked")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": flow.verifier,
            "client_id": self.client.id,
        }
        raw = self._ask("POST", document.token_endpoint, urlencode(form).encode(), self._who())
        try:
            found = msgspec.json.decode(raw, type=_Tokens).id_token
        except msgspec.DecodeError:
            raise _no("the provider gave no ID token") from None
        return self._verified(found, flow.nonce)

    def document(self) -> Document:
        """The provider's description of itself (OpenID Connect Discovery 1.0). IncompleteError where it is away."""
        with self._lock:
            if self._document is None or monotonic() - self._document[0] > _FRESH:
                url = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
                found = self._read(url, Document)
                if found.issuer != self.client.issuer:
                    raise _no(f"the provider calls itself {found.issuer[:200]}, and {self.client.issuer} was asked")
                self._document = (monotonic(), found)
            return self._document[1]

    def _verified(self, token: str, nonce: str) -> str:
        """The subject of an ID token (OpenID Connect Core 1.0 section 3.1.3.7)."""
        if len(token) > _MOST:
            raise _no("the ID token is too long to be one")
        claims = self._claims(token)
        client = self.client.id
        registry = jwt.JWTClaimsRegistry(
            now=clock.now(),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.client.issuer},
            aud={"essential": True, "value": client},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(dict(claims))
        except JoseError as error:
            raise _no(f"the ID token does not hold ({error.error})") from None
        given, subject, audience = claims.get("nonce"), claims.get("sub"), claims.get("aud")
        if not isinstance(given, str) or not compare_digest(given.encode(), nonce.encode()):
            raise _no("the ID token is of another login")
        alone = audience == client or audience == [client]
        if not (alone or claims.get("azp") == client) or claims.get("azp", client) != client:
            raise _no("the ID token is for somebody else, too")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise _no("the ID token names nobody")
        return subject

    def _claims(self, token: str) -> Mapping[str, object]:
        """What the provider signed; its keys are read again where the one that signed is not among them."""
        for anew in (False, True):
            try:
                return jwt.decode(token, self._key_set(anew), algorithms=list(ALGORITHMS)).claims
            except (JoseError, ValueError):
                continue
        raise _no("the ID token is not signed by a key of the provider")

    def _key_set(self, anew: bool) -> KeySet:
        document = self.document()
        with self._lock:
            age = monotonic() - self._keys[0] if self._keys is not None else float("inf")
            if self._keys is None or age > _FRESH or (anew and age > _AGAIN):
                raw = self._ask("GET", document.jwks_uri, None, {})
                try:
                    self._keys = (monotonic(), KeySet.import_key_set(msgspec.json.decode(raw)))
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise IncompleteError("the provider's keys cannot be read", _HINT, rule=RULE) from error
            return self._keys[1]

    def _read(self, url: str, kind: type[Document]) -> Document:
        try:
            return msgspec.json.decode(self._ask("GET", url, None, {}), type=kind)
        except msgspec.DecodeError as error:
            raise IncompleteError(f"what stands at {url} describes no provider", _HINT, rule=RULE) from error

    def _who(self) -> Mapping[str, str]:
        """Who asks for the tokens (RFC 6749 section 2.3.1); a public client says its id alone."""
        typed = {"content-type": "application/x-www-form-urlencoded"}
        if not self.client.secret:
            return typed
        pair = f"{quote(self.client.id, safe='')}:{quote(self.client.secret, safe='')}".encode()
        return {**typed, "authorization": f"Basic {b64encode(pair).decode()}"}

    def _ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        base = parse_base(url.partition("?")[0], "the OpenID provider", _HINT, rule=RULE)
        exchange = Exchange({}, clock=monotonic, plain=base.scheme == "http", other="the provider")
        told = {"accept": "application/json", **headers}
        try:
            answer = exchange.ask(method, url, told, body, monotonic() + _DEADLINE)
        except BrokenError as error:
            message = f"the OpenID provider gave no answer: {error.why}"
            raise IncompleteError(message, error.hint or _HINT, rule=RULE) from None
        if answer.status == 200:
            return answer.body
        if method == "POST" and 400 <= answer.status < 500:
            raise _no("the OpenID provider does not take the code of this login")
        raise IncompleteError(f"the OpenID provider answered {answer.status}", _HINT, rule=RULE)


def _no(message: str) -> RefusedError:
    return RefusedError(message, "log in again", rule=RULE)
