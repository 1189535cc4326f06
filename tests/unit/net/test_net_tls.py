"""Over TLS a forge is who it says, by an authority that is trusted here; and nobody stands between."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fakeserver
import pytest
from fakeserver import FakeServer, Reply
from pace import Pace
from tlsworld import certificate

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError
from agentgov.net.address import parse_base
from agentgov.net.certificate import certificate_end
from agentgov.net.client import Client
from agentgov.net.tokens import Token


@contextmanager
def serving(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """The server behind TLS, with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    class Listener(fakeserver._Listener):
        def __init__(self, fake: FakeServer) -> None:
            super().__init__(fake)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    monkeypatch.setattr(fakeserver, "_Listener", Listener)
    with FakeServer(lambda request: Reply(200, {"fine": True})).serve() as server:
        server.url = server.url.replace("http://", "https://")
        yield server


def asked(url: str) -> tuple[object, Pace]:
    pace = Pace()
    try:
        client = Client(url, Token("open-sesame"), clock=pace.clock, sleep=pace.sleep, deadline=5)
        return client.get("/thing").body, pace
    except AgentgovError as error:
        return error, pace


@pytest.fixture(autouse=True)
def _nobody_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE", "AGENTGOV_CA_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_an_authority_has_to_be_named_before_its_forge_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "127.0.0.1")
    with serving(file, monkeypatch) as server:
        error, pace = asked(server.url)
        assert isinstance(error, IncompleteError)
        assert "certificate of the forge is not trusted" in error.message
        assert "AGENTGOV_CA_FILE" in error.hint
        assert (pace.slept, server.requests) == ([], []), "asking again changes nothing, and the token was not sent"
        for variable in ("SSL_CERT_FILE", "AGENTGOV_CA_FILE"):
            monkeypatch.setenv(variable, str(file))
            assert asked(server.url)[0] == b'{"fine": true}'
        monkeypatch.setenv("AGENTGOV_CA_FILE", str(certificate(tmp_path, "127.0.0.1", "other.pem")))
        assert isinstance(asked(server.url)[0], IncompleteError), "ours comes before the one for everybody"


def test_a_certificate_for_another_address_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certificate(tmp_path, "127.0.0.2")
    monkeypatch.setenv("AGENTGOV_CA_FILE", str(file))
    with serving(file, monkeypatch) as server:
        assert isinstance(asked(server.url)[0], IncompleteError)
        assert not server.requests


@pytest.mark.parametrize("variable", ["AGENTGOV_CA_FILE", "SSL_CERT_FILE"])
def test_a_file_of_authorities_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("absent.pem", "empty.pem"):
        monkeypatch.setenv(variable, str(tmp_path / name))
        error, _ = asked("https://127.0.0.1:1")
        assert isinstance(error, ConfigurationError)
        assert variable in error.message


def test_what_is_asked_of_this_machine_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        FakeServer(lambda request: Reply(200, [])).serve() as proxy,
        FakeServer(lambda _: Reply(200, [1])).serve() as here,
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert asked(here.url)[0] == b"[1]"
        assert not proxy.requests
        error, _ = asked("https://git.acme.example")
        assert isinstance(error, IncompleteError), "another host is asked for through the proxy, which does not let it"
        assert "open-sesame" not in error.message


def test_until_when_a_certificate_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certificate(tmp_path, "127.0.0.1")
    with serving(file, monkeypatch) as server:
        base = parse_base(server.url, "the gate", "")
        assert certificate_end(base, 5) is None, "nobody here trusts it"
        monkeypatch.setenv("AGENTGOV_CA_FILE", str(file))
        ends = certificate_end(base, 5)
    assert ends is not None
    assert 0 < ends - time.time() <= 86_400
    assert certificate_end(base, 1) is None, "nobody answers"
    assert certificate_end(parse_base("http://127.0.0.1:9", "the gate", ""), 1) is None
