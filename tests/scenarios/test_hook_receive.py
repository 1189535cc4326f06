"""`agentgov hook pre-receive` on a real bare repository: honest work lands, everything else leaves nothing behind."""

from pathlib import Path

import gitworld
import hostile
import pytest
from appending import crowd
from hookworld import HookServer
from simulator import TRIAGE, FleetSimulator

from agentgov.errors import RefusedError
from agentgov.journal.draft import Draft, sign
from agentgov.journal.recovery import write_waive
from agentgov.journal.reviewing import draft_review, reviewable
from agentgov.model.names import ReleaseName

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
JOURNAL = hostile.JOURNAL
V1 = ReleaseName(TRIAGE, "1.0.0")


@pytest.fixture
def server(world: FleetSimulator) -> HookServer:
    """The remote of `world`, with the hook."""
    return HookServer(world)


def reviewed(world: FleetSimulator, text: str = "Sort by age.\n") -> str:
    """A commit that is not pushed yet, and its review, which is."""
    commit = world.commit("alice", {PROMPT: text})
    world.review("bob", commit)
    return commit


def test_honest_work_lands(world: FleetSimulator, server: HookServer) -> None:
    commit = reviewed(world)
    assert server.push("main") == ""
    assert not world.advance(commit).state.pending
    world.release("alice", TRIAGE, "1.0.0")
    world.tick()
    assert world.view().state.release(V1) is not None
    world.append(hostile.pause(world), by="alice")
    found = world.verify()
    assert found.offence is None
    server.ran()


def test_content_without_its_review_is_refused_and_named(world: FleetSimulator, server: HookServer) -> None:
    commit = world.commit("alice", {PROMPT: "Sort by age.\n"})
    said = server.push("main")
    assert PROMPT in said
    assert "contents.pending" in said
    assert not server.holds(commit)
    server.ran()
    world.review("bob", commit)
    assert server.push("main") == ""


def test_a_review_and_what_it_reviews_may_come_in_one_push(world: FleetSimulator, server: HookServer) -> None:
    commit = world.commit("alice", {PROMPT: "Sort by age.\n"})
    act = hostile.prepare(world, reviews_of(world, commit), by="bob")
    assert "contents.pending" in server.push(f"{commit}:refs/heads/main")
    assert server.push(f"{commit}:refs/heads/main", f"{act}:{JOURNAL}") == ""


def reviews_of(world: FleetSimulator, commit: str) -> Draft:
    """Bob's approval of a commit, signed and not appended."""
    view = world.view()
    found = reviewable(view, commit)
    return draft_review(view, world.actor("bob"), found, "approve", commit=commit, now=world.clock())


def test_what_was_pending_before_holds_up_nobody_else(world: FleetSimulator) -> None:
    world.change("alice", {PROMPT: "Nobody looked.\n"})
    server = HookServer(world)
    world.commit("alice", {"README.md": "Words.\n"})
    assert server.push("main") == ""
    world.commit("alice", {PROMPT: "Nobody looked again.\n"})
    assert "contents.pending" in server.push("main")
    world.commit("alice", {PROMPT: "Sort tickets by urgency.\n"})  # back to what is authorised
    assert server.push("main") == ""


@pytest.mark.attack("L7")
def test_what_is_no_act_does_not_reach_the_journal(world: FleetSimulator, server: HookServer) -> None:
    tip = world.view().tip
    tree = world.repo.commit(tip).tree
    act = hostile.prepare(world, hostile.pause(world))
    for kind, bad in {
        "unsigned": gitworld.make_commit(world.work, (tip,), tree),
        "stranger": hostile.sealed(world, hostile.payload_of(world, act), hostile.stranger(world)),
        "garbage": hostile.store(world, "commit", f"tree {tree}\nparent {tip}\nparent {tip}\nnonsense\n\n".encode()),
        "blob": world.repo.write_blob(b"no commit"),
        "tag": gitworld_tag(world, tip),
    }.items():
        said = server.push(f"+{bad}:{JOURNAL}")
        assert "agentgov refuses" in said or (said and kind in ("garbage", "blob", "tag")), (kind, said)
        assert server.refs()[JOURNAL] == tip, kind
        server.ran()
    world.append(hostile.pause(world), by="alice")  # the journal goes on


def gitworld_tag(world: FleetSimulator, tip: str) -> str:
    """An annotated tag of an honest act."""
    gitworld.git(world.work, "tag", "-a", "-m", "x", "tip", tip)
    return gitworld.git(world.work, "rev-parse", "tip").decode()


@pytest.mark.attack("L1")
def test_nothing_is_taken_from_the_journal(world: FleetSimulator, server: HookServer) -> None:
    first = world.view().tip
    commits = hostile.three_acts(world)
    assert "journal.rewound" in server.push(f"+{commits[1]}:{JOURNAL}")
    assert "push.deleted" in server.push(f":{JOURNAL}")
    other = hostile.resealed(world, commits[1], lambda raw: raw.replace(b"+0000", b"+0100"))
    assert "journal.forked" in server.push(f"+{other}:{JOURNAL}")
    assert server.refs()[JOURNAL] == commits[-1] != first


def test_main_is_never_rewritten_or_deleted(world: FleetSimulator, server: HookServer) -> None:
    before = world.head()
    reviewed(world)
    assert server.push("main") == ""
    assert "main.rewritten" in server.push(f"+{before}:refs/heads/main")
    gitworld.git(world.remote, "config", "receive.denyDeleteCurrent", "ignore")
    assert "push.deleted" in server.push(":refs/heads/main")


@pytest.mark.attack("T1", "T7")
def test_release_tags_are_releases_and_stay_where_they_are(world: FleetSimulator, server: HookServer) -> None:
    lightweight = world.head()
    assert "tag.lightweight" in server.push(f"{lightweight}:{V1.ref}")
    gitworld.git(world.work, "tag", "-a", "-m", "mine", str(V1))
    assert "tag.message" in server.push(V1.ref)
    gitworld.git(world.work, "tag", "-d", str(V1))
    world.release("alice", TRIAGE, "1.0.0")
    made = server.refs()[V1.ref]
    assert "tag.gone" in server.push(f":{V1.ref}")
    assert "tag.moved" in server.push(f"+{lightweight}:{V1.ref}")
    world.tick()  # now the journal has seen it
    assert "tag.gone" in server.push(f":{V1.ref}")
    assert "tag.moved" in server.push(f"+{lightweight}:{V1.ref}")
    gitworld.git(world.remote, "update-ref", "-d", V1.ref)  # by somebody on the server itself
    assert server.push(f"{made}:{V1.ref}") == ""


def test_other_refs_are_free_and_look_alikes_are_not(world: FleetSimulator, server: HookServer) -> None:
    commit = world.commit("alice", {PROMPT: "An idea.\n"})
    assert server.push(f"{commit}:refs/heads/idea", f"{commit}:refs/tags/nightly", f"{commit}:refs/changes/1") == ""
    assert server.push("+main~1:refs/heads/idea") == ""
    assert server.push(":refs/heads/idea") == ""
    for name in ("refs/heads/Main", "refs/heads/AgentGov/journal", "refs/tags/Support/triage/v1.0.0"):
        assert "push.look-alike" in server.push(f"{commit}:{name}")


def test_one_bad_ref_refuses_the_whole_push(world: FleetSimulator, server: HookServer) -> None:
    commit = world.commit("alice", {PROMPT: "An idea.\n"})
    assert server.push("main", f"{commit}:refs/heads/idea")
    assert "refs/heads/idea" not in server.refs()


def test_without_pins_nothing_governed_lands(world: FleetSimulator) -> None:
    server = HookServer(world, pinned=False)
    commit = reviewed_without_push(world)
    for refspec in ("main", f"{hostile.prepare(world, hostile.pause(world))}:{JOURNAL}", f"{commit}:refs/heads/idea"):
        assert "trust.first-use" in server.push(refspec)


def reviewed_without_push(world: FleetSimulator) -> str:
    """A commit of words that nobody has to review."""
    return world.commit("alice", {"README.md": "Words.\n"})


def test_the_first_journal_must_be_the_pinned_one(world: FleetSimulator, tmp_path: Path) -> None:
    tip = world.view().tip
    server = HookServer(world)
    gitworld.git(world.remote, "update-ref", "-d", JOURNAL)
    assert "push.no-journal" in server.push("+main:refs/heads/main", "main:refs/heads/more")
    other = hostile.resealed(world, tip, lambda raw: raw.replace(b"+0000", b"+0100"), by="carol")
    assert "journal.forked" in server.push(f"{other}:{JOURNAL}")
    assert server.push(f"{tip}:{JOURNAL}") == ""


def test_garbage_from_before_the_hook_is_taken_away_and_nothing_lands_meanwhile(world: FleetSimulator) -> None:
    tip = world.view().tip
    bad = gitworld.make_commit(world.work, (tip,), world.repo.commit(tip).tree)
    gitworld.git(world.work, "push", "-q", "origin", f"{bad}:{JOURNAL}")
    server = HookServer(world)
    reviewed_without_push(world)
    assert "journal" in server.push("main")
    assert server.push("main:refs/heads/idea") == ""
    assert server.push(f"+{tip}:{JOURNAL}") == ""
    assert server.push("main") == ""


@pytest.mark.attack("L7")
def test_on_garbage_from_before_the_hook_a_pause_lands_and_a_waive_mends_it(world: FleetSimulator) -> None:
    tip = world.view().tip
    bad = gitworld.make_commit(world.work, (tip,), world.repo.commit(tip).tree)
    gitworld.git(world.work, "push", "-q", "origin", f"{bad}:{JOURNAL}")
    server = HookServer(world)
    world.append(hostile.pause(world), by="alice")
    here = server.refs()[JOURNAL]
    more = gitworld.make_commit(world.work, (here,), world.repo.commit(here).tree)
    assert "journal." in server.push(f"{more}:{JOURNAL}")
    assert server.refs()[JOURNAL] == here
    act = write_waive(world.view(), world.actor("carol"), set_time=None, now=world.clock(), reason="Looked at it.")
    world.append(sign(act, world.signers["carol"]), by="carol")
    assert world.verify().offence is None
    world.commit("alice", {"README.md": "Words.\n"})
    assert server.push("main") == ""


def test_agentgov_itself_says_what_the_server_said(world: FleetSimulator, server: HookServer) -> None:
    server.hook.write_text("#!/bin/sh\necho 'ask carol' >&2\nexit 1\n")
    with pytest.raises(RefusedError, match="ask carol"):
        world.append(hostile.pause(world), by="alice")


@pytest.mark.attack("H4")
def test_nothing_of_the_repository_or_of_who_pushes_runs(
    world: FleetSimulator, server: HookServer, tmp_path: Path
) -> None:
    ran, script = tmp_path / "ran", tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\necho {script} >>{ran}\nexit 0\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "gpg.program", "gpg.ssh.program", "core.sshCommand", "diff.external", "core.pager"):
        gitworld.git(world.remote, "config", key, str(script))
    for folder in (world.remote, world.work):  # what stands where git stands must not be loaded
        for name in ("agentgov.py", "click.py", "msgspec.py", "sitecustomize.py"):
            (folder / name).write_text(f"open({str(ran)!r}, 'a').write(__file__)\n")
    hostile_words = {
        "GIT_EXTERNAL_DIFF": str(script),
        "GIT_GRAFT_FILE": str(tmp_path / "grafts"),
        "GIT_REPLACE_REF_BASE": "refs/evil/",
        "PYTHONPATH": str(world.work),
        "PYTHONSTARTUP": str(world.work / "click.py"),
    }
    world.commit("alice", {PROMPT: "Nobody looked.\n"})
    assert "contents.pending" in server.push("main", env=hostile_words)
    world.review("bob")
    assert server.push("main", env=hostile_words) == ""
    assert not ran.exists(), ran.read_text()


def test_two_at_once_lose_nothing(world: FleetSimulator, server: HookServer, tmp_path: Path) -> None:
    before = world.view().state.head.seq
    crowd(world, tmp_path, 2, 3)
    found = world.verify()
    assert found.offence is None
    assert found.view is not None
    assert found.view.state.head.seq == before + 6
    server.ran()
