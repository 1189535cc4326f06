"""The HTTP client against a real server that fails in every way: whole answers or an error, and the token stays."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from dripping import dripping
from fakeserver import FakeServer, Reply, Request
from pace import Pace
from patience import ends

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError, RefusedError
from agentgov.net.client import Client, InDoubtError
from agentgov.net.tokens import Token

SECRET = "ghp_open-sesame"
LOST = ("reset", "lost", "cut-half")
BUSY = ("500", "502", "503", "504")
LIMITED = ("429", "secondary", "limited")


def answer(request: Request) -> Reply:
    return Reply(200, {"asked": request.line, "page": request.query.get("page", "1")})


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(answer).serve() as found:
        yield found


def client(server: FakeServer, pace: Pace | None = None, deadline: float = 600.0) -> Client:
    pace = pace or Pace()
    return Client(server.url, Token(SECRET), clock=pace.clock, sleep=pace.sleep, deadline=deadline)


def asked(server: FakeServer) -> int:
    return len(server.requests)


@pytest.mark.parametrize("kind", [*LOST, *BUSY, *LIMITED])
def test_a_get_is_asked_again_until_the_answer_is_whole(server: FakeServer, kind: str) -> None:
    server.faults.add(kind, times=2)
    assert json.loads(client(server).get("/thing").body)["asked"] == "GET /thing"
    assert asked(server) == 3


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["lost", "503", "secondary"])
def test_what_may_be_written_twice_is_sent_again(server: FakeServer, method: str, kind: str) -> None:
    server.faults.add(kind)
    assert client(server).send(method, "/thing", {"a": 1}).status == 200  # type: ignore[arg-type]
    assert asked(server) == 2


@pytest.mark.parametrize("kind", [*LOST, *BUSY])
def test_a_post_without_an_answer_is_in_doubt_and_not_sent_again(server: FakeServer, kind: str) -> None:
    server.faults.add(kind)
    with pytest.raises(InDoubtError) as raised:
        client(server).send("POST", "/thing", {"a": 1})
    assert (raised.value.exit_code, raised.value.rule, asked(server)) == (3, "forge.unreachable", 1)


@pytest.mark.parametrize("kind", LIMITED)
def test_a_post_that_a_limit_turned_away_is_sent_again(server: FakeServer, kind: str) -> None:
    server.faults.add(kind)
    assert client(server).send("POST", "/thing", {"a": 1}).status == 200
    assert [one.json() for one in server.requests] == [{"a": 1}, {"a": 1}]


@pytest.mark.parametrize("kind", [*LOST, *BUSY])
def test_it_gives_up_after_four_tries_and_says_that_it_is_not_a_no(server: FakeServer, kind: str) -> None:
    server.faults.add(kind, times=9)
    pace = Pace()
    with pytest.raises(IncompleteError) as raised:
        client(server, pace).get("/thing")
    assert (raised.value.exit_code, asked(server), pace.waited) == (3, 4, [5, 10, 20])


def test_a_post_is_sent_again_where_nobody_can_have_seen_it() -> None:
    with FakeServer(answer).serve() as gone:
        url = gone.url
    pace = Pace()
    with pytest.raises(IncompleteError, match="cannot be reached") as raised:
        Client(url, None, clock=pace.clock, sleep=pace.sleep).send("POST", "/thing", {})
    assert not isinstance(raised.value, InDoubtError)
    assert pace.waited == [5, 10, 20]


@pytest.mark.attack("N2")
@pytest.mark.parametrize("kind", ["huge", "bomb"])
def test_an_answer_that_is_too_large_is_none(server: FakeServer, kind: str) -> None:
    server.faults.add(kind, times=9)
    with pytest.raises(IncompleteError, match="larger than 20 MiB"):
        client(server).get("/thing")
    assert asked(server) == 1


def test_an_answer_that_does_not_say_where_it_ends_is_none(server: FakeServer) -> None:
    server.faults.add("reply", reply=Reply(200, b"[]", {"content-encoding": "br"}))
    with pytest.raises(IncompleteError, match="packed in a way"):
        client(server).get("/thing")


def test_a_server_that_hangs_or_dribbles_costs_the_deadline_and_no_more(server: FakeServer) -> None:
    for kind, method in (("slow", "GET"), ("hang", "GET"), ("slow", "POST"), ("hang", "POST")):
        server.faults.clear()
        server.faults.add(kind, times=9)
        with ends():
            one = client(server, deadline=0.3)
            with pytest.raises(IncompleteError):
                one.get("/thing") if method == "GET" else one.send("POST", "/thing", {})


def test_it_waits_as_long_as_the_forge_asks(server: FakeServer) -> None:
    ways: tuple[tuple[int, Callable[[int], dict[str, str]]], ...] = (
        (7, lambda _: {"retry-after": "7"}),
        (42, lambda now: {"retry-after": formatdate(now + 42, usegmt=True)}),
        (101, lambda now: {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(now + 100)}),
        (60, lambda _: {"retry-after": "soon"}),
        (60, lambda _: {}),
    )
    for seconds, asks in ways:
        began = int(time.time())
        server.faults.add("reply", reply=Reply(429, {"message": "slow down"}, asks(began)))
        pace = Pace()
        client(server, pace).get("/thing")
        assert len(pace.slept) == 1
        went_by = int(time.time()) - began  # before the answer, on a machine that has much else to do
        assert seconds - went_by <= pace.slept[0] <= seconds + 1, asks(began)


def test_a_wait_that_is_too_long_says_when_to_try_again(server: FakeServer) -> None:
    lifted = int(time.time()) + 1800
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(lifted)}
    server.faults.add("reply", reply=Reply(403, {"message": "API rate limit exceeded"}, headers), times=9)
    pace = Pace()
    with pytest.raises(IncompleteError) as raised:
        client(server, pace, deadline=60).get("/thing")
    assert re.search(r"asks to wait 1[78]\d\d s, and this command takes 60 s at most", raised.value.message)
    assert f"at {datetime.fromtimestamp(lifted + 1, UTC):%Y-%m-%dT%H:%M:%SZ}" in raised.value.hint
    assert raised.value.rule == "forge.limited"
    assert (pace.slept, asked(server)) == ([], 1)


def test_writes_to_a_real_forge_keep_a_second_apart() -> None:
    pace = Pace()
    away = Client("https://127.0.0.1:1", None, clock=lambda: sum(pace.slept), sleep=pace.sleep, deadline=0.05)
    for _ in range(2):
        with pytest.raises(IncompleteError):
            away.send("POST", "/thing", {})
    assert pace.slept == [1.0]


@pytest.mark.parametrize(
    ("status", "kind", "code", "rule"),
    [
        (400, RefusedError, 1, "forge.permission"),
        (401, ConfigurationError, 2, "forge.token"),
        (403, RefusedError, 1, "forge.permission"),
        (404, ConfigurationError, 2, "forge.unknown-project"),
        (422, RefusedError, 1, "forge.permission"),
        (418, IncompleteError, 3, "forge.unreachable"),
        (202, IncompleteError, 3, "forge.unreachable"),
        (302, IncompleteError, 3, "forge.unknown-project"),
    ],
)
def test_every_other_status_says_whom_it_is_to_mend(
    server: FakeServer, status: int, kind: type[AgentgovError], code: int, rule: str
) -> None:
    said = {"message": f"no\x1b[31m {SECRET} " + "x" * 999}
    server.faults.add("reply", reply=Reply(status, said, {"x-accepted-github-permissions": "checks=write"}))
    with pytest.raises(kind) as raised:
        client(server).get("/thing")
    assert (raised.value.exit_code, raised.value.rule) == (code, rule)
    assert SECRET not in raised.value.message
    assert "\x1b" not in raised.value.message
    assert len(raised.value.message) < 300
    if status == 403:
        assert raised.value.hint == "give the token this right: checks=write"


def test_it_is_told_where_there_is_no_token_at_all(server: FakeServer) -> None:
    server.faults.add("401", times=2)
    pace = Pace()
    nobody = Client(server.url, None, clock=pace.clock, sleep=pace.sleep)
    with pytest.raises(ConfigurationError, match="no token is set here"):
        nobody.get("/thing")
    assert "authorization" not in server.requests[0].headers
    with pytest.raises(ConfigurationError, match=r"401 \(Unauthorized\)$"):
        client(server).get("/thing")


@pytest.mark.attack("N3")
def test_the_token_is_in_no_error_and_no_text_of_the_client(server: FakeServer) -> None:
    one = client(server)
    for kind in (*LOST, *BUSY, "401", "403", "404", "huge", "html"):
        for method in ("GET", "POST"):
            server.faults.clear()
            server.faults.add(kind, times=9)
            try:
                one.get("/thing") if method == "GET" else one.send("POST", "/thing", {})
            except AgentgovError as error:
                chain = [error, error.__cause__, error.__context__]
                assert not [each for each in chain if SECRET in f"{each!r} {each} {getattr(each, 'hint', '')}"]
    assert SECRET not in repr(vars(one))
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {SECRET}"}


def test_all_pages_are_read_and_a_page_that_fails_is_not_left_out(server: FakeServer) -> None:
    def pages(request: Request) -> Reply:
        page = int(request.query.get("page", "1"))
        more = f'<{server.url}/list?page={page + 1}>; rel="next", <{server.url}/list?page=3>; rel="last"'
        return Reply(200, [page], {"link": more} if page < 3 else {})

    server._answer = pages
    assert [json.loads(one.body) for one in client(server).pages("/list")] == [[1], [2], [3]]
    server.faults.add("503", page=2, times=9)
    with pytest.raises(IncompleteError):
        list(client(server).pages("/list"))


@pytest.mark.attack("N1")
@pytest.mark.parametrize(
    "link",
    [
        '<http://127.0.0.1:1/list?page=2>; rel="next"',
        '<https://evil.example/list?page=2>; rel="next"',
        '</list?page=2>; rel="next", </list?page=3>; rel="next"',
        "<//evil.example/list>; rel=next",
        '<http://user@127.0.0.1/list>; rel="next"',
        'somewhere; rel="next"',
        '</list>; rel="next"',
        "</list?page=2>; rel='next'",
        '</list?page=2>; title="next',
        "</list?page=2>; a=" + " " * 50_000 + "! x",
        '</list?page=2>; rel="next last", </list?page=3>; rel=NEXT',
    ],
)
def test_a_link_that_leads_elsewhere_or_in_circles_ends_it(server: FakeServer, link: str) -> None:
    server._answer = lambda request: Reply(200, [], {"link": link})
    with pytest.raises(IncompleteError) as raised:
        list(client(server).pages("/list"))
    assert (raised.value.rule, asked(server)) == ("forge.incomplete", 1)


def test_a_list_without_end_ends(server: FakeServer) -> None:
    server._answer = lambda request: Reply(
        200, [], {"link": f'</list?page={int(request.query.get("page", "1")) + 1}>; rel="next"'}
    )
    with pytest.raises(IncompleteError, match="no end"):
        list(client(server).pages("/list"))
    assert asked(server) == 100


@pytest.mark.attack("N1")
def test_a_redirect_is_followed_on_the_same_origin_only_and_never_for_a_write(server: FakeServer) -> None:
    def moved(request: Request) -> Reply:
        return Reply(301, None, {"location": f"{server.url}/new"}) if request.path == "/old" else answer(request)

    server._answer = moved
    assert json.loads(client(server).get("/old").body)["asked"] == "GET /new"
    with pytest.raises(IncompleteError):
        client(server).send("POST", "/old", {})
    for there in ("https://evil.example/new", "http://127.0.0.1:1/new", "//evil.example/new", "", "/old"):
        server._answer = lambda request, to=there: Reply(307, None, {"location": to})  # type: ignore[misc]
        before = asked(server)
        with pytest.raises(IncompleteError):
            client(server).get("/old")
        assert asked(server) - before <= 4


def test_what_did_not_change_is_not_sent_again_and_not_kept_where_it_was_not_whole(server: FakeServer) -> None:
    def tagged(request: Request) -> Reply:
        if request.headers.get("if-none-match") == '"7"':
            return Reply(304, None, {"etag": '"7"'})
        return Reply(200, {"kept": True}, {"etag": '"7"'})

    server._answer = tagged
    one = client(server)
    one.get("/other")
    assert one.get("/thing").body == one.get("/thing").body == b'{"kept": true}'
    assert [request.headers.get("if-none-match") for request in server.requests] == [None, None, '"7"']
    server.faults.add("cut-half", match="GET /third")
    assert one.get("/third").body == b'{"kept": true}'
    assert [request.headers.get("if-none-match") for request in server.requests[3:]] == [None, None]


@pytest.mark.parametrize("fault", ["html", "not-json", "empty"])
def test_a_broken_answer_is_not_kept_under_the_tag_of_a_good_one(server: FakeServer, fault: str) -> None:
    server._answer = lambda request: (
        Reply(304) if "if-none-match" in request.headers else Reply(200, [1], {"etag": "7"})
    )
    one = client(server)
    server.faults.add(fault)
    one.get("/thing")
    assert one.get("/thing").body == b"[1]"


def test_a_304_that_nobody_asked_for_is_no_answer(server: FakeServer) -> None:
    server._answer = lambda request: Reply(304)
    with pytest.raises(IncompleteError):
        client(server).get("/thing")


def test_kept_answers_serve_the_next_run_of_the_same_token_only(server: FakeServer) -> None:
    class Place(dict[str, bytes]):
        def load(self, name: str) -> bytes | None:
            return self.get(name)

        def store(self, name: str, content: bytes) -> None:
            self[name] = content

    def tagged(request: Request) -> Reply:
        return Reply(304) if "if-none-match" in request.headers else Reply(200, [1], {"etag": '"7"'})

    server._answer = tagged
    place, pace = Place(), Pace()

    def run(token: str) -> bytes:
        one = Client(server.url, Token(token), clock=pace.clock, sleep=pace.sleep, kept=place)
        return one.get("/thing").body

    assert run("mine") == run("mine") == run("yours") == b"[1]"
    assert [request.headers.get("if-none-match") for request in server.requests] == [None, '"7"', None]
    for name in place:
        place[name] = place[name][:-1]
    assert run("mine") == b"[1]"
    assert server.requests[-1].headers.get("if-none-match") is None
    assert not [content for content in place.values() if b"mine" in content]


def test_find_takes_only_a_404_for_nothing(server: FakeServer) -> None:
    server.faults.add("404")
    assert client(server).find("/thing") is None
    server.faults.add("410")
    with pytest.raises(ConfigurationError):
        client(server).find("/thing")


@pytest.mark.attack("N6")
def test_a_forge_whose_headers_never_end_is_not_waited_for() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nx-more: ") as port, ends():
        asking = Client(f"http://127.0.0.1:{port}", Token(SECRET), clock=time.monotonic, sleep=time.sleep, deadline=0.5)
        with pytest.raises(IncompleteError) as raised:
            asking.get("/thing")
    assert (raised.value.rule, "in time" in raised.value.message) == ("forge.unreachable", True)
