"""`agentgov forge release-page`: the page of a verified tag, written once, on a fake GitHub held to its own words."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from forgeworld import ForgeWorld
from githubfake import GitHubFake
from simulator import TRIAGE
from unit.cli.command_world import PROMPT, CommandWorld, Ran
from unit.cli.output_schema import assert_holds

TAG = f"{TRIAGE}/v1.1.0"


@dataclass
class Publishing:
    """A fleet with releases, and the forge that its remote lies on."""

    world: CommandWorld
    forge: ForgeWorld
    fake: GitHubFake

    def page(self, *args: str, tag: str = TAG, token: str = "") -> Ran:
        env = {"AGENTGOV_FORGE_TOKEN": token or self.fake.token("bot")}
        where = ("--forge", "github", "--project", "acme/fleet", "--api-url", self.fake.url)
        return self.world.run("frank", "forge", "release-page", tag, *where, *args, env=env)


@pytest.fixture
def publishing(running: CommandWorld) -> Iterator[Publishing]:
    line = running.must("carol", "trust", "show", "--json").document["line"]
    running.must("frank", "trust", "pin", line)
    (running.folder / "forge").mkdir()
    forge = ForgeWorld(running.folder / "forge", remote=running.remote)
    with GitHubFake(forge).serve() as fake:
        yield Publishing(running, forge, fake)


def test_a_page_says_what_changed_and_who_reviewed_it(publishing: Publishing) -> None:
    assert publishing.page().out == f"created the page of {TAG} in acme/fleet\n"
    (page,) = publishing.forge.releases
    assert (page.tag, page.title) == (TAG, f"{TRIAGE} 1.1.0")
    assert page.body.startswith("<!-- agentgov:release v1 -->\n\nSigned by alice.\n\n**support/triage 1.1.0**: `prompt")
    assert "Since v1.0.0: 1 change" in page.body
    assert "Reviewed by bob." in page.body


def test_it_is_written_once_and_brought_up_to_date_in_place(publishing: Publishing) -> None:
    publishing.page()
    assert publishing.page().out.startswith("unchanged ")
    publishing.forge.releases[0].body = "<!-- agentgov:release v1 -->\r\n\r\nolder words"
    assert publishing.page().out.startswith("updated ")
    assert len(publishing.forge.releases) == 1
    assert "Since v1.0.0" in publishing.forge.releases[0].body


def test_what_somebody_else_wrote_is_left_alone(publishing: Publishing) -> None:
    publishing.page()
    publishing.forge.releases[0].body = "Hand-written notes"
    found = publishing.page()
    assert found.code == 1
    assert publishing.forge.releases[0].body == "Hand-written notes"


def test_a_dry_run_asks_no_forge(publishing: Publishing) -> None:
    document = publishing.page("--dry-run", "--json").document
    assert_holds(document, "forge-release-page")
    assert (document["written"], document["project"]) == (None, None)
    assert publishing.page("--dry-run").out == document["body"]
    assert publishing.fake.requests == []
    done = publishing.page("--json").document
    assert_holds(done, "forge-release-page")
    assert (done["written"], done["body"]) == ("created", document["body"])


def test_notes_of_the_tag_are_quoted_and_nothing_in_them_acts(publishing: Publishing) -> None:
    world = publishing.world
    world.authorise({PROMPT: "Sort tickets by age.\n"})
    world.must("alice", "release", str(TRIAGE), "-m", "Thanks @acme/team\n\n# not a heading\n<!-- agentgov -->")
    body = publishing.page("--dry-run", tag=f"{TRIAGE}/v1.2.0").out
    assert "Not seen by the reconciler yet." in body
    assert "\n> Thanks @&#8203;acme/team\n" in body
    assert "\n# not" not in body
    assert body.count("<!--") == 1


def test_a_tag_that_does_not_verify_gets_no_page(publishing: Publishing) -> None:
    world = publishing.world
    world.git("tag", "-a", "-m", "no release at all", f"{TRIAGE}/v3.0.0")
    world.git("push", "-q", "origin", f"{TRIAGE}/v3.0.0")
    found = publishing.page(tag=f"{TRIAGE}/v3.0.0")
    assert (found.code, found.out) == (1, "")
    assert "tag.message" in found.err
    assert publishing.fake.writes() == []


def test_a_tag_that_was_moved_on_the_remote_gets_no_page(publishing: Publishing) -> None:
    world = publishing.world
    world.git("update-ref", f"refs/tags/{TAG}", f"refs/tags/{TRIAGE}/v1.0.0", cwd=world.remote)
    found = publishing.page()
    assert (found.code, publishing.fake.writes()) == (1, [])
    assert "tag.moved" in found.err


def test_a_tag_that_only_this_clone_has_gets_no_page(publishing: Publishing) -> None:
    world = publishing.world
    world.authorise({PROMPT: "Sort tickets by age.\n"})
    world.must("alice", "release", str(TRIAGE), "--no-push")
    found = publishing.page(tag=f"{TRIAGE}/v1.2.0")
    assert (found.code, publishing.fake.writes()) == (1, [])
    assert f"git push origin refs/tags/{TRIAGE}/v1.2.0" in found.err


def test_a_machine_without_pins_publishes_nothing(publishing: Publishing) -> None:
    world = publishing.world
    env = {"AGENTGOV_CONFIG_HOME": str(world.folder / "elsewhere"), "AGENTGOV_STATE_HOME": str(world.folder / "e2")}
    found = world.run("frank", "forge", "release-page", TAG, "--dry-run", env=env)
    assert (found.code, found.out) == (1, "")
    assert "trust.first-use" in found.err


def test_whoever_may_not_write_is_told_which_right_is_missing(publishing: Publishing) -> None:
    token = publishing.fake.token("guest", "contents:read")
    found = publishing.page(token=token)
    assert (found.code, publishing.forge.releases) == (1, [])
    assert "contents" in found.err
    assert token not in found.err


def test_what_is_no_release_is_a_usage_error(publishing: Publishing) -> None:
    assert publishing.page(tag="v1.0.0").code == 2
    assert publishing.page(tag=str(TRIAGE)).code == 2
