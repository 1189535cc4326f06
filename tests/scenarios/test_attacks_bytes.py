"""Random bytes in any object, signature, tag, pin or memory: never a yes to changed content, never a traceback (F1)."""

import os
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import hostile
import pytest
from simulator import FLEET, TRIAGE, FleetSimulator

from agentgov.errors import AgentgovError
from agentgov.journal.branch import Journal
from agentgov.journal.replay import Replayed, verify_journal
from agentgov.journal.tags import judge_tag
from agentgov.journal.view import View
from agentgov.model.names import ReleaseName
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import object_id
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
V1 = ReleaseName(TRIAGE, "1.0.0")


def flipped(dice: random.Random, raw: bytes) -> bytes:
    """The same bytes with one bit turned, one byte gone, or one byte more."""
    at = dice.randrange(len(raw))
    how = dice.randrange(4)
    if how < 2:
        return raw[:at] + bytes([raw[at] ^ (1 << dice.randrange(8))]) + raw[at + 1 :]
    return raw[:at] + raw[at + 1 :] if how == 2 else raw[:at] + bytes([dice.randrange(256)]) + raw[at:]


@pytest.fixture
def lived(local: FleetSimulator) -> FleetSimulator:
    """A journal with reviewed contents, a pause and a review."""
    commit = local.commit("alice", {PROMPT: "Sort by age.\n"})
    local.review("bob", commit)
    local.advance()
    local.append(hostile.pause(local, reason="because"), by="alice")
    local.commit("alice", {PROMPT: "Sort by name.\n"})
    local.review("bob")
    return local


def said(view: View) -> tuple[object, ...]:
    """What a view says to those who ask it."""
    return (view.state.head, view.state.pauses(), view.state.reviews(), view.state.pending, view.authorised)


def asked(world: FleetSimulator, tip: str) -> tuple[Replayed, tuple[object, ...]] | None:
    """What a fresh verifier finds and what its view then says; None where something cannot be told."""
    try:
        found = verify_journal(Repository.open(world.work), tip, load_pins(FLEET), world.clock())
        return (found, said(found.view) if found.view is not None else ())
    except AgentgovError:
        return None


@pytest.mark.attack("F1")
@pytest.mark.parametrize("seed", range(4))
def test_flips_in_the_commit_of_an_act(lived: FleetSimulator, seed: int) -> None:
    dice = random.Random(seed)
    tip = lived.view().tip
    raw = lived.repo.read(tip, "commit")
    for _ in range(50):
        bad = flipped(dice, raw)
        oid = as_commit(lived, bad)
        try:
            found = verify_journal(lived.repo, oid, load_pins(FLEET), lived.clock())
        except AgentgovError:
            continue
        assert found.offence is not None, bad


def as_commit(world: FleetSimulator, raw: bytes) -> str:
    """Any bytes as a loose commit, without the git program, which would look at them."""
    oid = object_id("commit", raw)
    write_loose(world, oid, b"commit", raw)
    return oid


def write_loose(world: FleetSimulator, oid: str, kind: bytes, raw: bytes) -> None:
    """Store bytes under an id, whether it is theirs or not."""
    file = world.work / ".git" / "objects" / oid[:2] / oid[2:]
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_bytes(zlib.compress(kind + b" %d\0" % len(raw) + raw))


def loose_objects(world: FleetSimulator) -> list[Path]:
    """Every loose object of the clone."""
    return sorted(path for path in (world.work / ".git" / "objects").glob("??/*") if len(path.parent.name) == 2)


@pytest.mark.attack("F1")
@pytest.mark.parametrize("seed", range(3))
def test_flips_in_what_is_stored(lived: FleetSimulator, seed: int) -> None:
    dice = random.Random(seed)
    tip = lived.view().tip
    honest = asked(lived, tip)
    assert honest is not None
    assert honest[0].offence is None
    for file in dice.sample(loose_objects(lived), 25):
        stored = file.read_bytes()
        content = zlib.decompress(stored)
        kind = content.split(b" ")[0]
        if dice.random() < 0.5:
            bad = flipped(dice, stored)
        else:
            body = flipped(dice, content.partition(b"\0")[2] or b"x")
            bad = zlib.compress(kind + b" %d\0" % len(body) + body)
        os.chmod(file, 0o644)
        file.write_bytes(bad)
        found = asked(lived, tip)
        file.write_bytes(stored)
        if found is not None and found[0].offence is None:
            assert found[1] == honest[1], file


def flips(seed: int, raw: bytes, count: int) -> Iterator[bytes]:
    """So many different bytes with one small thing changed."""
    dice = random.Random(seed)
    for _ in range(count):
        bad = flipped(dice, raw)
        if bad != raw:
            yield bad


@pytest.mark.attack("F1")
@pytest.mark.parametrize("seed", range(2))
def test_flips_in_a_tag(local: FleetSimulator, seed: int) -> None:
    raw, view = hostile.tag(local, V1), local.view()
    for bad in flips(seed, raw, 150):
        try:
            found = judge_tag(view, V1, object_id("tag", bad), bad)
        except AgentgovError:
            continue
        assert isinstance(found, Refusal), bad


@pytest.mark.attack("F1")
@pytest.mark.parametrize("file", ["config/pins", "state/last-seen", "state/verified"])
def test_flips_in_what_this_machine_keeps(lived: FleetSimulator, tmp_path: Path, file: str) -> None:
    path = tmp_path / file / FLEET
    tip, good = lived.view().tip, path.read_bytes()
    before = said(lived.view())
    for bad in flips(7, good, 60):
        path.write_bytes(bad)
        try:
            found = Journal(Repository.open(lived.work)).verify(tip, lived.clock())
        except AgentgovError:
            continue
        finally:
            path.write_bytes(good)
        assert found.offence is not None or (found.view is not None and said(found.view) == before)


@pytest.mark.attack("F1")
def test_flips_in_the_signatures_of_an_act(lived: FleetSimulator) -> None:
    tip = lived.view().tip
    entry = lived.repo.entry(lived.repo.commit(tip).tree, "act.sig")
    assert entry is not None
    for bad in flips(3, lived.repo.blob(entry.oid), 40):
        assert hostile.code(lived, hostile.with_files(lived, tip, {"act.sig": bad}, by="bob")).startswith("journal.")
