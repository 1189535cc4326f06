"""Random bytes in any object, signature, tag, pin or memory: never a yes to changed content, never a traceback (F1)."""

import os
import random
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gitworld
import hostile
import pytest
from simulator import FLEET, TRIAGE, FleetSimulator

from agentgov.errors import AgentgovError
from agentgov.journal.branch import Journal
from agentgov.journal.replay import verify_journal
from agentgov.journal.replayed import Replayed
from agentgov.journal.tags import judge_tag
from agentgov.journal.view import View
from agentgov.model.names import ReleaseName
from agentgov.model.transitions import Refusal
from agentgov.release.orders import order_hold
from agentgov.repo.objects import object_id
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
V1 = ReleaseName(TRIAGE, "1.0.0")
Flip = Callable[[FleetSimulator, int, int], None]


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
    local.order("bob", order_hold, TRIAGE, lift=False, reason="wait")
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


def flips(seed: int, raw: bytes, count: int) -> Iterator[bytes]:
    """So many different bytes with one small thing changed."""
    dice = random.Random(seed)
    for _ in range(count):
        bad = flipped(dice, raw)
        if bad != raw:
            yield bad


def flip_commit(world: FleetSimulator, seed: int, count: int) -> None:
    """The commit of the last act: never accepted."""
    tip = world.view().tip
    before = verify_journal(world.repo, world.repo.commit(tip).parents[0], load_pins(FLEET), world.clock()).view
    for bad in flips(seed, world.repo.read(tip, "commit"), count):
        oid = as_commit(world, bad)
        try:
            found = verify_journal(world.repo, oid, load_pins(FLEET), world.clock(), trusted=before)
        except AgentgovError:
            continue
        assert found.offence is not None, bad


def flip_stored(world: FleetSimulator, seed: int, count: int) -> None:
    """Loose objects, as they lie on disk or under the id of other bytes: never another answer."""
    dice = random.Random(seed)
    tip, files = world.view().tip, loose_objects(world)
    honest = asked(world, tip)
    assert honest is not None
    assert honest[0].offence is None
    for _ in range(count):
        file = dice.choice(files)
        stored = file.read_bytes()
        content = zlib.decompress(stored)
        kind = content.split(b" ")[0]
        if dice.random() < 0.5:
            bad = flipped(dice, stored)
        else:
            body = flipped(dice, content.partition(b"\0")[2] or b"x")
            bad = zlib.compress(kind + b" %d\0" % len(body) + body)
        with damaged(file, bad):
            same_or_nothing(world, tip, honest[1], file)


def flip_packed(world: FleetSimulator, seed: int, count: int) -> None:
    """The pack of everything, and its index: never another answer."""
    gitworld.git(world.work, "repack", "-adq")
    gitworld.git(world.work, "prune-packed", "-q")
    dice, tip = random.Random(seed), world.view().tip
    honest = asked(world, tip)
    assert honest is not None
    files = sorted((world.work / ".git/objects/pack").glob("*.*"))
    for _ in range(count):
        file = dice.choice([one for one in files if one.suffix in (".pack", ".idx")])
        with damaged(file, flipped(dice, file.read_bytes())):
            same_or_nothing(world, tip, honest[1], file)


@contextmanager
def damaged(file: Path, bad: bytes) -> Iterator[None]:
    """A file with other bytes, for a moment."""
    good = file.read_bytes()
    os.chmod(file, 0o644)
    file.write_bytes(bad)
    try:
        yield
    finally:
        file.write_bytes(good)


def same_or_nothing(world: FleetSimulator, tip: str, honest: tuple[object, ...], what: object) -> None:
    """A verifier that accepts says what it said before."""
    found = asked(world, tip)
    if found is not None and found[0].offence is None:
        assert found[1] == honest, what


def flip_tag(world: FleetSimulator, seed: int, count: int) -> None:
    """The object of a release tag: never a release."""
    raw, view = hostile.tag(world, V1), world.view()
    for bad in flips(seed, raw, count):
        try:
            found = judge_tag(view, V1, object_id("tag", bad), bad)
        except AgentgovError:
            continue
        assert isinstance(found, Refusal), bad


def flip_kept(world: FleetSimulator, path: Path, seed: int, count: int) -> None:
    """What this machine keeps: ignored, or an error; never another answer."""
    tip, good = world.view().tip, path.read_bytes()
    before = said(world.view())
    for bad in flips(seed, good, count):
        with damaged(path, bad):
            try:
                found = Journal(Repository.open(world.work)).verify(tip, world.clock())
            except AgentgovError:
                continue
        assert found.offence is not None or (found.view is not None and said(found.view) == before)


def flip_signatures(world: FleetSimulator, seed: int, count: int) -> None:
    """The signatures beside an act, in a commit that is signed well: never accepted."""
    tip = world.view().tip
    before = verify_journal(world.repo, world.repo.commit(tip).parents[0], load_pins(FLEET), world.clock()).view
    entry = world.repo.entry(world.repo.commit(tip).tree, "act.sig")
    assert entry is not None
    for bad in flips(seed, world.repo.blob(entry.oid), count):
        forged = hostile.with_files(world, tip, {"act.sig": bad}, by="bob")
        found = verify_journal(world.repo, forged, load_pins(FLEET), world.clock(), trusted=before)
        assert found.offence is not None, bad
        assert found.offence.commit == forged


@pytest.mark.attack("F1")
@pytest.mark.parametrize("seed", range(4))
def test_flips_in_the_commit_of_an_act(lived: FleetSimulator, seed: int) -> None:
    flip_commit(lived, seed, 50)


@pytest.mark.attack("F1")
@pytest.mark.parametrize("seed", range(3))
def test_flips_in_what_is_stored(lived: FleetSimulator, seed: int) -> None:
    flip_stored(lived, seed, 25)


@pytest.mark.attack("F1")
def test_flips_in_a_pack(lived: FleetSimulator) -> None:
    flip_packed(lived, 1, 20)


@pytest.mark.attack("F1")
@pytest.mark.parametrize("seed", range(2))
def test_flips_in_a_tag(local: FleetSimulator, seed: int) -> None:
    flip_tag(local, seed, 150)


KEPT = ("config/pins", "state/last-seen", "state/verified")


@pytest.mark.attack("F1")
@pytest.mark.parametrize("file", KEPT)
def test_flips_in_what_this_machine_keeps(lived: FleetSimulator, tmp_path: Path, file: str) -> None:
    flip_kept(lived, tmp_path / file / FLEET, 7, 60)


@pytest.mark.attack("F1")
def test_flips_in_the_signatures_of_an_act(lived: FleetSimulator) -> None:
    flip_signatures(lived, 3, 40)


# Ten thousand in all, in shares that several processes can take.
@pytest.mark.slow
@pytest.mark.attack("F1")
@pytest.mark.parametrize("seed", range(10, 14))
@pytest.mark.parametrize("flip", [flip_commit, flip_stored, flip_tag, flip_signatures])
def test_two_thousand_flips_of_each_kind(lived: FleetSimulator, flip: Flip, seed: int) -> None:
    flip(lived, seed, 500)


@pytest.mark.slow
@pytest.mark.attack("F1")
@pytest.mark.parametrize("seed", range(20, 22))
def test_a_thousand_flips_in_packs(lived: FleetSimulator, seed: int) -> None:
    flip_packed(lived, seed, 500)


@pytest.mark.slow
@pytest.mark.attack("F1")
@pytest.mark.parametrize("file", KEPT)
def test_a_thousand_flips_in_what_this_machine_keeps(lived: FleetSimulator, tmp_path: Path, file: str) -> None:
    flip_kept(lived, tmp_path / file / FLEET, 30, 334)
