"""A tick of several agents that is cut short at a known moment, and remotes that say anything at all about a push."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import gitworld
import pytest
from faultworld import Held, behind_a_server, hook, kill, once, program, started
from patience import PATIENCE, until
from pipelineworld import PipelineWorld, pipeline_file
from simulator import FLEET_YAML, PAYROLL, TRIAGE

from agentgov.delivery.branch import read_rendered, rendered_ref
from agentgov.errors import RefusedError
from agentgov.release import orders

QUICK = pipeline_file(soak="1h", judge="none")
SEEN = [f"see release {agent}/v1.0.0" for agent in (PAYROLL, TRIAGE)]
WORDS = {
    "GitHub": "error: GH006: Protected branch update failed for refs/heads/agentgov/journal.",
    "GitLab": "GitLab: You are not allowed to push code to protected branches on this project.",
    "Gerrit": "! [remote rejected] HEAD -> refs/heads/agentgov/journal (prohibited by Gerrit: not permitted: update)",
    "a lock": "error: cannot lock ref 'refs/heads/agentgov/journal': is at 0123 but expected 4567",
    "an old git": "! [rejected]  agentgov/journal -> agentgov/journal (non-fast-forward)",
    "German": "Fehler: Referenz kann nicht gesperrt werden: nicht vorspulbar",
    "a lie": "Everything up-to-date",
    "rubbish": r"\033[2Jok \377\376",
}
QUICKLY = ("a lock", "a lie", "rubbish")


@pytest.fixture
def due(fleet: PipelineWorld, monkeypatch: pytest.MonkeyPatch) -> PipelineWorld:
    """Two agents in real time, each with a release that a tick sees in one push and stages in another."""
    live = behind_a_server(fleet, monkeypatch)
    live.govern({"governance/pipeline.yaml": QUICK})
    for agent in (TRIAGE, PAYROLL):
        live.release("alice", agent, "1.0.0")
    return live


def acts_on(fleet: PipelineWorld) -> Counter[tuple[str, str]]:
    """How often each kind of act stands on the remote, by agent."""
    return Counter((act.kind, act.get("Agent")) for act in fleet.acts() if act.get("Release"))


def at_the_client(fleet: PipelineWorld, moment: Held) -> dict[str, str]:
    """Before anything leaves this machine."""
    script = f'for word; do test "$word" != push || {{ {moment.script}; }}; done\nexec {shutil.which("git")} "$@"'
    program(fleet.folder / "bin/git", script)
    return {"PATH": f"{fleet.folder / 'bin'}:{os.environ['PATH']}"}


def before_it_landed(fleet: PipelineWorld, moment: Held) -> dict[str, str]:
    """The remote has everything and has moved nothing; it lands when nobody waits for it any more."""
    hook(fleet, "pre-receive", moment.script)
    return {}


def after_it_landed(fleet: PipelineWorld, moment: Held) -> dict[str, str]:
    """The remote has moved, and has not said so."""
    hook(fleet, "post-receive", moment.script)
    return {}


def between_two_pushes(fleet: PipelineWorld, moment: Held) -> dict[str, str]:
    """The first push of the tick has landed, the second never will."""
    first = fleet.folder / "first"
    hook(fleet, "pre-receive", f"if test -e {first}; then {moment.script}; exit 1; fi; touch {first}")
    return {}


@pytest.mark.parametrize(
    ("stop_at", "landed"),
    [(at_the_client, 0), (before_it_landed, 2), (after_it_landed, 2), (between_two_pushes, 2)],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_tick_that_is_killed_at_a_known_moment_is_finished_by_the_next_one(
    due: PipelineWorld, stop_at: Callable[[PipelineWorld, Held], dict[str, str]], landed: int
) -> None:
    moment, before = Held(due.folder, "moment"), len(due.acts())
    try:
        with started(due, "--once", **stop_at(due, moment)) as process:
            moment.wait()
            kill(process)
            process.communicate(timeout=PATIENCE)
    finally:
        moment.go()
    until(lambda: len(due.acts()) == before + landed, "what the remote goes on to do")
    shutil.rmtree(due.remote / "hooks")
    code, _, err = once(due)
    assert (code, err) == (0, "")
    assert acts_on(due) == {(kind, str(one)): 1 for kind in ("release-seen", "stage") for one in (TRIAGE, PAYROLL)}
    gitworld.git(due.work, "fsck", "--connectivity-only", "--no-dangling")
    due.view()
    due.check()


def test_of_a_push_of_many_acts_all_land_or_none(due: PipelineWorld) -> None:
    """The remote takes the objects, lets the hook agree and then dies before it moves the branch."""
    hook(due, "pre-receive", "kill -9 $PPID")
    tip = due.tip()
    with pytest.raises(RefusedError, match="does not take pushes"):
        due.run(after=0)
    assert due.tip() == tip
    (due.remote / "hooks/pre-receive").unlink()
    assert sorted(due.run(after=0).acts)[:2] == SEEN
    due.check()


@pytest.mark.parametrize(
    "host", [host if host in QUICKLY else pytest.param(host, marks=pytest.mark.slow) for host in WORDS]
)
def test_no_words_of_a_remote_decide_what_became_of_a_push(
    shipped: PipelineWorld, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words twice: first nobody moved the tip, so it is a refusal; then somebody did, so it is a lost race."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    said = f"printf '{WORDS[host]}\\n' >&2" if "'" not in WORDS[host] else f'printf "{WORDS[host]}\\n" >&2'
    shipped.release("alice", PAYROLL, "1.0.0")
    tries, tip = shipped.folder / "tries", shipped.tip()
    hook(shipped, "pre-receive", f"{said}; echo try >> {tries}; exit 1")
    with pytest.raises(RefusedError, match="does not take pushes"):
        shipped.run()
    assert shipped.tip() == tip
    assert tries.read_text().count("try") <= 5

    theirs = pause_of_somebody_else(shipped, monkeypatch)
    once_only = f"test -e {shipped.folder}/raced && exit 0; touch {shipped.folder}/raced"
    moved = f"env -u GIT_QUARANTINE_PATH git update-ref refs/heads/agentgov/journal {theirs} {tip}"
    hook(shipped, "pre-receive", f"{once_only}; {moved}; {said}; exit 1")
    assert len(shipped.run().acts) == 2
    assert [act.kind for act in shipped.acts()][-3:] == ["pause", "release-seen", "stage"]
    assert shipped.journal.lost == 1


def pause_of_somebody_else(fleet: PipelineWorld, monkeypatch: pytest.MonkeyPatch) -> str:
    """An act on the tip that the remote has and does not show yet."""
    (fleet.remote / "hooks/pre-receive").unlink()
    tip = fleet.tip()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("AGENTGOV_STATE_HOME", str(fleet.folder / "their-state"))
        other = fleet.clone(fleet.folder / "theirs")
        other.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="odd")
    found = fleet.tip()
    gitworld.git(fleet.remote, "update-ref", "refs/heads/agentgov/journal", tip, found)
    return found


def test_a_watch_whose_journal_is_protected_degrades_and_goes_on(due: PipelineWorld) -> None:
    tries = due.folder / "tries"
    refusal = f"echo try >> {tries}; echo 'GitLab: not allowed' >&2; exit 1"
    guard = hook(due, "pre-receive", f"while read old new ref; do case $ref in */agentgov/*) {refusal};; esac; done")
    with started(due, "--watch", "1") as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        told = [watching.stderr.readline() for _ in range(2)]
        assert all(line.startswith("waiting the remote does not take pushes") for line in told), told
        due.tag("alice", TRIAGE, "1.0.1")  # tags are taken all the time
        guard.unlink()
        seen = [watching.stdout.readline() for _ in range(3)]
        assert sorted(seen[1:]) == [f"done {one}\n" for one in SEEN]
        kill(watching)
        told += watching.communicate(timeout=PATIENCE)[1].splitlines()
    assert tries.read_text().count("try") <= 5 * (len(told) + 1)  # few tries each time, the last one untold
    due.view()
    due.check()


def test_a_kill_while_a_branch_is_being_rendered_leaves_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"agentgov.yaml": FLEET_YAML + "delivery: {rendered: [staging]}\n"}
    live = behind_a_server(PipelineWorld(tmp_path / "world", pipeline=QUICK, files=files), monkeypatch)
    live.release("alice", TRIAGE, "1.0.0")
    moment, ref = Held(live.folder, "moment"), rendered_ref("staging")
    hook(live, "pre-receive", f"while read old new ref; do case $ref in */rendered/*) {moment.script};; esac; done")
    try:
        with started(live, "--once") as process:
            moment.wait()
            kill(process)
            process.communicate(timeout=PATIENCE)
    finally:
        moment.go()
    until(lambda: gitworld.git(live.remote, "for-each-ref", ref), "what the remote goes on to do")
    code, _, err = once(live)
    assert (code, err) == (0, "")
    view = live.view()
    found = read_rendered(view, gitworld.git(live.remote, "rev-parse", ref).decode())
    assert found is not None
    assert (found.seq, found.tip) == (view.state.head.seq, view.tip)
    assert gitworld.git(live.remote, "rev-list", "--count", ref) == b"1"  # found as it was, and not written again
    live.check()
