"""A git server over ssh with agentgov's hook: a real sshd on loopback, with a home that those who push never see."""

import os
from collections.abc import Iterator
from pathlib import Path

import gitworld
import hostile
import pytest
from hookworld import HookServer
from simulator import TRIAGE, FleetSimulator
from sshserver import SshServer

from agentgov.journal.branch import Journal
from agentgov.model.names import ReleaseName
from agentgov.repo.remote import Remote

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
JOURNAL = hostile.JOURNAL
V1 = ReleaseName(TRIAGE, "1.0.0")


@pytest.fixture
def sshd(world: FleetSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    """A server whose sessions have a home of their own; `world` reaches its remote through it."""
    path = os.environ.get("PATH", os.defpath)
    home = {"HOME": str(tmp_path / "git"), "PATH": path, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    folder = tmp_path / "sshd"
    folder.mkdir()
    server = SshServer(folder, home)
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    gitworld.git(world.work, "remote", "set-url", "origin", server.url(world.remote))
    monkeypatch.setattr(gitworld, "environment", _with(server.variables))
    world.journal = Journal(world.repo, remote=Remote.of(world.repo))
    try:
        yield server
    finally:
        server.close()


def _with(variables: dict[str, str]) -> "object":
    plain = gitworld.environment

    def environment(*args: object, **words: object) -> dict[str, str]:
        return plain(*args, **words) | variables  # type: ignore[arg-type]

    return environment


def test_a_fleet_lives_over_ssh(world: FleetSimulator, sshd: SshServer) -> None:
    """People review and release, the reconciler's bot records and promotes, the server's hook judges every push."""
    server, url = HookServer(world), sshd.url(world.remote)
    commit = world.commit("alice", {PROMPT: "Sort by age.\n"})
    said = server.push("main", to=url)
    assert "contents.pending" in said, sshd.log()
    assert not server.holds(commit)
    world.review("bob", commit)
    assert server.push("main", to=url) == ""
    assert not world.advance(commit).state.pending
    world.release("alice", TRIAGE, "1.0.0")
    world.tick()
    assert world.view().state.deployment(TRIAGE).staging.release == server.refs()[V1.ref]
    world.append(hostile.pause(world), by="alice")
    assert world.verify().offence is None


def test_what_an_attacker_pushes_over_ssh_leaves_nothing(world: FleetSimulator, sshd: SshServer) -> None:
    server, url, tip = HookServer(world), sshd.url(world.remote), world.view().tip
    before = server.refs()
    garbage = gitworld.make_commit(world.work, (tip,), world.repo.commit(tip).tree)
    forged = hostile.sealed(world, hostile.payload_of(world, hostile.honest(world)), hostile.stranger(world))
    lost = world.commit("alice", {PROMPT: "Mine.\n"})
    gitworld.git(world.work, "tag", "-a", "-m", "mine", str(V1))
    for refspec in (
        f"{garbage}:{JOURNAL}",
        f"{forged}:{JOURNAL}",
        f":{JOURNAL}",
        "main",
        f":{'refs/heads/main'}",
        V1.ref,
    ):
        assert server.push(refspec, to=url), refspec
    assert server.refs() == before
    assert not any(server.holds(oid) for oid in (garbage, forged, lost))
    server.ran()


def test_variables_of_whoever_pushes_do_not_reach_the_hook(
    world: FleetSimulator, sshd: SshServer, tmp_path: Path
) -> None:
    server, url = HookServer(world), sshd.url(world.remote)
    world.commit("alice", {PROMPT: "Mine.\n"})
    sent = " -o SendEnv=AGENTGOV_* -o SendEnv=GIT_* -o SendEnv=PYTHON*"
    words = {
        "GIT_SSH_COMMAND": sshd.variables["GIT_SSH_COMMAND"] + sent,
        "AGENTGOV_CONFIG_HOME": str(tmp_path / "nowhere"),
        "AGENTGOV_PINS": "",
        "PYTHONPATH": str(tmp_path),
    }
    assert "contents.pending" in server.push("main", env=words, to=url)
