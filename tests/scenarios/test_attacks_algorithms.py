"""Attacks with kinds of keys: weak ones, and signatures that anybody can make from others (K9, K11; K8 for every kind).

Alice signs with ecdsa, bob with rsa, erin with a security key, as people do: through ssh-keygen, or a device.
"""

import subprocess
from pathlib import Path

import gitworld
import hostile
import pytest
from securitykey import SecurityKey
from simulator import TRIAGE, FleetSimulator, access_file

from agentgov.errors import RefusedError
from agentgov.journal.authors import author_sets
from agentgov.journal.tags import judge_tag
from agentgov.model.act import render
from agentgov.model.governed import ACCESS_FILE
from agentgov.model.names import ReleaseName
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import object_id, parse_commit, parse_tag
from agentgov.repo.signing import PersonSigner
from agentgov.trust.keys import parse_public_key, public_key_of_blob
from agentgov.trust.material import CURVES, FIELDS
from agentgov.trust.signers import StrictSigner
from agentgov.trust.sshsig import ACT, GIT, armour, dearmour, normalise, parse
from agentgov.trust.wire import take_mpint, take_string, wire_mpint, wire_string
from templates import copied, made

_KINDS = {"alice": "ecdsa", "bob": "rsa", "dave": "ecdsa"}


def _ssh(path: Path) -> PersonSigner:
    return PersonSigner(gitworld.public_key(path), "ssh-keygen", path)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> FleetSimulator:
    """The world that `world` copies; tests leave it alone."""
    keys = tmp_path_factory.mktemp("kinds")
    strict = {name: StrictSigner(_ssh(gitworld.make_key(keys, name, kind))) for name, kind in _KINDS.items()}

    def make(folder: Path) -> FleetSimulator:
        found = FleetSimulator(folder, remote=False)
        found.signers.update({**strict, "erin": StrictSigner(SecurityKey("ed25519-sk"))})
        lines = {name: signer.public_key for name, signer in found.signers.items()}
        found.commit("carol", {ACCESS_FILE: access_file(lines)})
        found.introduce("carol")
        return found

    return made(tmp_path_factory.mktemp("world"), make)


@pytest.fixture
def world(tmp_path: Path, kinds: FleetSimulator) -> FleetSimulator:
    return copied(kinds, tmp_path)


def twin(armoured: bytes) -> bytes:
    """The other signature of ecdsa that fits the same bytes: (r, n - s)."""
    blob = dearmour(armoured)
    found = parse(blob)
    r, rest = take_mpint(found.raw.value)
    s, _ = take_mpint(rest)
    other = wire_mpint(r) + wire_mpint(FIELDS[CURVES[found.public_key.kind]].order - s)
    old, new = (
        wire_string(wire_string(found.raw.algorithm.encode()) + wire_string(raw)) for raw in (found.raw.value, other)
    )
    assert blob.endswith(old)
    return armour(blob.removesuffix(old) + new)


@pytest.mark.parametrize("who", ["alice", "bob", "erin"])
def test_act_and_envelope_by_every_kind_of_key_are_accepted(world: FleetSimulator, who: str) -> None:
    view = world.append(hostile.pause(world, who), by=who)
    [pause] = view.state.pauses().values()
    assert pause.by == who
    assert hostile.code(world, view.tip) == "accept"


@pytest.mark.attack("K8")
@pytest.mark.parametrize("who", ["alice", "bob", "erin"])
def test_signature_of_one_purpose_is_none_of_the_other_for_every_kind(world: FleetSimulator, who: str) -> None:
    honest = hostile.prepare(world, hostile.pause(world, who), by=who)
    text, envelope = render(hostile.act_at(world, honest)), parse_commit(world.repo.read(honest, "commit")).signature
    assert envelope is not None
    for borrowed in (envelope, world.signers[who].sign(GIT, text)):
        forged = hostile.with_text(world, honest, text, signatures=borrowed, by=who)
        assert hostile.code(world, forged) == "signature.namespace"
    forged = hostile.sealed(world, hostile.payload_of(world, honest), who, namespace=ACT)
    assert hostile.code(world, forged) == "signature.namespace"


@pytest.mark.attack("K11")
def test_twin_of_an_act_is_refused(world: FleetSimulator) -> None:
    honest = hostile.honest(world)
    text = render(hostile.act_at(world, honest))
    forged = hostile.with_text(world, honest, text, signatures=twin(world.signers["alice"].sign(ACT, text)))
    assert hostile.code(world, forged) == "signature.high-s"


@pytest.mark.attack("K11")
def test_twin_of_an_envelope_is_refused_and_git_takes_it(world: FleetSimulator) -> None:
    honest = hostile.honest(world)
    payload = hostile.payload_of(world, honest)
    forged = hostile.store(
        world, "commit", hostile.with_header(payload, twin(world.signers["alice"].sign(GIT, payload)))
    )
    assert forged != honest, "git knows the same commit under two ids"
    allowed = world.folder / "allowed"
    allowed.write_text(f"alice@sim.example {world.signers['alice'].public_key}\n")
    config = ["-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}"]
    done = subprocess.run(["git", "-C", world.work, *config, "verify-commit", forged], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert hostile.code(world, forged) == "signature.high-s"


@pytest.mark.attack("K11")
def test_twin_of_a_tag_is_refused(world: FleetSimulator) -> None:
    name = ReleaseName(TRIAGE, "1.0.0")
    raw = hostile.tag(world, name)
    found = parse_tag(raw)
    assert found.signature is not None
    other = found.payload + twin(found.signature)
    verdicts = [judge_tag(world.view(), name, object_id("tag", one), one) for one in (raw, other)]
    assert not isinstance(verdicts[0], Refusal)
    assert isinstance(verdicts[1], Refusal)
    assert "high form" in verdicts[1].message


@pytest.mark.attack("K11")
def test_twin_of_a_commit_of_main_is_not_signed(world: FleetSimulator) -> None:
    start = world.head()
    path = f"{TRIAGE.folder}/prompts/system.md"
    payload = hostile.payload_of(world, world.commit("alice", {path: "Sort tickets by age.\n"}))
    signed, unsigned = world.signers["alice"].sign(GIT, payload), []
    for signature in (signed, twin(signed)):
        oid = hostile.store(world, "commit", hostile.with_header(payload, signature))
        sets = author_sets(world.repo, world.view().directory, oid, {path: start}, mode="signed")
        unsigned.append(sets[path].unsigned)
    assert unsigned[0] == ""
    assert "high form" in unsigned[1]


@pytest.mark.attack("K9")
@pytest.mark.parametrize(
    ("kind", "bits", "message"),
    [("rsa", "1024", "1024 bits"), ("rsa", "2047", "2047 bits"), ("dsa", "1024", "ssh-dss is not accepted")],
)
def test_weak_key_signs_nothing_and_cannot_be_brought_into_access(
    world: FleetSimulator, tmp_path: Path, kind: str, bits: str, message: str
) -> None:
    path = tmp_path / "weak"
    made = subprocess.run(["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", path], capture_output=True)
    if made.returncode:
        pytest.skip(f"this ssh-keygen makes no {kind} keys")
    weak = _ssh(path)
    honest = hostile.honest(world)
    text = render(hostile.act_at(world, honest))
    forged = hostile.with_text(world, honest, text, signatures=weak.sign(ACT, text))
    assert hostile.code(world, forged) in ("signature.weak-key", "signature.algorithm")
    keys = {name: signer.public_key for name, signer in world.signers.items()}
    commit = world.commit("carol", {ACCESS_FILE: access_file({**keys, "erin": weak.public_key})})
    for who in ("carol", "dave"):
        world.review(who, commit)
    view = world.advance()
    assert list(view.state.pending) == [ACCESS_FILE]
    assert view.directory.by_key(weak.public_key) is None
    with pytest.raises(ValueError, match=message):
        parse_public_key(weak.public_key)


@pytest.mark.attack("K9")
def test_rsa_signature_under_the_name_of_sha1_is_refused(world: FleetSimulator) -> None:
    honest = hostile.prepare(world, hostile.pause(world, "bob"), by="bob")
    text = render(hostile.act_at(world, honest))
    signature = world.signers["bob"].sign(ACT, text)
    found = parse(dearmour(signature))
    old, new = (wire_string(wire_string(name) + wire_string(found.raw.value)) for name in (b"rsa-sha2-512", b"ssh-rsa"))
    assert old in dearmour(signature)
    renamed = armour(dearmour(signature).replace(old, new))
    forged = hostile.with_text(world, honest, text, signatures=renamed, by="bob")
    assert hostile.code(world, forged) == "signature.algorithm"


def test_security_key_that_nobody_touched_signs_nothing(world: FleetSimulator) -> None:
    device = SecurityKey("ecdsa-sk")
    honest = hostile.honest(world)
    text = render(hostile.act_at(world, honest))
    untouched = device.sign(ACT, text, flags=0x04)
    code = hostile.code(world, hostile.with_text(world, honest, text, signatures=normalise(untouched)))
    assert code == "signature.no-presence"


def test_one_private_key_in_two_forms_is_refused(world: FleetSimulator) -> None:
    """Whoever holds alice's key would otherwise sign as erin, too (K10)."""
    alice = parse(dearmour(world.signers["alice"].sign(ACT, b"x"))).public_key
    blob = wire_string(b"sk-ecdsa-sha2-nistp256@openssh.com") + take_string(alice.blob)[1] + wire_string(b"ssh:")
    keys = {name: signer.public_key for name, signer in world.signers.items()}
    commit = world.commit("carol", {ACCESS_FILE: access_file({**keys, "erin": public_key_of_blob(blob).line})})
    world.review("carol", commit)
    world.review("dave", commit)
    view = world.advance()
    assert list(view.state.pending) == [ACCESS_FILE]


@pytest.mark.attack("K2")
def test_stranger_with_a_good_key_of_another_kind_stays_a_stranger(world: FleetSimulator, tmp_path: Path) -> None:
    world.signers["mallory"] = StrictSigner(_ssh(gitworld.make_key(tmp_path, "mallory", "ecdsa")))
    with pytest.raises(RefusedError, match="nobody's in Access"):
        world.append(hostile.pause(world), by="mallory")
