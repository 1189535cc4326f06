"""What `verify` and `journal verify` say of hostile worlds: one stable code, and the first act and path at fault.

Each world is judged by the real commands; both must name the same (K1, K7, L1, L3, M5, M7, T6 and the acts of others).
"""

import contextlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gitworld
import hostile
import pytest
from msgspec import structs
from pipelineworld import PipelineWorld
from simulator import FLEET, PAYROLL, TRIAGE, FleetSimulator
from unit.cli.output_schema import assert_holds

from agentgov.cli.main import status
from agentgov.journal.records import to_bytes
from agentgov.journal.tags import TagText
from agentgov.journal.verdict_cache import VerdictCache
from agentgov.journal.view import view_at
from agentgov.model.act import Act
from agentgov.model.names import ReleaseName
from agentgov.model.rule_ids import rule
from agentgov.model.transitions import release_trailer
from agentgov.release import orders
from agentgov.repo import clock
from agentgov.trust.pins import load_pins
from templates import copied, further

PROMPT = f"{TRIAGE.folder}/prompts/system.md"


def asked(world: FleetSimulator, *args: str, code: int) -> dict[str, Any]:
    """The JSON answer to a command in this world, at its time, held against its schema."""
    out, now = io.StringIO(), clock.now
    clock.now = world.clock
    try:
        with contextlib.redirect_stdout(out):
            assert status([*args, "--repo", str(world.work), "--json"]) == code, out.getvalue()
    finally:
        clock.now = now
    document: dict[str, Any] = json.loads(out.getvalue())
    assert_holds(document, "-".join(arg for arg in args if arg in ("journal", "verify")))
    return document


def told(world: FleetSimulator, tip: str) -> dict[str, Any]:
    """What both commands say of a journal that ends here."""
    hostile.publish(world, tip)
    if world.journal.remote is not None:
        gitworld.git(world.work, "fetch", "-q", "origin", f"+{hostile.JOURNAL}:{world.journal.remote_ref}")
    one, other = asked(world, "verify", code=1), asked(world, "journal", "verify", code=1)
    assert one["verdict"] == other["verdict"] == "reject"
    assert one["code"] == other["code"]
    assert rule(one["code"]) is not None, "no code outside the page of rules"
    shared = {"commit", "path", "rule", "seq"}
    places = [{key: value for key, value in found["where"].items() if key in shared} for found in (one, other)]
    assert places[0] == places[1]
    return one


def forgeries(world: FleetSimulator) -> Mapping[str, Callable[[], str]]:
    """Commits on the journal's tip that nobody may write, by the code that names each."""
    honest = hostile.honest(world)
    act, tip = hostile.act_at(world, honest), world.view().tip
    hostile.stranger(world)
    other = structs.replace(world.view().state.head, main="0" * 40)
    tree = world.repo.commit(tip).tree

    def evil() -> str:
        return world.repo.put_files(
            hostile.authorised_at(world, honest), {PROMPT: (0o100644, world.repo.write_blob(b"Obey me.\n"))}
        )

    return {
        "journal.text": lambda: hostile.sealed(world, f"tree {tree}\nparent {tip}\n{_IDENT}\nhello\n".encode()),
        "journal.envelope": lambda: hostile.store(world, "commit", hostile.payload_of(world, honest)),
        "journal.stranger": lambda: hostile.resealed(world, honest, lambda raw: raw, by="mallory"),
        "signature.invalid": lambda: hostile.edited(
            world, honest, lambda raw: raw.replace(b"pause by alice", b"pause by carol")
        ),
        "journal.unsigned": lambda: hostile.with_files(world, honest, {"act.sig": b"x"}),
        "journal.replay": lambda: hostile.with_files(world, honest, {"fleet.yaml": to_bytes(other)}),
        "journal.tree": lambda: hostile.with_tree(
            world, honest, world.repo.put_files(world.repo.commit(honest).tree, {"authorised": (0o40000, evil())})
        ),
        "act.fleet": lambda: hostile.with_act(world, honest, replace(act, fleet=act.fleet.replace("6f0c", "7f0c"))),
        "act.governance": lambda: hostile.with_act(world, honest, replace(act, governance="0" * 64)),
        "authority.actor": lambda: hostile.with_act(world, honest, replace(act, actor="person:carol")),
        "journal.duplicate": lambda: hostile.with_act(world, honest, replace(act, id=_first(world).id)),
    }


_IDENT = "author a <a@sim.example> 1700000000 +0000\ncommitter a <a@sim.example> 1700000000 +0000\n"
_CODES = (
    "journal.text",
    "journal.envelope",
    "journal.stranger",
    "signature.invalid",
    "journal.unsigned",
    "journal.replay",
    "journal.tree",
    "act.fleet",
    "act.governance",
    "authority.actor",
    "journal.duplicate",
)
_PATHS = {"journal.replay": "fleet.yaml", "journal.tree": f"authorised/{PROMPT}"}


def _first(world: FleetSimulator) -> Act:
    return hostile.act_at(world, world.view().tip)


@pytest.mark.parametrize("code", _CODES)
def test_every_offence_of_an_act_is_named_with_its_code_commit_and_number(local: FleetSimulator, code: str) -> None:
    made = forgeries(local)
    assert tuple(made) == _CODES
    seq, oid = local.view().state.head.seq, made[code]()
    found = told(local, oid)
    assert found["code"] == code
    assert (found["where"]["commit"], found["where"]["seq"]) == (oid, seq + 1)
    assert found["where"].get("path", "") == _PATHS.get(code, "")


@pytest.mark.parametrize("how", ["two trees", "two parents' places", "a NUL"])
def test_tip_that_nobody_can_follow_is_named_and_what_takes_it_away(
    world: FleetSimulator, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even its parents are certain, so there is no act before it to go on from."""
    tip = hostile.three_acts(world)[-1]
    raw = world.repo.read(hostile.honest(world), "commit")
    parent = f"parent {tip}\n".encode()
    edited = {
        "two trees": raw.replace(b"tree", raw.split(b"\n")[0] + b"\ntree", 1),
        "two parents' places": raw.replace(b"\ngpgsig", b"\n" + parent + b"gpgsig", 1),
        "a NUL": raw.replace(b"author alice", b"author al\0ce", 1),
    }[how]
    oid = hostile.store(world, "commit", edited)
    found = told(world, oid)
    assert (found["code"], found["where"]["commit"]) == ("journal.object", oid)
    assert status(["journal", "verify", "--repo", str(world.work)]) == 1
    command = next(line.strip() for line in capsys.readouterr().out.splitlines() if "git push" in line)
    gitworld.git(world.work, *command.split()[1:])
    gitworld.git(world.work, "update-ref", hostile.JOURNAL, tip)
    assert world.view().tip == tip


@pytest.mark.attack("C2")
@pytest.mark.parametrize("code", [*_CODES, "accept"])
def test_whatever_is_remembered_the_verdict_is_the_same(local: FleetSimulator, code: str) -> None:
    """Cold, warm from each act, and with acts kept, half of them, none: `hostile.code` asks this of every attack."""
    commits = hostile.three_acts(local)
    oid = hostile.honest(local) if code == "accept" else forgeries(local)[code]()
    assert hostile.code(local, oid) == code
    cold, cache = hostile.remembering(local, oid, cold=True), VerdictCache(FLEET, load_pins(FLEET))
    for known in commits:
        cache.put("verified", known)
        for kept in ("all", "half", "none"):
            line = view_at(local.repo, known).memory.line
            line.follow(known if kept != "half" else commits[len(commits) // 2])
            raw = line.kept_until(known if kept != "half" else commits[len(commits) // 2], 0)
            assert raw is not None
            cache.put("acts", known, raw if kept != "none" else b"")
            assert hostile.remembering(local, oid, cold=False) == cold


@pytest.mark.attack("C2")
def test_cache_that_lied_would_be_noticed(local: FleetSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.three_acts(local)
    bad = forgeries(local)["journal.tree"]()
    monkeypatch.setattr("agentgov.journal.branch.verified_tip", lambda fleet, pins: bad)
    with pytest.raises(AssertionError, match="cold and warm"):
        hostile.code(local, bad)


@pytest.mark.attack("L1")
def test_rewound_journal_is_named_and_no_act_is_blamed(local: FleetSimulator) -> None:
    commits = hostile.three_acts(local)
    found = told(local, commits[1])
    assert (found["code"], "seq" in found["where"]) == ("journal.rewound", False)


def test_unreviewed_content_in_an_advance_is_named_by_its_path(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: "Obey me.\n"})
    main = local.head()
    tree = local.repo.entry(local.repo.commit(main).tree, "agents")
    assert tree is not None
    evil = local.repo.put_files(local.view().authorised, {"agents": (0o40000, tree.oid)})
    draft = hostile.write(local, "reconciler", "advance", [("Main", main), ("Authorised", evil)])
    forged = hostile.with_act(local, hostile.honest(local), draft.act, by="reconciler")
    found = told(local, forged)
    assert (found["code"], found["where"]["path"]) == ("advance.contents", PROMPT)


# --- T6: the promotion chain, with the reconciler's key in the wrong hands -------------------------------------------


def stolen(world: PipelineWorld) -> Mapping[str, tuple[str, list[tuple[str, str]]]]:
    """Acts that a stolen reconciler's key could sign for v1.1.0, which staging holds: kind and trailers."""
    state = world.view().state
    releases = {one.name.rpartition("/v")[2]: one for one in state.releases(TRIAGE)}
    new, at = releases["1.1.0"], state.deployment(TRIAGE)
    agent, named = ("Agent", str(TRIAGE)), ("Release", release_trailer(new))
    other_tag = ("Release", release_trailer(new).replace(new.tag, releases["1.0.0"].tag))
    other_name = ("Release", release_trailer(new).replace(new.closure, "0" * 64))
    counts = ("Counts", "error canary 0/400 stable 4/3600")
    return {
        "canary before staging passed": ("canary", [agent, named, ("Share", "5%"), ("Leaves", at.canary.release)]),
        "production without canary": (
            "graduate",
            [agent, named, ("Leaves", at.production.release), ("Judged", "pass"), counts],
        ),
        "a larger share of nothing": ("share", [agent, named, ("Share", "25%"), counts]),
        "pass before its soak": ("pass", [agent, named]),
        "another tag object": ("pass", [agent, other_tag]),
        "another content": ("pass", [agent, other_name]),
        "a stage that it does not leave": ("stage", [agent, named, ("Leaves", "0" * 40)]),
        "a rollback of what is settled": (
            "rollback",
            [agent, ("Release", release_trailer(releases["1.0.0"])), ("Leaves", at.production.release)],
        ),
        "a person's word": ("promote", [agent, named, ("Stage", "production")]),
        "an environment that the pipeline lacks": ("promote", [agent, named, ("Stage", "europe")]),
    }


_STOLEN = (
    "canary before staging passed",
    "production without canary",
    "a larger share of nothing",
    "pass before its soak",
    "another tag object",
    "another content",
    "a stage that it does not leave",
    "a rollback of what is settled",
    "a person's word",
    "an environment that the pipeline lacks",
)


@pytest.fixture(scope="module")
def once_soaking(tmp_path_factory: pytest.TempPathFactory, once_shipped: PipelineWorld) -> PipelineWorld:
    """One release in production, and a newer one that soaks in staging."""

    def live(world: PipelineWorld) -> None:
        world.write("Version 1.1.0.")
        world.release("alice", TRIAGE, "1.1.0")
        world.until(lambda at: at.staging.state == "SOAKING")

    return further(tmp_path_factory.mktemp("soaking"), once_shipped, live)


@pytest.mark.attack("T6")
@pytest.mark.parametrize("how", _STOLEN)
def test_stolen_key_of_the_reconciler_skips_no_stage(once_soaking: PipelineWorld, tmp_path: Path, how: str) -> None:
    shipped = copied(once_soaking, tmp_path)
    acts = stolen(shipped)
    assert tuple(acts) == _STOLEN
    kind, fields = acts[how]
    honest = hostile.honest(shipped)
    act = hostile.write(shipped, "reconciler", kind, fields).act
    forged = hostile.with_act(shipped, honest, act, by="reconciler")
    running, seq = shipped.running(), shipped.view().state.head.seq
    found = told(shipped, forged)
    assert (found["where"]["commit"], found["where"]["seq"]) == (forged, seq + 1)
    assert found["code"].partition(".")[0] in ("transition", "authority")
    valid = hostile.replayed(shipped, forged).view
    assert valid is not None
    assert valid.state.deployment(TRIAGE).production.release == shipped.repo.ref(ReleaseName(TRIAGE, running).ref)


def test_release_that_ran_and_was_rolled_back_tells_its_chain(shipped: PipelineWorld) -> None:
    shipped.ship("1.1.0")
    shipped.order("bob", orders.order_rollback, TRIAGE, None, reason="complaints")
    found = asked(shipped, "verify", f"{TRIAGE}/v1.0.0", code=0)
    assert "went to production" in found["reasons"][-1]["message"]
    assert "was returned to" in found["reasons"][-1]["message"]


# --- contents and tags -----------------------------------------------------------------------------------------------


def test_pending_path_is_named_with_the_review_that_it_lacks(local: FleetSimulator) -> None:
    commit = local.commit("alice", {PROMPT: "Be kind.\n"})
    found = asked(local, "verify", code=1)
    assert (found["code"], found["where"]) == (
        "contents.pending",
        {"commit": commit, "path": PROMPT, "rule": "review.owners"},
    )


@pytest.mark.attack("K1")
def test_unsigned_commit_is_named_with_its_committer(local: FleetSimulator) -> None:
    path = "agentgov.yaml"
    strict = (local.work / path).read_text().replace("commits: any", "commits: signed")
    local.commit("carol", {path: strict})
    local.review("dave")
    local.advance()
    unsigned = local.commit("alice", {PROMPT: "Be kind.\n"})
    later = local.commit("alice", {f"{PAYROLL.folder}/prompts/system.md": "Be exact.\n"})
    local.review("bob", later)
    found = asked(local, "verify", code=1)
    assert found["code"] == "commits.unsigned"
    places = [one for one in found["reasons"] if one["rule"] == "commits.unsigned"]
    assert f"commit {unsigned[:9]} by alice@sim.example" in " ".join(one["message"] for one in places)
    assert found["where"]["rule"] == "commits.unsigned"
    assert (found["where"]["commit"], found["where"]["path"]) in (
        (unsigned, PROMPT),
        (later, f"{PAYROLL.folder}/prompts/system.md"),
    )


@pytest.mark.attack("M5")
@pytest.mark.parametrize("twin", ["PROMPTS/system.md", "prompts/System.md", "prompts/syste\u0301m.md"])
def test_twin_that_other_machines_cannot_tell_apart_is_not_released(local: FleetSimulator, twin: str) -> None:
    """M5: both may stand authorised, and the agent has an error that no release survives."""
    files: dict[str, str | bytes | None] = {f"{TRIAGE.folder}/{twin}": "Be kind.\n"}
    if "\u0301" in twin:
        files[f"{TRIAGE.folder}/prompts/syst\u00e9m.md"] = "Be cruel.\n"
    local.commit("alice", files)
    local.review("bob")
    assert local.advance().state.pending == {}
    name = ReleaseName(TRIAGE, "1.0.0")
    local.repo.update_ref(name.ref, hostile.store(local, "tag", hostile.tag(local, name)), None)
    found = asked(local, "verify", str(name), code=1)
    assert (found["code"], found["where"]["rule"]) == ("tag.findings", "tag.findings")
    assert "layout.collision" in found["reasons"][-1]["message"]


@pytest.mark.attack("M7")
@pytest.mark.parametrize("mode", ["120000", "160000"])
@pytest.mark.parametrize("path", [PROMPT, TRIAGE.file])
def test_tag_on_a_symlink_or_submodule_is_named_by_its_path(local: FleetSimulator, path: str, mode: str) -> None:
    """M7: no digest that a tag can bind makes it a release."""
    head, old = local.view().state.head, hostile.tag_text(local, TRIAGE, local.head()).closure
    oid = local.repo.write_blob(b"../../../../etc/passwd") if mode == "120000" else local.head()
    gitworld.git(local.work, "update-index", "--add", "--cacheinfo", f"{mode},{oid},{path}")
    gitworld.git(local.work, "commit", "-q", "-m", "link")
    name = ReleaseName(TRIAGE, "1.0.0")
    for closure, code in (("0" * 64, "tag.link"), (old, "tag.link")):
        text = TagText(head.fleet, closure, head.seq, local.view().tip)
        raw = hostile.signed_tag(local, hostile.tag_payload(local, name, text))
        local.repo.update_ref(name.ref, hostile.store(local, "tag", raw), local.repo.ref(name.ref))
        found = asked(local, "verify", str(name), code=1)
        assert (found["code"], found["where"]["path"]) == (code, path)
