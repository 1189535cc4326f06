"""Asks a gate on behalf of whoever sits here: at which address, with which token, and what its refusals mean.

The address comes from --gate, else AGENTGOV_GATE, else the login, else agentgov.yaml. The token comes from the file
that AGENTGOV_TOKEN_FILE names, else from the login at that address; it goes over https, or to this machine.
"""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from agentgov.errors import ConfigurationError, IncompleteError, RefusedError
from agentgov.journal.view import View
from agentgov.net.address import Base, parse_base
from agentgov.net.exchange import Answer, BrokenError, Exchange
from agentgov.net.private import private_lines
from agentgov.net.tokens import Token
from agentgov.repo import clock
from agentgov.trust.places import config_path
from agentgov.trust.private_files import read_private, write_private

ADDRESS = "AGENTGOV_GATE"
TOKEN_FILE = "AGENTGOV_TOKEN_FILE"  # noqa: S105 - the name of a variable
_HOW = f"agentgov login, or name a file with your token: {TOKEN_FILE}=FILE"
_WHERE = f"name it: {ADDRESS}=https://gate.example, or gate: {{url: ...}} in agentgov.yaml"
_DEADLINE = 30.0  # seconds of one request
_MOST = 16_384
Method = Literal["GET", "POST", "DELETE"]
NOTHING: Mapping[str, object] = MappingProxyType({})


class Login(msgspec.Struct, frozen=True):
    """A login as it is kept on this machine; `expires` in epoch seconds."""

    gate: str
    person: str
    token: str
    expires: int


@dataclass(frozen=True)
class GateClient:
    """A gate, and who asks it."""

    url: str
    token: Token | None
    seconds: float = _DEADLINE  # of one request

    def ask(self, method: Method, path: str, body: object = None) -> Any:
        """What it answers, None where it answers nothing. RefusedError for what it refuses, IncompleteError where it
        cannot be reached or cannot tell, ConfigurationError where it does not know who asks."""
        return self._read(self._answer(method, path, body))

    def pages(self, path: str, query: Mapping[str, object] = NOTHING, cursor: str = "after") -> Iterator[Any]:
        """What it answers, page by page: each tells in `next` what the parameter `cursor` of the one behind it is.
        Raises as `ask`."""
        behind = ""
        while True:
            asked = {**query, **({cursor: behind} if behind else {})}
            found = self.ask("GET", f"{path}?{urlencode(asked)}" if asked else path)
            yield found
            behind = found.get("next", "")
            if not behind:
                return

    def fetch(self, path: str) -> bytes:
        """What it answers that is no JSON. Raises as `ask`."""
        answer = self._answer("GET", path)
        if not 200 <= answer.status < 300:
            self._read(answer)
        return answer.body

    def _answer(self, method: Method, path: str, body: object = None) -> Answer:
        base = self._base
        content = None if body is None else msgspec.json.encode(body)
        typed = {} if content is None else {"content-type": "application/json"}
        try:
            return self._exchange.ask(method, base.url + path, typed, content, time.monotonic() + self.seconds)
        except BrokenError as error:
            hint = error.hint or f"is it there? curl {base.url}/healthz"
            raise IncompleteError(
                f"the gate {base.url} gave no answer: {error.why}", hint, rule="gate.unreachable"
            ) from None

    @cached_property
    def _base(self) -> Base:
        return parse_base(self.url, "the gate", _WHERE, rule="gate.url")

    @cached_property
    def _exchange(self) -> Exchange:
        headers = {"authorization": f"Bearer {self.token.value}"} if self.token is not None else {}
        return Exchange(headers, clock=time.monotonic, plain=self._base.scheme == "http", other="the gate")

    def _read(self, answer: Answer) -> Any:
        if answer.status == 204:
            return None
        try:
            found = msgspec.json.decode(answer.body)
        except msgspec.DecodeError:
            raise IncompleteError(f"what answers at {self.url} is no gate", _WHERE, rule="gate.unreachable") from None
        if 200 <= answer.status < 300:
            return found
        told = found.get("error") if isinstance(found, dict) else None
        told = told if isinstance(told, dict) else {}
        raise _refused(answer.status, *(str(told.get(name, "")) for name in ("message", "hint", "rule")))


def client_of(view: View, gate: str | None = None) -> GateClient:
    """The gate of a fleet, and one's own token for it. ConfigurationError where there is no address or no token."""
    url = address_of(view, gate)
    found = _token(view.state.head.fleet, url)
    if found is None:
        raise ConfigurationError(f"you are not logged in at {url}", _HOW, rule="gate.unauthenticated")
    return GateClient(url, found)


def address_of(view: View, gate: str | None = None) -> str:
    """Where the gate of a fleet answers; ConfigurationError where nobody says so."""
    kept = kept_login(view.state.head.fleet)
    known = kept.gate if kept is not None else ""
    url = gate or os.environ.get(ADDRESS) or known or view.governance.fleet.gate.url
    if not url:
        raise ConfigurationError("nobody says where the gate of this fleet answers", _WHERE, rule="gate.url")
    return parse_base(url, "the gate", _WHERE, rule="gate.url").url


def has_gate(view: View) -> bool:
    """Whether anybody says where the gate answers."""
    return bool(os.environ.get(ADDRESS) or view.governance.fleet.gate.url or kept_login(view.state.head.fleet))


def kept_login(fleet: str) -> Login | None:
    """The login of this user at the gate of a fleet, None where there is none that still lasts."""
    raw = read_private(config_path("logins", fleet), _MOST)
    try:
        found = msgspec.json.decode(raw, type=Login) if raw is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found is not None and clock.now() < found.expires else None


def keep_login(fleet: str, login: Login) -> None:
    """Keep a login where only this user reads it."""
    path = config_path("logins", fleet)
    if not write_private(path, msgspec.json.encode(login)):
        raise ConfigurationError(f"the login cannot be kept in {path}", "make the folder one of yours (chmod 700)")


def forget_login(fleet: str) -> None:
    """Keep it no more."""
    config_path("logins", fleet).unlink(missing_ok=True)


def _token(fleet: str, url: str) -> Token | None:
    name = os.environ.get(TOKEN_FILE)
    if name:
        from pathlib import Path

        lines = private_lines(Path(name), TOKEN_FILE, _HOW, "gate.unauthenticated")
        return Token("".join(lines), "gate.unauthenticated", _HOW)
    kept = kept_login(fleet)
    return Token(kept.token, "gate.unauthenticated", _HOW) if kept is not None and kept.gate == url else None


def _refused(status: int, message: str, hint: str, rule: str) -> Exception:
    said = message or f"the gate answered {status}"
    if status == 401:
        return ConfigurationError(said, hint or _HOW, rule=rule)
    if status in (408, 429) or status >= 500:
        return IncompleteError(said, hint or "try again", rule=rule)
    return RefusedError(said, hint, rule=rule)
