"""A fleet may ask that every commit which touches governed paths is signed by its committer (attack K1, K7)."""

from pathlib import Path

import gitworld
import pytest
from simulator import FLEET_YAML, TRIAGE, FleetSimulator

PROMPT = f"{TRIAGE.folder}/prompts/system.md"


@pytest.fixture
def strict(tmp_path: Path) -> FleetSimulator:
    """A fleet with `commits: signed`."""
    world = FleetSimulator(
        tmp_path / "strict", files={"agentgov.yaml": FLEET_YAML.replace("commits: any", "commits: signed")}
    )
    world.introduce()
    return world


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
