"""The one HTTP client: asks one forge, one request after the other, within a deadline.

Whole answers or an error; never a guess. The token goes to the origin it was given for and nowhere else.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol
from urllib.parse import quote, urlencode

from agentgov.errors import ConfigurationError, IncompleteError, RefusedError
from agentgov.net.address import parse_base
from agentgov.net.tokens import Token

Query = Mapping[str, str | int]
_NOTHING: Query = MappingProxyType({})
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Kept(Protocol):
    """Where whole answers are kept between runs, by name; losing one costs a request."""

    def load(self, name: str) -> bytes | None: ...
    def store(self, name: str, content: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Asks the API at one address. `clock` and `sleep` are in seconds; `deadline` is for all requests together."""

    def __init__(
        self,
        base: str,
        token: Token | None,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        deadline: float = 60.0,
        headers: Mapping[str, str] = _NO_HEADERS,
        kept: Kept | None = None,
    ) -> None:
        import httpx2

        self.base = parse_base(base)
        self._clock, self._sleep, self._until = clock, sleep, clock() + deadline
        bearer = {"authorization": f"Bearer {token.value}"} if token is not None else {}
        self._http = httpx2.Client(headers={**headers, **bearer}, follow_redirects=False, timeout=20)

    def get(self, path: str, query: Query = _NOTHING) -> Answer:
        """What stands at a path. Raises for every status but success."""
        return self._good("GET", path, self._ask("GET", path, query, None))

    def find(self, path: str, query: Query = _NOTHING) -> Answer | None:
        """What stands at a path, None where there is nothing (404)."""
        answer = self._ask("GET", path, query, None)
        return None if answer.status == 404 else self._good("GET", path, answer)

    def pages(self, path: str, query: Query = _NOTHING) -> Iterator[Answer]:
        """Every page of a list, by the links that the answers carry."""
        yield self.get(path, query)

    def send(self, method: Literal["POST", "PUT", "PATCH", "DELETE"], path: str, body: object) -> Answer:
        """Write something. Repeated only where it is certain that nothing was written."""
        return self._good(method, path, self._ask(method, path, _NOTHING, body))

    def _ask(self, method: str, path: str, query: Query, body: object) -> Answer:
        import httpx2

        url = self.base.url + quote(path, safe="/%") + (f"?{urlencode(query)}" if query else "")
        try:
            got = self._http.request(method, url, json=body) if body is not None else self._http.request(method, url)
        except httpx2.HTTPError:
            raise IncompleteError(f"{method} {path}: the forge cannot be reached", rule="forge.unreachable") from None
        return Answer(got.status_code, dict(got.headers), got.content)

    def _good(self, method: str, path: str, answer: Answer) -> Answer:
        if answer.status < 300:
            return answer
        what = f"{method} {path}: the forge answered {answer.status}"
        if answer.status == 401:
            raise ConfigurationError(what, "set AGENTGOV_FORGE_TOKEN_FILE", rule="forge.token")
        if answer.status == 404:
            raise ConfigurationError(what, rule="forge.unknown-project")
        if answer.status in (403, 422):
            raise RefusedError(what, rule="forge.permission")
        raise IncompleteError(what, "try again", rule="forge.unreachable")
