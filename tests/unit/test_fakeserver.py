"""The server that tests talk to: it answers as told, fails as told, and reports what it should not have been asked."""

import gzip
import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from fakeserver import FakeServer, Reply, Request
from patience import PATIENCE, ends


def answered(request: Request) -> Reply:
    return Reply(200, {"path": request.path, "page": request.query.get("page"), "sent": request.json()})


def ask(server: FakeServer, path: str, method: str = "GET", body: object = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(answered).serve() as running:
        yield running


def test_a_request_is_answered_and_kept(server: FakeServer) -> None:
    status, body = ask(server, "/a%2Fb?page=2", "POST", {"x": 1})
    assert (status, json.loads(body)) == (200, {"path": "/a/b", "page": "2", "sent": {"x": 1}})
    assert [request.line for request in server.requests] == ["POST /a/b"]


def test_one_connection_serves_many_requests_at_once(server: FakeServer) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)
    with ends():
        for _ in range(50):
            connection.request("GET", "/a")
            assert connection.getresponse().read()
        connection.close()


@pytest.mark.parametrize("kind", ["500", "503", "429", "secondary", "limited"])
def test_a_status_is_given_as_often_as_asked_for(server: FakeServer, kind: str) -> None:
    server.faults.add(kind, "GET /a*", times=2, retry_after=3)
    expected = 403 if kind in ("secondary", "limited") else int(kind)
    assert [ask(server, "/a/b")[0] for _ in range(3)] == [expected, expected, 200]
    assert server.faults.left == ()


def test_a_fault_may_wait_for_one_page_or_one_request(server: FakeServer) -> None:
    server.faults.add("503", page=2).add("500", number=4)
    assert [ask(server, f"/?page={page}")[0] for page in (1, 2, 3, 4, 5)] == [200, 503, 200, 500, 200]


def test_half_an_answer_says_that_it_is_half(server: FakeServer) -> None:
    server.faults.add("cut-half")
    with pytest.raises(http.client.IncompleteRead):
        ask(server, "/a")


@pytest.mark.parametrize("kind", ["reset", "lost"])
def test_a_connection_may_end_without_an_answer(server: FakeServer, kind: str) -> None:
    server.faults.add(kind)
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        ask(server, "/a")


def test_spoilt_answers_are_not_what_was_meant(server: FakeServer) -> None:
    for kind in ("html", "not-json", "empty"):
        server.faults.add(kind)
        with pytest.raises(json.JSONDecodeError):
            json.loads(ask(server, "/a")[1])
    server.faults.add("huge").add("bomb")
    assert len(ask(server, "/a")[1]) > 20 * 1024 * 1024
    packed = ask(server, "/a")[1]
    assert len(packed) < 1024 * 1024 < len(gzip.decompress(packed))


def test_what_the_fake_does_not_know_fails_the_test() -> None:
    def unknown(request: Request) -> Reply:
        raise LookupError(f"no route for {request.path}")

    server = FakeServer(unknown)
    with pytest.raises(AssertionError, match="no route for /x"), server.serve():
        assert ask(server, "/x")[0] == 500
