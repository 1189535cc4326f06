"""GitLab on loopback, as far as it is asked: real paths, pages, rights and refusals over a `GitLabWorld`.

    with GitLabFake(world).serve() as fake:
        ...  # talk to fake.url with TOKEN

It is stricter than GitLab: a path, a parameter or a field that it does not know fails the test.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Self
from urllib.parse import unquote, urlencode

import gitlabreads
import gitlabwrites
from fakeserver import FakeServer, Faults, Reply, Request
from gitlabroutes import PAGES, ROUTES, Call
from gitlabworld import GitLabWorld

TOKEN = "glpat-agentgov-fake-0001"  # of a project's bot, which may all that is asked for
READER = "glpat-agentgov-fake-0002"  # the same bot, with the scope read_api only
BOT = "project_4001_bot_x"
ANSWERS = (gitlabreads, gitlabwrites)  # they fill the routes


class GitLabFake:
    """Serves a world. `tokens` are accounts by token; `url` is the API's address."""

    def __init__(self, world: GitLabWorld) -> None:
        self.world, self.server = world, FakeServer(self._answer, now=world.now)
        self.bot = world.account(BOT, bot=True)
        self.tokens = {TOKEN: self.bot, READER: self.bot}
        self.readers = {READER}
        self._then: list[tuple[str, Callable[[], object]]] = []

    @contextmanager
    def serve(self) -> Iterator[Self]:
        """Listen until the block ends."""
        with self.server.serve():
            yield self

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"{self.server.url}/api/v4"

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self.server.faults

    @property
    def requests(self) -> list[Request]:
        """What was asked, in order."""
        return self.server.requests

    @property
    def writes(self) -> list[str]:
        """What was asked that changes something: method and path."""
        return [request.line for request in self.requests if request.method != "GET"]

    def after(self, match: str, then: Callable[[], object]) -> None:
        """Let something happen once, right after a request whose method and path fit."""
        self._then.append((match, then))

    def _answer(self, request: Request) -> Reply:
        reply = self._answered(request)
        for place, (match, then) in enumerate(self._then):
            if fnmatchcase(request.line, match):
                del self._then[place]
                then()
                break
        return reply

    def _answered(self, request: Request) -> Reply:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        by = self.tokens.get(token)
        if by is None:
            return Reply(401, {"message": "401 Unauthorized"})
        if request.method != "GET" and token in self.readers:
            return Reply(403, {"error": "insufficient_scope", "scope": "api"})
        for method, pattern, query, answering in ROUTES:
            match = pattern.fullmatch(request.raw_path)
            if method == request.method and match:
                assert set(request.query) <= query, f"{request.line}: unknown {set(request.query) - query}"
                reply = answering(Call(self.world, request, tuple(map(unquote, match.groups())), by))
                return self._page(request, reply) if query >= PAGES and isinstance(reply.body, list) else reply
        raise LookupError("no such path")

    def _page(self, request: Request, reply: Reply) -> Reply:
        assert isinstance(reply.body, list)
        size, page = int(request.query.get("per_page", "20")), int(request.query.get("page", "1"))
        assert 1 <= size <= 100, "GitLab gives at most 100 a page"
        headers = {"x-page": str(page), "x-per-page": str(size)}
        if len(reply.body) > page * size:
            query = urlencode({**request.query, "page": page + 1, "per_page": size})
            headers["link"] = f'<{self.server.url}{request.raw_path}?{query}>; rel="next"'
        return Reply(reply.status, reply.body[(page - 1) * size : page * size], headers)
