"""What strangers and broken callers send to a gate: bounded, refused in one shape, and never a failure of the gate."""

import contextlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from forked import ran
from gateworld import GateWorld
from patience import PATIENCE, ends, until
from ports import free_port
from simulator import TRIAGE, FleetSimulator


def raw(gate: GateWorld, sent: bytes) -> bytes:
    """What the gate answers to these bytes until it hangs up or is silent."""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        return connection.recv(65_536)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(gate: GateWorld) -> None:
    head = f"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: {300 * 1024}\r\n\r\n"
    assert b" 413 " in raw(gate, head.encode()).splitlines()[0]
    chunked = b"POST /v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b" 413 " in raw(gate, chunked + (b"10000\r\n" + b"a" * 0x10000 + b"\r\n") * 5).splitlines()[0]


HEADS = [
    b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 100 + b"\r\n",
    b"GET / HTTP/1.1\r\nX-A: " + b"b" * 40_000 + b"\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
]


def test_a_head_that_is_too_much_is_no_request(gate: GateWorld) -> None:
    for head in HEADS:
        assert b" 400 " in raw(gate, head).splitlines()[0], head[:40]
        assert gate.ask("GET", "/healthz").status == 200


def test_who_says_nothing_is_hung_up_on(gate: GateWorld) -> None:
    with ends(), socket.create_connection(("127.0.0.1", gate.port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert connection.recv(1) == b""


NO_LOGINS = [
    b"",
    b"{",
    b"[]",
    b'{"text": 1, "signature": ""}',
    b'{"text": "", "signature": "", "more": 1}',
    b'{"text": "\\u0000", "signature": ""}',
    b'{"text": "\\ud800", "signature": ""}',
    b"\xff\xfe",
    b"[" * 100_000,
]


def test_a_body_that_does_not_fit_is_refused(gate: GateWorld) -> None:
    for body in NO_LOGINS:
        found = gate.ask("POST", "/v1/login", body=body)
        assert (found.status, found.rule) == (400, "gate.request"), body[:40]


def test_headers_that_could_be_read_in_two_ways_are_nobodys(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    head = "GET /v1/whoami HTTP/1.1\r\nHost: x\r\n"
    twice = f"{head}Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n\r\n"
    assert b" 401 " in raw(gate, twice.encode()).splitlines()[0]
    assert gate.ask("GET", "/v1/whoami", headers={"Authorization": f"bearer {token}"}).status == 200
    assert gate.ask("GET", "/v1/whoami", headers={"Authorization": f"Basic {token}"}).status == 401


def test_too_many_requests_are_told_when_to_come_again(world: FleetSimulator, tmp_path: Path) -> None:
    with GateWorld(world, tmp_path / "gate", "--address-rate", "0.01") as gate:  # however slow
        strangers = [gate.ask("GET", "/v1/whoami") for _ in range(3)]
        assert {one.status for one in strangers} == {401, 429}
        last = strangers[-1]
        assert (last.rule, int(last.headers["retry-after"]) >= 1) == ("gate.rate", True)


def test_nothing_of_a_token_or_a_query_is_logged(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    gate.ask("GET", "/v1/whoami?secret=hush", token)
    gate.ask("GET", "/v1/nothing", "agt_" + "x" * 43)
    gate.stop()
    lines = [json.loads(line) for line in gate.log.splitlines()]
    known = [line for line in lines if line.get("caller") == "agent:support/triage@production"]
    assert known[-1]["path"] == "/v1/whoami"
    assert {"time", "id", "method", "status", "ms", "client"} <= known[-1].keys()
    assert token not in gate.log
    assert "hush" not in gate.log
    assert "x" * 43 not in gate.log


def serve(world: FleetSimulator, *args: str) -> subprocess.CompletedProcess[str]:
    """The command, where it ends by itself."""
    env = {**os.environ, "AGENTGOV_KEY_FILE": str(world.folder / "keys" / "gate")}
    return ran(("serve", "--repo", str(world.work), *args), world.folder, env)


def test_tokens_never_travel_in_clear_to_another_machine(world: FleetSimulator) -> None:
    done = serve(world, "--listen", "0.0.0.0:0")
    assert (done.returncode, "would travel in clear" in done.stderr) == (2, True)
    done = serve(world, "--listen", "127.0.0.1:0", "--tls-cert", __file__)
    assert (done.returncode, "go together" in done.stderr) == (2, True)


def test_an_address_that_is_taken_is_told(gate: GateWorld, world: FleetSimulator, tmp_path: Path) -> None:
    done = serve(world, "--listen", f"127.0.0.1:{gate.port}", "--store", str(tmp_path / "other.db"))
    assert (done.returncode, "cannot listen on" in done.stderr) == (2, True), done.stderr


def test_it_speaks_tls_itself(world: FleetSimulator, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*new, *subject, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    with GateWorld(world, tmp_path / "gate", "--tls-cert", str(cert), "--tls-key", str(key)) as gate:
        trusted = ssl.create_default_context(cafile=str(cert))
        connection = http.client.HTTPSConnection("127.0.0.1", gate.port, timeout=PATIENCE, context=trusted)
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok"
        connection.close()


def test_only_a_proxy_that_is_named_is_believed(world: FleetSimulator, tmp_path: Path) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    with GateWorld(world, tmp_path / "one") as gate:
        gate.ask("GET", "/v1/whoami", headers=headers)
        gate.stop()
        assert "203.0.113.7" not in gate.log
    with GateWorld(world, tmp_path / "two", "--behind-proxy", "127.0.0.1") as gate:
        gate.ask("GET", "/v1/whoami", headers=headers)
        gate.stop()
        assert '"client":"203.0.113.7"' in gate.log


@pytest.mark.slow
@pytest.mark.parametrize("who", ["agent", "person"])
def test_no_request_that_the_description_allows_makes_it_fail(gate: GateWorld, tmp_path: Path, who: str) -> None:
    token = gate.agent_token(TRIAGE) if who == "agent" else gate.person_token("alice")
    document = tmp_path / "openapi.json"
    document.write_bytes(gate.ask("GET", "/openapi.json").body)
    checks = "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance"
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "run", str(document), "--url", gate.url, "-H", f"Authorization: Bearer {token}"]
    phases = "coverage,fuzzing"  # the stateful one would revoke the token that it asks with
    limits = [
        "--phases",
        phases,
        "--checks",
        checks,
        "--exclude-path",
        "/v1/stream",
        "--exclude-path",
        "/v1/tokens/{id}",  # it finds its own there, and then nobody is asked as anybody
        "-n",
        "30",
        "--request-timeout",
        "60",
        "--seed",
        "1",
    ]
    done = subprocess.run([*command, *limits], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-8000:]
    assert '"level":"error"' not in gate.log


@pytest.mark.slow
@pytest.mark.attack("S1")
def test_connections_leave_the_gate_files_of_its_own(world: FleetSimulator, tmp_path: Path) -> None:
    port, files = free_port(), 300
    env = {**os.environ, "AGENTGOV_KEY_FILE": str(world.folder / "keys" / "gate")}
    at = ("--listen", f"127.0.0.1:{port}", "--store", str(tmp_path / "gate.db"), "--poll", "0.1", "--address-rate", "0")
    shell = f'ulimit -n {files} && exec "$@"'
    command = ["sh", "-c", shell, "sh", sys.executable, "-m", "agentgov", "serve", "--repo", str(world.work), *at]
    said = tmp_path / "said"
    with said.open("wb") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=env) as process:
        assert process.stdout is not None
        assert b"serving" in process.stdout.readline(), said.read_text()
        connected = []
        try:
            first = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            first.request("GET", "/healthz")
            assert first.getresponse().read() == b"ok"
            connected += [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(files)]
            for one in connected[200:]:  # 100 are served and 50 are told; of the rest nothing is read
                with contextlib.suppress(ConnectionError):
                    assert one.recv(1) == b""
            assert len(os.listdir(f"/proc/{process.pid}/fd")) < files - 50
            first.request("GET", "/readyz")
            assert first.getresponse().status == 503  # told, on a connection that is open
        finally:
            for one in connected:
                one.close()
        until(lambda: _healthy(port), "that there is room again")
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert "no more than 100 connections" in said.read_text()


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    return False
