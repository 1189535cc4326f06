"""Who is meant by a key, an address, an account, a handle or a selector; what could mean two means nobody."""

from collections.abc import Callable
from datetime import date

import pytest

from agentgov.model.access import Access, Administrators, Binding, Bot, ForgeAccount, Person, Role, Team
from agentgov.model.names import AgentId
from agentgov.trust.identity import Directory, Identity
from agentgov.trust.keys import parse_public_key
from agentgov.trust.permissions import decide_permission, decide_threshold
from agentgov.trust.sshsig import ACT, verify

Sign = Callable[..., bytes]
_TODAY = date(2026, 11, 22)


@pytest.fixture
def access(public: dict[str, str]) -> Access:
    return Access(
        administrators=Administrators(who=("alice", "team:platform"), threshold=2),
        people=(
            Person(
                id="alice",
                emails=("Alice@acme.example", "alice@home.example"),
                keys=(public["alice"], public["alice-2"]),
                github=ForgeAccount(login="Alice-NG", id=1),
            ),
            Person(id="bob", emails=("bob@acme.example",), github=ForgeAccount(login="bobby", id=2)),
            Person(id="erin", gitlab=ForgeAccount(login="bobby", id=2)),
            Person(id="frank", gitlab=ForgeAccount(login="frank", id=1)),
        ),
        bots=(Bot(id="reconciler", kind="reconciler", keys=(public["bob"],)),),
        teams=(
            Team(id="platform", members=("bob", "stranger"), handles=("@acme/Platform", "platform@acme.example")),
            Team(id="empty", handles=("@acme/empty",)),
        ),
        roles=(Role(name="on-call", verbs=("pause",)),),
        bindings=(
            Binding(role="on-call", who=("erin",), agents=("support/*",)),
            Binding(role="on-call", who=("team:platform",), until="2026-11-22"),
            Binding(role="operator", who=("frank",), until="2026-11-21"),
        ),
    )


def test_a_key_is_a_person_or_a_bot_or_nobody(access: Access, public: dict[str, str]) -> None:
    directory = Directory(access)
    assert directory.by_key(public["alice"]) == Identity("person", "alice")
    assert directory.by_key(parse_public_key(public["alice-2"])) == Identity("person", "alice")
    assert directory.by_key(public["bob"]) == Identity("bot", "reconciler", "reconciler")
    assert directory.by_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAHb4BU3CntSika4VSHbbCrmA5gXO8CXG5sB+NkxlES6") is None
    assert directory.by_key(public["rsa"]) is None
    assert directory.by_key("no key") is None


def test_a_revoked_key_is_nobodys_and_the_others_still_count(access: Access, public: dict[str, str]) -> None:
    dead, good, bots = (parse_public_key(public[name]) for name in ("alice", "alice-2", "bob"))
    directory = Directory(access, frozenset({dead.fingerprint}))
    assert directory.by_key(dead) is directory.by_key(public["alice"]) is None
    assert directory.by_key(good) == directory.lister_of(dead) == Identity("person", "alice")
    assert (directory.is_revoked(dead), directory.is_revoked(good)) == (True, False)
    assert directory.living_keys("alice") == (good,)
    assert directory.living_keys("reconciler") == (bots,)
    assert directory.administrators_among([dead]) == frozenset()
    assert Directory(access).living_keys("alice") == (dead, good)


def test_a_good_signature_by_a_stranger_is_nobodys(access: Access, ssh_sign: Sign) -> None:
    """Attack K2: git says the signature is good, and that is not the question."""
    without = Directory(Access(administrators=access.administrators, people=access.people[1:]))
    assert without.by_key(verify(ssh_sign("alice", ACT, b"x"), b"x", ACT)) is None


def test_a_key_on_two_is_nobodys(access: Access, public: dict[str, str]) -> None:
    """Attack K10, should such an Access ever be asked."""
    both = (*access.people, Person(id="mallory", keys=(f"{public['alice']} again",)))
    assert Directory(Access(administrators=access.administrators, people=both)).by_key(public["alice"]) is None
    shared = (Bot(id="gate", kind="gate", keys=(public["alice"],)),)
    mixed = Access(administrators=access.administrators, people=access.people, bots=shared)
    assert Directory(mixed).by_key(public["alice"]) is None


def test_a_person_listed_twice_is_nobody(access: Access, public: dict[str, str]) -> None:
    twice = Access(administrators=access.administrators, people=(*access.people, Person(id="alice")))
    directory = Directory(twice)
    assert directory.person("alice") is None
    assert directory.by_key(public["alice"]) is None
    assert directory.members("alice") == frozenset()
    assert directory.administrators == frozenset()


def test_an_id_of_a_person_and_a_bot_is_neither(access: Access) -> None:
    mixed = Access(administrators=access.administrators, people=access.people, bots=(Bot(id="alice", kind="gate"),))
    directory = Directory(mixed)
    assert directory.person("alice") is None
    assert not directory.is_bot("alice")


def test_a_team_listed_twice_is_nobody(access: Access) -> None:
    twice = (*access.teams, Team(id="platform", members=("erin",)))
    directory = Directory(Access(administrators=access.administrators, people=access.people, teams=twice))
    assert directory.members("team:platform") == frozenset()
    assert directory.administrators == {"alice"}


def test_two_keys_of_one_administrator_are_one_voice(access: Access, ssh_sign: Sign) -> None:
    """Attack P8."""
    directory = Directory(access)
    signers = [verify(ssh_sign(name, ACT, b"x"), b"x", ACT) for name in ("alice", "alice-2", "bob")]
    assert directory.administrators == {"alice", "bob"}
    assert directory.administrators_among(signers) == {"alice"}, "bob's key is the reconciler's"
    verdict = decide_threshold(access, ["alice", "alice"])
    assert not verdict.allowed
    assert verdict.facts == {"counted": ("alice",), "missing": 1}
    assert not decide_threshold(access, ["alice", "erin", "stranger", "reconciler"]).allowed
    assert decide_threshold(access, ["alice", "bob"]).allowed


@pytest.mark.parametrize("threshold", [-1, 0, 3])
def test_a_threshold_that_means_nothing_is_never_met(access: Access, threshold: int) -> None:
    """Attack P7, should such an Access ever be asked."""
    broken = Access(administrators=Administrators(who=("alice", "bob"), threshold=threshold), people=access.people)
    assert not decide_threshold(broken, ["alice", "bob"]).allowed
    assert not decide_threshold(broken, []).allowed


def test_what_was_answered_once_is_answered_again_for_the_same_question_only(access: Access) -> None:
    directory = Directory(access)
    agents = (AgentId("support", "triage"), AgentId("sales", "triage"), None)
    days = (date(2026, 11, 21), _TODAY, date(2026, 11, 23))
    for _ in range(2):
        for who in ("alice", "bob", "erin", "nobody"):
            for agent in agents:
                for day in days:
                    expected = decide_permission(access, who, "pause", agent, None, day)
                    assert directory.permission(who, "pause", agent, None, day) == expected


def test_an_address_is_found_in_any_ascii_case(access: Access) -> None:
    directory = Directory(access)
    assert directory.by_email("ALICE@ACME.example") == "alice"
    assert directory.by_email("alice@home.example") == "alice"
    assert directory.by_email("ALİCE@acme.example") is None
    assert directory.by_email("") is None


def test_an_account_is_found_by_number_on_its_own_forge(access: Access) -> None:
    directory = Directory(access)
    assert directory.by_account("github", 1) == "alice"
    assert directory.by_account("gitlab", 1) == "frank"
    assert directory.by_account("github", 3) is None
    again = (*access.people, Person(id="mallory", github=ForgeAccount(login="m", id=1)))
    assert Directory(Access(administrators=access.administrators, people=again)).by_account("github", 1) is None


@pytest.mark.parametrize(
    ("handle", "people"),
    [
        ("@acme/platform", {"bob"}),
        ("@ACME/PLATFORM", {"bob"}),
        ("platform@acme.example", {"bob"}),
        ("@acme/empty", None),
        ("@acme/unknown", None),
        ("acme/platform", None),
        ("@alice-ng", {"alice"}),
        ("@frank", {"frank"}),
        ("@bobby", None),
        ("bob@acme.example", {"bob"}),
        ("@bob@acme.example", None),
        ("alice", None),
        ("@", None),
        ("", None),
    ],
)
def test_an_owner_of_codeowners_means_people_of_access(access: Access, handle: str, people: set[str] | None) -> None:
    assert Directory(access).by_handle(handle) == people


def test_a_login_of_two_forges_is_told_apart_by_the_forge(access: Access) -> None:
    directory = Directory(access)
    assert directory.by_handle("@bobby", "github") == frozenset({"bob"})
    assert directory.by_handle("@bobby", "gitlab") == frozenset({"erin"})
    assert directory.by_handle("@alice-ng", "gitlab") is None


def test_a_handle_of_two_teams_is_nobodys(access: Access) -> None:
    twice = (*access.teams, Team(id="other", members=("erin",), handles=("@ACME/platform",)))
    both = Access(administrators=access.administrators, people=access.people, teams=twice)
    assert Directory(both).by_handle("@acme/platform") is None


@pytest.mark.parametrize(
    ("selector", "people"),
    [
        ("alice", {"alice"}),
        ("stranger", set()),
        ("reconciler", set()),
        ("team:platform", {"bob"}),
        ("team:empty", set()),
        ("team:unknown", set()),
        ("platform", set()),
        ("role:administrator", {"alice", "bob"}),
        ("role:on-call", {"erin", "bob"}),
        ("role:operator", set()),
        ("role:unknown", set()),
        ("**", set()),
        ("", set()),
    ],
)
def test_a_selector_means_people(access: Access, selector: str, people: set[str]) -> None:
    assert Directory(access).members(selector, _TODAY) == people


def test_without_a_day_a_role_that_ends_is_not_counted(access: Access) -> None:
    assert Directory(access).members("role:on-call") == {"erin"}
