"""A fleet may ask that commits which touch governed paths are signed by their committers (attacks K1, K7)."""

from dataclasses import replace
from pathlib import Path

import gitworld
import hostile
import msgspec
import pytest
from simulator import FLEET_YAML, TRIAGE, FleetSimulator

from agentgov.journal.reviewing import reviewable
from agentgov.trust.identity import Directory

PROMPT = f"{TRIAGE.folder}/prompts/system.md"


@pytest.fixture
def strict(tmp_path: Path) -> FleetSimulator:
    """A fleet with `commits: signed`."""
    world = FleetSimulator(
        tmp_path / "strict", files={"agentgov.yaml": FLEET_YAML.replace("commits: any", "commits: signed")}
    )
    world.introduce()
    return world


def asking(folder: Path, mode: str) -> FleetSimulator:
    """A fleet that asks for this."""
    text = FLEET_YAML.replace("commits: any\n", f"commits: {mode}\n" if mode else "")
    world = FleetSimulator(folder / "asking", files={"agentgov.yaml": text}, remote=False)
    world.introduce()
    return world


def sealed(world: FleetSimulator, payload: bytes, key: str = "") -> str:
    """A commit on main with this payload, signed with somebody's key or by nobody."""
    oid = hostile.sealed(world, payload, key) if key else hostile.store(world, "commit", payload)
    gitworld.git(world.work, "update-ref", "refs/heads/main", oid)
    return oid


def payload(world: FleetSimulator, text: str, email: str, *parents: str, author: str = "alice@sim.example") -> bytes:
    """A commit of the tip of main with another prompt, under an address."""
    files = {PROMPT: (0o100644, world.repo.write_blob(text.encode()))}
    tree = world.repo.put_files(world.repo.commit(world.head()).tree, files)
    lines = [f"tree {tree}", *(f"parent {one}" for one in parents or (world.head(),))]
    who = [f"author a <{author}> {world.clock.time} +0000", f"committer c <{email}> {world.clock.time} +0000"]
    return "\n".join([*lines, *who, "", "change\n"]).encode()


def reviewed(world: FleetSimulator) -> list[str]:
    """What stays pending although bob and dave approve it, after a cold verification."""
    for who in ("bob", "dave"):
        world.review(who)
    left = list(world.advance().state.pending)
    assert world.verify().offence is None if world.remote.exists() else True
    return left


def why(world: FleetSimulator) -> str:
    """What is said of the prompt at the tip of main."""
    verdict = reviewable(world.view(), world.head()).verdict
    return next(path.message for path in verdict.paths if path.change.path == PROMPT)


def sign_head(world: FleetSimulator, key: str) -> str:
    """Sign the last commit of main with somebody's key, keeping whom it names."""
    settings = {"user.signingkey": str(world.folder / "keys" / key), "gpg.format": "ssh"}
    env = {
        **gitworld.environment(world.clock.time, "alice", "alice@sim.example"),
        **gitworld.config_variables(settings),
    }
    gitworld.git(world.work, "commit", "-q", "--amend", "--no-edit", "-S", env=env)
    world.push("--force", "main")
    return world.head()


@pytest.mark.attack("K1")
def test_unsigned_commit_is_pending_and_named(strict: FleetSimulator) -> None:
    commit = strict.change("alice", {PROMPT: "Be kind.\n"})
    strict.review("bob", commit)
    view = strict.advance()
    assert list(view.state.pending) == [PROMPT]
    assert why(strict).startswith(f"commit {commit[:9]} by alice@sim.example: it is not signed")


def test_commit_signed_by_its_committer_passes(strict: FleetSimulator) -> None:
    strict.change("alice", {PROMPT: "Be kind.\n"})
    strict.review("bob", sign_head(strict, "alice"))
    assert strict.advance().state.pending == {}
    assert strict.verify().offence is None


@pytest.mark.attack("K7")
def test_anothers_valid_key_does_not_sign_for_the_committer(strict: FleetSimulator) -> None:
    strict.change("alice", {PROMPT: "Be kind.\n"})
    strict.review("bob", sign_head(strict, "erin"))
    assert list(strict.advance().state.pending) == [PROMPT]
    assert why(strict).endswith("is not signed by its committer but by erin")


@pytest.mark.attack("K7")
@pytest.mark.parametrize("key", ["reconciler", "gate"])
def test_bots_key_signs_for_the_bot_alone(tmp_path: Path, key: str) -> None:
    world = asking(tmp_path, "signed")
    sealed(world, payload(world, "Be kind.\n", "alice@sim.example"), key)
    assert reviewed(world) == [PROMPT]
    assert why(world).endswith(f"but by the bot {key}, which signs for {key}@bots.invalid")


def test_bot_signs_what_it_committed(tmp_path: Path) -> None:
    world = asking(tmp_path, "signed")
    sealed(world, payload(world, "Be kind.\n", "gate@bots.invalid"), "gate")
    assert reviewed(world) == []


def test_key_of_a_stranger_signs_nothing(tmp_path: Path) -> None:
    world = asking(tmp_path, "signed")
    hostile.stranger(world)
    sealed(world, payload(world, "Be kind.\n", "alice@sim.example"), "mallory")
    assert reviewed(world) == [PROMPT]
    assert "nobody's key in Access" in why(world)


def test_first_unsigned_commit_is_named_where_several_are(tmp_path: Path) -> None:
    world = asking(tmp_path, "signed")
    first = sealed(world, payload(world, "Be kind.\n", "alice@sim.example"))
    sealed(world, payload(world, "Be brief.\n", "alice@sim.example"))
    assert why(world).startswith(f"commit {first[:9]} ")


FORGES = ["noreply@github.com", "noreply@gitlab.com", "123+alice@users.noreply.github.com"]


def merge_of(world: FleetSimulator, email: str, key: str = "") -> str:
    """A merge that resolves a conflict of two signed sides, committed under an address."""
    base, texts = world.head(), ("Be kind.\n", "Be brief.\n")
    sides = [sealed(world, payload(world, text, "alice@sim.example", base), "alice") for text in texts]
    return sealed(world, payload(world, "Be kind and brief.\n", email, *sides), key)


@pytest.mark.parametrize("mode", ["forge-merges", ""])
@pytest.mark.parametrize("email", FORGES)
def test_merge_made_by_the_forge_is_exempt_from_its_signature(tmp_path: Path, mode: str, email: str) -> None:
    world = asking(tmp_path, mode)
    merge_of(world, email)
    assert reviewable(world.view(), world.head()).change.authors[PROMPT].unsigned == ""
    assert list(world.advance().state.pending) == [PROMPT], "its contents need their reviews all the same"
    known = email in FORGES[:2]
    assert reviewed(world) == ([] if known else [PROMPT]), "an account that is nobody's takes two owners"


@pytest.mark.parametrize("email", ["alice@sim.example", "noreply@github.com.evil.example", "bot@github.com"])
def test_other_merges_are_not_exempt(tmp_path: Path, email: str) -> None:
    world = asking(tmp_path, "forge-merges")
    merge_of(world, email)
    assert reviewed(world) == [PROMPT]


def test_merge_by_the_forge_is_not_exempt_where_every_commit_is_asked(tmp_path: Path) -> None:
    world = asking(tmp_path, "signed")
    merge_of(world, "noreply@github.com")
    assert reviewed(world) == [PROMPT]


def test_what_a_forge_squashed_is_no_merge(tmp_path: Path) -> None:
    world = asking(tmp_path, "forge-merges")
    sealed(world, payload(world, "Be kind.\n", "noreply@github.com"))
    assert reviewed(world) == [PROMPT]


def test_branch_behind_a_merge_by_the_forge_is_asked(tmp_path: Path) -> None:
    world = asking(tmp_path, "forge-merges")
    base = world.head()
    branch = sealed(world, payload(world, "Be kind.\n", "alice@sim.example"))
    tree = world.repo.commit(branch).tree
    who = f"<noreply@github.com> {world.clock.time} +0000"
    sealed(world, f"tree {tree}\nparent {base}\nparent {branch}\nauthor a {who}\ncommitter c {who}\n\nm\n".encode())
    assert reviewed(world) == [PROMPT]
    assert branch[:9] in why(world)


def test_signature_is_asked_of_access_as_it_is_and_not_as_it_was(tmp_path: Path) -> None:
    """What is remembered of a commit is its key; that the key has left Access counts at once."""
    world = asking(tmp_path, "signed")
    sealed(world, payload(world, "Be kind.\n", "erin@sim.example", author="erin@sim.example"), "erin")
    view = world.view()
    assert reviewable(view, world.head()).change.authors[PROMPT].unsigned == ""
    access = view.governance.access
    without = Directory(msgspec.structs.replace(access, people=tuple(p for p in access.people if p.id != "erin")))
    later = replace(view, directory=without)
    assert "nobody's key in Access" in reviewable(later, world.head()).change.authors[PROMPT].unsigned


def test_any_asks_for_nothing(tmp_path: Path) -> None:
    world = asking(tmp_path, "any")
    sealed(world, payload(world, "Be kind.\n", "alice@sim.example"))
    assert reviewed(world) == []
