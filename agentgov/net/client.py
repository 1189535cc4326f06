"""The one HTTP client: asks one forge, one request after the other, within a deadline.

Whole answers or an error; never a guess. The token goes to the origin it was given for and nowhere else: redirects and
links are followed only there. Nothing here knows what an answer means.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote, urlencode, urljoin

import msgspec

from agentgov.errors import IncompleteError
from agentgov.net.address import parse_base
from agentgov.net.exchange import Answer, BrokenError, Exchange, InDoubtError, unreachable
from agentgov.net.failures import failure
from agentgov.net.keeping import Answers, Kept
from agentgov.net.patience import TRIES, is_limit, moment, wait_after_answer, wait_after_break
from agentgov.net.tokens import Token

__all__ = ["Answer", "Client", "InDoubtError", "Kept", "Query"]

Query = Mapping[str, str | int]
_NOTHING: Query = MappingProxyType({})
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_PAGES = 100
_REDIRECTS = 3
_BETWEEN_WRITES = 1.0  # seconds; GitHub asks for it
# RFC 8288 section 3. Possessive, so that a hostile header costs no more than its length.
_LINK = re.compile(r"""\s*+<([^<>]*+)>((?:\s*+;\s*+[A-Za-z*]++\s*+=\s*+(?:"[^"]*+"|[^\s",;]*+))*+)\s*+(?:,|$)""")
_REL = re.compile(r""";\s*+rel\s*+=\s*+(?:"([^"]*+)"|([^\s",;]*+))""", re.IGNORECASE)


class Client:
    """Asks the API at one address. `clock` (monotonic) and `sleep` are in seconds; `deadline` is for all requests
    together. Paths are quoted already, and begin with a slash."""

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
        self.base = parse_base(base)
        self._token, self._clock, self._sleep = token, clock, sleep
        self._until, self._deadline = clock() + deadline, deadline
        self._wrote: float | None = None
        self._answers = Answers(token, kept)
        bearer = {"authorization": f"Bearer {token.value}"} if token is not None else {}
        self._exchange = Exchange({**headers, **bearer}, clock=clock, plain=self.base.scheme == "http")

    def get(self, path: str, query: Query = _NOTHING, *, accept: str = "") -> Answer:
        """What stands at a path; `accept` asks for another media type. Raises for every status but 200."""
        return self._good("GET", path, self._read(self._url(path, query), path, accept))

    def find(self, path: str, query: Query = _NOTHING, *, accept: str = "") -> Answer | None:
        """What stands at a path, None where there is nothing (404)."""
        answer = self._read(self._url(path, query), path, accept)
        return None if answer.status == 404 else self._good("GET", path, answer)

    def pages(self, path: str, query: Query = _NOTHING) -> Iterator[Answer]:
        """Every page of a list, by the links that the answers carry (RFC 8288).

        IncompleteError where a link leads elsewhere, where there is no end, or where any page is missing.
        """
        url: str | None = self._url(path, query)
        seen: set[str] = set()
        while url is not None:
            if url in seen or len(seen) >= _PAGES or not self.base.holds(url):
                what = f"GET {path}: the list has no end, or goes on at another address"
                raise IncompleteError(what, "look at it on the forge", rule="forge.incomplete")
            seen.add(url)
            answer = self._good("GET", path, self._read(url, path, ""))
            yield answer
            url = _next(answer, url, path)

    def send(self, method: Literal["POST", "PUT", "PATCH", "DELETE"], path: str, body: object) -> Answer:
        """Write something. Repeated only where it is certain that nothing was written, or where writing it twice is
        writing it once; InDoubtError where a POST got no answer."""
        content = msgspec.json.encode(body)
        headers = {"content-type": "application/json"}
        return self._good(method, path, self._patiently(method, self._url(path, _NOTHING), path, headers, content))

    def query_beside(self, path: str, body: object) -> Answer:
        """Ask by POST at a path of the same origin that is not below the API's address, for queries of GitHub's
        GraphQL. It writes nothing, so it is repeated as a GET is."""
        content, url = msgspec.json.encode(body), self.base.origin + _quoted(path)
        answer = self._patiently("POST", url, path, {"content-type": "application/json"}, content, manners="GET")
        return self._good("GET", path, answer)

    def _url(self, path: str, query: Query) -> str:
        return self.base.url + _quoted(path) + (f"?{urlencode(query)}" if query else "")

    def _read(self, url: str, path: str, accept: str) -> Answer:
        """The answer to a GET, after redirects on the same origin."""
        for _ in range(_REDIRECTS + 1):
            known = self._answers.known(url, accept)
            headers = {"accept": accept} if accept else {}
            if known is not None:
                headers["if-none-match"] = known.headers["etag"]
            answer = self._patiently("GET", url, path, headers, None)
            if answer.status == 304 and known is not None:
                return known
            if answer.status not in (301, 307, 308):
                self._answers.keep(url, accept, answer)
                return answer
            url = urljoin(url, answer.headers.get("location", ""))
            if not self.base.holds(url):
                what = f"GET {path}: the forge points to another address, and the token stays here"
                raise IncompleteError(what, "check --api-url and --project", rule="forge.url")
        raise IncompleteError(f"GET {path}: the forge points in circles", "try again", rule="forge.unreachable")

    def _patiently(
        self,
        method: str,
        url: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | None,
        *,
        manners: str = "",
    ) -> Answer:
        """The last word on one request, after as many tries as it is worth; `manners` is the method whose manners it
        has, if not its own."""
        what, manners = f"{method} {path}", manners or method
        self._space_out(manners)
        attempt = 0
        while True:
            try:
                answer = self._exchange.ask(method, url, headers, content, self._until)
            except BrokenError as broken:
                wait = wait_after_break(manners, broken, attempt)
                if wait is None or attempt + 1 >= TRIES or self._clock() + wait > self._until:
                    raise unreachable(what, broken) from None
            else:
                wait = wait_after_answer(manners, answer, attempt)
                if wait is None or attempt + 1 >= TRIES:
                    return answer
                self._within(wait, what, answer)
            self._sleep(wait + secrets.randbelow(250) / 1000 * min(wait, 1.0))
            attempt += 1

    def _within(self, wait: float, what: str, answer: Answer) -> None:
        """IncompleteError where the wait is longer than there is time."""
        if self._clock() + wait <= self._until:
            return
        if not is_limit(answer):
            raise failure(what, answer, self._token)
        now = moment(answer)
        at = f", at {datetime.fromtimestamp(now + wait, UTC):%Y-%m-%dT%H:%M:%SZ}" if now is not None else ""
        told = (
            f"{what}: the forge asks to wait {round(wait)} s, and this command takes {round(self._deadline)} s at most"
        )
        raise IncompleteError(told, f"try again in {round(wait)} s{at}", rule="forge.limited")

    def _space_out(self, method: str) -> None:
        """Wait until the last write is a second ago; one's own machine asks for no such thing."""
        if method == "GET" or self.base.scheme == "http":
            return
        now = self._clock()
        if self._wrote is not None and now - self._wrote < _BETWEEN_WRITES:
            self._sleep(_BETWEEN_WRITES - (now - self._wrote))
        self._wrote = self._clock()

    def _good(self, method: str, path: str, answer: Answer) -> Answer:
        if answer.status == 200 or (method != "GET" and answer.status in (201, 202, 204)):
            return answer
        error = failure(f"{method} {path}", answer, self._token)
        if method == "POST" and answer.status >= 500:
            raise InDoubtError(error.message, error.hint, rule=error.rule)
        raise error


def _quoted(path: str) -> str:
    return quote(path, safe="/%:@")


def _next(answer: Answer, url: str, path: str) -> str | None:
    """Where a list goes on; None at its end. IncompleteError where that cannot be told."""
    header, place, found = answer.headers.get("link", "").strip(), 0, list[str]()
    while place < len(header):
        match = _LINK.match(header, place)
        if match is None:
            raise _unclear(path)
        relations = {word for pair in _REL.findall(match[2]) for word in "".join(pair).lower().split()}
        if "next" in relations:
            found.append(urljoin(url, match[1]))
        elif "next" in match[2].lower():
            raise _unclear(path)
        place = match.end()
    if len(found) > 1:
        raise _unclear(path)
    return found[0] if found else None


def _unclear(path: str) -> IncompleteError:
    return IncompleteError(
        f"GET {path}: it cannot be told where the list goes on", "try again", rule="forge.incomplete"
    )
