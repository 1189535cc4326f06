"""The scaffold of a fleet validates as it is, for people and names of every kind."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.model.access import BotKind, Person
from agentgov.model.finding import Finding
from agentgov.model.governed import in_governance_set, is_governed
from agentgov.model.names import AgentId
from agentgov.model.snapshot import MemorySnapshot
from agentgov.owners.codeowners import match, parse
from agentgov.scaffold.agent import Limits, agent_files
from agentgov.scaffold.fleet import fleet_files, workspace_file
from agentgov.scaffold.founder import founder
from agentgov.scaffold.text import quoted
from agentgov.validate.load import load_governance
from agentgov.validate.run import validate
from agentgov.validate.yaml_reader import read

FLEET = "6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001"


def key(name: str) -> str:
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


_EMAIL = "robin@acme.example"
ROBIN = Person(id="robin", name="Robin Doe", emails=(_EMAIL,), keys=(f"{key('robin')} {_EMAIL}",))
KEYS: dict[BotKind, str] = {"reconciler": key("reconciler"), "gate": key("gate")}
HELLO = AgentId("support", "hello")


def snapshot(files: dict[str, str]) -> MemorySnapshot:
    return MemorySnapshot({path: text.encode() for path, text in files.items() if is_governed(path)})


def problems(files: dict[str, str]) -> list[Finding]:
    return [found for found in validate(snapshot(files)) if found.code != "owner.one-person-fleet"]


def test_a_fleet_of_one_validates_but_for_the_person_being_alone() -> None:
    files = fleet_files("acme", FLEET, ROBIN, KEYS, "0.1.0", "support")
    assert problems(files) == []
    assert [found.code for found in validate(snapshot(files))] == ["owner.one-person-fleet"]


def test_what_is_scaffolded_is_what_was_handed_in() -> None:
    governance, _ = load_governance(snapshot(fleet_files("acme", FLEET, ROBIN, KEYS, "0.1.0")))
    assert governance is not None
    assert (governance.fleet.name, governance.fleet.id) == ("acme", FLEET)
    assert governance.access.people == (ROBIN,)
    assert governance.access.administrators.who == ("robin",)
    assert {bot.kind: bot.keys for bot in governance.access.bots} == {kind: (line,) for kind, line in KEYS.items()}
    assert governance.workspaces == {}


@pytest.mark.parametrize("emails", [(), ("me@localhost",), ("odd!name@acme.example",)])
def test_a_person_without_an_address_for_codeowners_owns_through_a_team(emails: tuple[str, ...]) -> None:
    person = Person(id="me", emails=emails)
    files = fleet_files("acme", FLEET, person, {}, "0.1.0", "support") | agent_files(HELLO, "me", Limits())
    assert problems(files) == []
    assert "@acme/owners" in files[".github/CODEOWNERS"]


def test_without_keys_the_places_for_them_are_left_open() -> None:
    files = fleet_files("acme", FLEET, Person(id="me"), {}, "0.1.0")
    assert problems(files) == []
    assert files["governance/access.yaml"].count("keys: []") == 3


@pytest.mark.parametrize("risk", ["low", "medium", "high", "critical"])
def test_an_agent_of_every_risk_validates_in_it(risk: Any) -> None:
    files = fleet_files("acme", FLEET, ROBIN, {}, "0.1.0", "support")
    assert problems(files | agent_files(HELLO, "robin", Limits(risk=risk))) == []


_DOMAINS = st.sampled_from(["@acme.example", "@localhost", "", "@a b", "\n@x.io"])


@settings(max_examples=60)
@given(st.text(max_size=40), st.text(max_size=20), _DOMAINS)
def test_whatever_git_says_about_a_person_validates(name: str, local: str, domain: str) -> None:
    person = founder(name, f"{local}{domain}", key("robin"))
    files = fleet_files("acme", FLEET, person, KEYS, "0.1.0", "support")
    assert problems(files | agent_files(HELLO, person.id, Limits())) == []


@settings(max_examples=200)
@given(st.text(max_size=40))
def test_quoted_text_is_one_value(text: str) -> None:
    document = read(f"key: {quoted(text)}\n".encode(), "x")
    assert document.findings == ()
    assert isinstance(document.value, dict)
    assert set(document.value["key"]) <= set(text)


def test_ordinary_text_is_kept_whole() -> None:
    assert quoted('Zoë "Z" Ünal: #1') == '"Zoë \\"Z\\" Ünal: #1"'


@pytest.mark.parametrize(
    ("name", "email", "expected"),
    [
        ("Robin Doe", "robin.doe+git@acme.example", "robin.doe"),
        ("Robin Doe", "", "robin"),
        ("Zoë", "", "zo"),
        ("", "", "owner"),
        ("日本", "日本@x.example", "owner"),
        ("X", "ROBIN@acme.example", "robin"),
    ],
)
def test_the_id_of_a_founder(name: str, email: str, expected: str) -> None:
    assert founder(name, email, None).id == expected


@pytest.mark.parametrize("ci", ["github", "gitlab", "none"])
def test_a_fleet_on_every_forge_validates_and_owns_what_its_ci_runs(ci: Any) -> None:
    files = fleet_files("acme", FLEET, ROBIN, KEYS, "1.2.3", "support", ci=ci)
    assert problems(files) == []
    governance, _ = load_governance(snapshot(files))
    assert governance is not None
    assert governance.fleet.codeowners.dialect == ("gitlab" if ci == "gitlab" else "github")
    assert (".gitlab-ci.yml" in files, ".github/workflows/agentgov.yml" in files) == (ci == "gitlab", ci == "github")
    owners = parse(governance.codeowners, governance.codeowners_file)
    for path in files:
        if in_governance_set(path):
            assert match(owners, path).owners == (_EMAIL,), path


def test_the_workflow_installs_the_version_that_wrote_it_or_calls_the_action() -> None:
    by_version = fleet_files("acme", FLEET, ROBIN, {}, "1.2.3")[".github/workflows/agentgov.yml"]
    assert '"agentgov==1.2.3"' in by_version
    action = f"acme/agentgov@{'a' * 40}"
    by_action = fleet_files("acme", FLEET, ROBIN, {}, "1.2.3", action=action)[".github/workflows/agentgov.yml"]
    assert ("pip install" in by_action, f"uses: {action}" in by_action) == (False, True)


def test_a_workspace_file_takes_a_team_as_owner() -> None:
    value: Any = read(workspace_file("support", "team:care", "EUR").encode(), "x").value
    assert (value["owner"], value["budget"]) == ("team:care", {"month": "100.00 EUR"})
