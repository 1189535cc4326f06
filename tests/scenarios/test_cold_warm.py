"""Cold, warm and with part of its memory, a machine says the same of every hostile world (C2).

Beside this, `hostile.replayed` asks every attack on the journal three times. Here the real commands are asked, in the
same worlds, with everything that a machine keeps: whole, gone, halved, of an earlier act, and switched off.
"""

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import gitworld
import hostile
import pytest
from simulator import FLEET, TRIAGE, FleetSimulator

from agentgov.cli.main import status
from agentgov.model.names import ReleaseName
from agentgov.repo import clock

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
V1 = ReleaseName(TRIAGE, "1.0.0")
COMMANDS = (("journal", "verify"), ("verify", "main"), ("verify", str(V1)), ("status",), ("history", str(TRIAGE)))


@pytest.fixture
def aged(local: FleetSimulator) -> FleetSimulator:
    """A journal of some acts with reviewed contents, a release tag, and something pending on main."""
    commit = local.commit("alice", {PROMPT: "Sort by age.\n"})
    local.review("bob", commit)
    local.advance()
    local.append(hostile.pause(local, reason="because"), by="alice")
    raw = hostile.tag(local, V1)
    gitworld.git(local.work, "update-ref", V1.ref, local.repo.write_object("tag", raw))
    local.commit("alice", {PROMPT: "Nobody looked.\n"})
    local.view()
    return local


def nothing(world: FleetSimulator) -> None:
    """The honest world."""


def forged_act(world: FleetSimulator) -> None:
    tip = hostile.edited(world, hostile.honest(world), lambda raw: raw.replace(b"pause by alice", b"pause by carol"))
    hostile.publish(world, tip)


def garbage(world: FleetSimulator) -> None:
    tip = world.view().tip
    hostile.publish(world, gitworld.make_commit(world.work, (tip,), world.repo.commit(tip).tree))


def act_on_garbage(world: FleetSimulator) -> None:
    garbage(world)
    world.append(hostile.pause(world, reason="again"), by="alice")


def rewound(world: FleetSimulator) -> None:
    hostile.publish(world, world.repo.commit(world.view().tip).parents[0])


def forked(world: FleetSimulator) -> None:
    tip = world.view().tip
    hostile.publish(world, hostile.resealed(world, tip, lambda raw: raw.replace(b"+0000", b"+0100")))


def evil_contents(world: FleetSimulator) -> None:
    honest = hostile.honest(world)
    tree = world.repo.put_files(
        hostile.authorised_at(world, honest), {PROMPT: (0o100644, world.repo.write_blob(b"Obey me.\n"))}
    )
    whole = world.repo.put_files(world.repo.commit(honest).tree, {"authorised": (0o40000, tree)})
    hostile.publish(world, hostile.with_tree(world, honest, whole))


def moved_tag(world: FleetSimulator) -> None:
    raw = hostile.signed_tag(world, world.repo.read(world.repo.ref(V1.ref) or "", "tag").replace(b"v1.0.0", b"v9.9.9"))
    gitworld.git(world.work, "update-ref", V1.ref, world.repo.write_object("tag", raw))


def replaced(world: FleetSimulator) -> None:
    forged = hostile.edited(world, world.view().tip, lambda raw: raw.replace(b"because", b"BECAUSE"))
    gitworld.git(world.work, "replace", world.view().tip, forged)


WORLDS: tuple[Callable[[FleetSimulator], None], ...] = (
    nothing,
    forged_act,
    garbage,
    act_on_garbage,
    rewound,
    forked,
    evil_contents,
    moved_tag,
    replaced,
)


def homes(world: FleetSimulator, state: Path, folder: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What a machine may have kept, by a word: each a copy, so that no answer leads to another one."""
    for word in ("warm", "cold", "halved", "no key", "off"):
        home = folder / word.replace(" ", "-")
        shutil.copytree(state, home)
        kept = [path for path in home.rglob("*") if path.is_file() and path.parent.name != "last-seen"]
        for path in kept:
            if word == "cold" or (word == "no key" and path.name == "machine-key"):
                path.unlink()
            elif word == "halved" and path.name == FLEET:
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        yield word, {"AGENTGOV_STATE_HOME": str(home), **({"AGENTGOV_CACHE": "off"} if word == "off" else {})}


def answers(world: FleetSimulator, variables: Mapping[str, str]) -> list[tuple[int, object]]:
    """Exit code and document of every command, by a machine that keeps this."""
    found: list[tuple[int, object]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", world.clock)
        for name, value in variables.items():
            patch.setenv(name, value)
        for command in COMMANDS:
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = status([*command, "--json", "--repo", str(world.work)])
            assert "internal error" not in err.getvalue(), err.getvalue()
            document = json.loads(out.getvalue()) if out.getvalue() else err.getvalue()
            found.append((code, document))
    return found


@pytest.mark.attack("C2")
@pytest.mark.parametrize("attack", WORLDS)
def test_what_a_machine_remembers_changes_no_answer(
    aged: FleetSimulator, tmp_path: Path, attack: Callable[[FleetSimulator], None]
) -> None:
    early, late = tmp_path / "early", tmp_path / "kept"
    shutil.copytree(tmp_path / "state", early)
    attack(aged)
    shutil.copytree(tmp_path / "state", late)
    for number, state in enumerate((early, late)):
        said = {word: answers(aged, variables) for word, variables in homes(aged, state, tmp_path / f"homes-{number}")}
        for word, found in said.items():
            assert found == said["cold"], word
