"""People log in at a real OpenID provider: in a browser, and from the command line through one."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from gateworld import GateWorld
from oidcworld import Browser, OidcWorld
from patience import PATIENCE
from ports import free_port
from simulator import FleetSimulator

pytestmark = pytest.mark.slow
ACCESS = "governance/access.yaml"


@pytest.fixture(params=["", "a-secret-of-the-client"], ids=["public", "confidential"])
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OidcWorld]:
    port = free_port()
    redirect = f"http://127.0.0.1:{port}/v1/login/callback"
    with OidcWorld(tmp_path / "oidc", redirect, secret=request.param) as running:
        running.gate_port = port
        yield running


@pytest.fixture
def gate(world: FleetSimulator, provider: OidcWorld, tmp_path: Path) -> Iterator[GateWorld]:
    """A gate whose fleet knows alice at the provider."""
    line = f'{{id: alice, name: Alice, oidc: {{issuer: "{provider.issuer}", subject: sub-alice}},'
    access = (world.work / ACCESS).read_text().replace("{id: alice, name: Alice,", line)
    world.change("carol", {ACCESS: access})
    world.review("dave")
    world.advance()
    secret = tmp_path / "client-secret"
    secret.write_text(provider.secret)
    secret.chmod(0o600)
    env = {"AGENTGOV_OIDC_SECRET_FILE": str(secret)} if provider.secret else {}
    args = ("--oidc-issuer", provider.issuer, "--oidc-client", provider.client)
    running = GateWorld(world, tmp_path / "gate", *args, env=env)
    running.port = provider.gate_port
    with running:
        yield running


def test_a_person_logs_in_in_a_browser_and_out(gate: GateWorld) -> None:
    browser = Browser()
    page = browser.log_in(browser.get(f"{gate.url}/v1/login"), "sub-alice")
    assert json.loads(page.body) == {"kind": "person", "person": "alice", "how": "oidc"}

    # A session changes nothing for a page of somebody else's.
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert browser.ask("POST", f"{gate.url}/v1/logout", "", headers).status == 401
    assert browser.ask("GET", f"{gate.url}/v1/whoami").status == 200
    own = {"Origin": gate.url}
    assert browser.ask("POST", f"{gate.url}/v1/logout", "", own).status == 204
    assert browser.ask("GET", f"{gate.url}/v1/whoami").status == 401


def test_who_is_nobody_in_access_is_nobody(gate: GateWorld) -> None:
    browser = Browser()
    page = browser.log_in(browser.get(f"{gate.url}/v1/login"), "sub-mallory")
    assert page.status == 403
    assert json.loads(page.body)["error"]["rule"] == "access.unknown-person"


def test_an_answer_is_good_once_and_in_the_browser_that_asked(gate: GateWorld) -> None:
    victim, attacker = Browser(), Browser()
    callback = f"{gate.url}/v1/login/callback"
    page = attacker.log_in(attacker.get(f"{gate.url}/v1/login"), "sub-alice", stop=callback)
    assert page.url.startswith(callback)
    assert victim.ask("GET", page.url).status == 403  # nobody is logged in as somebody else by a link
    state = parse_qs(urlsplit(page.url).query)["state"][0]
    code = parse_qs(urlsplit(page.url).query)["code"][0]
    assert attacker.ask("GET", page.url.replace(state, state[::-1])).status == 403
    assert attacker.ask("GET", f"{callback}?state={state}&code={code}&iss=https%3A%2F%2Fevil.example").status == 403
    assert attacker.ask("GET", page.url).status == 403  # that was its one answer


def test_the_command_line_logs_in_through_a_browser(gate: GateWorld) -> None:
    env = {**os.environ, "AGENTGOV_GATE": gate.url}
    command = [sys.executable, "-m", "agentgov", "login", "--oidc", "--no-browser", "--repo", str(gate.world.work)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    assert program.stderr is not None
    address = re.search(r"(http://\S+)", program.stderr.readline())
    assert address is not None
    browser = Browser()
    page = browser.log_in(browser.get(address[1]), "sub-alice")
    assert "You are logged in" in page.body
    out, err = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, err
    assert "as alice" in out


def test_a_login_goes_to_nobody_elses_machine(gate: GateWorld) -> None:
    challenge = "A" * 43
    for back in (
        "https://evil.example/x",
        "http://127.0.0.1.evil.example/x",
        "http://127.0.0.1:1/x?y",
        "http://10.0.0.1:1/x",
    ):
        assert gate.ask("GET", f"/v1/login?back={back}&challenge={challenge}").status == 400
    assert gate.ask("GET", "/v1/login?back=http://127.0.0.1:1/x").status == 400
    unknown = {"code": "B" * 43, "verifier": "C" * 43}
    assert gate.ask("POST", "/v1/login/exchange", body=unknown).status == 401
