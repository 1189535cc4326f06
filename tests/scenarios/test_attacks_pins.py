"""Attacks on where trust starts: another journal, another fleet id, what this machine remembers (L1, C1)."""

import shutil
from dataclasses import replace
from pathlib import Path

import gitworld
import hostile
import pytest
from simulator import FLEET, FLEET_YAML, FleetSimulator

from agentgov.errors import ConfigurationError, IncompleteError, RefusedError
from agentgov.journal.branch import Journal
from agentgov.journal.query import acts
from agentgov.journal.records import to_bytes
from agentgov.journal.replay import RULES, verify_journal
from agentgov.journal.view import view_at
from agentgov.repo.repository import Repository
from agentgov.trust.pins import Pins, load_pins, save_pins

OTHER = FLEET.replace("6f0c", "7f0c")


@pytest.mark.attack("L1")
def test_pinned_tip_is_in_every_journal(local: FleetSimulator) -> None:
    commits = hostile.three_acts(local)
    pins = load_pins(FLEET)
    assert pins is not None
    later = replace(pins, journal_tip=commits[2])
    for tip, code in ((commits[1], "journal.rewound"), (commits[3], "")):
        found = verify_journal(local.repo, tip, later, local.clock())
        assert (found.offence.code if found.offence else "") == code


def second_journal(world: FleetSimulator, fleet: str = FLEET) -> str:
    """A journal of its own over the same main, by a real administrator; of another fleet where its id is given."""
    if fleet != FLEET:
        world.commit("carol", {"agentgov.yaml": FLEET_YAML.replace(FLEET, fleet)})
    twin = world.twin(world.folder.parent / f"twin-{fleet[:4]}")
    gitworld.git(twin.work, "update-ref", "-d", hostile.JOURNAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTGOV_CONFIG_HOME", str(twin.folder / "config"))
        patch.setenv("AGENTGOV_STATE_HOME", str(twin.folder / "state"))
        twin.clock.pass_(60)
        root = twin.introduce().pins.journal_root
    gitworld.git(world.work, "fetch", "-q", str(twin.work), hostile.JOURNAL)
    return root


@pytest.mark.attack("L1")
def test_second_journal_of_the_same_fleet(local: FleetSimulator) -> None:
    other = second_journal(local)
    assert hostile.code(local, other) == "journal.forked"
    assert hostile.offence(local, other) == "journal.forked"
    assert verify_journal(local.repo, other, None, local.clock() + 60).offence is None  # well made, and not ours


def test_other_fleet_id_does_not_choose_other_pins(local: FleetSimulator) -> None:
    other = second_journal(local, OTHER)
    assert verify_journal(local.repo, other, None, local.clock() + 60).offence is None
    hostile.publish(local, other)
    assert hostile.offence(local, other) == "journal.forked"
    with pytest.raises(RefusedError, match="on this machine the repository is fleet"):
        local.view()


def test_other_fleet_id_is_refused_in_a_fresh_clone_of_a_pinned_machine(local: FleetSimulator, tmp_path: Path) -> None:
    other = second_journal(local, OTHER)
    hostile.publish(local, other)
    gitworld.git(tmp_path, "clone", "-q", str(local.work), "fresh")
    repo = Repository.open(tmp_path / "fresh")
    gitworld.git(tmp_path / "fresh", "fetch", "-q", "origin", f"{hostile.JOURNAL}:{hostile.JOURNAL}")
    with pytest.raises(RefusedError, match=r"journal\.forked"):
        Journal(repo).view(local.clock() + 60)


def test_fork_of_a_fleet_is_a_fleet_of_its_own_once_it_is_pinned(local: FleetSimulator) -> None:
    other = second_journal(local, OTHER)
    hostile.publish(local, other)
    entry = next(iter(acts(local.repo, other)))
    save_pins(Pins(OTHER, entry.act.get("Main"), other, other))
    local.clock.pass_(60)
    assert local.view().state.head.fleet == OTHER


def test_pins_from_the_environment_name_the_fleet(local: FleetSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = load_pins(FLEET)
    assert pins is not None
    other = second_journal(local, OTHER)
    hostile.publish(local, other)
    monkeypatch.setenv("AGENTGOV_PINS", pins.line)
    with pytest.raises(ConfigurationError, match=f"not of {OTHER}"):
        local.view()


def test_fleet_id_in_the_tip_is_not_believed(local: FleetSimulator) -> None:
    tip = local.view().tip
    head = replace_fleet(local, OTHER)
    forged = hostile.with_files(local, hostile.honest(local), {"fleet.yaml": head})
    assert hostile.offence(local, forged) == "journal.replay"
    assert hostile.code(local, forged) == "journal.replay"
    assert local.view().tip == tip


def replace_fleet(world: FleetSimulator, fleet: str) -> bytes:
    """The head of the journal, of another fleet."""
    return to_bytes(world.view().state.head).replace(FLEET.encode(), fleet.encode())


def test_nothing_is_judged_again_when_the_tip_was_verified(local: FleetSimulator) -> None:
    tip = hostile.three_acts(local)[-1]
    for journal in (local.journal, Journal(Repository.open(local.work))):
        found = journal.verify(tip, local.clock())
        assert (found.offence, found.acts) == (None, 0)
        assert found.view is not None
        assert found.view.tip == tip
    assert local.journal.verify(tip, local.clock(), cold=True).acts == 4


def verified_file(tmp_path: Path) -> Path:
    """Where this machine remembers how far it verified."""
    return tmp_path / "state" / "verified" / FLEET


@pytest.mark.attack("C1")
def test_memory_of_what_verified_is_only_used_under_the_same_pins_and_rules(
    local: FleetSimulator, tmp_path: Path
) -> None:
    tip = hostile.three_acts(local)[-1]
    file = verified_file(tmp_path)
    good = file.read_text()
    assert tip in good

    def judged() -> int:
        return Journal(Repository.open(local.work)).verify(tip, local.clock()).acts

    for bad in (
        "",
        "garbage",
        good.replace(f" {RULES} ", f" {RULES - 1} "),
        good.replace(FLEET, OTHER),
        good.replace(tip, "0" * 40),
        good * 2,
    ):
        file.write_text(bad)
        assert judged() == 4, bad
        assert judged() == 0
    file.chmod(0o666)
    assert judged() == 4
    file.chmod(0o600)
    pins = load_pins(FLEET)
    assert pins is not None
    save_pins(replace(pins, journal_tip=tip))
    assert judged() == 4
    save_pins(replace(pins, journal_root=tip))
    found = Journal(Repository.open(local.work)).verify(tip, local.clock())
    assert found.offence is not None
    assert found.offence.code == "journal.forked"


@pytest.mark.attack("C1")
def test_memory_never_hides_a_bad_act(local: FleetSimulator, tmp_path: Path) -> None:
    hostile.three_acts(local)
    honest = hostile.honest(local)
    bad = hostile.with_files(local, honest, {"README.md": b"x\n"})
    assert hostile.offence(local, bad) == "journal.tree"
    assert bad not in verified_file(tmp_path).read_text()
    assert Journal(Repository.open(local.work)).verify(bad, local.clock()).offence is not None


def test_journal_that_was_taken_away_is_missed_and_not_begun_again(world: FleetSimulator) -> None:
    tip = hostile.three_acts(world)[-1]
    gitworld.git(world.remote, "update-ref", "-d", hostile.JOURNAL)
    with pytest.raises(RefusedError, match="there is no journal") as caught:
        world.view()
    assert f"git push origin {tip}:{hostile.JOURNAL}" in caught.value.hint
    with pytest.raises(RefusedError, match="there is no journal"):
        world.introduce()
    gitworld.git(world.work, "push", "-q", "origin", f"{tip}:{hostile.JOURNAL}")
    assert world.view().tip == tip


def test_governance_that_cannot_be_read_any_more_is_a_clear_word(local: FleetSimulator) -> None:
    tip = hostile.with_files(local, local.view().tip, {"authorised/governance/access.yaml": b"kind: Future\n"})
    with pytest.raises(IncompleteError, match="authorised governance cannot be read") as caught:
        view_at(local.repo, tip)
    assert "version of agentgov" in caught.value.hint


def test_memory_of_another_version_and_of_nothing_is_no_hindrance(local: FleetSimulator, tmp_path: Path) -> None:
    tip = hostile.three_acts(local)[-1]
    folder = verified_file(tmp_path).parent
    shutil.rmtree(folder)
    folder.write_text("a file where a folder should be")
    assert Journal(Repository.open(local.work)).verify(tip, local.clock()).acts == 4
