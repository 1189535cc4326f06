"""People who sign with gpg: their commits and tags count, and never anything else (K8, K9)."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import gitworld
import hostile
import pytest
from gpgworld import Gpg, needs_gpg
from simulator import TRIAGE, FleetSimulator, access_file

from agentgov.errors import IncompleteError
from agentgov.journal.authors import author_sets
from agentgov.journal.tags import judge_tag
from agentgov.model.act import render
from agentgov.model.governed import ACCESS_FILE
from agentgov.model.names import ReleaseName
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import object_id

_PROMPT = f"{TRIAGE.folder}/prompts/system.md"
_V1 = ReleaseName(TRIAGE, "1.0.0")


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    needs_gpg()
    folder = Path(tempfile.mkdtemp(prefix="gpg"))
    made = Gpg(folder / "home")
    made.make("alice")
    made.make("bob", "rsa2048")
    made.make("mallory")
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def world(tmp_path: Path, gpg: Gpg) -> FleetSimulator:
    """Alice and bob list a certificate beside their SSH key."""
    made = FleetSimulator(tmp_path / "world", remote=False)
    made.clock.time = int(time.time())
    keys = {name: signer.public_key for name, signer in made.signers.items()}
    both = {name: f'{keys[name]}", "{gpg.line(name)}' for name in ("alice", "bob")}
    made.commit("carol", {ACCESS_FILE: access_file({**keys, **both})})
    made.introduce("carol")
    return made


def _git(world: FleetSimulator, gpg: Gpg, who: str, *arguments: str, program: str = "gpg") -> None:
    """Git itself, set up as gpg's users are."""
    name = f"{who}@sim.example"
    settings = {"gpg.format": "openpgp", "gpg.program": program, "user.signingkey": name, "user.email": name}
    config = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    subprocess.run(
        ["git", "-C", world.work, *config, "-c", f"user.name={who}", *arguments],
        env={**os.environ, "GNUPGHOME": str(gpg.home)},
        check=True,
        capture_output=True,
    )


def _commit(world: FleetSimulator, gpg: Gpg, who: str, program: str = "gpg") -> str:
    (world.work / _PROMPT).write_text(f"Sort tickets as {who} likes.\n")
    _git(world, gpg, who, "commit", "-q", "-S", "-a", "-m", "Sort", program=program)
    return world.head()


def _unsigned(world: FleetSimulator, start: str, oid: str) -> str:
    view = world.view()
    sets = author_sets(world.repo, view.directory, oid, {_PROMPT: start}, mode="signed", time=view.state.head.time)
    return sets[_PROMPT].unsigned


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_commit_that_git_signed_with_gpg_is_signed(world: FleetSimulator, gpg: Gpg, who: str) -> None:
    start = world.head()
    assert _unsigned(world, start, _commit(world, gpg, who)) == ""


def test_commit_by_a_certificate_of_nobody_is_not_signed(world: FleetSimulator, gpg: Gpg) -> None:
    start = world.head()
    assert "is nobody's in Access" in _unsigned(world, start, _commit(world, gpg, "mallory"))


@pytest.mark.attack("K9")
def test_commit_over_sha1_is_not_signed(world: FleetSimulator, gpg: Gpg, tmp_path: Path) -> None:
    weak = tmp_path / "weak-gpg"
    weak.write_text('#!/bin/sh\nexec gpg --allow-weak-digest-algos --digest-algo SHA1 "$@"\n')
    weak.chmod(0o755)
    start = world.head()
    assert "rests on SHA-1" in _unsigned(world, start, _commit(world, gpg, "bob", str(weak)))


def test_signer_of_a_commit_is_among_its_authors(world: FleetSimulator, gpg: Gpg) -> None:
    start = world.head()
    _commit(world, gpg, "bob")
    _git(world, gpg, "alice", "commit", "-q", "-S", "--amend", "--author=bob <bob@sim.example>", "-m", "By bob")
    sets = author_sets(world.repo, world.view().directory, world.head(), {_PROMPT: start})
    assert {"alice", "bob"} <= sets[_PROMPT].people


def test_release_tag_that_git_signed_with_gpg_is_a_release(world: FleetSimulator, gpg: Gpg) -> None:
    message = hostile.tag_payload(world, _V1, hostile.tag_text(world, TRIAGE, world.head())).partition(b"\n\n")[2]
    (world.folder / "message").write_bytes(message)
    file = str(world.folder / "message")
    _git(world, gpg, "alice", "tag", "-s", "--cleanup=verbatim", "-F", file, str(_V1), "HEAD")
    oid = gitworld.git(world.work, "rev-parse", f"refs/tags/{_V1}").decode().strip()
    found = judge_tag(world.view(), _V1, oid, world.repo.read(oid, "tag"))
    assert isinstance(found, Release), found
    assert found.by == "alice"
    raw = hostile.tag_payload(world, _V1, hostile.tag_text(world, TRIAGE, world.head()))
    forged = raw + gpg.sign("mallory", raw)
    stranger = judge_tag(world.view(), _V1, object_id("tag", forged), forged)
    assert isinstance(stranger, Refusal)
    assert stranger.code == "tag.signature"


@pytest.mark.attack("K8")
def test_openpgp_signs_no_act_and_no_envelope(world: FleetSimulator, gpg: Gpg) -> None:
    honest = hostile.honest(world)
    text, payload = render(hostile.act_at(world, honest)), hostile.payload_of(world, honest)
    forged = hostile.with_text(world, honest, text, signatures=gpg.sign("alice", text))
    assert hostile.code(world, forged) == "journal.unsigned"
    envelope = hostile.store(world, "commit", hostile.with_header(payload, gpg.sign("alice", payload)))
    assert hostile.code(world, envelope) == "signature.algorithm"


def test_without_the_extra_a_tag_cannot_be_told(
    world: FleetSimulator, gpg: Gpg, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = hostile.tag_payload(world, _V1, hostile.tag_text(world, TRIAGE, world.head()))
    signed = raw + gpg.sign("alice", raw)
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    with pytest.raises(IncompleteError) as caught:
        judge_tag(world.view(), _V1, object_id("tag", signed), signed)
    assert "agentgov[openpgp]" in caught.value.hint
