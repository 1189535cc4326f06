"""Facts are gathered from a forge in one piece: the owners of today, whoever may review, and nothing that moved."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from forgeworld import ForgeWorld
from githubfake import GitHubFake

from agentgov.errors import AgentgovError, IncompleteError
from agentgov.forge.gathering import gather_facts
from agentgov.forge.opening import open_client, open_forge
from agentgov.forge.port import ForgePort
from agentgov.forge.where import Where
from agentgov.net.tokens import Token
from agentgov.review.facts import Facts, Policy
from agentgov.review.pull_request import decide_pull_request

OWNERS = ".github/CODEOWNERS"


@pytest.fixture
def world(tmp_path: Path) -> ForgeWorld:
    world = ForgeWorld(tmp_path)
    clone = world.clone("dev")
    world.commit("dev", clone, {OWNERS: "/agents/ @acme/agents\n", "agents/a.yaml": "1\n", "b.yaml": "1\n"}, "first")
    world.push("dev", clone, "main")
    world.team("@acme/agents", "ana", "bo")
    for login, level in (("ana", "write"), ("bo", "write"), ("root", "admin"), ("dev", "write"), ("bot", "read")):
        world.permission(login, level)
    world.commit("dev", clone, {"agents/a.yaml": "2\n"}, "second")
    world.push("dev", clone, "topic")
    world.open("dev", "topic")
    return world


@pytest.fixture
def fake(world: ForgeWorld) -> Iterator[GitHubFake]:
    with GitHubFake(world).serve() as fake:
        yield fake


def forge_of(fake: GitHubFake, token: str = "") -> ForgePort:
    where = Where("github", fake.url, fake.world.project, Token(token or fake.token("bot")))
    return open_forge(where, open_client(where, clock=lambda: 0.0, sleep=lambda seconds: None))


def outcome(facts: Facts) -> str:
    return str(decide_pull_request(facts).outcome)


def change_main(world: ForgeWorld, files: dict[str, str]) -> str:
    clone = world.clone("root")
    world.commit("root", clone, dict(files), "meanwhile")
    return world.push("root", clone, "main")


def test_an_approval_on_a_forge_passes_and_a_push_ends_it(world: ForgeWorld, fake: GitHubFake) -> None:
    world.review(1, "ana", "APPROVED")
    forge = forge_of(fake)
    assert outcome(gather_facts(forge, 1, Policy())) == "pass"
    clone = world.clone("dev")
    world.commit("dev", clone, {"agents/a.yaml": "3\n"}, "third")
    world.push("dev", clone, "topic", force=True)
    assert outcome(gather_facts(forge, 1, Policy())) == "pending"


def test_the_owners_of_today_decide_and_not_those_when_it_was_opened(world: ForgeWorld, fake: GitHubFake) -> None:
    world.review(1, "ana", "APPROVED")
    change_main(world, {OWNERS: "/agents/ @root\n"})
    facts = gather_facts(forge_of(fake), 1, Policy())
    assert (facts.codeowners, facts.roles["root"]) == ("/agents/ @root\n", "administrator")
    assert outcome(facts) == "pending"


def test_the_head_cannot_make_itself_owner(world: ForgeWorld, fake: GitHubFake) -> None:
    clone = world.clone("eve")
    world.commit("eve", clone, {OWNERS: "* @mel\n", "agents/a.yaml": "9\n"}, "mine")
    world.push("eve", clone, "coup")
    number = world.open("eve", "coup")
    world.permission("mel", "write")
    world.review(number, "mel", "APPROVED")
    assert outcome(gather_facts(forge_of(fake), number, Policy())) == "pending"
    both = gather_facts(forge_of(fake), number, Policy(require_both_branches=True))
    assert (both.codeowners, both.codeowners_head) == ("/agents/ @acme/agents\n", "* @mel\n")


def test_in_a_large_team_one_who_may_review_is_found(world: ForgeWorld, fake: GitHubFake) -> None:
    readers = [f"reader-{count}" for count in range(30)]
    world.team("@acme/agents", *readers, "ana", "bo")
    world.review(1, "root", "APPROVED")
    facts = gather_facts(forge_of(fake), 1, Policy())
    assert outcome(facts) == "pending", "an administrator does not answer where an owner could"
    assert "ana" in facts.roles
    assert "bo" not in facts.roles


def test_where_administrators_answer_they_are_named_if_the_token_may_list_them(
    world: ForgeWorld, fake: GitHubFake
) -> None:
    clone = world.clone("dev")
    world.commit("dev", clone, {"b.yaml": "2\n"}, "nobody's")
    world.push("dev", clone, "unowned")
    number = world.open("dev", "unowned")
    assert gather_facts(forge_of(fake), number, Policy()).roles == {}
    world.permission("bot", "write")
    assert gather_facts(forge_of(fake), number, Policy()).roles == {"root": "administrator"}
    assert "root" not in gather_facts(forge_of(fake), 1, Policy()).roles, "nobody asks where owners answer"
    world.team("@acme/agents")
    assert "root" in gather_facts(forge_of(fake), 1, Policy()).roles
    fake.faults.add("503", "GET */collaborators", times=9)
    with pytest.raises(IncompleteError):
        gather_facts(forge_of(fake), 1, Policy())


def test_members_of_teams_below_belong_to_a_team(world: ForgeWorld, fake: GitHubFake) -> None:
    world.team("@acme/juniors", "jo", child_of="@acme/agents")
    world.permission("jo", "write")
    world.review(1, "jo", "APPROVED")
    assert outcome(gather_facts(forge_of(fake), 1, Policy())) == "pass"


def test_a_team_that_cannot_be_seen_is_not_an_empty_one(world: ForgeWorld, fake: GitHubFake) -> None:
    world.review(1, "root", "APPROVED")
    for token in (fake.installation(), fake.token("bot", "contents:read", "pull_requests:read")):
        with pytest.raises(AgentgovError) as caught:
            gather_facts(forge_of(fake, token), 1, Policy())
        assert caught.value.rule == "forge.team-hidden"


def test_a_busy_main_is_no_reason_to_start_over(world: ForgeWorld, fake: GitHubFake) -> None:
    world.review(1, "ana", "APPROVED")
    for content in "2345":
        fake.meanwhile("GET /repos/*/branches/main", partial(change_main, world, {"b.yaml": content}))
    assert outcome(gather_facts(forge_of(fake), 1, Policy())) == "pass"
    assert sum(request.path.endswith("/pulls/1/files") for request in fake.requests) == 1


def test_a_team_of_another_organisation_owns_nothing(world: ForgeWorld, fake: GitHubFake) -> None:
    change_main(world, {OWNERS: "/agents/ @other/agents\n"})
    world.review(1, "ana", "APPROVED")
    assert outcome(gather_facts(forge_of(fake), 1, Policy())) == "pending"
    world.review(1, "root", "APPROVED")
    assert outcome(gather_facts(forge_of(fake), 1, Policy())) == "pass"


def test_what_moves_once_is_read_again_and_twice_ends_it(world: ForgeWorld, fake: GitHubFake) -> None:
    world.review(1, "ana", "APPROVED")
    path = "GET /repos/*/contents/*"
    fake.meanwhile(path, lambda: change_main(world, {OWNERS: "/agents/ @root\n"}))
    assert outcome(gather_facts(forge_of(fake), 1, Policy())) == "pending"
    for content in "2345":  # main is asked for twice in each of two rounds
        fake.meanwhile("GET /repos/*/branches/main", partial(change_main, world, {OWNERS: f"* @mel{content}\n"}))
    with pytest.raises(IncompleteError) as caught:
        gather_facts(forge_of(fake), 1, Policy())
    assert caught.value.rule == "forge.moved"
