"""Attacks on the journal itself: rewound, forked, edited, reordered, merged, chosen pins, moved time (L1-L6)."""

import re
from dataclasses import replace

import gitworld
import hostile
import pytest
from simulator import TRIAGE, FleetSimulator, access_file, agent_file

from agentgov.errors import AgentgovError, IncompleteError, RefusedError
from agentgov.journal.branch import Journal
from agentgov.journal.query import acts
from agentgov.journal.records import to_bytes
from agentgov.journal.replay import verify_journal
from agentgov.model.act import render
from agentgov.model.state import Pause
from agentgov.repo.repository import Repository

PROMPT = f"{TRIAGE.folder}/prompts/system.md"


@pytest.mark.attack("L1")
def test_rewound_journal(local: FleetSimulator) -> None:
    commits = hostile.three_acts(local)
    hostile.publish(local, commits[1])
    assert hostile.offence(local, commits[1]) == "journal.rewound"
    with pytest.raises(RefusedError, match=r"journal\.rewound"):
        local.view()


@pytest.mark.attack("L1")
def test_rewound_remote(world: FleetSimulator) -> None:
    commits = hostile.three_acts(world)
    gitworld.git(world.remote, "update-ref", hostile.JOURNAL, commits[1])
    with pytest.raises(RefusedError, match=r"journal\.rewound"):
        world.view()
    with pytest.raises(RefusedError, match=r"journal\.rewound"):
        world.tick()


@pytest.mark.attack("L1")
def test_forked_journal(local: FleetSimulator) -> None:
    commits = hostile.three_acts(local)
    parent = commits[3].encode()
    honest = hostile.honest(local)
    fork = hostile.resealed(local, honest, lambda raw: raw.replace(parent, commits[0].encode()))
    assert hostile.offence(local, fork) == "journal.forked"


@pytest.mark.attack("L3")
def test_act_edited_and_signed_again_by_its_appender_does_not_fit_its_tree(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    act = hostile.act_at(local, honest)
    other = replace(act, fields=(("Selector", "support/*"), ("Mode", "stop")))
    assert hostile.code(local, hostile.with_act(local, honest, other)) == "journal.replay"


@pytest.mark.attack("L3")
def test_reordered_acts(local: FleetSimulator) -> None:
    commits = hostile.three_acts(local)
    moved = hostile.resealed(local, commits[3], lambda raw: raw.replace(commits[2].encode(), commits[1].encode()))
    assert hostile.code(local, moved) == "journal.replay"
    swapped = hostile.resealed(local, commits[2], lambda raw: raw.replace(commits[1].encode(), commits[0].encode()))
    assert hostile.code(local, swapped) == "pause.none"


def state_edits(world: FleetSimulator) -> dict[str, dict[str, bytes | None]]:
    """What somebody could write into the state beside an honest act."""
    act_id = hostile.act_at(world, hostile.honest(world)).id
    pause = Pause(selector="finance/*", by="carol", seq=1, time=world.clock())
    head = to_bytes(world.view().state.head)
    return {
        "another pause": {f"pauses/{'0' * 26}.yaml": to_bytes(pause)},
        "another record": {"deployments/support/triage.yaml": b"agent: support/triage\n"},
        "no pending list": {"pending.yaml": None},
        "another pending list": {"pending.yaml": b"paths:\n  x: y\n"},
        "head not moved": {"fleet.yaml": head},
        "head moved twice": {"fleet.yaml": head.replace(b"seq: 0", b"seq: 2")},
        "a file of its own": {"README.md": b"Hello.\n"},
        "a file among the pauses": {"pauses/README.md": b"Hello.\n"},
        "a review": {f"reviews/{act_id}.yaml": b"by: carol\n"},
        "authorised contents": {"authorised/agents/support/triage/prompts/system.md": b"Obey me.\n"},
        "authorised governance": {"authorised/governance/access.yaml": None},
    }


@pytest.mark.attack("L3")
@pytest.mark.parametrize(
    "how",
    [
        *("another pause", "another record", "no pending list", "another pending list", "head not moved"),
        *("head moved twice", "a file of its own", "a file among the pauses", "a review"),
        *("authorised contents", "authorised governance"),
    ],
)
def test_state_tree_is_the_replay_of_the_act_and_nothing_else(local: FleetSimulator, how: str) -> None:
    forged = hostile.with_files(local, hostile.honest(local), state_edits(local)[how])
    assert hostile.code(local, forged) in ("journal.replay", "journal.tree", "journal.authorised")


def test_contents_that_no_review_covers_are_not_authorised(local: FleetSimulator) -> None:
    commit = local.commit("alice", {PROMPT: "Obey me.\n"})
    honest = hostile.prepare(local, hostile.write(local, "reconciler", "checkpoint", []), by="reconciler")
    blob = b"Obey me.\n"
    tree = local.repo.put_files(local.view().authorised, {PROMPT: (0o100644, local.repo.write_blob(blob))})
    draft = hostile.write(local, "reconciler", "advance", [("Main", commit), ("Authorised", tree)])
    forged = hostile.with_act(local, honest, draft.act, by="reconciler")
    forged = hostile.with_files(local, forged, {f"authorised/{PROMPT}": blob}, by="reconciler")
    assert hostile.code(local, forged) == "advance.contents"
    with pytest.raises(RefusedError, match=r"advance\.contents"):
        local.append(draft, by="reconciler")


@pytest.mark.parametrize("main", ["main", "", "0" * 39, "HEAD", "../x"])
@pytest.mark.parametrize("kind", ["advance", "checkpoint"])
def test_main_is_named_by_its_commit(local: FleetSimulator, kind: str, main: str) -> None:
    fields = [("Main", main or "-"), *([("Authorised", local.view().authorised)] if kind == "advance" else [])]
    with pytest.raises(RefusedError, match=rf"{kind}\.main"):
        local.append(hostile.write(local, "reconciler", kind, fields), by="reconciler")


def test_main_that_nobody_has_cannot_be_told(local: FleetSimulator) -> None:
    fields = [("Main", "1" * 40), ("Authorised", local.view().authorised)]
    with pytest.raises(IncompleteError):
        local.append(hostile.write(local, "reconciler", "advance", fields), by="reconciler")


def with_parents(world: FleetSimulator, oid: str, *parents: str) -> str:
    """A commit once more, with other parents."""
    lines = b"".join(b"parent " + parent.encode() + b"\n" for parent in parents)
    return hostile.resealed(world, oid, lambda raw: re.sub(rb"(?:parent [^\n]*\n)+", lines, raw, count=1))


@pytest.mark.attack("L4")
def test_merge_commit_in_the_journal(local: FleetSimulator) -> None:
    commits = hostile.three_acts(local)
    honest = hostile.honest(local)
    for other in (commits[1], local.head(), honest):
        assert hostile.code(local, with_parents(local, honest, commits[3], other)) == "journal.merge"
        assert hostile.replayed(local, with_parents(local, honest, other, commits[3])).offence is not None


def test_second_root(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    root = with_parents(local, honest)
    assert hostile.code(local, root) == "journal.forked"
    found = verify_journal(local.repo, root, None, local.clock())
    assert found.offence is not None
    assert found.offence.code == "init.kind"


def test_second_first_act(local: FleetSimulator) -> None:
    root = local.view().tip
    tip = hostile.three_acts(local)[-1]
    again = hostile.resealed(
        local, root, lambda raw: raw.replace(b"\nauthor", b"\nparent " + tip.encode() + b"\nauthor", 1), by="carol"
    )
    assert hostile.code(local, again) == "journal.duplicate"
    act = replace(hostile.act_at(local, root), id="0" * 26, time=None)
    assert hostile.code(local, hostile.with_act(local, again, act, by="carol")) == "authority.bots-only"


@pytest.mark.attack("L4")
@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("of", [1, 2, 3])
def test_act_lands_once(local: FleetSimulator, of: int, warm: bool) -> None:
    commits = hostile.three_acts(local)
    id_ = hostile.act_at(local, commits[of]).id
    forged = hostile.with_act(
        local, hostile.honest(local), replace(hostile.act_at(local, hostile.honest(local)), id=id_)
    )
    if not warm:
        assert hostile.code(local, forged) == "journal.duplicate"
        return
    assert hostile.offence(local, forged) == "journal.duplicate"
    found = Journal(Repository.open(local.work)).verify(forged, local.clock())
    assert found.offence is not None
    assert (found.offence.code, found.acts) == ("journal.duplicate", 0)


@pytest.mark.attack("L4")
def test_trailers_hidden_in_the_reason(local: FleetSimulator) -> None:
    honest = hostile.honest(local)
    text = render(hostile.act_at(local, honest))
    subject, rest = text.split(b"\n\n", 1)
    for hidden in (
        b"Agentgov-Actor: person:carol",
        b"fine\nAgentgov-Actor: person:carol\nfine",
        b"agentgov-act: resume/1",
        rest.rstrip(b"\n"),
        b"fine\r\nAgentgov-Actor: person:carol",
        b"\x1b[2Afine",
        "fine\u2028Agentgov-Actor: person:carol".encode(),
        "\u202efine".encode(),
    ):
        forged = hostile.with_text(local, honest, subject + b"\n\n" + hidden + b"\n\n" + rest)
        assert hostile.code(local, forged) == "journal.text", hidden
    for text_ in (text + b"\nSigned-off-by: carol\n", text + b"more\n", b"\n" + text, text[:-1], text + b"\n"):
        assert hostile.code(local, hostile.with_text(local, honest, text_)) == "journal.text"


def test_reason_of_other_people_cannot_become_trailers(local: FleetSimulator) -> None:
    said = "Agentgov-Actor: person:carol\n\n\n\nAgentgov-Act: resume/1\r\n\x1b[1mfine\u2028Agentgov-Id: x"
    view = local.append(hostile.pause(local, reason=said), by="alice")
    logged = next(iter(acts(local.repo, view.tip)))
    assert logged.act.actor == "person:alice"
    assert [pause.reason for pause in view.state.pauses().values()] == [logged.act.reason]
    trailers = gitworld.git(
        local.work, "log", "-1", "--format=%(trailers:key=Agentgov-Actor,valueonly)", view.tip
    ).decode()
    assert trailers.split() == ["person:alice"]


def time_of(world: FleetSimulator, time: int, *, verifier: int | None = None) -> str:
    """What becomes of a checkpoint at this time, appended by somebody whose clock is the verifier's."""
    world.clock.time = verifier if verifier is not None else world.clock.time
    act = hostile.write(world, "reconciler", "checkpoint", [], time=time).act
    honest = hostile.prepare(world, hostile.write(world, "reconciler", "checkpoint", []), by="reconciler")
    return hostile.code(world, hostile.with_act(world, honest, act, by="reconciler"))


@pytest.mark.attack("L6")
def test_journal_time_never_runs_back_nor_ahead(local: FleetSimulator) -> None:
    now = local.clock()
    assert time_of(local, now - 1) == "act.time"
    assert time_of(local, now + 301) == "act.time"
    assert time_of(local, now + 300) == "journal.replay"  # the time is fine, and the tree is of another one


@pytest.mark.attack("L7")
def test_garbage_pushed_onto_the_journal_is_named_and_the_last_valid_state_is_known(local: FleetSimulator) -> None:
    tip = hostile.three_acts(local)[-1]
    empty = gitworld.git(local.work, "mktree").decode()
    for tree in (empty, local.repo.commit(local.head()).tree):
        garbage = gitworld.git(local.work, "commit-tree", tree, "-p", tip, "-m", "garbage").decode()
        found = local.journal.verify(garbage, local.clock())
        assert found.offence is not None
        assert (found.offence.code, found.offence.commit) == ("journal.text", garbage)
        assert found.view is not None
        assert found.view.tip == tip
        assert found.view.state.pauses()


@pytest.mark.parametrize("what", ["root", "blob tree", "main"])
def test_branch_that_is_no_journal(local: FleetSimulator, what: str) -> None:
    empty = gitworld.git(local.work, "mktree").decode()
    tip = {
        "root": gitworld.git(local.work, "commit-tree", empty, "-m", "garbage").decode(),
        "blob tree": hostile.store(
            local,
            "commit",
            f"tree {local.repo.write_blob(b'x')}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx\n".encode(),
        ),
        "main": local.head(),
    }[what]
    try:
        found = local.journal.verify(tip, local.clock())
    except AgentgovError:
        pass
    else:
        assert (found.view, found.offence is None) == (None, False)
    hostile.publish(local, tip)
    with pytest.raises(AgentgovError):
        local.view()


def test_acts_appended_in_one_push_are_many_commits(world: FleetSimulator) -> None:
    view = world.view()
    drafts = [hostile.pause(world), hostile.write(world, "alice", "resume", [("Selector", "support/triage")])]
    after = world.append(*drafts, by="alice")
    assert after.state.head.seq == view.state.head.seq + 2
    assert gitworld.git(world.remote, "rev-parse", hostile.JOURNAL).decode() == after.tip
    assert world.verify().offence is None


def test_refused_act_leaves_everything_as_it_was(world: FleetSimulator) -> None:
    before = world.view().tip
    drafts = [hostile.pause(world), hostile.write(world, "alice", "resume", [("Selector", "finance/payroll")])]
    with pytest.raises(RefusedError, match=r"pause\.none"):
        world.append(*drafts, by="alice")
    assert gitworld.git(world.remote, "rev-parse", hostile.JOURNAL).decode() == before
    assert world.view().tip == before


@pytest.mark.parametrize(
    "fields",
    [
        [("Selector", "support/triage"), ("Mode", "halt")],
        [("Selector", "support/triage"), ("Mode", "stop"), ("Until", "soon")],
        [("Selector", "support/triage"), ("Mode", "stop"), ("Until", "\u0661\u0662")],
        [("Selector", "support/triage"), ("Mode", "stop"), ("Until", "007")],
        [("Selector", "support/triage"), ("Mode", "stop"), ("Until", "999999999999")],
        [("Selector", "support/"), ("Mode", "stop")],
        [("Selector", "*"), ("Mode", "stop")],
        [("Selector", "*/*"), ("Mode", "stop")],
        [("Selector", "support/**"), ("Mode", "stop")],
        [("Selector", "support/shared"), ("Mode", "stop")],
        [("Selector", "../*"), ("Mode", "stop")],
        [("Selector", "support/nobody"), ("Mode", "stop")],
        [("Selector", "empty/*"), ("Mode", "stop")],
    ],
)
def test_pause_says_whom_how_and_until_when(local: FleetSimulator, fields: list[tuple[str, str]]) -> None:
    with pytest.raises(RefusedError, match=r"pause\.words|authority\.no-agent"):
        local.append(hostile.write(local, "alice", "pause", fields), by="alice")


@pytest.mark.parametrize(
    ("who", "code"),
    [("carol", "revoke.key"), ("alice", "authority.permission"), ("reconciler", "authority.bot-kind")],
)
def test_revoking_a_key_is_the_administrators_and_says_which(local: FleetSimulator, who: str, code: str) -> None:
    with pytest.raises(RefusedError, match=code):
        local.append(hostile.write(local, who, "revoke", [("Key", "SHA256:x")]), by=who)


def test_pause_of_a_workspace_takes_the_right_on_all_of_it(local: FleetSimulator) -> None:
    keys = {name: signer.public_key for name, signer in local.signers.items()}
    narrow = access_file(keys).replace('who: [erin], agents: ["**"]', 'who: [erin], agents: ["support/triage"]')
    other = "agents/support/other"
    agent = agent_file(TRIAGE, team="support").replace("triage", "other")
    files = {"governance/access.yaml": narrow, f"{other}/agent.yaml": agent, f"{other}/prompts/system.md": "Help.\n"}
    local.commit("carol", dict(files))
    for who in ("carol", "bob", "erin"):
        local.review(who)
    assert local.advance().state.pending == {}
    fields = [("Selector", "support/*"), ("Mode", "stop")]
    with pytest.raises(RefusedError, match=r"authority\.permission"):
        local.append(hostile.write(local, "erin", "pause", fields), by="erin")
    local.append(hostile.pause(local, "erin"), by="erin")
    local.append(hostile.write(local, "alice", "pause", fields), by="alice")
    assert len(local.view().state.pauses()) == 2
