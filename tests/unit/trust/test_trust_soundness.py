"""An Access that could mean two, or means nobody, is refused whole, and every fault is named at its place."""

import json
from pathlib import Path

import pytest

from agentgov.model.access import Access, Administrators, Binding, Bot, ForgeAccount, OidcSubject, Person, Role, Team
from agentgov.model.governed import ACCESS_FILE
from agentgov.model.verdict import Effect
from agentgov.trust.identity import problems


def _found(access: Access) -> list[tuple[str, str]]:
    found = problems(access)
    assert all(reason.effect is Effect.DENY and reason.message for reason in found)
    assert all(reason.where is not None and reason.where.file == ACCESS_FILE for reason in found)
    return [(reason.rule, reason.where.pointer) for reason in found if reason.where is not None]


_ALICE, _BOB = Person(id="alice"), Person(id="bob")
_ONE = Administrators(who=("alice",), threshold=1)


def _access(
    *,
    administrators: Administrators = _ONE,
    people: tuple[Person, ...] = (_ALICE, _BOB),
    bots: tuple[Bot, ...] = (),
    teams: tuple[Team, ...] = (),
    roles: tuple[Role, ...] = (),
    bindings: tuple[Binding, ...] = (),
) -> Access:
    return Access(administrators=administrators, people=people, bots=bots, teams=teams, roles=roles, bindings=bindings)


def test_a_sound_access_has_no_problems(public: dict[str, str]) -> None:
    sound = _access(
        administrators=Administrators(who=("alice", "team:both"), threshold=2),
        people=(
            Person(id="alice", keys=(public["alice"], public["alice"]), github=ForgeAccount(login="a", id=1)),
            Person(id="bob", keys=(public["bob"],), gitlab=ForgeAccount(login="a", id=1)),
        ),
        bots=(Bot(id="gate", kind="gate", keys=(public["alice-2"],)),),
        teams=(Team(id="both", members=("alice", "bob"), handles=("@acme/both",)),),
        roles=(Role(name="on-call", verbs=("pause", "view")),),
        bindings=(
            Binding(role="on-call", who=("team:both", "alice"), agents=("*/x", "a/*", "a/b", "**"), until="2027-02-28"),
            Binding(role="viewer", who=("role:administrator",)),
        ),
    )
    assert problems(sound) == ()


def test_one_key_on_two_people_is_refused(public: dict[str, str]) -> None:
    """Attack K10: the comment does not make it another key."""
    people = (Person(id="alice", keys=(public["alice"],)), Person(id="bob", keys=(f"{public['alice']}-other",)))
    assert _found(_access(people=people)) == [("access.key-shared", "/people/1/keys/0")]


@pytest.mark.parametrize("kind", ["reconciler", "gate"])
def test_one_key_on_a_person_and_a_bot_or_on_two_bots_is_refused(public: dict[str, str], kind: str) -> None:
    people = (Person(id="alice", keys=(public["alice"],)),)
    bots = (Bot(id="one", kind="gate", keys=(public["alice"],)), Bot(id="two", kind="importer", keys=(public["bob"],)))
    again = Bot(id="three", kind="evidence", keys=(public["bob"],))
    assert _found(_access(people=people, bots=(*bots, again))) == [
        ("access.key-shared", "/bots/0/keys/0"),
        ("access.key-shared", "/bots/2/keys/0"),
    ]


def test_a_key_that_cannot_be_used_is_named_without_its_text(public: dict[str, str]) -> None:
    people = (
        Person(id="alice", keys=(public["alice"], public["small-rsa"], "-----BEGIN OPENSSH PRIVATE KEY----- b3Bl")),
    )
    access = _access(people=people)
    assert _found(access) == [("access.key-unusable", "/people/0/keys/1"), ("access.key-unusable", "/people/0/keys/2")]
    assert "b3Bl" not in "".join(reason.message for reason in problems(access))


@pytest.mark.parametrize("threshold", [-5, 0, 2, 100])
def test_a_threshold_nobody_can_meet_or_nobody_must_is_refused(threshold: int) -> None:
    """Attack P7: alice named twice, also through a team, is still one."""
    both = Administrators(who=("alice", "alice", "team:just-alice"), threshold=threshold)
    team = Team(id="just-alice", members=("alice",))
    assert _found(_access(administrators=both, teams=(team,))) == [("access.threshold", "/administrators/threshold")]


def test_administrators_who_are_nobody_are_refused(public: dict[str, str]) -> None:
    who = Administrators(who=("alice", "stranger", "gate", "team:none", "role:operator", "role:administrator"))
    bots = (Bot(id="gate", kind="gate", keys=(public["bob"],)),)
    assert _found(_access(administrators=who, bots=bots)) == [
        ("access.unknown-member", f"/administrators/who/{place}") for place in (1, 2, 3, 4, 5)
    ]


def test_an_access_without_administrators_is_refused() -> None:
    assert _found(_access(administrators=Administrators(who=()))) == [("access.threshold", "/administrators/threshold")]


def test_ids_that_stand_twice_are_refused() -> None:
    access = _access(
        people=(_ALICE, _BOB, Person(id="bob")),
        bots=(Bot(id="gate", kind="gate"), Bot(id="gate", kind="importer")),
        teams=(Team(id="t"), Team(id="t")),
        roles=(Role(name="r", verbs=()), Role(name="r", verbs=()), Role(name="operator", verbs=("view",))),
    )
    assert _found(access) == [
        ("access.duplicate-id", "/people/2/id"),
        ("access.duplicate-id", "/bots/1/id"),
        ("access.duplicate-id", "/teams/1/id"),
        ("access.duplicate-role", "/roles/1"),
        ("access.duplicate-role", "/roles/2"),
    ]


def test_addresses_and_accounts_of_two_people_are_refused() -> None:
    oidc = OidcSubject(issuer="https://id.example", subject="u1")
    one = Person(id="alice", emails=("a@x.example",), github=ForgeAccount(login="al", id=7), oidc=oidc)
    two = Person(id="bob", emails=("A@X.example",), github=ForgeAccount(login="AL", id=7), oidc=oidc)
    teams = (
        Team(id="t", members=("bob",), handles=("@acme/T",)),
        Team(id="u", members=("bob",), handles=("@acme/t",)),
    )
    assert _found(_access(people=(one, two), teams=teams)) == [
        ("access.duplicate-email", "/people/1/emails/0"),
        ("access.duplicate-account", "/people/1/github/login"),
        ("access.duplicate-account", "/people/1/github/id"),
        ("access.duplicate-account", "/people/1/oidc"),
        ("access.duplicate-handle", "/teams/1/handles/0"),
    ]


def test_members_who_are_nobody_are_refused() -> None:
    team = Team(id="t", members=("alice", "stranger", "team:t"))
    assert _found(_access(teams=(team,))) == [
        ("access.unknown-member", "/teams/0/members/1"),
        ("access.unknown-member", "/teams/0/members/2"),
    ]


def test_a_binding_that_means_nothing_is_refused() -> None:
    binding = Binding(
        role="owner",
        who=("stranger", "role:viewer", "alice"),
        agents=("support/**", "support", "a/b/c", "a/sh*", "A/b", "", "/", "*/*"),
        until="30.6.2027",
    )
    assert _found(_access(bindings=(binding,))) == [
        ("access.unknown-role", "/bindings/0/role"),
        ("access.unknown-member", "/bindings/0/who/0"),
        ("access.unknown-member", "/bindings/0/who/1"),
        *(("access.scope", f"/bindings/0/agents/{place}") for place in range(7)),
        ("access.until", "/bindings/0/until"),
    ]


@pytest.mark.parametrize("until", ["2027-02-29", "20270630", "2027-W01-1", "2027-6-30", "2027-06-30\n", "never"])
def test_a_day_has_one_spelling(until: str) -> None:
    binding = Binding(role="viewer", who=("alice",), until=until)
    assert _found(_access(bindings=(binding,))) == [("access.until", "/bindings/0/until")]


def test_a_role_holds_verbs_that_roles_can_give() -> None:
    role = Role(name="r", verbs=("pause", "fly", "administer", "permit", "evidence"))
    assert _found(_access(roles=(role,))) == [("access.unknown-verb", f"/roles/0/verbs/{place}") for place in (1, 2, 3)]


def test_names_written_by_strangers_are_data(tmp_path: Path) -> None:
    access = _access(people=(_ALICE, _BOB, Person(id="{name.__class__}"), Person(id="{name.__class__}")))
    assert "{name.__class__}" in problems(access)[0].message
    assert json.dumps([reason.message for reason in problems(access)])
