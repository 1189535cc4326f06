"""What is signed is what the specification of Standard Webhooks signs, and any whole answer is one, however it ends."""

import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

import pytest
from dripping import dripping
from patience import PATIENCE
from serving import Threads, serving
from standardwebhooks import Webhook, WebhookVerificationError

from agentgov.net.exchange import LARGEST, BrokenError
from agentgov.net.posting import posted, signed_headers, signing_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_example_comes_out() -> None:
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert key is not None
    headers = signed_headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_exchanged_both_sign() -> None:
    both = signed_headers([b"a" * 24, b"b" * 24], "id", 1, b"")["webhook-signature"].split(" ")
    assert both == [signed_headers([key * 24], "id", 1, b"")["webhook-signature"] for key in (b"a", b"b")]


def sent(body: bytes, moment: int) -> dict[str, str]:
    """The headers of an event that we send."""
    key = signing_key(SECRET)
    assert key is not None
    return signed_headers([b"another key, while one is exchanged", key], "01HF816BP04KQ5NXT5WZAHB94F", moment, body)


def test_the_library_of_the_specification_takes_what_we_send() -> None:
    body = b'{"act":{"id":"01HF816BP04KQ5NXT5WZAHB94F"},"note":"\\u00e9"}\n'
    found = Webhook(SECRET).verify(body, sent(body, int(time.time())))
    assert found == {"act": {"id": "01HF816BP04KQ5NXT5WZAHB94F"}, "note": "\u00e9"}


@pytest.mark.parametrize("place", ["body", "webhook-id", "webhook-timestamp", "webhook-signature"])
def test_it_refuses_one_byte_that_is_another(place: str) -> None:
    body, moment = b'{"seq":12}\n', int(time.time())
    headers, other = sent(body, moment), body.replace(b"2", b"3") if place == "body" else body
    if place != "body":
        value = headers[place]
        headers[place] = value[:-3] + ("0" if value[-3] != "0" else "1") + value[-2:]  # the last letter has spare bits
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(other, headers)


def test_it_refuses_what_was_sent_long_ago() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"{}", sent(b"{}", int(time.time()) - 3600))


class _Raw(socketserver.StreamRequestHandler):
    """Answers with bytes as they are, and closes the connection."""

    def handle(self) -> None:
        size = 0
        while (line := self.rfile.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        self.rfile.read(size)
        with suppress(OSError):  # who is told too much hangs up
            self.wfile.write(cast("_Listener", self.server).answer)


class _Listener(Threads, socketserver.TCPServer):
    answer = b""


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Somebody who answers so, and where."""
    with serving(_Listener(("127.0.0.1", 0), _Raw)) as server:
        server.answer = answer
        yield f"http://127.0.0.1:{server.server_address[1]}/in"


def status_of(answer: bytes) -> int:
    """What comes of an event that is answered so."""
    with answering(answer) as url:
        return posted(url, b"{}", {}, clock=time.monotonic, until=time.monotonic() + PATIENCE).status


@pytest.mark.parametrize(
    "rest",
    [
        b"connection: close\r\n\r\nok",
        b"connection: close\r\n\r\n",
        b"\r\n<p>Thanks</p>",
        b"transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"content-length: 2\r\n\r\nok",
        b"content-length: 0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_a_whole_answer_counts_however_it_says_where_it_ends(version: bytes, rest: bytes) -> None:
    assert status_of(version + b" 200 OK\r\n" + rest) == 200
    assert status_of(version + b" 503 Sorry\r\n" + rest) == 503


@pytest.mark.parametrize(
    "rest",
    [
        b"transfer-encoding: chunked\r\n\r\n5\r\nok",
        b"transfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"content-length: 3\r\n\r\nok",
        b"connection: cl",
        b"connection: close\r\n\r\n" + bytes(LARGEST + 1),
    ],
    ids=["a chunk breaks off", "no last chunk", "too short", "in a header", "without end"],
)
def test_an_answer_that_breaks_off_or_has_no_end_is_none(rest: bytes) -> None:
    with pytest.raises(BrokenError):
        status_of(b"HTTP/1.1 200 OK\r\n" + rest)


def test_a_receiver_whose_headers_never_end_is_not_waited_for() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nx-more: ") as port, pytest.raises(BrokenError, match="in time"):
        posted(f"http://127.0.0.1:{port}/in", b"{}", {}, clock=time.monotonic, until=time.monotonic() + 0.5)
