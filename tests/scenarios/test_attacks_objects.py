"""Attacks with objects that git accepts and readers understand differently, and with what surrounds them: headers,
armour, trees, loose files, replace refs, grafts, shallow clones (G1-G9, H1-H3, M6)."""

import base64
import os
import re
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import gitworld
import hostile
import pytest
from simulator import FLEET, FleetSimulator

from agentgov.errors import AgentgovError, IncompleteError
from agentgov.journal.replay import verify_journal
from agentgov.journal.view import view_at
from agentgov.model.act import render
from agentgov.repo.objects import object_id
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins
from agentgov.trust.sshsig import ACT, GIT, armour, dearmour

BEGIN, END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"


def spliced(raw: bytes, name: bytes, more: bytes) -> bytes:
    """A commit with more headers behind its signature (`gpgsig`), or before the header of that name."""
    place = raw.index(b"\n\n") + 1 if name == b"gpgsig" else raw.index(b"\n" + name) + 1
    return raw[:place] + more + raw[place:]


def header_of(raw: bytes, name: bytes) -> bytes:
    """The whole header of that name, continuation lines included."""
    found = re.search(rb"^" + name + rb" [^\n]*\n(?: [^\n]*\n)*", raw, re.MULTILINE)
    assert found is not None
    return found[0]


# What is done to the raw bytes of an honest, signed commit.
AFTER_SIGNING: dict[str, Callable[[bytes], bytes]] = {
    "G1 second gpgsig": lambda raw: spliced(raw, b"gpgsig", header_of(raw, b"gpgsig")),
    "G1 gpgsig-sha256 beside it": lambda raw: spliced(
        raw, b"gpgsig", header_of(raw, b"gpgsig").replace(b"gpgsig", b"gpgsig-sha256", 1)
    ),
    "G2 text after the signature": lambda raw: raw.replace(END + b"\n", END + b"\n see: approved by carol\n", 1),
    "G2 text before the signature": lambda raw: raw.replace(BEGIN, b"approved by carol\n " + BEGIN, 1),
    "G3 second block": lambda raw: spliced(raw, b"gpgsig", header_of(raw, b"gpgsig").replace(b"gpgsig", b"", 1)),
    "G4 header after the signature": lambda raw: spliced(raw, b"gpgsig", b"x-approved carol\n"),
    "G7 blank line in the armour": lambda raw: raw.replace(BEGIN + b"\n", BEGIN + b"\n \n", 1),
    "G7 other wrapping": lambda raw: raw.replace(BEGIN + b"\n ", BEGIN + b"\n U1N\n ", 1),
    "PGP block": lambda raw: raw.replace(b"SSH SIGNATURE", b"PGP SIGNATURE"),
    "CRLF": lambda raw: raw.replace(b"\n\nAgentgov", b"\r\n\r\nAgentgov"),
}

# What is done to the payload before it is signed, so that the signature covers it.
BEFORE_SIGNING: dict[str, Callable[[bytes], bytes]] = {
    "G4 unknown header": lambda raw: spliced(raw, b"gpgsig", b"x-approved carol\n"),
    "G4 mergetag": lambda raw: spliced(raw, b"gpgsig", b"mergetag object 0\n tag x\n"),
    "G5 second tree": lambda raw: spliced(raw, b"parent", header_of(raw, b"tree")),
    "G5 second author": lambda raw: spliced(raw, b"committer", header_of(raw, b"author")),
    "G5 second committer": lambda raw: spliced(raw, b"gpgsig", header_of(raw, b"committer")),
    "G6 NUL in the message": lambda raw: raw + b"\0hidden\n",
    "G6 NUL in a header": lambda raw: raw.replace(b" <alice", b"\0 <alice", 1),
    "encoding": lambda raw: spliced(raw, b"gpgsig", b"encoding UTF-7\n"),
    "parent behind the author": lambda raw: spliced(
        raw.replace(header_of(raw, b"parent"), b"", 1), b"committer", header_of(raw, b"parent")
    ),
    "author without a date": lambda raw: re.sub(rb"(author [^\n]*>) [^\n]*", rb"\1", raw, count=1),
    "upper case id": lambda raw: raw.replace(
        header_of(raw, b"tree"), header_of(raw, b"tree").upper().replace(b"TREE", b"tree")
    ),
}


@pytest.mark.attack("G1", "G2", "G3", "G4", "G7")
@pytest.mark.parametrize("how", AFTER_SIGNING)
def test_commit_changed_after_signing(local: FleetSimulator, how: str) -> None:
    forged = hostile.edited(local, hostile.honest(local), AFTER_SIGNING[how])
    assert hostile.code(local, forged).startswith(("journal.object", "signature", "journal.text"))


@pytest.mark.attack("G4", "G5", "G6")
@pytest.mark.parametrize("how", BEFORE_SIGNING)
def test_commit_that_readers_understand_differently(local: FleetSimulator, how: str) -> None:
    forged = hostile.resealed(local, hostile.honest(local), BEFORE_SIGNING[how])
    assert hostile.code(local, forged) in ("journal.object", "journal.text")


def other_spellings(good: bytes) -> dict[str, bytes]:
    """The same signature as other readers would accept it."""
    blob = dearmour(good)
    encoded = base64.b64encode(blob).decode()
    loose = encoded[:-3] + chr(ord(encoded[-3]) + 1) + encoded[-2:] if encoded.endswith("==") else encoded + "="
    at = blob.index(b"\0\0\0\0", 20)  # the reserved field
    return {
        "base64 padding bits": BEGIN + b"\n" + loose.encode() + b"\n" + END + b"\n",
        "blank line": good.replace(BEGIN + b"\n", BEGIN + b"\n\n"),
        "two blocks": good + b"\n" + good,
        "words between blocks": good + b"and\n" + good,
        "trailing bytes": armour(blob + b"\0"),
        "reserved field": armour(blob[:at] + b"\0\0\0\1x" + blob[at + 4 :]),
        "version 2": armour(blob[:9] + b"\2" + blob[10:]),
        "no final newline": good[:-1],
        "leading space": b" " + good,
    }


@pytest.mark.attack("G7")
@pytest.mark.parametrize("how", list(other_spellings(armour(b"SSHSIG" + b"\0" * 60))))
def test_signature_has_one_spelling(local: FleetSimulator, how: str) -> None:
    honest = hostile.honest(local)
    text = render(hostile.act_at(local, honest))
    bad = other_spellings(local.signers["alice"].sign(ACT, text))[how]
    assert hostile.code(local, hostile.with_text(local, honest, text, signatures=bad)).startswith(
        ("journal.unsigned", "signature")
    )
    payload = hostile.payload_of(local, honest)
    envelope = other_spellings(local.signers["alice"].sign(GIT, payload))[how]
    if how != "no final newline":  # git itself strips that one
        sealed = hostile.store(local, "commit", hostile.with_header(payload, envelope))
        assert hostile.code(local, sealed).startswith(("journal.object", "signature", "journal.envelope"))


def loose_file(world: FleetSimulator, oid: str) -> Path:
    """Where an object lies on its own, once all do."""
    gitworld.unpack(world.work / ".git")
    return world.work / ".git" / "objects" / oid[:2] / oid[2:]


@pytest.mark.attack("G8")
@pytest.mark.parametrize("what", ["tip", "tree", "signature", "record", "authorised"])
def test_loose_file_with_another_objects_content(local: FleetSimulator, what: str) -> None:
    tip = local.append(hostile.pause(local), by="alice").tip
    tree = local.repo.commit(tip).tree
    paths = {"signature": "act.sig", "record": "fleet.yaml", "authorised": "authorised/governance"}
    oid = {"tip": tip, "tree": tree}.get(what)
    if oid is None:
        entry = local.repo.entry(tree, paths[what])
        assert entry is not None
        oid = entry.oid
    raw = local.repo.read(oid, "commit" if what == "tip" else "tree" if what in ("tree", "authorised") else "blob")
    other = raw.replace(b"alice", b"bobby").replace(b"100644 ", b"100755 ", 1).replace(b"fleet", b"fleat") + b"x"
    header = {"tip": b"commit", "tree": b"tree", "authorised": b"tree"}.get(what, b"blob")
    file = loose_file(local, oid)
    os.chmod(file, 0o644)
    file.write_bytes(zlib.compress(header + b" %d\0" % len(other) + other))
    fresh = Repository.open(local.work)
    try:
        found = verify_journal(fresh, tip, load_pins(FLEET), local.clock())
    except AgentgovError:
        return  # a damaged object is never a yes
    if what == "record":  # what a record says follows from the acts; the file is not even read
        assert found.view is not None
        assert found.view.state.head == hostile.state(local, tip).head
        with pytest.raises(AgentgovError):
            _ = view_at(fresh, tip).state.head
        return
    assert found.offence is not None


@pytest.mark.attack("H1")
def test_replace_refs_have_no_effect(local: FleetSimulator) -> None:
    tip = local.append(hostile.pause(local), by="alice").tip
    forged = hostile.resealed(local, tip, lambda raw: raw.replace(b"support/triage", b"finance/payroll"))
    tree = local.repo.commit(tip).tree
    empty = gitworld.git(local.work, "mktree").decode()
    for old, new in ((tip, forged), (tree, empty), (hostile.authorised_at(local, tip), empty)):
        gitworld.git(local.work, "update-ref", f"refs/replace/{old}", new)
    found = verify_journal(Repository.open(local.work), tip, load_pins(FLEET), local.clock())
    assert found.offence is None
    assert found.view is not None
    assert [pause.selector for pause in found.view.state.pauses().values()] == ["support/triage"]


@pytest.mark.attack("H1")
def test_replace_refs_do_not_repair_a_forgery(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    forged = hostile.edited(local, honest, lambda raw: raw.replace(b"pause by alice", b"pause by carol"))
    gitworld.git(local.work, "update-ref", f"refs/replace/{forged}", honest)
    assert hostile.code(local, forged) == "signature.invalid"


@pytest.mark.attack("H2")
def test_grafts_commit_graph_and_alternates_have_no_effect(local: FleetSimulator, tmp_path: Path) -> None:
    root = local.view().tip
    tip = local.append(hostile.pause(local), by="alice").tip
    last = local.append(hostile.write(local, "alice", "resume", [("Selector", "support/triage")]), by="alice").tip
    gitworld.git(local.work, "commit-graph", "write", "--reachable")
    info = local.work / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{last} {root}\n{tip}\n")
    graph = local.work / ".git" / "objects" / "info" / "commit-graph"
    os.chmod(graph, 0o644)
    raw = bytearray(graph.read_bytes())
    raw[len(raw) // 2 :] = bytes(len(raw) - len(raw) // 2)
    graph.write_bytes(bytes(raw))
    other = gitworld.make_repository(tmp_path / "other", bare=True)
    (local.work / ".git" / "objects" / "info" / "alternates").write_text(f"{other}/objects\n")
    found = verify_journal(Repository.open(local.work), last, load_pins(FLEET), local.clock())
    assert (found.offence, found.acts) == (None, 3)


@pytest.mark.attack("H3")
def test_shallow_clone_is_incomplete_and_says_how_to_mend_it(world: FleetSimulator, tmp_path: Path) -> None:
    world.append(hostile.pause(world), by="alice")
    clone = tmp_path / "shallow"
    gitworld.git(
        tmp_path, "clone", "-q", "--depth=1", "--branch", "agentgov/journal", f"file://{world.remote}", str(clone)
    )
    repo = Repository.open(clone)
    with pytest.raises(IncompleteError) as caught:
        verify_journal(repo, repo.head() or "", load_pins(FLEET), world.clock())
    assert "git fetch --unshallow" in caught.value.hint


def test_clone_without_main_is_incomplete(world: FleetSimulator, tmp_path: Path) -> None:
    clone = tmp_path / "journal-only"
    gitworld.git(
        tmp_path, "clone", "-q", "--single-branch", "--branch", "agentgov/journal", f"file://{world.remote}", str(clone)
    )
    repo = Repository.open(clone)
    with pytest.raises(IncompleteError) as caught:
        verify_journal(repo, repo.head() or "", load_pins(FLEET), world.clock())
    assert "fetch" in caught.value.hint


def test_verification_writes_nothing(local: FleetSimulator) -> None:
    tip = local.append(hostile.pause(local), by="alice").tip
    commit = local.commit("alice", {"agents/support/triage/prompts/system.md": "Sort.\n"})
    local.review("bob", commit)
    tip = local.advance().tip
    objects = local.work / ".git" / "objects"
    before = sorted(objects.rglob("*"))
    assert hostile.code(local, tip) == "accept"
    assert sorted(objects.rglob("*")) == before


def hostile_trees(world: FleetSimulator, tree: str) -> dict[str, bytes]:
    """Trees that git and libgit2 read differently, or that no checkout survives, made of an honest one."""
    raw = world.repo.read(tree, "tree")
    blob = bytes.fromhex(world.repo.write_blob(b"evil\n"))
    folder = bytes.fromhex(tree)
    cut = raw.index(b"100644 fleet.yaml\0")
    end = cut + len(b"100644 fleet.yaml\0") + 20
    return {
        "repeated entry": raw[:end] + b"100644 fleet.yaml\0" + blob + raw[end:],
        "repeated as a folder": raw[:end] + b"40000 fleet.yaml\0" + folder + raw[end:],
        "unsorted": raw[cut:end] + raw[:cut] + raw[end:],
        "dot dot": b"40000 ..\0" + folder + raw,
        "dot git": b"40000 .GIT\0" + folder + raw,
        "slash": raw + b"100644 zz/zz\0" + blob,
        "odd mode": raw.replace(b"100644 fleet.yaml", b"100666 fleet.yaml"),
        "group mode": raw.replace(b"100644 fleet.yaml", b"100664 fleet.yaml"),
        "executable": raw.replace(b"100644 fleet.yaml", b"100755 fleet.yaml"),
        "symlink": raw.replace(b"100644 act.sig", b"120000 act.sig"),
        "submodule": raw.replace(b"40000 authorised", b"160000 authorised"),
        "file beside": raw + b"100644 zz\0" + blob,
        "empty folder beside": raw + b"40000 zz\0" + bytes.fromhex("4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    }


@pytest.mark.attack("M6")
@pytest.mark.parametrize(
    "how",
    [
        *("repeated entry", "repeated as a folder", "unsorted", "dot dot", "dot git", "slash", "odd mode"),
        *("group mode", "executable", "symlink", "submodule", "file beside", "empty folder beside"),
    ],
)
def test_tree_of_an_act_is_exactly_what_it_writes(local: FleetSimulator, how: str) -> None:
    gitworld.git(local.work, "mktree")  # the empty tree
    honest = hostile.honest(local)
    raw = hostile_trees(local, local.repo.commit(honest).tree)[how]
    forged = hostile.with_tree(local, honest, hostile.store(local, "tree", raw))
    assert hostile.code(local, forged).startswith("journal.")


@pytest.mark.attack("G9")
def test_repository_with_sha256_names_is_incomplete_with_a_clear_word(tmp_path: Path) -> None:
    gitworld.git(tmp_path, "init", "-q", "--object-format=sha256", "new")
    with pytest.raises(IncompleteError, match="SHA-256"):
        Repository.open(tmp_path / "new")


def test_object_ids_are_checked_by_hash(local: FleetSimulator) -> None:
    tip = local.view().tip
    assert object_id("commit", local.repo.read(tip, "commit")) == tip


@pytest.mark.attack("H4")
def test_hooks_and_configuration_of_the_repository_run_nothing(world: FleetSimulator, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-checkout", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (hooks / name).chmod(0o755)
    shutil.copytree(hooks, world.work / ".git" / "hooks", dirs_exist_ok=True)
    program = hooks / "pre-push"
    for key, value in {
        "core.hooksPath": str(hooks),
        "core.fsmonitor": str(program),
        "core.sshCommand": str(program),
        "gpg.ssh.program": str(program),
        "credential.helper": f"!{program}",
        "remote.origin.uploadpack": str(program),
        "remote.origin.receivepack": str(program),
    }.items():
        gitworld.git(world.work, "config", key, value)
    world.append(hostile.pause(world), by="alice")
    assert world.verify().offence is None
    assert not marker.exists()
