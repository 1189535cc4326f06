"""The access review: the rights that `permissions` gives, what became of them, and keys that are dead."""

from datetime import date
from pathlib import Path

import pytest
from gitworld import make_key, public_key

from agentgov.model.access import Access, Administrators, Binding, Bot, ForgeAccount, Person, Role, Team
from agentgov.model.names import AgentId
from agentgov.trust.access_review import SOON, AccessReview, LastAct, access_review
from agentgov.trust.keys import parse_public_key
from agentgov.trust.permissions import VERBS, decide_permission

TODAY = date(2027, 3, 1)
AGENTS = (AgentId("support", "triage"), AgentId("finance", "payroll"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder: Path = tmp_path_factory.mktemp("keys")
    return [public_key(make_key(folder, f"key-{number}")) for number in range(4)]


@pytest.fixture
def access(keys: list[str]) -> Access:
    return Access(
        Administrators(("ada", "team:office"), 2),
        people=(
            Person("ada", "Ada", keys=(keys[0], keys[1]), github=ForgeAccount("ada-l", 1)),
            Person("bob", keys=(keys[2],)),
            Person("cleo"),
            Person("dan"),
        ),
        bots=(Bot("r", "reconciler", (keys[3],)), Bot("g", "gate")),
        teams=(Team("office", ("bob",)), Team("support", ("cleo", "bob"))),
        roles=(Role("on-call", ("pause", "resume", "view")),),
        bindings=(
            Binding("operator", ("team:support",), ("support/*",), ("staging",)),
            Binding("on-call", ("cleo",), ("**",), ("production",), "2027-03-20"),
            Binding("viewer", ("dan",), until="2027-02-28"),
        ),
    )


def review(access: Access, **more: object) -> AccessReview:
    return access_review(access, TODAY, **more)  # type: ignore[arg-type]


def test_every_right_is_one_that_permissions_gives_and_none_is_left_out(access: Access) -> None:
    for one in review(access).holders:
        if one.kind == "bot":
            continue
        for verb, told in VERBS.items():
            for agent in AGENTS:
                for environment in ("staging", "production"):
                    said = any(
                        verb in right.verbs
                        and right.standing != "ended"
                        and any(pattern in ("**", f"{agent.workspace}/*") for pattern in right.agents)
                        and (not told.environments or environment in right.environments)
                        for right in one.rights
                    )
                    verdict = decide_permission(access, one.id, verb, agent, environment, TODAY)
                    assert said == verdict.allowed, (one.id, verb, agent, environment)


def test_what_ends_is_told_by_the_day(access: Access) -> None:
    found = review(access)
    assert [(name, right.via) for name, right in found.rights("ending")] == [("cleo", "on-call on ** in production")]
    assert [name for name, _ in found.rights("ended")] == ["dan"]
    earlier = access_review(access, date(2027, 3, 20) - SOON)
    assert [name for name, _ in earlier.rights("ending")] == ["cleo", "dan"]
    assert access_review(access, date(2027, 2, 18)).rights("ended") == ()
    assert [name for name, _ in access_review(access, date(2027, 3, 21)).rights("ended")] == ["cleo", "dan"]


def test_people_are_shown_with_office_teams_and_accounts(access: Access) -> None:
    ada, bob, *_ = review(access).holders
    assert (ada.administrator, ada.accounts, ada.teams) == (True, ("github:ada-l",), ())
    assert (bob.administrator, bob.teams) == (True, ("office", "support"))
    assert (review(access).administrators, review(access).threshold) == (("ada", "bob"), 2)
    assert "advance" in review(access).holders[-2].acts


def test_a_dead_key_is_shown_dead_and_signs_nothing(access: Access, keys: list[str]) -> None:
    dead = {parse_public_key(keys[0]).fingerprint, parse_public_key(keys[2]).fingerprint}
    found = review(access, revoked=dead)
    assert found.dead_keys == (
        ("ada", parse_public_key(keys[0]).fingerprint),
        ("bob", parse_public_key(keys[2]).fingerprint),
    )
    assert "ada" not in found.without_keys, "Ada has another one"
    assert set(found.without_keys) == {"bob", "cleo", "g"}
    assert review(access).dead_keys == ()


def test_who_never_acted_is_told_only_where_somebody_looked(access: Access) -> None:
    assert review(access).unused == ()
    acted = {"person:ada": LastAct(3, "review", 1_700_000_000), "bot:r": LastAct(9, "advance", 1_700_000_060)}
    found = review(access, last=acted)
    assert found.unused == ("bob", "cleo")
    assert found.without_rights == ("dan",)
    assert [one.last.seq for one in found.holders if one.last is not None] == [3, 9]
