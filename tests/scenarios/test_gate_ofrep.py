"""The gate as a server of OFREP: shapes, codes and tags, and the SDKs of OpenFeature as its clients."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateworld import GateWorld, Reply
from npmtools import npm_package
from ofrepshapes import FLAGS
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from patience import PATIENCE, until
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.release import orders
from agentgov.runtime.bucketing import in_canary
from agentgov.runtime.fleet import Fleet

PARTS = ("", "/prompt", "/model", "/params")


@pytest.fixture
def world(ramping: PipelineWorld) -> PipelineWorld:
    return ramping


@pytest.fixture
def gate(world: PipelineWorld, tmp_path: Path) -> Iterator[GateWorld]:
    with GateWorld(world, tmp_path / "gate") as running:
        yield running


@pytest.fixture
def keys(world: PipelineWorld) -> dict[str, str]:
    """A targeting key for each variant."""
    deployed = Fleet(world.view()).deployed(TRIAGE, "production")
    found: dict[str, str] = {}
    for number in range(1000):
        key = f"user-{number}"
        found.setdefault("canary" if in_canary(deployed.rollout, key, deployed.share) else "stable", key)
    return found


def one(gate: GateWorld, token: str, key: str, body: Any) -> Reply:
    """One flag."""
    return gate.ask("POST", f"{FLAGS}/{key}", token, body)


def every(gate: GateWorld, token: str, body: Any, **headers: str) -> Reply:
    """All flags."""
    return gate.ask("POST", FLAGS, token, body, {name.replace("_", "-"): text for name, text in headers.items()})


def of(key: str) -> dict[str, Any]:
    return {"context": {"targetingKey": key, "plan": "gold"}}


def pause(world: PipelineWorld, gate: GateWorld, token: str) -> None:
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it loops")
    until(lambda: one(gate, token, str(TRIAGE), of("x")).status == 400, "that the pause is in effect")


def test_each_flag_says_what_its_key_gets(gate: GateWorld, keys: dict[str, str]) -> None:
    token = gate.agent_token(TRIAGE)
    for variant, version in (("stable", "1.0.0"), ("canary", "1.1.0")):
        found = {part: one(gate, token, f"{TRIAGE}{part}", of(keys[variant])).json for part in PARTS}
        assert {(said["variant"], said["reason"]) for said in found.values()} == {(variant, "SPLIT")}
        assert found["/prompt"]["value"] == f"Version {version}.\n"
        assert found["/model"]["value"] == "anthropic/claude-sonnet-4-5"
        assert found["/params"]["value"] == {"max_output_tokens": 500}
        lease = gate.ask("GET", f"/v1/agents/{TRIAGE}/lease?key={keys[variant]}", token).json
        assert found[""]["value"] == lease
        metadata = found[""]["metadata"]
        assert (metadata["level"], metadata["maxStaleness"]) == ("polled", lease["hardExpiry"])
        assert metadata["release"] == f"{TRIAGE}/v{version}"


def test_all_flags_at_once_are_tagged(gate: GateWorld, keys: dict[str, str]) -> None:
    token = gate.agent_token(TRIAGE)
    first = every(gate, token, of(keys["stable"]))
    assert [flag["key"] for flag in first.json["flags"]] == [f"{TRIAGE}{part}" for part in PARTS]
    assert first.json["eventStreams"][0]["endpoint"]["requestUri"].startswith("/v1/stream?ticket=")
    tag = first.headers["etag"]
    assert every(gate, token, of(keys["stable"]), If_None_Match=tag).status == 304
    assert every(gate, token, of(keys["canary"]), If_None_Match=tag).status == 200
    again = gate.ask("POST", f"{FLAGS}?flagConfigEtag=abc&flagConfigLastModified=1", token, of(keys["stable"]))
    assert again.body == first.body


def test_a_targeting_key_is_asked_for_only_while_there_is_a_split(gate: GateWorld, world: PipelineWorld) -> None:
    token, staging = gate.agent_token(TRIAGE), gate.agent_token(TRIAGE, "staging")
    bodies: list[Any] = [None, {}, {"context": {}}, {"context": None}, {"context": {"plan": "gold"}}]
    for body in bodies:
        assert one(gate, token, str(TRIAGE), body).json["errorCode"] == "TARGETING_KEY_MISSING"
        said = one(gate, staging, str(TRIAGE), body).json
        assert (said["reason"], said["variant"]) == ("STATIC", "stable")
    flags = every(gate, token, {}).json["flags"]
    assert {flag["errorCode"] for flag in flags} == {"TARGETING_KEY_MISSING"}


UNUSABLE = [
    (b"{", "PARSE_ERROR"),
    (b"\xff", "PARSE_ERROR"),
    (b'{"context": {"targetingKey": "\xed\xa0\x80"}}', "PARSE_ERROR"),
    (b"[]", "INVALID_CONTEXT"),
    (b'{"context": []}', "INVALID_CONTEXT"),
    (b'{"context": {"targetingKey": 5}}', "INVALID_CONTEXT"),
    (b'{"context": {"targetingKey": "a\\u0000b"}}', "INVALID_CONTEXT"),
    (b'{"context": {"targetingKey": "' + b"x" * 513 + b'"}}', "INVALID_CONTEXT"),
]


def test_what_cannot_be_used_is_told_in_the_words_of_ofrep(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    for body, code in UNUSABLE:
        for reply in (one(gate, token, str(TRIAGE), body), every(gate, token, body)):
            assert (reply.status, reply.json["errorCode"]) == (400, code), body


def test_what_is_no_flag_of_the_agent_is_not_found(gate: GateWorld) -> None:
    token = gate.agent_token(TRIAGE)
    for key in (str(PAYROLL), f"{PAYROLL}/model", f"{TRIAGE}/secret", "nothing", "a/b/c/d", "%00", "%C3%A9"):
        reply = one(gate, token, key, of("x"))
        assert reply.status in (400, 404), key
        assert reply.json.get("errorCode", "FLAG_NOT_FOUND") == "FLAG_NOT_FOUND", key


def test_who_may_not_ask_gets_no_flag(gate: GateWorld) -> None:
    assert one(gate, "", str(TRIAGE), of("x")).status == 401
    assert one(gate, gate.person_token("alice"), str(TRIAGE), of("x")).status == 403
    assert every(gate, "agt_nonsense", of("x")).status == 401


def test_a_paused_agent_has_no_flags(gate: GateWorld, world: PipelineWorld) -> None:
    token = gate.agent_token(TRIAGE)
    pause(world, gate, token)
    said = one(gate, token, f"{TRIAGE}/prompt", of("x")).json
    assert said["errorCode"] == "GENERAL"
    assert "paused by erin: it loops" in said["errorDetails"]
    assert all("paused" in flag["errorDetails"] for flag in every(gate, token, of("x")).json["flags"])


def test_too_many_questions_are_told_when_to_come_back(world: PipelineWorld, tmp_path: Path) -> None:
    with GateWorld(world, tmp_path / "slow", "--token-rate", "1") as slow:
        token = slow.agent_token(TRIAGE)
        replies = [one(slow, token, str(TRIAGE), of("x")) for _ in range(8)]
    refused = [reply for reply in replies if reply.status == 429]
    assert refused
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in refused)


# --- OpenFeature's own clients ---


def test_the_python_sdk_is_a_client(gate: GateWorld, world: PipelineWorld, keys: dict[str, str]) -> None:
    token = gate.agent_token(TRIAGE)
    headers = {"Authorization": f"Bearer {token}"}
    provider = OFREPProvider(f"http://127.0.0.1:{gate.port}", headers_factory=lambda: headers, timeout=PATIENCE)
    api.set_provider(provider)
    try:
        client = api.get_client()
        for variant, version in (("stable", "1.0.0"), ("canary", "1.1.0")):
            context = EvaluationContext(keys[variant], {"plan": "gold"})
            prompt = client.get_string_details(f"{TRIAGE}/prompt", "DEFAULT", context)
            assert (prompt.value, prompt.variant, prompt.reason) == (f"Version {version}.\n", variant, Reason.SPLIT)
            assert prompt.flag_metadata["maxStaleness"] == 86_400
            lease = client.get_object_details(str(TRIAGE), {}, context)
            assert isinstance(lease.value, dict)
            assert lease.value["release"]["name"] == f"{TRIAGE}/v{version}"
        context = EvaluationContext(keys["stable"])
        assert client.get_string_details(str(TRIAGE), "DEFAULT", context).error_code == ErrorCode.TYPE_MISMATCH
        assert client.get_string_details("no/such/flag", "DEFAULT", context).error_code == ErrorCode.FLAG_NOT_FOUND
        nobody = client.get_string_details(f"{TRIAGE}/model", "DEFAULT")
        assert (nobody.value, nobody.error_code) == ("DEFAULT", ErrorCode.TARGETING_KEY_MISSING)
        pause(world, gate, token)
        paused = client.get_string_details(f"{TRIAGE}/model", "DEFAULT", context)
        assert (paused.value, paused.error_code) == ("DEFAULT", ErrorCode.GENERAL)
        assert "paused by erin" in (paused.error_message or "")
    finally:
        provider.session.close()
        api.clear_providers()


@pytest.mark.slow
def test_the_javascript_sdk_is_a_client(
    gate: GateWorld, world: PipelineWorld, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not there")
    more = ("@openfeature/core@1.12.0", "@openfeature/ofrep-core@0.1.4", "@openfeature/ofrep-provider@0.1.3")
    modules = npm_package(tmp_path_factory.mktemp("npm"), "@openfeature/server-sdk@1.23.0", *more)
    script = Path(__file__).parents[1] / "tools" / "openfeature_client.mjs"
    token = gate.agent_token(TRIAGE)

    def asked(key: str) -> Any:
        command = [node, str(script), f"http://127.0.0.1:{gate.port}", token, key, f"{TRIAGE}/prompt", str(TRIAGE)]
        environment = {**os.environ, "OPENFEATURE_MODULES": str(modules)}
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE, env=environment)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    for variant, version in (("stable", "1.0.0"), ("canary", "1.1.0")):
        found = asked(keys[variant])
        assert (found["string"]["value"], found["string"]["variant"]) == (f"Version {version}.\n", variant)
        assert found["string"]["reason"] == "SPLIT"
        assert found["object"]["value"]["release"]["name"] == f"{TRIAGE}/v{version}"
        assert found["object"]["flagMetadata"]["maxStaleness"] == 86_400
    nobody = asked("")
    assert (nobody["string"]["value"], nobody["string"]["errorCode"]) == ("DEFAULT", "TARGETING_KEY_MISSING")
    pause(world, gate, token)
    paused = asked(keys["stable"])
    assert (paused["object"]["value"], paused["object"]["errorCode"]) == ({"none": True}, "GENERAL")


@pytest.mark.slow
def test_the_javascript_sdk_for_browsers_hears_of_changes(
    gate: GateWorld, world: PipelineWorld, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not there")
    more = ("@openfeature/core@1.12.0", "@openfeature/ofrep-web-provider@0.4.3", "eventsource@4.0.0")
    modules = npm_package(tmp_path_factory.mktemp("npm"), "@openfeature/web-sdk@1.10.0", *more)
    script = Path(__file__).parents[1] / "tools" / "openfeature_browser.mjs"
    base, token = f"http://127.0.0.1:{gate.port}", gate.agent_token(TRIAGE)
    command = [node, str(script), base, token, keys["stable"], f"{TRIAGE}/prompt"]
    environment = {**os.environ, "OPENFEATURE_MODULES": str(modules)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as client:
        assert client.stdout is not None
        try:
            assert json.loads(client.stdout.readline()) == {"value": "Version 1.0.0.\n", "variant": "stable"}
            assert client.stdout.readline() == "listening\n"
            pause(world, gate, token)
            assert json.loads(client.stdout.readline()) == {"value": "DEFAULT", "errorCode": "GENERAL"}
        finally:
            client.kill()
