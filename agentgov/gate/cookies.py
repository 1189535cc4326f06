"""The two cookies of the gate: a session, and a login under way. HttpOnly, SameSite, and Secure wherever there is TLS.

A cookie comes along whoever makes a browser ask, so what changes anything takes a request that began on the gate's own
pages (`is_own_request`).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

SESSION, FLOW = "agentgov-session", "agentgov-login"
_LONGEST = 200
Pairs = Iterable[tuple[bytes, bytes]]


def set_cookie(gate: "Gate", name: str, value: str, seconds: int, path: str) -> tuple[bytes, bytes]:
    """The header that sets a cookie, or with no seconds takes it away."""
    full = _name(gate, name)
    path = "/" if full.startswith("__Host-") else path
    secure = "; Secure" if _is_secure(gate) else ""
    text = f"{full}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", text.encode("ascii")


def cookie_of(gate: "Gate", headers: Pairs, name: str) -> str:
    """The value of a cookie, "" where it is not there exactly once."""
    full = _name(gate, name)
    found = []
    for key, value in headers:
        if key == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                given, _, text = pair.strip().partition("=")
                if given == full:
                    found.append(text)
    return found[0] if len(found) == 1 and len(found[0]) <= _LONGEST else ""


def is_own_request(gate: "Gate", method: str, headers: Pairs) -> bool:
    """Whether a request that a cookie vouches for began on the gate's own pages; to look at something, any may."""
    if method in ("GET", "HEAD"):
        return True
    given = {key: value.decode("latin-1") for key, value in headers if key in (b"origin", b"sec-fetch-site")}
    if b"sec-fetch-site" in given:
        return given[b"sec-fetch-site"] == "same-origin"
    return given.get(b"origin", "") in gate.urls


def _name(gate: "Gate", name: str) -> str:
    return f"__Host-{name}" if _is_secure(gate) else name


def _is_secure(gate: "Gate") -> bool:
    return gate.url.startswith("https:")
